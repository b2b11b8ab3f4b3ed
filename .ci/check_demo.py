"""Check what ``dressform demo`` or ``parse`` wrote: every file is sound, and the three main results agree."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

DEMO = "dressform-demo"  # the folder that the demo writes to


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
    check_avatars(folder)
    return f"demo: {len(people)} people, {len(labels) - 1} parts, {len(pictures)} pictures"


def check_avatars(folder: Path) -> None:
    """The avatars of ``dressform demo``: sound and not blank. What "parse" wrote has none.

    Raises:
        AssertionError, OSError, ValueError: A file is missing or damaged, or nothing is to be seen in it.
    """
    strip, layered, vector = (folder / name for name in ("avatars.png", "person.psd", "person.svg"))
    if folder.name != DEMO and not any(path.exists() for path in (strip, layered, vector)):
        return
    for path in (strip, layered):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        colors = len(np.unique(pixels.reshape(-1, 3), axis=0))
        assert colors > 50 and pixels.std() > 10, f"{path} is blank: {colors} colours"
    with Image.open(strip) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    # The photo and the avatars stand side by side; none of the right half's thirds is empty.
    for part in np.array_split(pixels[:, pixels.shape[1] // 2 :], 3, axis=1):
        assert part.std() > 10, f"{strip} has empty places"
    drawing = ElementTree.parse(vector).getroot()
    assert drawing.tag.endswith("}svg"), f"{vector} is no SVG"
    names = {element.get("id") for element in drawing.iter()}
    assert {"face", "background_group", "head_group"} <= names, f"{vector} lacks layers: {sorted(filter(None, names))}"


if __name__ == "__main__":
    print(check(Path(sys.argv[1])))
