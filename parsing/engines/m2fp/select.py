"""Which of the network's queries are worth a mask: class probabilities first, so that few maps are ever enlarged.

The rules are those of Mask2Former's instance segmentation (Cheng et al., CVPR 2022), with the limits that
ModelScope's pipeline has: of all pairs of query and class the 100 most probable are taken, so that a query may be there
under several labels; background is dropped; a pair's score is its class's probability times the mean probability of its
mask; parts and whole people below 0.1 go. The list holds parts first, then whole people.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.masks import Frame, Packed, measure

__all__ = ["LEAST_SCORE", "Choice", "Instance", "choose", "class_probabilities", "find_instances"]

Floats = npt.NDArray[np.float32]
MOST = 100
"""Pairs of query and class that are looked at."""
LEAST_SCORE = 0.1


@dataclass(frozen=True)
class Choice:
    """A query under one label.

    Attributes:
        query: Row of the network's output.
        label: Class number, not background.
        probability: Of that class, 0..1.
    """

    query: int
    label: int
    probability: float


@dataclass(frozen=True, eq=False)
class Instance:
    """A part of somebody, or somebody whole, as the network found it.

    Attributes:
        label: Class number.
        score: Class probability times mean mask probability, 0..1.
        field: (rows, columns) float32 logits of its mask, a cell per 4 × 4 pixels of the network's input.
        mask: Its pixels in the photo where these were asked for; else they are where the enlarged ``field`` is above 0.
    """

    label: int
    score: float
    field: Floats
    mask: Packed | None = None


def class_probabilities(logits: Floats) -> Floats:
    """(queries, classes) float32 probabilities from (queries, classes + 1) logits without the last, "no object"."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shifted[:, :-1] / shifted.sum(1, keepdims=True), np.float32)


def choose(logits: Floats, least: float = LEAST_SCORE) -> list[Choice]:
    """Pairs of query and class that may reach a score of ``least``, the most probable first.

    Args:
        logits: (queries, classes + 1) float32; class 0 is background, the last is "no object".
        least: A mask's mean probability is at most 1, so no pair below this can reach it.
    """
    probability = class_probabilities(logits)
    flat = probability.ravel()
    order = np.argsort(-flat, kind="stable")[:MOST]
    queries, labels = np.divmod(order, probability.shape[1])
    return [
        Choice(int(query), int(label), float(flat[index]))
        for index, query, label in zip(order, queries, labels, strict=True)
        if label and flat[index] >= least
    ]


def find_instances(
    logits: Floats, masks: Floats, frame: Frame, config: Config, *, keep: bool = False
) -> tuple[Instance, ...]:
    """What the network found in one photo.

    Args:
        logits: (queries, classes + 1) float32.
        masks: (queries, rows, columns) float32 logits.
        frame: How the cells lie in the photo.
        config: The model.
        keep: Whether instances hold their masks, one bit a pixel.

    Returns:
        Parts first, then whole people; each by falling class probability.
    """
    chosen = choose(logits)
    queries = sorted({choice.query for choice in chosen})

    def one(query: int) -> tuple[float, Packed | None]:
        return measure(masks[query], frame, keep=keep)

    # NumPy and OpenCV let go of the interpreter's lock.
    with ThreadPoolExecutor(max(1, min(usable_cpus(), len(queries)))) as pool:
        measured = dict(zip(queries, pool.map(one, queries), strict=True))
    found = [_instance(choice, masks, measured[choice.query]) for choice in chosen]
    return _parts_first([each for each in found if _counts(each, config)], config)


def _instance(choice: Choice, masks: Floats, measured: tuple[float, Packed | None]) -> Instance:
    mean, mask = measured
    return Instance(choice.label, min(choice.probability * mean, 1.0), masks[choice.query], mask)


def _counts(instance: Instance, config: Config) -> bool:
    # Of people, a score of exactly the limit does not count over there.
    return instance.score > LEAST_SCORE or (instance.label < config.parts and instance.score == LEAST_SCORE)


def _parts_first(found: Sequence[Instance], config: Config) -> tuple[Instance, ...]:
    parts = [each for each in found if each.label < config.parts]
    return (*parts, *(each for each in found if each.label >= config.parts))
