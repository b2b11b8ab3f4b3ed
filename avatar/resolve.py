"""All decisions of an avatar: what is drawn, in which colours, with which background, worn things and crop.

What a user says goes before what was measured, that before the style's own, and that before chance; and each choice of
chance has a key of its own, so that a new option never changes the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from dressform.avatar.accessories import Accessory, load_accessory
from dressform.avatar.bareheaded import bareheaded
from dressform.avatar.color import parse_color
from dressform.avatar.framing import FRAMES, Frame
from dressform.avatar.keyed import Keyed
from dressform.avatar.override_keys import NO_OVERRIDES, Overrides
from dressform.avatar.overrides import apply_to_style, resolve_spec
from dressform.avatar.scene import Color
from dressform.avatar.spec import AvatarSpec, Framing
from dressform.avatar.style import Style
from dressform.avatar.styled_color import background_color, styled
from dressform.parsing import OptionError

__all__ = ["REMOVABLE", "AvatarOptions", "Resolved", "front_colors", "resolve"]

_FRAMINGS = ("auto", "bust", "half", "full")
REMOVABLE = ("background", "beard", "blush", "glasses", "hat", "bag", "scarf", "glove", "shadow")
_REACH = {"bust": 0, "half": 1, "full": 2}


@dataclass(frozen=True)
class AvatarOptions:
    """What a user can say about an avatar, beside its style.

    Attributes:
        framing: "bust" (head and shoulders), "half", "full", or "auto", the bust. Legs that nobody saw
            are not invented: of a bust, "full" shows half.
        frame: What cuts the picture out: "circle", "squircle", "square", "card" or "none".
        overrides: Single values; see :func:`~dressform.avatar.override_keys.parse_overrides`.
        add: Accessories, such as "hat:beanie" or "glasses:round#223344" with a main colour.
        remove: Of :data:`REMOVABLE`.
        seed: Of chance; None takes the spec's.
    """

    framing: Literal["auto", "bust", "half", "full"] = "auto"
    frame: Frame = "circle"
    overrides: Overrides = NO_OVERRIDES
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "add", tuple(self.add))
        object.__setattr__(self, "remove", tuple(self.remove))
        if self.framing not in _FRAMINGS:
            raise OptionError("unknown framing", got=repr(self.framing), allowed=", ".join(_FRAMINGS))
        if self.frame not in FRAMES:
            raise OptionError("unknown frame", got=repr(self.frame), allowed=", ".join(FRAMES))
        for name in self.remove:
            if name not in REMOVABLE:
                raise OptionError("cannot remove this", got=repr(name), allowed=", ".join(REMOVABLE))


@dataclass(frozen=True, eq=False)
class Worn:
    """An accessory and its colours."""

    accessory: Accessory
    colors: MappingProxyType[str, Color]


@dataclass(frozen=True, eq=False)
class Resolved:
    """Everything that :mod:`~dressform.avatar.compose` needs.

    Attributes:
        spec: The figure, with all options applied.
        style: The style, with all options applied.
        framing: How much of it is shown.
        frame: What cuts it out.
        background: Shape and colour, or None for transparency.
        worn: Accessories.
        keyed: Source of chance.
    """

    spec: AvatarSpec
    style: Style
    framing: Framing
    frame: Frame
    background: tuple[str, Color] | None
    worn: tuple[Worn, ...]
    keyed: Keyed


def resolve(spec: AvatarSpec, style: Style, options: AvatarOptions | None = None) -> Resolved:
    """Make all choices.

    Args:
        spec: Whom to draw.
        style: How.
        options: What the user says.

    Raises:
        OptionError: An option that does not exist or does not fit.
    """
    options = options or AvatarOptions()
    keyed = Keyed(spec.seed if options.seed is None else options.seed)
    style = apply_to_style(style, options.overrides)
    worn = tuple(_worn(text) for text in options.add)
    removed = set(options.remove)
    for each in worn:
        if each.accessory.kind in ("hat", "glasses"):
            removed.add(each.accessory.kind)  # one hat at a time
    spec = _without(resolve_spec(spec, style, options.overrides, keyed), removed)
    if "blush" in removed:
        style = replace(style, features=replace(style.features, blush=0.0))
    if "shadow" in removed:
        style = replace(style, background=replace(style.background, shadow=0.0))
    if any(each.accessory.kind == "background" for each in worn):
        style = replace(style, background=replace(style.background, shapes=("plain",)))
    worn = tuple(_bearded(each, spec) for each in worn)
    framing: Framing = "bust" if options.framing == "auto" else options.framing
    if framing == "full" and _REACH[spec.framing] == 0:
        framing = "half"  # legs that nobody saw are not invented
    background = None
    shapes = style.background.shapes
    if "background" not in removed and shapes:
        shape = keyed.pick("background.shape", shapes) if len(shapes) > 1 else shapes[0]
        background = (shape, background_color(style, front_colors(spec, style), keyed))
    return Resolved(spec, style, framing, options.frame, background, worn, keyed)


def _worn(text: str) -> Worn:
    name, mark, color = text.partition("#")
    accessory = load_accessory(name.strip().rstrip("="))
    colors: dict[str, Color] = {}
    if mark:
        if "main" not in accessory.colors:
            raise OptionError("this accessory has no colour to choose", got=repr(text))
        colors["main"] = parse_color("#" + color)
    return Worn(accessory, MappingProxyType(colors))


def _bearded(worn: Worn, spec: AvatarSpec) -> Worn:
    """A beard that is put on has the hair's colour, unless another one was asked for."""
    hair = spec.palettes.get("hair")
    if worn.accessory.kind != "beard" or worn.colors or hair is None:
        return worn
    return replace(worn, colors=MappingProxyType({"main": parse_color(hair.base)}))


def _without(spec: AvatarSpec, removed: set[str]) -> AvatarSpec:
    if "hat" in removed:
        spec = bareheaded(spec)
    regions, attributes = dict(spec.regions), spec.attributes
    for name in sorted(removed & {"bag", "scarf", "glove"}):
        regions.pop(name, None)
    if "glasses" in removed:
        regions.pop("sunglasses", None)
        attributes = replace(attributes, glasses="none")
    if "beard" in removed:
        attributes = replace(attributes, beard=0.0)
    return replace(spec, regions=MappingProxyType(regions), attributes=attributes)


def front_colors(spec: AvatarSpec, style: Style) -> Sequence[tuple[Color, float]]:
    """Colours that a background must stand out from, with weights: hair and clothes, and skin less."""
    out = []
    for slug, weight in (
        ("hair", 3.0),
        ("hat", 2.0),
        ("coat", 2.0),
        ("upper-clothes", 2.0),
        ("dress", 2.0),
        ("skin", 1.5),
    ):
        if slug in spec.palettes and (slug in spec.regions or slug == "skin"):
            out.append((styled(parse_color(spec.palettes[slug].base), style, skin=slug == "skin"), weight))
    return out
