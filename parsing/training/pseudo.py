"""Label what the data sets leave open with a trained parts network, for another round of training.

    python -m dressform.parsing.training.pseudo --pack CACHE/people.npz --run CACHE/runs/parts-first \\
        --out CACHE/taught.npz

A photo with tags or a silhouette tells sets of parts. Within them the network's averaged weights decide
where they are sure; elsewhere the set stays (self-training: Xie et al., "Self-training with noisy student
improves ImageNet classification", CVPR 2020; here narrowed by the weak labels).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dressform.parsing.engines.compact.crops import PERSON_GROW, best_size, cut, head_channel
from dressform.parsing.parts import MIRROR, Part
from dressform.parsing.training.fit import load_average
from dressform.parsing.training.pack import Sample, decode_png, encode_png, read_pack, write_pack
from dressform.parsing.training.people_crops import Decoded, decode, head_of
from dressform.parsing.training.settings import read_config
from dressform.parsing.training.targets import zone_table
from dressform.parsing.training.train_parts import build_net

__all__ = ["label_open", "predict_parts"]

SURE = 0.75
"""Probability, among the parts a place may be, from which the likeliest one becomes its label."""
GROWN = (1.0, 1.25)
"""Growth of the crops beyond the usual; each is looked at as it is and mirrored."""


@torch.no_grad()
def predict_parts(net: nn.Module, item: Decoded, sizes: Sequence[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """(21, H, W) probability of parts at the photo's size, mean of several views; only background beyond the crop.

    ``sizes`` are the (width, height) of crops that the network was trained on.
    """
    height, width = item.codes.shape
    size = best_size(item.box, sizes)
    head = head_of(item.joints, item.codes, scale=1)
    total = np.zeros((len(Part), height, width), np.float32)
    for grow in GROWN:
        crop = cut(item.image, item.box, size, grow=PERSON_GROW * grow)
        mark = head_channel(size, None if head is None else crop.to_crop(head[None])[0])
        image = torch.from_numpy(np.dstack([crop.image, mark]).transpose(2, 0, 1).copy()).float() / 255
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(torch.stack([image, image.flip(2)]))[0]
        plain, mirrored = torch.softmax(logits.float(), 1).numpy()
        found = np.ascontiguousarray((plain + mirrored[list(MIRROR), :, ::-1]) / 2)
        half = crop.matrix * 0.5
        half[:, 2] += half[:, :2] @ [0.5, 0.5] - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        for k, field in enumerate(found):
            total[k] += cv2.warpAffine(field, half, (width, height), flags=flags, borderValue=float(k == 0))
    return total / np.float32(len(GROWN))


def label_open(
    codes: npt.NDArray[np.uint8], allowed: npt.NDArray[np.bool_], probability: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    """Codes with sets replaced by parts where the network is sure among the parts of the set.

    Args:
        codes: (H, W) uint8 target codes.
        allowed: (21,) bool, parts the photo may show at all.
        probability: (21, H, W) float32.
    """
    may = (zone_table() & allowed)[codes].transpose(2, 0, 1)
    within = probability * may
    total = within.sum(0)
    best = within.argmax(0).astype(np.uint8)
    sure = (codes >= len(Part)) & (within.max(0) > SURE * np.maximum(total, 1e-6)) & (total > 0.2)
    return np.where(sure, best, codes)


def taught(samples: Iterable[Sample], net: nn.Module, sizes: Sequence[tuple[int, int]]) -> Iterator[Sample]:
    """The samples; those without exact labels with what the network is sure of."""
    for sample in samples:
        if sample.source in ("ccp", "nobody") or sample.held_out:
            yield sample
            continue
        item = decode(sample)
        codes = label_open(item.codes, sample.allowed, predict_parts(net, item, sizes))
        whole = decode_png(sample.codes)
        size = (whole.shape[1], whole.shape[0])
        large = np.asarray(cv2.resize(codes, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        yield replace(sample, codes=encode_png(large))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of a run of train_parts by parts-small.toml")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config = read_config("parts-small")
    net = load_average(build_net(config["net"]), args.run)
    torch.set_num_threads(1)
    sizes = [(width, height) for width, height in config["stages"][-1]["sizes"]]
    samples = list(taught(read_pack(args.pack), net, sizes))
    write_pack(args.out, samples)
    for source in sorted({s.source for s in samples}):
        maps = [decode(s).codes for s in samples if s.source == source]
        exact = np.mean([np.mean(m[m > 0] < len(Part)) for m in maps if (m > 0).any()])
        print(f"{source}: {len(maps)} people, {100 * exact:.0f} % of what is not background has an exact part")


if __name__ == "__main__":
    main()
