"""What a style makes of measured colours: palettes and tints, tones for light and shadow, lines, backgrounds.

All mixing is done in OKLab (see :mod:`dressform.avatar.color`). Shadows turn towards blue and purple by the shorter way
that stays clean, so that yellow goes through orange and not through olive; skin turns towards red instead, as
light does that has passed through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import (
    difference,
    fit_gamut,
    oklab_to_oklch,
    oklch_to_oklab,
    parse_color,
    srgb_to_oklab,
    to_color,
)
from dressform.avatar.keyed import Keyed
from dressform.avatar.scene import Color
from dressform.avatar.style import Colors, Style

__all__ = ["MIDDLE", "background_color", "line_color", "styled", "tones"]

Floats = npt.NDArray[np.floating[Any]]

MIDDLE = 0.57
"""OKLab lightness of middle gray (CIE L* 50), which ``Colors.contrast`` leaves where it is."""
_COOL, _WARM = 285.0, 75.0  # OKLCh degrees of blue-purple and of lamp light
# How far a shadow of each hue turns, in shares of Shading.hue: the hues 0 and 360 are one, 285 is the goal.
_HUES = np.array([0.0, 30.0, 70.0, 105.0, 125.0, 150.0, 200.0, 250.0, 285.0, 330.0, 360.0])
_TURNS = np.array([-0.5, -0.5, -0.8, -0.7, 0.0, 0.6, 1.0, 0.7, 0.0, -0.5, -0.5])
_GRAY = 0.05  # chroma below which a shadow is tinted, since a gray has no hue to turn
_TINT = 0.0008  # chroma of that tint for each degree of Shading.hue
_SKIN_SHADE, _SKIN_TURN = 30.0, 12.0  # hue that shadows of skin turn to, and how far they turn at most
_BLOOD = 1.12  # factor of their chroma
_DEEP_SHADOW, _DEEP_LIGHT = 0.3, 0.4  # lightness below which tones are set further apart to be seen as well
_FLOOR = 0.3  # share of a fill's lightness that its shadow keeps, so that dark cloth does not become a hole
_ROOM = 0.55  # share of the way to white that a light takes at most, so that pale skin does not glare
_SEEN = 6.0  # ΔE00 that a line inside a fill keeps from it
_CLOSE = 0.72  # share of the best background's distance that is as good
_NEAR = 0.03  # OKLab distance below which two colours are one


def styled(color: Color, style: Style, *, skin: bool = False) -> Color:
    """A measured colour as the style shows it.

    First ``colors.mode`` moves it towards the palette by ``amount``, then chroma, contrast and lightness change; of all
    that, skin gets the share ``colors.skin``. A style that changes nothing returns the colour itself.
    """
    colors = style.colors
    lab = _oklab(color)
    share = colors.skin if skin else 1.0
    wanted = _adjusted(lab + colors.amount * (_goal(lab, colors) - lab), colors)
    change = share * (wanted - lab)
    return color if float(np.abs(change).max()) < 1e-9 else to_color(lab + change)


def tones(color: Color, style: Style, *, skin: bool = False) -> tuple[Color, Color, Color]:
    """Shadow, base and light of a measured colour, ``base`` being :func:`styled` of it.

    A style of one tone has three times the base, one of two tones no light of its own. Opacity is left to who draws.
    Dark colours get tones further apart; below OKLab lightness 0.1 there is no room for a shadow, only for a light.
    """
    shading = style.shading
    base = styled(color, style, skin=skin)
    lightness, chroma, hue = (float(value) for value in oklab_to_oklch(_oklab(base)))
    shadow = light = base
    if shading.tones >= 2 and shading.shadow > 0:
        deep = max(0.0, 1 - lightness / _DEEP_SHADOW)
        low = max(lightness - shading.shadow * (1 + 1.2 * deep), _FLOOR * lightness)
        shadow = to_color(_shade(lightness, chroma, hue, low, shading.hue, skin=skin))
    if shading.tones >= 3 and shading.light > 0:
        deep = max(0.0, 1 - lightness / _DEEP_LIGHT)
        high = lightness + min(shading.light * (1 + 1.5 * deep), _ROOM * (1 - lightness))
        light = to_color(_shine(high, chroma, hue, shading.hue))
    return shadow, base, light


def line_color(fill: Color, style: Style, *, inside: bool = False) -> Color:
    """The colour of lines around a fill that is drawn in ``fill``, or, if ``inside``, of lines on it.

    Lines on a fill so dark that a darker one would not be seen are lighter than it.
    """
    if style.line.color is not None:
        return parse_color(style.line.color)
    lightness, chroma, hue = (float(value) for value in oklab_to_oklch(_oklab(fill)))
    low = max(lightness - style.line.darken, 0.35 * lightness)
    line = to_color(_shade(lightness, chroma, hue, low, 10.0, skin=False))
    if inside and style.line.darken > 0 and float(difference(line, fill)) < _SEEN:
        return to_color(oklch_to_oklab([min(lightness + 0.16, 1.0), chroma, hue]))
    return line


def background_color(style: Style, avoid: Sequence[tuple[Color, float]], keyed: Keyed | None = None) -> Color:
    """The background that stands out most from what is in front of it.

    Args:
        style: Its ``background.colors`` are the choice; if it has none, a light complementary colour is made.
        avoid: Colours of hair, clothes and skin as they are drawn, and how much each matters, 0 or more.
        keyed: Chooses among colours that stand out almost equally; None takes the best.
    """
    rows = [(color, weight) for color, weight in avoid if weight > 0]
    front = np.array([_oklab(color) for color, _ in rows]).reshape(-1, 3)
    weight = np.array([weight for _, weight in rows], np.float64)
    if not style.background.colors:
        return _complement(front, weight, keyed)
    choice = [parse_color(color) for color in style.background.colors]
    if not rows:
        return choice[0] if keyed is None else keyed.pick("background.color", choice)
    lab = np.array([_oklab(color) for color in choice])
    gap = np.maximum(np.linalg.norm(lab[:, None] - front, axis=-1), _NEAR)
    # A mean of inverse squares: one colour in front that is near counts more than many that are far.
    score = 1 / np.sqrt(gap**-2 @ weight / weight.sum())
    if keyed is None:
        return choice[int(np.argmax(score))]
    return keyed.pick("background.color", [choice[k] for k in np.flatnonzero(score >= _CLOSE * score.max())])


def _oklab(color: Color) -> Floats:
    return np.asarray(srgb_to_oklab(np.array(color, np.float64)), np.float64)


def _goal(lab: Floats, colors: Colors) -> Floats:
    """What ``colors.mode`` makes of an OKLab colour."""
    if colors.mode == "natural" or not colors.palette:
        return lab
    palette = np.array([_oklab(parse_color(color)) for color in colors.palette])
    if colors.mode == "snap":
        return np.asarray(palette[int(np.argmin(((palette - lab) ** 2).sum(1)))])
    place = float(lab[0]) * (len(palette) - 1)
    return np.array([np.interp(place, np.arange(len(palette)), palette[:, k]) for k in range(3)])


def _adjusted(lab: Floats, colors: Colors) -> Floats:
    """The colour with the style's chroma, contrast and lightness."""
    lightness = MIDDLE + colors.contrast * (lab[0] - MIDDLE) + colors.lightness
    return np.array([min(max(float(lightness), 0.0), 1.0), colors.chroma * lab[1], colors.chroma * lab[2]])


def _shade(lightness: float, chroma: float, hue: float, low: float, turn: float, *, skin: bool) -> Floats:
    """OKLab of a shadow of lightness ``low`` on a fill; ``turn`` is ``Shading.hue``."""
    # Chroma falls by the root: less would be gaudy, as much as lightness does (less light, nothing else) muddy.
    chroma *= float(np.sqrt(low / max(lightness, 1e-6)))
    if skin:
        most = max(_SKIN_TURN, turn)
        way = (_SKIN_SHADE - (most - _SKIN_TURN) - hue + 180) % 360 - 180
        return oklch_to_oklab([low, chroma * _BLOOD, hue + min(max(way, -most), most)])
    lab = oklch_to_oklab([low, chroma, hue + turn * float(np.interp(hue, _HUES, _TURNS))])
    return lab + _tint(_COOL if turn > 0 else _WARM, abs(turn), chroma)


def _shine(lightness: float, chroma: float, hue: float, turn: float) -> Floats:
    """OKLab of a light: what the shadow does, reversed and less of it."""
    lab = oklch_to_oklab([lightness, 0.95 * chroma, hue - 0.3 * turn * float(np.interp(hue, _HUES, _TURNS))])
    return lab + _tint(_WARM if turn > 0 else _COOL, 0.3 * abs(turn), chroma)


def _tint(hue: float, strength: float, chroma: float) -> Floats:
    """OKLab offset that gives a gray a little of a hue."""
    return oklch_to_oklab([0.0, _TINT * strength * max(0.0, 1 - chroma / _GRAY), hue])


def _complement(front: Floats, weight: Floats, keyed: Keyed | None) -> Color:
    """A light colour opposite to the mean of OKLab colours; darker where these are light themselves."""
    mean = weight @ front / weight.sum() if len(front) else np.array([0.5, 0.0, 0.0])
    hue = float(np.degrees(np.arctan2(mean[2], mean[1]))) + 180 if np.hypot(mean[1], mean[2]) > 0.01 else 230.0
    hue += 0.0 if keyed is None else keyed.between("background.hue", -25.0, 25.0)
    lightness = float(np.interp(mean[0], [0.6, 0.9], [0.88, 0.74]))
    return to_color(fit_gamut(oklch_to_oklab([lightness, 0.07, hue])))
