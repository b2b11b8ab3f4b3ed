"""Options that several commands of try-on share, and how they are read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dressform.api.inputs import STDIN
from dressform.parsing.errors import OptionError

if TYPE_CHECKING:
    from dressform.tryon.look import Look

__all__ = [
    "AsJson", "BackendName", "Bend", "Delight", "Drop", "Engine", "Exposure", "Folds", "Mirror", "Numbers", "Protect",
    "Repeat", "RepeatCm", "Roundness", "Seam", "Text", "Texts", "ThePhoto", "Weave", "check_file", "check_seam",
    "make_look",
]  # fmt: skip

Text = str | None
Texts = list[str] | None
Numbers = list[float] | None

ThePhoto = Annotated[str, typer.Argument(metavar="PHOTO|-", help="A photo, or - for stdin.", show_default=False)]
Engine = Annotated[
    str | None, typer.Option("--engine", "-e", help="What finds people; 'dressform models list' shows them.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON for programs.")]

RepeatCm = Annotated[float | None, typer.Option("--repeat-cm", help="Width of one repeat of the fabric in cm.")]
Repeat = Annotated[float | None, typer.Option("--repeat", help="The same in widths of the shoulders.")]
Drop = Annotated[
    str | None, typer.Option("--drop", help="How far each column of repeats stands lower: half, or 0 to 1.")
]
Mirror = Annotated[
    bool, typer.Option("--mirror", help="Mirror every other repeat: hides seams of pictures that don't repeat.")
]

Folds = Annotated[float, typer.Option(help="Strength of folds, 0 to 4.")]
Weave = Annotated[float, typer.Option(help="How much of the old cloth's weave stays, 0 to 4.")]
Exposure = Annotated[
    str, typer.Option(help="swatch: the cloth's own colour; scene: in the photo's light; or stops, -4 to 4.")
]
Roundness = Annotated[float, typer.Option(help="Of garments from photos: 1 goes around the body, 0 is flat.")]
Delight = Annotated[float, typer.Option(help="Of garments from photos: how much of their own light goes, 0 to 1.")]
Seam = Annotated[str, typer.Option(help="sewn: sleeves turn with the arms; continuous: one piece of cloth.")]
Bend = Annotated[float, typer.Option(min=0, max=0.015, help="How far folds move threads, in widths of the torso.")]
Protect = Annotated[
    str | None,
    typer.Option(metavar="MASK", help="Picture of what must not change: white, or painted on transparency."),
]
BackendName = Annotated[str, typer.Option("--backend", help="What makes the new cloth: classic, fashn.")]


def make_look(exposure: str, **values: float) -> Look:
    """A look of the command line's options.

    Raises:
        OptionError: A value out of range.
    """
    from dressform.tryon.look import Look

    word: Any = exposure.strip().lower()
    with suppress(ValueError):
        word = float(word)
    return Look(exposure=word, **values)


def check_seam(seam: str) -> None:
    """Refuse an unknown seam.

    Raises:
        OptionError: Unknown.
    """
    from dressform.tryon.shape.coords import SEAMS

    if seam not in SEAMS:
        raise OptionError("unknown seam", got=repr(seam[:40]), allowed=", ".join(SEAMS))


def check_file(path: str | None) -> None:
    """Refuse a path that is no file; None and "-" pass.

    Raises:
        OptionError: No such file.
    """
    if path is not None and path != STDIN and not Path(path).is_file():
        raise OptionError("not a file" if Path(path).exists() else "no such file", got=path)
