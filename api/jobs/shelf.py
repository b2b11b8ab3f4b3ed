"""What the workers of one process keep in memory: the loaded engine, parsed photos, measured people, stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from threading import Lock
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.api.cache import Cache
from dressform.api.problems import Problem
from dressform.api.settings import Settings
from dressform.assets import asset_path
from dressform.parsing import Parse, Parser, load_image, load_parser

if TYPE_CHECKING:
    from dressform.avatar.spec import AvatarSpec
    from dressform.tryon.stage import Stage

__all__ = ["Prepared", "Shelf", "shrunk", "stage_cost"]

_EXPIRED = "this photo is not kept any more"


@dataclass(frozen=True)
class Prepared:
    """A stage that somebody asked for.

    Attributes:
        stage: The stage.
        owner: Who may use it.
    """

    stage: Stage
    owner: str


class Shelf:
    """Kept by the threads of one process.

    Args:
        settings: How much may be kept, how long, and which engine is used.
        load: Loads the engine.
    """

    def __init__(self, settings: Settings, load: Callable[[str], Parser] = load_parser) -> None:
        self._settings, self._load = settings, load
        self._parser: Parser | None = None
        self._guard = Lock()
        self._locks: dict[str, tuple[Lock, int]] = {}
        share = settings.cache_bytes // 5
        self.parses: Cache[Parse] = Cache(3 * share, settings.cache_seconds, sliding=True)
        self.specs: Cache[AvatarSpec] = Cache(share // 2, settings.cache_seconds, sliding=True)
        self.stages: Cache[Prepared] = Cache(settings.stage_bytes, settings.stage_seconds, sliding=True)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept that nobody asked for."""
        return self._settings.cache_seconds > 0

    @property
    def max_people(self) -> int:
        """How many people one request may draw."""
        return self._settings.max_people

    @property
    def parser(self) -> Parser:
        """The engine, loaded on first use.

        Raises:
            EngineUnavailableError: It cannot run here.
        """
        if self._parser is None:
            with self.alone("parser"):
                if self._parser is None:
                    self._parser = self._load(self._settings.engine)
        return self._parser

    def warm(self) -> None:
        """Load the engine and let it work once, so that the first photo does not wait; raises as :attr:`parser`."""
        self.parser.parse(asset_path("samples", "couple.jpg"))  # with people in it: all networks are opened

    def parse(self, key: str, data: bytes | None, *, max_side: int | None = None) -> Parse:
        """The parse of a photo, kept or made.

        Args:
            key: Of the photo.
            data: The encoded photo, or None if it must be kept already.
            max_side: Pixels of the longer side that the photo is shrunk to first, or None.

        Raises:
            Problem: "expired": the photo is not kept. ImageReadError and its relatives: it cannot be used.
        """
        whole = self.parses.get(key)
        if whole is not None and (max_side is None or max(whole.size) <= max_side):
            return whole
        name = key if max_side is None else f"{key}/{max_side}"
        with self.alone(name):
            found = self.parses.get(name)
            if found is None:
                found = self.parser.parse(self._pixels(whole, data, max_side))
                self.parses.put(name, found, _cost(found))
        return found

    def _pixels(self, whole: Parse | None, data: bytes | None, max_side: int | None) -> npt.NDArray[np.uint8]:
        if whole is not None and whole.image is not None:
            pixels = whole.image
        elif data is not None:
            settings = self._settings
            pixels = load_image(data, max_pixels=settings.max_pixels, max_bytes=max(len(data), 1))
        else:
            raise Problem("expired", _EXPIRED, "send the photo again")
        return pixels if max_side is None else shrunk(pixels, max_side)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Only one thread at a time is inside for the same name."""
        with self._guard:
            lock, count = self._locks.get(name, (Lock(), 0))
            self._locks[name] = (lock, count + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                count = self._locks[name][1] - 1
                if count:
                    self._locks[name] = (lock, count)
                else:
                    del self._locks[name]

    def sweep(self) -> None:
        """Forget what is over its time."""
        for cache in (self.parses, self.specs, self.stages):
            cache.sweep()

    def clear(self) -> None:
        """Forget everything but the engine."""
        for cache in (self.parses, self.specs, self.stages):
            cache.clear()


def shrunk(pixels: npt.NDArray[Any], max_side: int) -> npt.NDArray[Any]:
    """(h, w, c) uint8 with a longer side of at most ``max_side``; as it is if it is no larger."""
    height, width = pixels.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def stage_cost(stage: Stage) -> int:
    """Bytes that a stage takes."""
    return _bytes(stage, 3)


def _cost(parse: Parse) -> int:
    arrays = (parse.labels, parse.instances, parse.image)
    return sum(0 if array is None else array.nbytes for array in arrays) + (1 << 19) * len(parse)


def _bytes(value: object, depth: int) -> int:
    """Bytes of all arrays in a value and in what it is made of."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, tuple | list):
        return sum(_bytes(one, depth) for one in value)
    if depth and hasattr(value, "__dataclass_fields__"):
        return sum(_bytes(getattr(value, one.name), depth - 1) for one in fields(value))  # type: ignore[arg-type, misc]
    return 0
