"""People in, named part masks out.

>>> from dressform.parsing import load_parser
>>> parse = load_parser().parse("family.jpg")        # doctest: +SKIP
>>> parse.people[0].region("upper").sum()             # doctest: +SKIP

Names are imported when first used, so that ``import dressform.parsing`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dressform.parsing.errors import (
    DownloadError,
    DressformError,
    EngineUnavailableError,
    ImageFormatError,
    ImageReadError,
    ImageTooLargeError,
    MissingExtraError,
    OfflineError,
    OptionError,
    OutputError,
    ParseDataError,
    WeightsError,
)

if TYPE_CHECKING:
    from dressform.parsing.engines.base import EngineInfo, Parser
    from dressform.parsing.engines.registry import list_engines, load_parser
    from dressform.parsing.image import load_image
    from dressform.parsing.parts import REGIONS, Part, part_from_name
    from dressform.parsing.result import Parse, Person

__all__ = [
    "REGIONS",
    "DownloadError",
    "DressformError",
    "EngineInfo",
    "EngineUnavailableError",
    "ImageFormatError",
    "ImageReadError",
    "ImageTooLargeError",
    "MissingExtraError",
    "OfflineError",
    "OptionError",
    "OutputError",
    "Parse",
    "ParseDataError",
    "Parser",
    "Part",
    "Person",
    "WeightsError",
    "list_engines",
    "load_image",
    "load_parser",
    "part_from_name",
]

_WHERE = {
    "EngineInfo": "engines.base",
    "Parser": "engines.base",
    "list_engines": "engines.registry",
    "load_parser": "engines.registry",
    "load_image": "image",
    "REGIONS": "parts",
    "Part": "parts",
    "part_from_name": "parts",
    "Parse": "result",
    "Person": "result",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
