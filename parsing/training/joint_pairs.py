"""Pairs from which the joints network learns: where the parts network sees joints, and where they are.

    python -m dressform.parsing.training.joint_pairs --pack CACHE/taught.npz --out CACHE/joints.npz

Every training person is looked at as at run time, and in random training crops as hard as those of the parts network.
It is the embedded parts network that looks, so export that one first.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import best_size
from dressform.parsing.engines.compact.joints import peaks
from dressform.parsing.engines.compact.segment import CROP_SIZES, look_mirrored
from dressform.parsing.engines.compact.sessions import Network, open_network
from dressform.parsing.training.fit import Schedule
from dressform.parsing.training.pack import read_pack
from dressform.parsing.training.people_crops import decode, plain_crop
from dressform.parsing.training.settings import read_config
from dressform.parsing.training.train_parts import open_data

__all__ = ["look", "make_pairs"]

Floats = npt.NDArray[np.float32]


def look(network: Network, image: npt.NDArray[np.uint8]) -> Floats:
    """(17, 3) peaks that the parts network shows in a crop (h, w, 4), plain and mirrored as at run time."""
    _, heat = network.run(image[None])
    _, mirrored = look_mirrored(network, image)
    return peaks((heat[0] + mirrored) * np.float32(0.5))


def make_pairs(pack: Path, network: Network, random_crops: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield (17, 3) x, y, score as found and (17, 3) x, y, state as known, in pixels of the same crop.

    Args:
        pack: Training people; held-out ones are left out.
        network: The parts network.
        random_crops: How many, besides one plain crop of everybody.
    """
    for sample in read_pack(pack):
        if not sample.held_out and (sample.joints[:, 2] == 1).any():
            person = decode(sample)
            crop = plain_crop(person, best_size(person.box, CROP_SIZES))
            yield look(network, crop.image), crop.joints
    config = read_config("parts")
    schedule = Schedule(**config["schedule"])
    data = open_data({"pack": pack}, config, schedule)
    last = schedule.steps * schedule.batch
    for k in range(last - random_crops, last):
        image, _, joints, _ = (tensor.numpy() for tensor in data[k])
        if (joints[:, 2] == 1).any():
            yield look(network, np.ascontiguousarray(image.transpose(1, 2, 0))), joints


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--random", type=int, default=3000, help="random crops, besides one plain crop of everybody")
    args = parser.parse_args()
    pairs = list(make_pairs(args.pack, open_network("parts"), args.random))
    partial = args.out.with_suffix(".partial.npz")
    np.savez(partial, found=[found for found, _ in pairs], truth=[truth for _, truth in pairs])
    partial.rename(args.out)
    print(f"{len(pairs)} pairs")


if __name__ == "__main__":
    main()
