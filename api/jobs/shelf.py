"""What the workers of one process keep in memory: the loaded engine, parsed photos, measured people, stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from dressform.api.cache import Cache
from dressform.api.jobs.kept import KeptParse, keep, parse_cost, shrunk_parse
from dressform.api.problems import Problem
from dressform.api.settings import Settings
from dressform.assets import asset_path
from dressform.parsing import Parse, Parser, load_image, load_parser

if TYPE_CHECKING:
    from dressform.avatar.spec import AvatarSpec
    from dressform.tryon.cloth.region import Region
    from dressform.tryon.stage import Stage

__all__ = ["Prepared", "Shelf", "stage_cost"]

_EXPIRED = "this photo is not kept any more"
_PHOTOS, _OPENED, _SPECS = 5, 5, 2  # twentieths of what may be kept; results have the other eight
_SEVERAL = 4  # stages of one request have this share of what all may take
_WORN = 4  # garments of people, as cloth, have this share of what stages may take


@dataclass(frozen=True)
class Prepared:
    """A stage that somebody asked for.

    Attributes:
        stage: The stage.
        owner: Who may use it.
        photo_key: Of its photo.
        max_side: Pixels that the photo was shrunk to, or None.
    """

    stage: Stage
    owner: str
    photo_key: str = ""
    max_side: int | None = None


class Shelf:
    """Kept by the threads of one process.

    Args:
        settings: How much may be kept, how long, and which engine is used.
        load: Loads the engine.

    Attributes:
        photos: Parsed photos by their keys, in little memory.
        opened: Some of them with all their pixels, whole or shrunk.
        specs: Measured people.
        stages: Garments that are prepared.
        worn: Garments that are cloth for others.
    """

    def __init__(self, settings: Settings, load: Callable[[str], Parser] = load_parser) -> None:
        self._settings, self._load = settings, load
        self._parser: Parser | None = None
        self._guard = Lock()
        self._locks: dict[str, tuple[Lock, int]] = {}
        self._in_use: WeakValueDictionary[str, Parse] = WeakValueDictionary()
        most, seconds = settings.cache_bytes, settings.cache_seconds
        self.photos: Cache[KeptParse] = Cache(_PHOTOS * most // 20, seconds, sliding=True)
        self.opened: Cache[Parse] = Cache(_OPENED * most // 20, seconds, sliding=True)
        self.specs: Cache[AvatarSpec] = Cache(_SPECS * most // 20, seconds, sliding=True)
        most, seconds = settings.stage_bytes, settings.stage_seconds
        self.stages: Cache[Prepared] = Cache(most - most // _WORN, seconds, sliding=True)
        self.worn: Cache[Region] = Cache(most // _WORN, seconds, sliding=True)

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
        """The parse of a photo with its pixels, kept or made.

        Args:
            key: Of the photo.
            data: The encoded photo, or None if it must be kept already.
            max_side: Pixels of the longer side that photo and parse are shrunk to, or None. People have the same
                numbers whatever it is.

        Raises:
            Problem: "expired": the photo is not kept. ImageReadError and its relatives: it cannot be used.
        """
        kept = self.has(key)  # as long as something of a photo is used, the photo stays
        if max_side is not None:
            return self._shared(f"{key}/{max_side}", lambda: shrunk_parse(self.parse(key, data), max_side))
        found = self._shared(key, partial(self._whole, key, data))
        if data is not None and self.keeps and not kept:  # new, or pushed out while its pixels were still open
            made = keep(found, data)
            self.photos.put(key, made, made.cost)
        return found

    def outline(self, key: str, data: bytes | None) -> Parse:
        """As :meth:`parse`, but perhaps without pixels: for who is where, which takes a tenth of the time."""
        kept, found = self.photos.get(key), self._found(key)
        if kept is not None and found is None:
            return kept.opened()
        return self.parse(key, data) if found is None else found

    def has(self, key: str) -> bool:
        """Whether a photo is kept; its time starts anew."""
        return self.photos.get(key) is not None

    def keep_stage(self, name: str, made: Prepared, among: int) -> None:
        """Keep a garment that nobody asked to keep, so that the next cloth is quicker.

        Args:
            name: Of the garment.
            made: The garment.
            among: How many one request prepares; larger ones of several would push out what others have prepared.
        """
        cost = stage_cost(made.stage)
        if self.keeps and (among == 1 or among * cost <= self._settings.stage_bytes // _SEVERAL):
            self.stages.put(name, made, cost)

    def _whole(self, key: str, data: bytes | None) -> Parse:
        settings, kept = self._settings, self.photos.get(key)
        if kept is None and data is None:
            raise Problem("expired", _EXPIRED, "send the photo again")
        data = kept.photo if kept is not None else data or b""
        image = load_image(data, max_pixels=settings.max_pixels, max_bytes=max(len(data), 1))
        if kept is not None:
            return kept.opened(image)
        return self.parser.parse(image)

    def _shared(self, name: str, make: Callable[[], Parse]) -> Parse:
        """A parse that is open, or else made by one thread for all that want it at the same time."""
        found = self._found(name)
        if found is None:
            with self.alone(name):
                found = self._found(name)
                if found is None:
                    found = make()
                    self._in_use[name] = found
                    self.opened.put(name, found, parse_cost(found))
        return found

    def _found(self, name: str) -> Parse | None:
        found = self.opened.get(name)
        return self._in_use.get(name) if found is None else found

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
        for cache in self._caches():
            cache.sweep()

    def clear(self) -> None:
        """Forget everything but the engine."""
        for cache in self._caches():
            cache.clear()

    @property
    def cost(self) -> int:
        """Bytes of all that is kept."""
        return sum(cache.cost for cache in self._caches())

    def _caches(self) -> tuple[Cache[Any], ...]:
        return self.photos, self.opened, self.specs, self.stages, self.worn


def stage_cost(stage: Stage) -> int:
    """Bytes that a stage takes, its photo included."""
    buffers: dict[int, int] = {}
    _find_buffers(stage, 3, buffers)
    return sum(buffers.values())


def _find_buffers(value: object, depth: int, found: dict[int, int]) -> None:
    """Memory of all arrays in a value and in what it is made of, by address: views of one array count once."""
    if isinstance(value, np.ndarray):
        where = value.__array_interface__["data"][0]
        found[where] = max(found.get(where, 0), int(value.nbytes))
    elif isinstance(value, tuple | list):
        for one in value:
            _find_buffers(one, depth, found)
    elif depth and hasattr(value, "__dataclass_fields__"):
        for field in fields(value):  # type: ignore[arg-type]
            _find_buffers(getattr(value, field.name), depth - 1, found)
