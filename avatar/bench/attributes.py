"""Criterion 3: what one would say of the photo, read back from the drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dressform.avatar.bench import faces, readings
from dressform.avatar.bench.colors import EXACT, garment_layer
from dressform.avatar.bench.drawing import PARTS, Drawing, without_backdrop
from dressform.avatar.bench.figures import Figure, Record, share
from dressform.avatar.bench.subjects import Subject, inner, trimmed_median
from dressform.avatar.color import color_name, srgb_to_lab, srgb_to_oklab, to_color
from dressform.avatar.render.raster import render

__all__ = ["ATTRIBUTES", "figures", "read", "record"]

ATTRIBUTES = {"hat": 95.0, "glasses": 95.0, "hair": 90.0, "sleeve": 90.0, "lower": 90.0, "beard": 90.0, "color": 90.0}
"""What is read, and the share in per cent that must agree."""
_SAME = 0.7  # share of the most frequent colour word from which another one is as good
_JITTER = 3.0  # CIE Lab; a colour this near to the border between two words bears both


def record(subject: Subject, drawings: Mapping[str, Drawing], truth: Mapping[str, str] | None = None) -> Record:
    """For each attribute what the photo says, what somebody said who looked at it, and what each drawing shows."""
    joints = readings.joints_in_heads(subject)
    photo = readings.map_of_photo(subject)
    found: dict[str, set[str]] = {
        "hat": readings.hat(photo),
        "glasses": faces.photo_glasses(subject),
        "hair": readings.hair_length(photo),
        "sleeve": readings.sleeve(photo, joints),
        "lower": readings.lower_wear(photo),
        "beard": faces.photo_beard(subject),
        "color": _words_of_photo(subject),
    }
    out: Record = {"photo": {name: sorted(words) for name, words in found.items()}, "styles": {}}
    if truth:
        out["truth"] = dict(truth)
    for style, drawing in drawings.items():
        out["styles"][style] = read(subject, drawing)
    return out


def read(subject: Subject, drawing: Drawing) -> dict[str, list[str]]:
    """What a drawing of a person shows."""
    seen, joints = readings.map_of_drawing(drawing), readings.joints_in_heads(subject)
    places = readings.arm_places(joints)
    chosen = None
    if places is not None:
        parts = readings.map_of_photo(subject).at(places[0])
        chosen = np.asarray(parts > 0, np.bool_)
    found = {
        "hat": readings.hat(seen),
        "glasses": {faces.drawn_glasses(drawing)},
        "hair": readings.hair_length(seen),
        "sleeve": readings.sleeve(seen, joints, chosen),
        "lower": readings.lower_wear(seen),
        "beard": {faces.drawn_beard(drawing)},
        "color": _word_of_drawing(drawing, garment_layer(drawing, subject)),
    }
    return {name: sorted(words) for name, words in found.items()}


def _words_of_photo(subject: Subject) -> set[str]:
    """Words for the colour of the main garment: that of its median, its neighbours, and the most frequent one."""
    if subject.garment is None:
        return set()
    mask = subject.mask(subject.garment)
    middle = trimmed_median(subject.balanced, mask)
    if middle is None:
        return set()
    pixels = subject.balanced[inner(mask)]
    counts = _counted(pixels[:: max(len(pixels) // 2000, 1)])
    most = counts.most_common(1)[0][1]
    return {word for word, count in counts.items() if count >= _SAME * most} | _near(middle, subject, mask)


def _near(middle: npt.NDArray[np.float64], subject: Subject, mask: npt.NDArray[np.bool_]) -> set[str]:
    """Words for a colour and for those next to it."""
    lab = np.asarray(srgb_to_lab(subject.balanced[inner(mask)]), np.float64)
    base = subject.balanced[inner(mask)][int(((lab - middle) ** 2).sum(1).argmin())]
    steps = _JITTER / 100 * np.array([[0, 0, 0], [2, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    return {color_name(to_color(np.asarray(srgb_to_oklab(base), np.float64) + step * [1, 0.4, 0.4])) for step in steps}


def _word_of_drawing(drawing: Drawing, layer: str) -> set[str]:
    """The most frequent colour word of a garment's pixels as they are seen."""
    if layer not in drawing.layers:
        return set()
    names = [name for name in drawing.layers if name == layer or name.startswith(f"{layer}_")]
    size = drawing.labels.shape[1], drawing.labels.shape[0]
    picture = render(without_backdrop(drawing.scene, names=names), size)
    shown = picture[(drawing.labels == PARTS[layer]) & (picture[..., 3] > 200)][:, :3]
    return {_counted(shown).most_common(1)[0][0]} if len(shown) >= 20 else set()


def _counted(pixels: npt.NDArray[np.uint8]) -> Counter[str]:
    """Colour words of pixels, each by the nearest of a coarse grid of colours."""
    grid, counts = np.unique(pixels.reshape(-1, 3) // 8, axis=0, return_counts=True)
    found: Counter[str] = Counter()
    for row, count in zip(grid, counts, strict=True):
        r, g, b = (int(value) * 8 + 4 for value in row)
        found[color_name((r, g, b))] += int(count)
    return found


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """How often drawing and photo agree, by the parse and by what somebody said who looked."""
    rows = [each["attributes"] for each in records]
    out = []
    for style in styles:
        for name, target in ATTRIBUTES.items():
            if name == "color" and style not in EXACT:
                continue
            hits, unsure = _agreement(rows, style, name)
            note = f"undecided in {unsure} photos" if unsure else ""
            out.append(Figure(3, f"{style}: {name}", share(hits), target, True, len(hits), "%", note))
    if any("truth" in row for row in rows) and styles:
        for name, target in ATTRIBUTES.items():
            # Where the joints of arms are not seen, nothing can be read from the drawing either.
            said = [row for row in rows if row.get("truth", {}).get(name) and (name != "sleeve" or row["photo"][name])]
            hits = [float(_as_said(row, styles[0], name)) for row in said]
            what = f"{styles[0]} against people's word: {name}"
            out.append(Figure(3, what, share(hits), target, True, len(hits), "%", _confused(said, styles[0], name)))
    return out


def _as_said(row: Record, style: str, name: str) -> bool:
    """Whether a drawing shows one of the answers, which have strokes between them, that somebody gave."""
    return bool(set(row["truth"][name].split("/")) & set(row["styles"][style][name]))


def _confused(rows: Sequence[Record], style: str, name: str) -> str:
    """How often which answer was drawn instead of which."""
    pairs = Counter(
        f"{row['truth'][name]} drawn {'/'.join(row['styles'][style][name]) or 'not at all'}"
        for row in rows
        if not _as_said(row, style, name)
    )
    return ", ".join(f"{text} ×{count}" for text, count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])))


def _agreement(rows: Sequence[Record], style: str, name: str) -> tuple[list[float], int]:
    hits, unsure = [], 0
    for row in rows:
        wanted, found = set(row["photo"][name]), set(row["styles"][style][name])
        if name in ("hat", "glasses", "beard") and len(wanted) != 1:
            unsure += 1
        elif wanted:
            hits.append(float(bool(wanted & found)))
    return hits, unsure


def disagreements(records: Sequence[Record], style: str) -> list[str]:
    """A line for each person and attribute on which what is seen in the photo and the drawing disagree.

    What somebody said who looked goes before what the parse says.
    """
    out = []
    for each in records:
        row = each["attributes"]
        for name in ATTRIBUTES:
            said = row.get("truth", {}).get(name) if name != "sleeve" or row["photo"][name] else None
            wanted, found = said.split("/") if said else row["photo"][name], row["styles"][style][name]
            sure = bool(said) or len(wanted) == 1 or name not in ("hat", "glasses", "beard")
            if wanted and sure and not set(wanted) & set(found):
                out.append(f"{each['name']}: {name} {'/'.join(wanted)}, drawn {'/'.join(found) or 'not at all'}")
    return out
