"""Engines ``m2fp`` and ``m2fp-single``: a photo goes through ModelScope's network and comes out as people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.hubs import HUBS
from dressform.parsing.engines.m2fp.masks import Frame
from dressform.parsing.engines.m2fp.painting import paint
from dressform.parsing.engines.m2fp.people import MIN_SCORE, assemble, without_specks
from dressform.parsing.engines.m2fp.preprocess import LONG_SIDE, SHORT_SIDE, Prepared, preprocess
from dressform.parsing.engines.m2fp.runtime import Runner, network_config, open_runner, plan
from dressform.parsing.engines.m2fp.select import Instance, find_instances
from dressform.parsing.engines.m2fp.single import class_sums, one_person
from dressform.parsing.engines.m2fp.views import Look, View, fuse, fuse_sums, views_of
from dressform.parsing.engines.m2fp.weights import find_weights
from dressform.parsing.errors import OptionError, WeightsError
from dressform.parsing.image import ImageSource, load_image
from dressform.parsing.landmarks import FaceLandmarker
from dressform.parsing.parts import Part, part_from_name
from dressform.parsing.result import Landmarker, Parse

__all__ = ["M2FPParser", "load", "load_single"]

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
LEAST_SIDE = 64


@dataclass(frozen=True, eq=False)
class M2FPParser:
    """Finds people and their parts with an M2FP network. Threads may share one.

    Attributes:
        name: ``m2fp`` or ``m2fp-single``.
        config: The model.
        runner: What runs the network.
        views: How each photo is looked at; the first look is the plain one.
        max_side: Longest side of the network's input in pixels.
        min_score: Least score of a person.
        refine: Whether small detached patches go.
        landmarker: What finds landmarks on first use.
    """

    name: str
    config: Config
    runner: Runner = field(repr=False)
    views: tuple[View, ...] = (View(),)
    max_side: int = LONG_SIDE
    min_score: float = MIN_SCORE
    refine: bool = True
    landmarker: Landmarker = field(default_factory=FaceLandmarker, repr=False)

    def parse(self, source: ImageSource) -> Parse:
        """Find the people of one photo and their parts.

        Args:
            source: A path, bytes, a file object, a PIL image, or (H, W, 3) uint8 RGB.

        Raises:
            ImageReadError, ImageFormatError, ImageTooLargeError: The photo cannot be used.
            EngineUnavailableError: The network cannot be run; says why.
        """
        return self._parse([load_image(source)])[0]

    def parse_many(self, sources: Iterable[ImageSource], batch: int = 8) -> Iterator[Parse]:
        """Parse photos, those of one shape together: for devices that are faster so. A CPU is not.

        Args:
            sources: As :meth:`parse` takes them.
            batch: How many are loaded at once, 1 or more.

        Yields:
            One result per photo, in their order.

        Raises:
            OptionError: ``batch`` is below 1. Others as :meth:`parse`.
        """
        if batch < 1:
            raise OptionError("a batch is empty", got=batch, allowed="1 or more photos")
        rest = iter(sources)
        while images := [load_image(source) for source in islice(rest, batch)]:
            yield from self._parse(images)

    def instances(self, source: ImageSource) -> tuple[Instance, ...]:
        """What the network finds in a photo, before it is put together to people: as ModelScope's pipeline lists it.

        Only with the model of several people; one plain look.

        Raises:
            OptionError: With the model of one person. Others as :meth:`parse`.
        """
        if self.config.single:
            raise OptionError("the model of one person finds no instances", remedy="use engine 'm2fp'")
        return self._look([load_image(source)], View(), keep=True)[0].instances

    def _parse(self, images: Sequence[Image]) -> list[Parse]:
        if self.config.single:
            return self._parse_single(images)
        looks = [self._look(images, view) for view in self.views]
        return [self._people(image, [row[k] for row in looks]) for k, image in enumerate(images)]

    def _people(self, image: Image, looks: Sequence[Look]) -> Parse:
        found = fuse(looks, self.config.classes)
        if self.refine:
            found = without_specks(found)
        assembly = assemble(found, self.config.classes, self.min_score)
        return Parse(*paint(assembly, looks[0].frame), image, self.name, self.landmarker)

    def _look(self, images: Sequence[Image], view: View, *, keep: bool = False) -> list[Look]:
        """Instances of each photo in one look."""
        return [
            Look(view, frame, find_instances(logits, masks, frame, self.config, keep=keep))
            for frame, logits, masks in self._run(images, view)
        ]

    def _parse_single(self, images: Sequence[Image]) -> list[Parse]:
        runs = [self._run(images, view) for view in self.views]
        out = []
        for k, image in enumerate(images):
            rows = [run[k] for run in runs]
            sums = [class_sums(logits, masks, frame.content) for frame, logits, masks in rows]
            fused = fuse_sums(sums, self.views, self.config.classes) if len(sums) > 1 else sums[0]
            found = one_person(fused, rows[0][0], self.config.classes, refine=self.refine)
            out.append(Parse(*found, image, self.name, self.landmarker))
        return out

    def _run(self, images: Sequence[Image], view: View) -> list[tuple[Frame, Floats, Floats]]:
        """Frame, class logits and mask logits of each photo; those whose inputs have one shape run together."""
        prepared = [self._prepare(image, view) for image in images]
        shapes: dict[tuple[int, ...], list[int]] = {}
        for k, each in enumerate(prepared):
            shapes.setdefault(each.tensor.shape, []).append(k)
        found: dict[int, tuple[Frame, Floats, Floats]] = {}
        for group in shapes.values():
            tensor = prepared[group[0]].tensor
            if len(group) > 1:
                tensor = np.concatenate([prepared[k].tensor for k in group])
            logits, masks = self.runner.run(tensor)
            for row, k in enumerate(group):
                found[k] = (_frame(prepared[k], masks[row]), logits[row], masks[row])
        return [found[k] for k in range(len(images))]

    def _prepare(self, image: Image, view: View) -> Prepared:
        seen = np.ascontiguousarray(image[:, ::-1]) if view.mirrored else image
        short, long = round(SHORT_SIDE * view.scale), round(self.max_side * view.scale)
        return preprocess(seen, self.config, short=short, long=long)


def load(
    *,
    weights: str | Path | None = None,
    runtime: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    tta: bool | Sequence[float] = False,
    max_side: int = LONG_SIDE,
    min_score: float = MIN_SCORE,
    refine: bool = True,
) -> M2FPParser:
    """Make a parser for several people; the network is loaded, and converted if need be, for the first photo.

    Args:
        weights: ModelScope's model folder, its ``pytorch_model.pt``, or a converted model's folder; None takes what
            ``dressform models pull`` fetched.
        runtime: "auto", "onnx", "openvino" or "torch".
        device: "cpu", "cuda", "cuda:1" …
        precision: "fp32", "bf16" or "fp16".
        tta: Look several times: True, or scales; see :func:`dressform.parsing.engines.m2fp.views.views_of`.
        max_side: Longest side of the network's input in pixels, 64 to 1333; less is faster.
        min_score: Least score of a person, 0..1.
        refine: Whether small detached patches go.

    Raises:
        OptionError: Unknown names, numbers out of range.
        WeightsError: The weights are not there, or are the other model's.
        EngineUnavailableError: The runtime is not installed.
    """
    return _load("m2fp", weights, (runtime, device, precision), tta, max_side, min_score, refine)


def load_single(
    *,
    weights: str | Path | None = None,
    runtime: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    tta: bool = False,
    refine: bool = True,
) -> M2FPParser:
    """Make a parser for one person; arguments and errors as in :func:`load`, ``tta`` looks once more, mirrored."""
    return _load("m2fp-single", weights, (runtime, device, precision), tta, LONG_SIDE, MIN_SCORE, refine)


def _load(
    name: str,
    given: str | Path | None,
    how: tuple[str, str, str],
    tta: bool | Sequence[float],
    max_side: int,
    min_score: float,
    refine: bool,
) -> M2FPParser:
    if not LEAST_SIDE <= max_side <= LONG_SIDE:
        raise OptionError("max_side is out of range", got=max_side, allowed=f"{LEAST_SIDE} to {LONG_SIDE} px")
    if not 0 <= min_score <= 1:
        raise OptionError("min_score is out of range", got=min_score, allowed="0 to 1")
    views = views_of(tta, single=name == "m2fp-single")
    weights = find_weights(name, HUBS[name], given)
    runner = open_runner(weights, plan(*how, checkpoint=weights.checkpoint is not None))
    config = network_config(weights)
    _check_classes(config)
    return M2FPParser(name, config, runner, views, max_side, min_score, refine)


def _check_classes(config: Config) -> None:
    """Every class is a part that is known here, and the last of the model of several people is "Human"."""
    try:
        parts = [part_from_name(name) for name in config.classes[: config.parts]]
    except OptionError as error:
        raise WeightsError(
            "the model has a class that is not known here", got=error.got, allowed=error.allowed
        ) from None
    if parts[0] is not Part.BACKGROUND or config.classes[config.parts :] != (() if config.single else ("Human",)):
        got, allowed = ", ".join(config.classes), "Background, parts, and of several people Human"
        raise WeightsError("the model's classes are not in order", got=got, allowed=allowed)


def _frame(prepared: Prepared, masks: Floats) -> Frame:
    return Frame(prepared.photo, prepared.content, (masks.shape[1], masks.shape[2]))
