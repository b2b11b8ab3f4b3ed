"""Show the training people for a check by eye: photo and target side by side, a sheet per 40 of a source.

    python -m dressform.parsing.training.contact_sheets --pack CACHE/people.npz --out CACHE/sheets

Exact parts have their overlay colour, sets a lighter mix of their parts' colours, unknown places are white;
joints are dots, left ones red and right ones green, face points yellow.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw import draw_contact_sheet
from dressform.parsing.parts import Part
from dressform.parsing.training.pack import read_pack
from dressform.parsing.training.people_crops import Decoded, decode
from dressform.parsing.training.targets import IGNORE, zone_table

__all__ = ["code_colors", "draw_sample"]

Image = npt.NDArray[np.uint8]
PER_SHEET, COLUMNS, WIDTH = 40, 10, 190
LEFT, RIGHT, MIDDLE, FACE = (255, 60, 60), (60, 220, 60), (80, 160, 255), (255, 230, 0)


def code_colors() -> Image:
    """(256, 3) uint8 RGB: colour of each target code."""
    parts = np.array([part.color for part in Part], np.float32)
    table = zone_table()[:, 1:].astype(np.float32)
    colors = 0.5 * (table @ parts[1:]) / table.sum(1, keepdims=True).clip(1) + 127
    colors[: len(Part)] = parts
    colors[IGNORE] = 255
    return np.asarray(colors.round(), np.uint8)


def draw_sample(item: Decoded, colors: Image) -> Image:
    """The surroundings of a person beside their target map, with joints and face points."""
    reach = 0.1 * (item.box[2:] - item.box[:2]).max()
    x0, y0 = np.maximum(item.box[:2] - reach, 0).astype(int)
    x1, y1 = (item.box[2:] + reach).astype(int)
    photo, target = item.image[y0:y1, x0:x1].copy(), colors[item.codes[y0:y1, x0:x1]]
    dot = max(1, photo.shape[0] // 120)
    shift = np.array([x0, y0])
    for k, (x, y, state) in enumerate(item.joints):
        if state == 1:
            color = MIDDLE if k == 0 else LEFT if k % 2 else RIGHT
            cv2.circle(photo, (int(x - x0), int(y - y0)), 2 * dot, color, -1)
    if not np.isnan(item.face).any():
        for x, y in (item.face - shift).astype(int):
            cv2.circle(photo, (int(x), int(y)), dot, FACE, -1)
    return np.concatenate([photo, np.ascontiguousarray(target)], 1)


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    samples, colors = read_pack(args.pack), code_colors()
    for source in sorted({s.source for s in samples}):
        own = [s for s in samples if s.source == source]
        for start in range(0, len(own), PER_SHEET):
            page = own[start : start + PER_SHEET]
            pictures = [draw_sample(decode(s), colors) for s in page]
            sheet = draw_contact_sheet(pictures, [str(s.key) for s in page], COLUMNS, WIDTH)
            path = args.out / f"{source}-{start // PER_SHEET:02d}.jpg"
            path.write_bytes(cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())


if __name__ == "__main__":
    main()
