"""Check what ``dressform demo`` or ``parse`` wrote: every file is sound, and the three main results agree."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def check(folder: Path) -> str:
    """What was found, in words.

    Raises:
        AssertionError, OSError, ValueError: A file is missing or damaged.
    """
    pictures = [p for p in sorted(folder.iterdir()) if p.suffix in {".png", ".jpg", ".webp", ".gif"}]
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()
    (overlay,), (label_map,), (coco,) = (
        list(folder.glob(f"*.{end}")) for end in ("overlay.*", "labels.png", "coco.json")
    )
    with Image.open(label_map) as picture:
        assert picture.mode == "P", f"{label_map} is not an indexed PNG"
        size, labels = picture.size, np.unique(np.asarray(picture))
    assert labels[-1] <= 20, f"{label_map} holds the label {labels[-1]}"
    assert len(labels) > 5, f"{label_map} holds few parts: {labels.tolist()}"
    with Image.open(overlay) as picture:
        assert picture.width >= size[0] and picture.height >= size[1], f"{overlay} is smaller than the photo"
    data = json.loads(coco.read_text(encoding="utf-8"))
    assert [(i["width"], i["height"]) for i in data["images"]] == [size], f"{coco} is of another size"
    known = {row["id"] for row in data["categories"]}
    assert {row["category_id"] for row in data["annotations"]} <= known, f"{coco} has unknown categories"
    people = {row["person"] for row in data["annotations"]}
    assert people, f"{coco} holds nobody"
    return f"demo: {len(people)} people, {len(labels) - 1} parts, {len(pictures)} pictures"


if __name__ == "__main__":
    print(check(Path(sys.argv[1])))
