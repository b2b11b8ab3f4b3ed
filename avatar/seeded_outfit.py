"""What seeded people wear: garments that go together, cut to their body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Path
from dressform.avatar.seeded_body import Body, Traits, arm_skin, leg_skin, neck_skin
from dressform.avatar.seeded_clothes import (
    Cloth,
    Neckline,
    armhole,
    band,
    chest_band,
    coat,
    on_shoulder,
    pants,
    skirt,
    top,
    under_coat,
)
from dressform.avatar.seeded_details import Detail, buttons, collar, emblem, hood, lapels, pouch, shoe, sock
from dressform.avatar.seeded_shapes import mirrored

__all__ = ["Outfit", "Piece", "dressed"]

Sleeve = Literal["none", "short", "long"]
Hem = Literal["none", "short", "knee", "long"]
Collar = Literal["round", "v", "collar", "high", "open"]


@dataclass(frozen=True, eq=False)
class Piece:
    """A region: its outline, and roles and places of other colours on it."""

    path: Path
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, eq=False)
class Outfit:
    """Garments and bare skin of a figure by part, and what attributes say of them.

    Attributes:
        pieces: By slug of a part.
        sleeve, neckline, hem: As attributes have them.
        patterned: Slug of the garment on which a pattern would look best.
    """

    pieces: Mapping[str, Piece]
    sleeve: Sleeve
    neckline: Collar
    hem: Hem
    patterned: str = ""


@dataclass
class _Draft:
    """An outfit in the making."""

    body: Body
    keyed: Keyed
    pieces: dict[str, Piece] = field(default_factory=dict)

    def put(self, slug: str, path: Path, *details: Detail) -> None:
        self.pieces[slug] = Piece(path, details)

    def pair(self, left: str, right: str, path: Path, *details: Detail) -> None:
        """The left part, on the right of the picture, and its mirror image."""
        self.put(left, path, *details)
        self.put(right, mirrored(path), *((role, mirrored(place)) for role, place in details))


_TOPS: Mapping[str, tuple[float, float]] = {
    # name: frequency for narrow and for broad shoulders
    "tee": (16, 22), "v tee": (8, 8), "tank": (8, 2), "long tee": (8, 9), "jumper": (9, 11), "turtleneck": (6, 5),
    "shirt": (8, 16), "short shirt": (3, 8), "polo": (3, 7), "hoodie": (8, 12), "blouse": (12, 0), "crop": (6, 0),
}  # fmt: skip
_BOTTOMS: Mapping[str, tuple[float, float]] = {
    "slim": (18, 18), "straight": (14, 24), "wide": (12, 6), "joggers": (5, 10), "shorts": (8, 12),
    "short skirt": (9, 0), "pleated skirt": (8, 0), "pencil skirt": (6, 0), "long skirt": (9, 0.3),
}  # fmt: skip


def dressed(body: Body, traits: Traits, keyed: Keyed) -> Outfit:
    """Garments for a body, and the skin that they leave bare."""
    draft = _Draft(body, keyed)
    if keyed.chance("dress", 0.3 * (1 - traits.lean)):
        upper, hem = _dress(draft)
        lower = "dress"
    else:
        lower = _choose(keyed, "bottom", _BOTTOMS, traits)
        upper = _upper(draft, traits, lower)
        hem = _lower(draft, lower)
    _feet(draft, lower, hem)
    neckline: Collar = "round" if upper.neckline == "boat" else upper.neckline
    if "coat" in draft.pieces:
        neckline = "open"
    sleeve: Sleeve = "none" if upper.sleeve is None else "short" if upper.sleeve < body.waist + 0.2 else "long"
    if "coat" in draft.pieces:
        sleeve = "long"
    if "coat" not in draft.pieces and upper.sleeve is None:
        start = on_shoulder(body, body.neck + (0.26 if upper.neckline == "boat" else 0.09) * body.size, upper.ease)
        hole = armhole(body, upper.ease, max(start[0] + 0.12 * body.size, body.shoulders - 0.2 * body.size))
        draft.pair("left-arm", "right-arm", arm_skin(body, 0.0, hole))
    elif "left-arm" not in draft.pieces:
        draft.pair("left-arm", "right-arm", arm_skin(body, upper.sleeve or body.wrist))
    draft.put("torso-skin", _neck(body, upper))
    names: dict[str, Hem] = {
        "short skirt": "short",
        "pleated skirt": "knee",
        "pencil skirt": "knee",
        "long skirt": "long",
    }
    length = names.get(lower, "none")
    if lower == "dress":
        length = "long" if hem > body.knee + 0.5 else "knee" if hem > body.knee - 0.45 else "short"
    patterned = keyed.pick(
        "patterned", [slug for slug in ("dress", "upper-clothes", "skirt", "coat") if slug in draft.pieces]
    )
    return Outfit(dict(sorted(draft.pieces.items())), sleeve, neckline, length, patterned)


def _choose(keyed: Keyed, key: str, table: Mapping[str, tuple[float, float]], traits: Traits) -> str:
    weights = [narrow + (broad - narrow) * traits.lean for narrow, broad in table.values()]
    if traits.age == "child":
        weights = [
            0 if name in ("pencil skirt", "long skirt", "crop", "wide") else w
            for name, w in zip(table, weights, strict=True)
        ]
    return keyed.pick(key, list(table), weights)


def _neck(body: Body, cloth: Cloth) -> Path:
    half, depth = {
        "round": (0.1, 0.22),
        "v": (0.11, 0.52),
        "collar": (0.06, 0.28),
        "high": (0.03, 0.05),
        "boat": (0.28, 0.34),
    }[cloth.neckline]
    return neck_skin(body, body.neck + half * body.size, body.base + depth * body.size)


def _upper(draft: _Draft, traits: Traits, lower: str) -> Cloth:
    """Puts on something above the waist, and perhaps a coat; the uppermost sleeves are told."""
    body, keyed = draft.body, draft.keyed
    name = _choose(keyed, "top", _TOPS, traits)
    short = body.armpit + (body.waist - body.armpit) * keyed.between("short", 0.25, 0.5)
    long = body.wrist - 0.02
    tuck = lower.endswith("skirt") or (lower in ("wide", "straight") and keyed.chance("tuck", 0.35))
    hem = body.waist + 0.1 if tuck and name != "hoodie" else body.hip - keyed.between("hem", 0.0, 0.14) * body.size
    cloths: dict[str, tuple[Neckline, float | None, float, float]] = {
        "tee": ("round", short, 0.05, 0.35), "v tee": ("v", short, 0.04, 0.6), "tank": ("boat", None, 0.02, 0.8),
        "long tee": ("round", long, 0.035, 0.6), "jumper": ("round", long, 0.07, 0.2),
        "turtleneck": ("high", long, 0.045, 0.5), "shirt": ("collar", long, 0.06, 0.35),
        "short shirt": ("collar", short, 0.065, 0.2), "polo": ("collar", short, 0.045, 0.4),
        "hoodie": ("round", long, 0.08, 0.1), "blouse": ("boat", short, 0.03, 0.8),
        "crop": ("round", short, 0.03, 0.9),
    }  # fmt: skip
    neckline, sleeve, ease, fit = cloths[name]
    if name == "crop":
        hem = body.waist + 0.02
    cloth = Cloth(ease * body.size, fit, neckline, sleeve, hem, puff=0.07 * body.size if name == "blouse" else 0.0)
    if name not in ("hoodie", "blouse", "crop") and keyed.chance("coat", 0.24):
        return _coat(draft, name, replace(cloth, hem=max(hem, body.waist + 0.1)))
    draft.put("upper-clothes", top(body, cloth), *_on_top(draft, name, cloth))
    return cloth


def _on_top(draft: _Draft, name: str, cloth: Cloth) -> list[Detail]:
    """Collars, buttons, hoods and figures."""
    body, keyed, k = draft.body, draft.keyed, draft.body.size
    if name in ("shirt", "short shirt", "polo"):
        low = body.armpit + 0.1 if name == "polo" else cloth.hem + 0.03
        return [*buttons(body, body.base + 0.26 * k, low, name != "polo"), ("light", collar(body, cloth.ease))]
    if name == "hoodie":
        return [("shade", pouch(body, cloth.hem)), *hood(body, cloth.ease)]
    if name in ("tee", "long tee", "jumper"):
        kind = keyed.pick("print", ["none", "figure", "chest", "hem"], [11, 4, 2, 1.5])
        if kind == "figure":
            figure = keyed.pick("figure", ["disc", "star", "heart", "bars", "sun"])
            return [("accent", emblem(body, figure))]
        if kind == "chest":
            return [("accent", chest_band(body, cloth, body.armpit - 0.2 * k, body.armpit + 0.02))]
        if kind == "hem" and cloth.hem > body.waist + 0.3:
            return [
                ("accent", band(body, cloth, cloth.hem - 0.32 * k, cloth.hem - 0.2 * k)),
                ("accent", band(body, cloth, cloth.hem - 0.12 * k, cloth.hem)),
            ]
    return []


def _coat(draft: _Draft, name: str, inner: Cloth) -> Cloth:
    body, keyed, k = draft.body, draft.keyed, draft.body.size
    kind = keyed.pick("coat kind", ["blazer", "jacket", "cardigan", "long coat"], [5, 5, 5, 4])
    hems = {
        "blazer": body.crotch - 0.12,
        "jacket": body.hip - 0.16,
        "cardigan": body.hip + 0.04,
        "long coat": body.knee - 0.35,
    }
    ease = {"blazer": 0.075, "jacket": 0.09, "cardigan": 0.075, "long coat": 0.1}[kind] * k
    over = Cloth(ease, 0.35, "round", body.wrist - 0.01, hems[kind], flare=0.06 if kind == "long coat" else 0.02)
    inner = replace(inner, sleeve=None, neckline="round" if inner.neckline == "boat" else inner.neckline)
    details: list[Detail] = []
    if kind in ("blazer", "long coat"):
        details = [("shade", lapels(body, ease, body.waist - 0.22 * k))]
    draft.put("coat", coat(body, over), *details)
    seen = [each for each in _on_top(draft, name, inner) if name in ("shirt", "short shirt", "polo")]
    draft.put("upper-clothes", under_coat(body, inner, over), *seen)
    draft.pair("left-arm", "right-arm", arm_skin(body, over.sleeve or body.wrist))
    return replace(inner, ease=over.ease)


def _dress(draft: _Draft) -> tuple[Cloth, float]:
    body, keyed = draft.body, draft.keyed
    hem = keyed.pick("dress hem", ["short", "knee", "long"], [4, 5, 2])
    y = {"short": body.crotch + 0.55 * body.size, "knee": body.knee - 0.1, "long": body.ankle - 0.35}[hem]
    sleeve = keyed.pick("dress sleeve", ["none", "short", "puff", "long"], [4, 4, 3, 3])
    end = None if sleeve == "none" else body.wrist - 0.02 if sleeve == "long" else body.armpit + 0.22 * body.size
    necklines: list[Neckline] = ["round", "v", "boat", "high", "collar"]
    neckline = keyed.pick("dress neck", necklines, [4, 4, 4, 1, 2])
    flare = keyed.pick("dress flare", [0.05, 0.2, 0.32], [2, 4, 3]) * (0.6 if hem == "long" else 1.0)
    cloth = Cloth(0.025, 1.0, neckline, end, y, flare, 0.07 * body.size if sleeve == "puff" else 0.0)
    details: list[Detail] = []
    if neckline == "collar":
        details = [*buttons(body, body.base + 0.26 * body.size, y, False), ("light", collar(body, cloth.ease))]
    if keyed.chance("belt", 0.4):
        details.append(("accent", band(body, cloth, body.waist - 0.05, body.waist + 0.05)))
    draft.put("dress", top(body, cloth), *details)
    return cloth, y


def _lower(draft: _Draft, name: str) -> float:
    """Puts on trousers or a skirt; its hem."""
    body, keyed, k = draft.body, draft.keyed, draft.body.size
    waist = body.waist + 0.04
    if name.endswith("skirt"):
        hem = {
            "short skirt": body.crotch + 0.45 * k,
            "pleated skirt": body.knee - 0.2,
            "pencil skirt": body.knee + 0.05,
            "long skirt": body.ankle - 0.45,
        }[name]
        flare = {"short skirt": 0.16, "pleated skirt": 0.17, "pencil skirt": -0.06, "long skirt": 0.13}[name]
        draft.put("skirt", skirt(body, waist, hem, flare, 4 if name == "pleated skirt" else 0))
        return hem
    hem, eases = {
        "slim": (body.ankle - 0.02, (0.015, 0.035)),
        "straight": (body.sole - 0.11 * k, (0.025, 0.085)),
        "wide": (body.sole - 0.08 * k, (0.03, 0.17)),
        "joggers": (body.ankle - 0.03, (0.05, 0.05)),
        "shorts": (body.crotch + keyed.between("shorts", 0.6, 1.05) * k, (0.04, 0.06)),
    }[name]
    draft.put("pants", pants(body, waist, hem, (eases[0] * k, eases[1] * k)))
    return hem


def _feet(draft: _Draft, lower: str, hem: float) -> None:
    """Puts on shoes and perhaps socks; the rest of the legs is bare."""
    body, keyed = draft.body, draft.keyed
    bare = hem < body.knee + 0.3
    weights = [
        8.0,
        2,
        3 if lower == "dress" or lower.endswith("skirt") else 0,
        2 if lower.endswith("skirt") or lower in ("slim", "dress") else 0,
        2,
    ]
    name = keyed.pick("shoes", ["sneakers", "loafers", "flats", "boots", "ankle boots"], weights)
    if lower in ("straight", "wide") and name in ("boots", "ankle boots"):
        name = "loafers"
    path, details, upper = shoe(body, name)
    draft.pair("left-shoe", "right-shoe", path, *details)
    bottom = upper + 0.03
    if name in ("sneakers", "loafers") and (bare or hem < upper - 0.03) and keyed.chance("socks", 0.6 if bare else 0.8):
        high = (
            body.knee + 0.25
            if lower == "pleated skirt" and keyed.chance("knee socks", 0.5)
            else upper - 0.26 * body.size
        )
        high = max(high, hem - 0.01)
        path = sock(body, high, upper + 0.03)
        draft.put("socks", mirrored(path) + path)
        bottom = high
    if bottom > hem + 0.04:
        draft.pair("left-leg", "right-leg", leg_skin(body, hem - 0.01, bottom))
