"""Colours of seeded people: skin over the whole human range, hair and eyes that go with it, garments in sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dressform.avatar.color import (
    adjusted,
    difference,
    format_color,
    mixed,
    oklab_to_oklch,
    oklch_to_oklab,
    parse_color,
    srgb_to_oklab,
    to_color,
)
from dressform.avatar.keyed import Keyed
from dressform.avatar.scene import Color
from dressform.avatar.seeded_body import Traits
from dressform.avatar.spec import Hex, Pattern, RegionPalette

__all__ = ["Wardrobe", "hair_color", "iris_color", "lips_color", "palette_of", "skin_color", "wardrobe"]

_SKIN = (
    "#f7e3d4", "#f2d3bd", "#ebc3a4", "#e0b08c", "#d19c76", "#be8760", "#a7714c", "#8d5b3b", "#744930", "#5d3a26",
    "#482c1d", "#352018",
)  # fmt: skip
_HAIR: Mapping[str, tuple[Hex, float, float]] = MappingProxyType(
    {
        # name: colour, frequency with dark skin, frequency with light skin
        "black": ("#1b1716", 60, 20),
        "soft black": ("#2a211d", 24, 16),
        "dark brown": ("#3b271c", 12, 20),
        "brown": ("#55382a", 4, 16),
        "chestnut": ("#71452c", 1, 9),
        "auburn": ("#7d3b23", 0.6, 5),
        "red": ("#ad5527", 0.2, 5),
        "dark blond": ("#977349", 0.3, 8),
        "blond": ("#c49f62", 0.4, 8),
        "light blond": ("#dfc38f", 0.3, 4),
        "silver": ("#b4b1ad", 1, 1),
        "pink": ("#d87f9f", 0.6, 1.2),
        "blue": ("#3f69a8", 0.6, 1),
        "teal": ("#3d8a86", 0.4, 0.7),
        "purple": ("#7d5ba6", 0.6, 1),
        "copper": ("#c8632c", 0.5, 1),
    }
)
_NATURAL = 12  # of these, colours that children have
_OLD: Mapping[Hex, float] = MappingProxyType(
    {"#5c5754": 2, "#8b8784": 4, "#aeaaa6": 4, "#cfccc7": 3, "#e9e6e1": 3, "#3b312c": 1, "#b79b73": 1}
)
_IRIS: Mapping[Hex, tuple[float, float]] = MappingProxyType(
    {
        "#2e1c13": (60, 6), "#4a2e1d": (34, 22), "#6b4526": (8, 22), "#7d6a35": (1, 12), "#5f7d4e": (0.5, 10),
        "#4f7ea3": (0.3, 16), "#6f8d9c": (0.3, 12),
    }
)  # fmt: skip
_SETS: tuple[tuple[Hex, Hex, Hex, Hex, Hex], ...] = (
    # upper, lower, coat, shoes, accent
    ("#f1ebdd", "#3d5a80", "#6b705c", "#f4f1ea", "#bc4b3a"), ("#c8684a", "#2f3e46", "#e0cfb1", "#5b3a29", "#f1dca7"),
    ("#a3b18a", "#e9e4d4", "#4a5a45", "#8a5a3c", "#344e41"), ("#d9a441", "#33415c", "#3b3b40", "#7a4b2c", "#f3e9d2"),
    ("#d8a1a1", "#4a4e69", "#c9ada7", "#f2e9e4", "#9a6575"), ("#22304f", "#d9c7a7", "#7c8aa0", "#f5f3ee", "#c0392b"),
    ("#26272b", "#4a4d55", "#8a8d93", "#17181b", "#e8e6e1"), ("#2f7f79", "#2b2d42", "#e3e6e4", "#f4efe6", "#ef8354"),
    ("#7d2e3b", "#c9b79c", "#3e2c2a", "#4a2c22", "#e8c9a0"), ("#9cc3dd", "#f0ece2", "#34526f", "#d8b48a", "#34526f"),
    ("#b6a6d3", "#55587a", "#e9e4ef", "#ffffff", "#6d5b95"), ("#2f5d4a", "#a98b6d", "#1f3329", "#5c4030", "#e6d5a8"),
    ("#ef7f68", "#f4ead9", "#2e5266", "#ffffff", "#2e5266"), ("#b9bdc1", "#2a2f3a", "#5d6470", "#f2f2f2", "#d1495b"),
    ("#f6f5f2", "#26272d", "#b08968", "#26272d", "#b08968"), ("#6b4a3a", "#d6c3a5", "#a3704c", "#3a271e", "#f0e2c8"),
    ("#2f56b0", "#e4e1d8", "#1f2a44", "#f5f5f0", "#f2b134"), ("#aed9c6", "#3b4a5a", "#f5efe4", "#f7f5ef", "#e27d60"),
    ("#6a3f6b", "#34303f", "#b497bd", "#2a2330", "#e6c6d8"), ("#f2cf63", "#476a8f", "#f2efe6", "#f6f4ee", "#e07a3f"),
    ("#8d8b63", "#3f3a34", "#c9bf9d", "#4c3b2c", "#efe6cd"), ("#e58fb1", "#f3f0ec", "#4b5d8f", "#ffffff", "#4b5d8f"),
    ("#c53b3b", "#2d3142", "#e6ddcf", "#f2eee7", "#f4d6a0"), ("#d9c9ae", "#51719b", "#8a6f55", "#6b4b36", "#41566f"),
)  # fmt: skip
_DENIM: tuple[Hex, ...] = ("#3f5f8a", "#2c3e57", "#6f8fb3", "#2a2b31")


@dataclass(frozen=True)
class Wardrobe:
    """Colours of one person's garments that go together."""

    upper: Hex
    lower: Hex
    coat: Hex
    shoes: Hex
    accent: Hex


def skin_color(share: float, keyed: Keyed) -> Hex:
    """A natural colour of skin: ``share`` 0 the lightest to 1 the darkest; undertones vary from rosy to olive."""
    ramp = srgb_to_oklab(np.array([parse_color(text) for text in _SKIN], np.float64))
    at = np.clip(share, 0, 1) * (len(_SKIN) - 1)
    lab = np.array([np.interp(at, np.arange(len(_SKIN)), ramp[:, k]) for k in range(3)])
    lch = oklab_to_oklch(lab)
    undertone = keyed.between("undertone", -1, 1)
    lch = lch * [1, keyed.between("chroma", 0.9, 1.12), 1] + [0, 0, undertone * 7]
    return format_color(to_color(oklch_to_oklab(lch)))


def hair_color(traits: Traits, keyed: Keyed) -> Hex:
    """A colour of hair, black the most frequent, grey and white with age."""
    if traits.age == "senior" and keyed.chance("old", 0.85):
        return keyed.pick("grey", list(_OLD), list(_OLD.values()))
    names = list(_HAIR)[: _NATURAL if traits.age == "child" else None]
    name = keyed.pick("hair", names, [_share(*_HAIR[name][1:], traits.skin) for name in names])
    color = parse_color(_HAIR[name][0])
    return format_color(
        adjusted(color, lightness=keyed.between("hair light", -0.015, 0.025), hue=keyed.between("hair hue", -4, 4))
    )


def iris_color(traits: Traits, keyed: Keyed) -> Hex:
    """A colour of eyes."""
    return keyed.pick("iris", list(_IRIS), [_share(dark, light, traits.skin) for dark, light in _IRIS.values()])


def _share(dark: float, light: float, skin: float) -> float:
    lightness = float(np.clip((0.55 - skin) / 0.4, 0, 1))
    return dark + (light - dark) * lightness


def lips_color(skin: Hex, traits: Traits, keyed: Keyed) -> Hex:
    """Lips that go with a skin; some of them made up."""
    base = parse_color(skin)
    rose = keyed.between("rose", 0.26, 0.4) + (keyed.between("made up", 0.06, 0.26) if traits.lean < 0.5 else 0.0)
    return format_color(mixed(adjusted(base, lightness=-0.07, chroma=1.1), (178, 52, 66), rose))


def wardrobe(skin: Hex, keyed: Keyed) -> Wardrobe:
    """A set of colours in which the upper garment stands out from the skin and from the lower one."""
    own = parse_color(skin)
    gaps = difference(np.array([parse_color(each[0]) for each in _SETS]), np.array(own))
    fit = [each for each, gap in zip(_SETS, gaps.tolist(), strict=True) if gap > 14]
    upper, lower, coat, shoes, accent = keyed.pick("set", fit or _SETS)
    if keyed.chance("denim", 0.3):
        jeans = [each for each in _DENIM if _apart(parse_color(each), parse_color(upper)) > 20]
        lower = keyed.pick("jeans", jeans) if jeans else lower
    if keyed.chance("swap", 0.15) and _apart(parse_color(lower), own) > 14:
        upper, lower = lower, upper
    turn, up = keyed.between("turn", -8, 8), keyed.between("up", -0.02, 0.02)
    upper, lower, coat = (
        format_color(adjusted(parse_color(each), hue=turn, lightness=up)) for each in (upper, lower, coat)
    )
    return Wardrobe(upper, lower, coat, shoes, accent)


def _apart(color: Color, other: Color) -> float:
    return float(difference(np.array(color), np.array(other)))


def palette_of(base: Hex, accents: tuple[tuple[Hex, float], ...] = (), pattern: Pattern | None = None) -> RegionPalette:
    """A palette around a colour: shadows darker and a little stronger, lights lighter."""
    color = parse_color(base)
    shadow, light = adjusted(color, lightness=-0.09, chroma=1.06), adjusted(color, lightness=0.06, chroma=0.96)
    return RegionPalette(base, format_color(shadow), format_color(light), accents, pattern or Pattern("plain", (base,)))
