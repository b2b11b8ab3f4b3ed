"""A cut-out garment in parts as they are fitted: the torso's or skirt's edges, sleeves and legs between two edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.outline import opened

if TYPE_CHECKING:
    from dressform.tryon.garment.cut import Cutout

__all__ = ["Limb", "Parts", "Trunk", "find_leg", "find_parts", "find_sleeve", "find_trunk", "resample"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_LOOK = 60_000  # px of the picture that the outline is taken from
_OFF = 0.035  # roots of the area: farther from the outline a landmark was estimated, and edges to it are straight
_POINTS = 33
_STRIP = 0.35  # half width of a sleeve that cannot be told, in widths of its armhole
_LEAST_AREA = 0.05  # of a piece of a limb over their median: less is a fold
_CAP = 0.35  # length of one edge of a sleeve over the other's, below which it hardly is a sleeve


@dataclass(frozen=True, eq=False)
class Limb:
    """A sleeve or a leg laid flat: the surface between two edges.

    Attributes:
        outer: (n, 2) float64 pixels of the cut-out, from the shoulder or waist to the end.
        inner: (n, 2), from the armpit or the middle of the waist to the end.
        crotch: 0..1, where along it the crotch lies; 0 for sleeves.
        bones: Length of an arm, or of a leg below the crotch, that it is made for; 0: it has to be guessed.
        beyond: Share of its length by which its end may bulge.
        length: Along its middle, pixels.
        width: In the mean, pixels.
    """

    outer: Doubles
    inner: Doubles
    crotch: float = 0.0
    bones: float = 0.0
    beyond: float = 0.0

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff((self.outer + self.inner) / 2, axis=0).T).sum())

    @property
    def width(self) -> float:
        return float(np.hypot(*(self.outer - self.inner).T).mean())

    def whole(self) -> Limb:
        """The same without a crotch."""
        return Limb(self.outer, self.inner)

    def at(self, along: Doubles, across: Doubles) -> Doubles:
        """(k, 2): places at ``along`` 0..1 and ``across`` -1 (inner edge) to 1 (outer edge); both go on beyond."""
        n = len(self.outer)
        place = np.maximum(along, 0) * (n - 1)
        k = np.clip(np.floor(place).astype(np.int64), 0, n - 2)
        share = (place - k)[:, None]
        outer = self.outer[k] * (1 - share) + self.outer[k + 1] * share
        inner = self.inner[k] * (1 - share) + self.inner[k + 1] * share
        # Before its beginning both edges go on in one direction: their first steps may lead anywhere.
        way = (self.outer[n // 3] - self.outer[0] + self.inner[n // 3] - self.inner[0]) / 2
        before = (np.minimum(along, 0) * (n - 1) / (n // 3))[:, None] * way
        outer, inner = outer + before, inner + before
        return np.asarray(inner + (outer - inner) * ((across + 1) / 2)[:, None], np.float64)


@dataclass(frozen=True, eq=False)
class Trunk:
    """The torso of a top or dress, or a skirt, as edges between landmarks, pixels of the cut-out.

    Attributes:
        edges: (k, 2) float64 by name. Tops: "neckline" from R to L, "shoulder_R", "shoulder_L" from the neck outward,
            "armhole_R", "armhole_L" downward, "side_R", "side_L" downward, "hem" from R to L. Skirts: "waist" from R
            to L, "side_R", "side_L", "hem".
        width: Of the chest between the armpits, or of the middle of a skirt.
        length: From the armpits or the waist to the hem.
    """

    edges: dict[str, Doubles]
    width: float
    length: float

    def rows(self) -> tuple[Doubles, Doubles]:
        """Left and right side in the picture, (33, 2) each, from the top to the hem."""
        return resample(self.edges["side_R"], _POINTS), resample(self.edges["side_L"], _POINTS)

    def at(self, along: Doubles, across: Doubles) -> Doubles:
        """(k, 2): places at ``along`` 0 (armholes or waist) to 1 (hem) and ``across`` -1 (left edge) to 1 (right)."""
        left, right = self.rows()
        place = along * (_POINTS - 1)
        k = np.clip(np.floor(place).astype(np.int64), 0, _POINTS - 2)
        share = (place - k)[:, None]
        one, other = (edge[k] * (1 - share) + edge[k + 1] * share for edge in (left, right))
        return np.asarray(one + (other - one) * ((across + 1) / 2)[:, None], np.float64)


@dataclass(frozen=True, eq=False)
class Parts:
    """A garment whose parts need not be looked for.

    Attributes:
        trunk: Its torso or skirt, None for trousers.
        limbs: By "sleeve_L", "leg_R" and so on.
        worn: Whether the picture shows it on somebody, as round as they are.
    """

    trunk: Trunk | None
    limbs: Mapping[str, Limb]
    worn: bool = False


def find_parts(cut: Cutout) -> Parts:
    """All parts of a garment."""
    found = {f"{kind}_{side}": find(cut, side) for kind, find in _LIMBS.items() for side in "RL"}
    limbs = {name: limb for name, limb in found.items() if limb is not None}
    return Parts(None if "crotch" in cut.landmarks else find_trunk(cut), MappingProxyType(limbs))


def find_trunk(cut: Cutout) -> Trunk:
    """The torso or skirt of a garment; trousers have none."""
    if cut.parts is not None and cut.parts.trunk is not None:
        return cut.parts.trunk
    ring, root = _ring(cut)
    m = {name: np.array(place) for name, place in cut.landmarks.items()}

    def edge(a: str, b: str) -> Doubles:
        return _between(ring, m[a], m[b], _OFF * root)

    edges = {"hem": edge("hem_R", "hem_L")}
    if cut.kind == "lower":
        edges["waist"] = edge("waist_R", "waist_L")
        for side in "RL":
            edges[f"side_{side}"] = edge(f"waist_{side}", f"hem_{side}")
        width = (_extent(m, "waist") + _extent(m, "hem")) / 2
        return Trunk(edges, width, float(np.mean([_long(edges[f"side_{s}"]) for s in "RL"])))
    edges["neckline"] = edge("neck_R", "neck_L")
    for side in "RL":
        edges[f"shoulder_{side}"] = edge(f"neck_{side}", f"shoulder_{side}")
        edges[f"armhole_{side}"] = np.linspace(m[f"shoulder_{side}"], m[f"armpit_{side}"], 9)
        edges[f"side_{side}"] = edge(f"armpit_{side}", f"hem_{side}")
    return Trunk(edges, _extent(m, "armpit"), float(np.mean([_long(edges[f"side_{s}"]) for s in "RL"])))


def find_sleeve(cut: Cutout, side: str) -> Limb | None:
    """The sleeve of the wearer's "L" or "R"; None where the garment has none or it cannot be seen."""
    if cut.parts is not None:
        return cut.parts.limbs.get(f"sleeve_{side}")
    if f"cuff_outer_{side}" not in cut.landmarks:
        return None
    ring, root = _ring(cut)
    m = {name: np.array(cut.landmarks[f"{name}_{side}"]) for name in ("shoulder", "armpit", "cuff_outer", "cuff_inner")}
    outer = _between(ring, m["shoulder"], m["cuff_outer"], _OFF * root)
    inner = _between(ring, m["armpit"], m["cuff_inner"], _OFF * root)
    # The lower edge of a cap sleeve is a point, which would be drawn out to streaks.
    if _long(inner) < _CAP * _long(outer):
        inner = np.stack([m["armpit"], m["armpit"] + m["cuff_outer"] - m["shoulder"]])
    elif _long(outer) < _CAP * _long(inner):
        outer = np.stack([m["shoulder"], m["shoulder"] + m["cuff_inner"] - m["armpit"]])
    return _sound(Limb(resample(outer, _POINTS), resample(inner, _POINTS)), side)


def find_leg(cut: Cutout, side: str) -> Limb | None:
    """The leg of the wearer's "L" or "R" from the waist down, with its half of the hips; None for skirts."""
    if cut.parts is not None:
        return cut.parts.limbs.get(f"leg_{side}")
    if "crotch" not in cut.landmarks:
        return None
    ring, root = _ring(cut)
    m = {name: np.array(place) for name, place in cut.landmarks.items()}
    outer = _between(ring, m[f"waist_{side}"], m[f"hem_outer_{side}"], _OFF * root)
    below = _between(ring, m["crotch"], m[f"hem_inner_{side}"], _OFF * root)
    above = np.linspace(m["waist"], m["crotch"], 9)
    # The outer edge is parted at the height of the crotch, square to the garment's axis.
    down = m["crotch"] - m["waist"]
    down = down / max(float(np.hypot(*down)), 1e-9)
    dense = resample(outer, 200)
    level = int(np.clip(np.argmin(np.abs((dense - m["crotch"]) @ down)), 1, 198))
    parts = round(_POINTS * _long(above) / max(_long(above) + _long(below), 1e-9))
    parts = int(np.clip(parts, 4, _POINTS - 4))
    rest = _POINTS - parts
    inner = np.concatenate([resample(above, parts + 1)[:-1], resample(below, rest)])
    outer = np.concatenate([resample(dense[: level + 1], parts + 1)[:-1], resample(dense[level:], rest)])
    return _sound(Limb(outer, inner, parts / (_POINTS - 1)), side)


def _sound(limb: Limb, side: str) -> Limb | None:
    """A limb whose surface is nowhere folded: its edges are straightened as far as that needs; None: in vain."""
    n = len(limb.outer)
    bend = round(limb.crotch * (n - 1))
    along = np.linspace(0, 1, n)[:, None]

    def straight(edge: Doubles) -> Doubles:
        if not bend:
            return np.asarray(edge[0] + (edge[-1] - edge[0]) * along, np.float64)
        return np.concatenate(
            [np.linspace(edge[0], edge[bend], bend + 1)[:-1], np.linspace(edge[bend], edge[-1], n - bend)]
        )

    for share in (0.0, 0.3, 0.6, 1.0):
        outer, inner = (edge + share * (straight(edge) - edge) for edge in (limb.outer, limb.inner))
        across, steps = outer - inner, [np.diff(edge, axis=0) for edge in (inner, outer)]
        turns = [across[:-1, 0] * step[:, 1] - across[:-1, 1] * step[:, 0] for step in steps]
        area = np.concatenate(turns) * (1 if side == "L" else -1)
        if float(np.median(area)) > 0 and float(area.min()) > _LEAST_AREA * float(np.median(area)):
            return Limb(outer, inner, limb.crotch)
    if bend:
        return None
    # A sleeve folded over the side or seen from its edge: a strip of even width along its middle.
    ends = (limb.outer + limb.inner)[[0, -1]] / 2
    way = ends[1] - ends[0]
    long = float(np.hypot(*way))
    if long < 1e-6:
        return None
    half = _STRIP * float(np.hypot(*(limb.outer - limb.inner)[0])) / long * (1 if side == "L" else -1)
    aside = half * np.array([way[1], -way[0]])
    middle = ends[0] + along * way
    return Limb(middle + aside, middle - aside)


def resample(line: Doubles, count: int) -> Doubles:
    """(count, 2) places evenly along a polyline (k, 2)."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    even = np.linspace(0, at[-1], count)
    return np.stack([np.interp(even, at, line[:, k]) for k in (0, 1)], axis=1)


def _ring(cut: Cutout) -> tuple[Doubles, float]:
    """(n, 2) the outline of the garment, closed, in pixels of the cut-out, and the root of its area."""
    h, w = cut.alpha.shape
    scale = min(1.0, float(np.sqrt(_LOOK / (h * w))))
    size = (max(round(w * scale), 1), max(round(h * scale), 1))
    small = cv2.resize(cut.alpha, size, interpolation=cv2.INTER_AREA) > 0.5
    if not small.any():
        small[:] = True
    mask = np.pad(opened(small), 1)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64) - 0.5  # padding, and the middles of pixels
    return line * (w / size[0], h / size[1]), float(np.sqrt(np.count_nonzero(mask) * w * h / (size[0] * size[1])))


def _between(ring: Doubles, start: Doubles, end: Doubles, off: float) -> Doubles:
    """The shorter way along a closed line, its ends moved to the landmarks; straight where one isn't near the line."""
    first, last = (int(np.square(ring - point).sum(1).argmin()) for point in (start, end))
    straight = np.linspace(start, end, 9)
    if max(np.hypot(*(ring[first] - start)), np.hypot(*(ring[last] - end))) > off:
        return straight
    n = len(ring)
    forward = ring[(first + np.arange((last - first) % n + 1)) % n]
    backward = ring[(first - np.arange((first - last) % n + 1)) % n]
    way = forward if _long(forward) <= _long(backward) else backward
    if _long(way) > 3 * float(np.hypot(*(end - start))) + 4 * off:
        return straight
    return np.concatenate([start[None], way[1:-1], end[None]])


def _extent(marks: dict[str, Doubles], name: str) -> float:
    return float(np.hypot(*(marks[f"{name}_L"] - marks[f"{name}_R"])))


def _long(line: Doubles) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


_LIMBS = {"sleeve": find_sleeve, "leg": find_leg}
