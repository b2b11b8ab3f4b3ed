"""Engine ``modelscope``: ModelScope's own pipeline, for those who have it installed; its masks become the same people.

It needs torch, mmcv-full and modelscope in versions that fit each other, and is there to compare: ``m2fp`` runs the
same checkpoint without them, faster and with less memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.m2fp.configuration import MULTI, Config
from dressform.parsing.engines.m2fp.hubs import HUBS
from dressform.parsing.engines.m2fp.masks import CELL, Frame, pack
from dressform.parsing.engines.m2fp.painting import paint
from dressform.parsing.engines.m2fp.people import MIN_SCORE, assemble
from dressform.parsing.engines.m2fp.preprocess import LONG_SIDE, SHORT_SIDE
from dressform.parsing.engines.m2fp.select import Instance
from dressform.parsing.engines.m2fp.weights import find_weights
from dressform.parsing.errors import EngineUnavailableError, MissingExtraError, OptionError
from dressform.parsing.image import ImageSource, load_image
from dressform.parsing.landmarks import FaceLandmarker
from dressform.parsing.parts import part_from_name
from dressform.parsing.result import Landmarker, Observation, Parse

__all__ = ["ModelScopeParser", "load"]

Floats = npt.NDArray[np.float32]
Pipeline = Callable[[npt.NDArray[np.uint8]], Mapping[str, Any]]
FAINT = 0.02
"""Coverage of a cell that counts as none, so that its logit is finite."""


@dataclass(frozen=True, eq=False)
class ModelScopeParser:
    """Finds people with ModelScope's pipeline, which is made for the first photo.

    Attributes:
        folder: ModelScope's model folder.
        config: The model.
        device: "cpu" or "gpu", as ModelScope calls them.
        min_score: Least score of a person.
        name: Name in the registry.
        landmarker: What finds landmarks on first use.
    """

    folder: Path
    config: Config
    device: str = "cpu"
    min_score: float = MIN_SCORE
    name: str = "modelscope"
    landmarker: Landmarker = field(default_factory=FaceLandmarker, repr=False)

    def parse(self, source: ImageSource) -> Parse:
        """Find the people of one photo and their parts.

        Args:
            source: A path, bytes, a file object, a PIL image, or (H, W, 3) uint8 RGB.

        Raises:
            ImageReadError, ImageFormatError, ImageTooLargeError: The photo cannot be used.
            EngineUnavailableError: ModelScope's pipeline cannot be made or fails; says why.
        """
        image = load_image(source)
        try:
            found = self._pipeline(np.ascontiguousarray(image[:, :, ::-1]))  # it takes arrays as BGR
        except Exception as error:
            raise _unusable(error) from error
        masks, labels = list(found["masks"]), [str(label) for label in found["labels"]]
        scores = [float(score) for score in found["scores"]]
        if self.config.single:
            maps = _one_person(masks, labels, scores, image.shape[:2])
        else:
            frame = photo_frame((image.shape[0], image.shape[1]))
            instances = instances_of(masks, labels, scores, frame)
            maps = paint(assemble(instances, MULTI.classes, self.min_score), frame)
        return Parse(*maps, image, self.name, self.landmarker)

    @cached_property
    def _pipeline(self) -> Pipeline:
        try:
            from modelscope.pipelines import pipeline
            from modelscope.utils.constant import Tasks
        except ImportError as error:
            remedy = "engine 'm2fp' runs the same weights without it"
            raise MissingExtraError("ModelScope's pipeline is not installed", got=error, remedy=remedy) from None
        made: Pipeline = pipeline(Tasks.image_segmentation, model=str(self.folder), device=self.device)
        return made


def load(*, weights: str | Path | None = None, device: str = "cpu", min_score: float = MIN_SCORE) -> ModelScopeParser:
    """Make a parser around ModelScope's pipeline.

    Args:
        weights: ModelScope's model folder, of either model; None takes what ``dressform models pull m2fp`` fetched.
        device: "cpu" or "cuda".
        min_score: Least score of a person, 0..1.

    Raises:
        OptionError: Unknown device, or a number out of range.
        WeightsError: The weights are not there.
    """
    if device not in {"cpu", "cuda"}:
        raise OptionError("unknown device", got=repr(device), allowed="cpu, cuda")
    if not 0 <= min_score <= 1:
        raise OptionError("min_score is out of range", got=min_score, allowed="0 to 1")
    found = find_weights("modelscope", HUBS["m2fp"], given=weights)
    if found.checkpoint is None or found.config is None:
        raise OptionError("ModelScope cannot run a converted model", got=weights, remedy="give its own model folder")
    return ModelScopeParser(found.checkpoint.parent, found.config, "gpu" if device == "cuda" else "cpu", min_score)


def photo_frame(photo: tuple[int, int]) -> Frame:
    """Cells of about the size that the network's own would have in a photo of (height, width)."""
    height, width = photo
    scale = min(SHORT_SIDE / min(photo), LONG_SIDE / max(photo))
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    return Frame(photo, (0, 0, columns, rows), (-(-rows // CELL), -(-columns // CELL)))


def instances_of(
    masks: MutableSequence[npt.NDArray[Any]], labels: Sequence[str], scores: Sequence[float], frame: Frame
) -> tuple[Instance, ...]:
    """Lists of ModelScope's pipeline as instances.

    Args:
        masks: (H, W) each, positive inside; emptied as it goes, for each takes 4 bytes a pixel.
        labels: CIHP's names, "Human" for whole people.
        scores: 0..1.
        frame: From :func:`photo_frame`.
    """
    found = []
    for label, score in zip(labels, scores, strict=True):
        mask = np.ascontiguousarray(masks.pop(0) > 0)
        if mask.any():
            found.append(Instance(MULTI.classes.index(label), min(score, 1.0), _coverage(mask, frame), pack(mask)))
    return tuple(found)


def _coverage(mask: npt.NDArray[np.bool_], frame: Frame) -> Floats:
    """Logits of how much of each cell a mask of the photo covers."""
    rows, columns = frame.cells
    _, _, right, bottom = frame.content
    large = np.zeros((CELL * rows, CELL * columns), np.float32)
    small = cv2.resize(mask.astype(np.uint8) * np.uint8(255), (right, bottom), interpolation=cv2.INTER_AREA)
    large[:bottom, :right] = small / np.float32(255)
    cover = np.clip(cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA), FAINT, 1 - FAINT)
    return np.asarray(np.log(cover / (1 - cover)), np.float32)


def _one_person(
    masks: Sequence[npt.NDArray[Any]], labels: Sequence[str], scores: Sequence[float], photo: tuple[int, ...]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], tuple[Observation, ...]]:
    """Masks of the one-person model, of which each pixel has one, as one person."""
    found = np.zeros(photo, np.uint8)
    areas = []
    for mask, label in zip(masks, labels, strict=True):
        found[mask > 0] = part_from_name(label)
        areas.append(float((mask > 0).sum()) * (part_from_name(label) > 0))
    instances = np.asarray(found > 0, np.uint16)
    x, y, w, h = cv2.boundingRect(instances.astype(np.uint8))
    if not w:
        return found, instances, ()
    score = float(np.clip(np.average(scores, weights=areas), 0, 1))
    return found, instances, (Observation((float(x), float(y), float(x + w), float(y + h)), score),)


def _unusable(error: Exception) -> EngineUnavailableError:
    if isinstance(error, EngineUnavailableError):
        return error
    remedy = "engine 'm2fp' runs the same weights without mmcv"
    got = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return EngineUnavailableError("ModelScope's pipeline fails here", got=got, remedy=remedy)
