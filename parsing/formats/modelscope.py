"""A result in the form that ModelScope's multi-person M2FP pipeline returns, for programs written for that."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part
from dressform.parsing.result import Parse, Person

__all__ = ["ModelScopeResult", "to_modelscope"]

_NAMES = (
    "Background", "Hat", "Hair", "Gloves", "Sunglasses", "UpperClothes", "Dress", "Coat", "Socks", "Pants",
    "Torso-skin", "Scarf", "Skirt", "Face", "Left-arm", "Right-arm", "Left-leg", "Right-leg", "Left-shoe",
    "Right-shoe",
)  # fmt: skip


class ModelScopeResult(TypedDict):
    """Three lists of equal length.

    Attributes:
        masks: (H, W) float32 each, 0 or 1.
        labels: ModelScope's CIHP names; "Human" for whole people.
        scores: 0..1.
    """

    masks: list[npt.NDArray[np.float32]]
    labels: list[str]
    scores: list[float]


def to_modelscope(parse: Parse) -> ModelScopeResult:
    """Parts of all people, left to right, each by part number; after them one "Human" per person.

    There is no class for bags there and the data set leaves them to the background, so they are dropped, from
    "Human" too. Background is not listed. A part's score is the person's times the mean probability of the part
    over its mask, where score maps tell it. Every mask is a full frame of 4 bytes a pixel, as over there.
    """
    result = ModelScopeResult(masks=[], labels=[], scores=[])
    for person in parse.people:
        for part in person.parts:
            if part is not Part.BAG:
                result["masks"].append(person.mask(part).astype(np.float32))
                result["labels"].append(_NAMES[part])
                result["scores"].append(_part_score(person, part))
    for person in parse.people:
        result["masks"].append(person.mask("person").astype(np.float32))
        result["labels"].append("Human")
        result["scores"].append(float(person.score))
    return result


def _part_score(person: Person, part: Part) -> float:
    maps = person.observation.scores
    if maps is None or part not in maps.parts or person.extent is None:
        return float(person.score)
    shown = person.own(person.extent, part)
    return float(person.score * maps.sample((part,), person.extent)[shown].mean())
