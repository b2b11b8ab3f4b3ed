"""All criteria on people of photos, one after another, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dressform.avatar.bench import attributes, colors, files, identity, layers, placement, repeat, shapes, sheets
from dressform.avatar.bench.drawing import Drawing, without_backdrop
from dressform.avatar.bench.figures import Figure, Record
from dressform.avatar.bench.subjects import Subject, subjects
from dressform.avatar.render.raster import render
from dressform.parsing import Parse

__all__ = ["Bench", "Truth", "run"]

Pixels = npt.NDArray[np.uint8]
Truth = Mapping[str, Mapping[str, str]]
"""What somebody says who looked, by the name of a photo, #, and the number of the person from the left: values of
:data:`~dressform.avatar.bench.attributes.ATTRIBUTES`, and for "face" whether one is to be seen."""
DEEP = 8  # people whose layers are rendered one by one, files opened, and bytes compared
_TIMED = 5


@dataclass
class Bench:
    """What came out.

    Attributes:
        records: Of each person.
        figures: Of all.
        sheets: Pictures by style.
    """

    records: list[Record] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    sheets: dict[str, Pixels] = field(default_factory=dict)


def run(
    parses: Iterable[tuple[str, Parse]],
    styles: Sequence[str],
    *,
    limit: int | None = None,
    truth: Truth | None = None,
    timed: bool = False,
    deep: int = DEEP,
    tell: Callable[[str], None] = lambda text: None,
) -> Bench:
    """Measure.

    Args:
        parses: Name and parse, with its photo, of each photo.
        styles: The first one stands for all where one is enough.
        limit: People at the most; all of a photo are taken.
        truth: What people say who looked.
        timed: Measure speed too; nothing else should run meanwhile.
        deep: People whose layers, files and bytes are compared.
        tell: Gets a line for each person.
    """
    out = Bench()
    groups: dict[str, dict[str, list[bool]]] = {}
    tiles: dict[str, list[tuple[str, Pixels, Pixels]]] = {style: [] for style in styles}
    kept: list[Subject] = []
    for photo, parse in parses:
        if limit is not None and len(out.records) >= limit:
            break
        people = subjects(photo, parse)
        crowd: list[tuple[Record, np.ndarray, dict[str, np.ndarray]]] = []
        for subject in people:
            said = (truth or {}).get(subject.name)
            row, avatars, pictures = _person(subject, styles, said, deep=len(out.records) < deep)
            crowd.append((row, identity.describe_photo(subject), avatars))
            photo_tile = sheets.crop(subject)
            for style in styles:
                tiles[style].append((subject.name, photo_tile, pictures[style]))
            out.records.append(row)
            if timed and len(kept) < _TIMED:
                kept.append(subject)
            tell(f"{len(out.records)} {subject.name}")
        if len(crowd) >= identity.LEAST_PEOPLE:
            groups[photo] = _matched(crowd, styles)
    seconds = repeat.timings(kept, styles) if timed else {}
    out.figures = [
        *colors.figures(out.records, styles),
        *shapes.figures(out.records, styles),
        *attributes.figures(out.records, styles),
        *identity.figures(groups, styles),
        *placement.figures(out.records, styles),
        *layers.figures(out.records, styles),
        *files.figures(out.records, styles),
        *repeat.figures(out.records, styles, seconds),
    ]
    out.sheets = {style: sheets.sheet(rows) for style, rows in tiles.items() if rows}
    return out


def _person(
    subject: Subject, styles: Sequence[str], truth: Mapping[str, str] | None, *, deep: bool
) -> tuple[Record, dict[str, np.ndarray], dict[str, Pixels]]:
    """What is measured of one person, their avatars' descriptors, and pictures."""
    busts = {style: Drawing.of(subject.spec, style, "bust") for style in styles}
    wholes = {style: Drawing.of(subject.spec, style, "whole") for style in styles}
    row: Record = {
        "name": subject.name,
        "photo": subject.photo,
        "head": subject.frame.height if subject.frame is not None else 0.0,
        "framing": subject.spec.framing,
        "colors": colors.record(subject, wholes),
        "shapes": shapes.record(subject),
        "drawn": {style: shapes.drawn(subject, wholes[style]) for style in styles},
        "attributes": attributes.record(subject, wholes, truth),
        "placement": placement.record(subject, busts, truth),
        "layers": {
            "bust": layers.record(subject, busts, False, deep=deep),
            "whole": layers.record(subject, wholes, subject.spec.framing == "full", deep=deep),
        },
        "sizes": repeat.record(busts),
    }
    if deep:
        row["files"] = files.record(busts)
        row["repeated"] = repeat.repeated(subject, styles)
    descriptors, pictures = {}, {}
    for style, drawing in busts.items():
        picture = drawing.avatar.to_image(sheets.SIDE, background=(255, 255, 255))[..., :3]
        alpha = render(without_backdrop(drawing.scene), sheets.SIDE)[..., 3]
        descriptors[style] = identity.describe_drawing(drawing, picture, alpha > 127)
        pictures[style] = np.asarray(picture, np.uint8)
    return row, descriptors, pictures


def _matched(
    crowd: Sequence[tuple[Record, np.ndarray, dict[str, np.ndarray]]], styles: Sequence[str]
) -> dict[str, list[bool]]:
    """Whether each avatar of a photo is nearest to its own person; noted with the person where not."""
    out: dict[str, list[bool]] = {}
    for style in styles:
        found = identity.matches([person for _, person, _ in crowd], [avatars[style] for _, _, avatars in crowd])
        out[style] = [found[k] == k for k in range(len(crowd))]
        for (row, _, _), hit in zip(crowd, out[style], strict=True):
            if not hit:
                row.setdefault("mistaken", []).append(style)
    return out
