"""What every engine is: something that turns a photo into a Parse, and a card that says whose work it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dressform.parsing.image import ImageSource
    from dressform.parsing.result import Parse

__all__ = ["EngineInfo", "HubModel", "Parser", "WeightFile"]


class Parser(Protocol):
    """A loaded engine. It keeps no state between photos, so threads may share one."""

    @property
    def name(self) -> str:
        """Name in the registry; stands in ``Parse.engine``."""

    def parse(self, source: ImageSource) -> Parse:
        """Find the people of one photo and their parts.

        Args:
            source: Whatever :func:`dressform.parsing.load_image` takes: a path, bytes, a file object,
                a PIL image, or (H, W, 3) uint8 RGB.

        Raises:
            ImageReadError, ImageFormatError, ImageTooLargeError: The photo cannot be used.
        """


@dataclass(frozen=True)
class WeightFile:
    """One file of model weights.

    Attributes:
        name: File name, unique among all engines.
        sha256: Expected hash, 64 lower-case hexadecimal digits.
        size: Expected size in bytes.
        url: Where it can be fetched from; None if it ships inside the package.
    """

    name: str
    sha256: str
    size: int
    url: str | None = None

    @property
    def embedded(self) -> bool:
        """Whether the file ships inside the package."""
        return self.url is None


@dataclass(frozen=True)
class HubModel:
    """Weights that ModelScope's hub client fetches, with a file list of its own.

    Attributes:
        model: Name on the hub.
        revision: Which version of it, never just the newest.
    """

    model: str
    revision: str


@dataclass(frozen=True)
class EngineInfo:
    """What is known of an engine without loading it.

    Attributes:
        name: What ``load_parser`` and ``--engine`` take.
        title: Name for people.
        licence: Licence of the weights, the part that binds the user.
        commercial: Whether that licence allows commercial use.
        description: One sentence.
        extra: The optional part of the installation it needs, such as ``m2fp``, or None.
        weights: Its weight files.
        module: Module whose ``load(**options)`` makes the parser, or ``module:function``; None if this version cannot
            run it.
        hub: Where its weights come from, if not as ``weights``.
    """

    name: str
    title: str
    licence: str
    commercial: bool
    description: str
    extra: str | None = None
    weights: tuple[WeightFile, ...] = ()
    module: str | None = None
    hub: HubModel | None = None

    @property
    def runnable(self) -> bool:
        """Whether this version of dressform can run it at all."""
        return self.module is not None
