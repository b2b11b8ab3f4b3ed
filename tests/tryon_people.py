"""Painted people side by side and an engine that finds them: photos for the command line of try-on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from painted import paint
from PIL import Image

from dressform.parsing import Parse, load_image
from dressform.parsing.result import Observation

HEAD = 36  # px
TOPS = ((44, 92, 160), (190, 180, 70), (120, 40, 110))
_PEOPLE = [paint(HEAD, top=top, hat=k == 1) for k, top in enumerate(TOPS)]
WIDTH, HEIGHT = _PEOPLE[0].parse.size


def pixels(people: int = 1) -> np.ndarray:
    """(HEIGHT, WIDTH * people, 3) uint8; the second one wears a hat."""
    return np.concatenate([person.parse.image for person in _PEOPLE[:people]], axis=1)


def photo(path: Path, people: int = 1, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(people)).save(path, **options)
    return path


class FakeParser:
    """Finds everybody in a photo of :func:`photo` and nobody in a black one; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def parse(self, source: Any) -> Parse:
        self.asked += 1
        image = load_image(source)
        height, width = image.shape[:2]
        count = width // WIDTH if image.any() else 0
        if not count:
            return Parse(np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16), (), image)
        labels = np.concatenate([person.parse.labels for person in _PEOPLE[:count]], axis=1)
        instances = np.concatenate([(p.parse.labels > 0) * np.uint16(k + 1) for k, p in enumerate(_PEOPLE[:count])], 1)
        seen = []
        for k, person in enumerate(_PEOPLE[:count]):
            move = k * WIDTH
            x0, y0, x1, y1 = person.box
            joints, face = np.array(person.keypoints), np.array(person.face)
            joints[:, 0] += move * (joints[:, 2] > 0)
            face[:, 0] += move
            seen.append(Observation((x0 + move, y0, x1 + move, y1), 0.9, None, joints, face))
        return Parse(labels, instances.astype(np.uint16), tuple(seen), image, engine="fake")
