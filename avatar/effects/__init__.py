"""Raster effects: what paper, pigment, graphite and light do to the pixels of a layer.

Styles name them. Files that hold geometry leave them out, so a drawing has to be whole without them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType

import cv2
import numpy as np

from dressform.avatar.effects.ground import grain, paper, pencil
from dressform.avatar.effects.light import blur, glow, halftone, scanlines
from dressform.avatar.effects.noise import Floats
from dressform.avatar.effects.watercolour import edge_dark, wash
from dressform.avatar.scene import Effect
from dressform.parsing.errors import OptionError

__all__ = ["EFFECTS", "EffectFunction"]

EffectFunction = Callable[[Floats, Effect, float], Floats]


def _checked(function: EffectFunction, around: float | None) -> EffectFunction:
    """The effect, with its amount checked first.

    Nothing is done for an amount of 0, nor farther than ``around`` units from what is visible, which saves most of the
    work for small layers; None is for effects that paint there.
    """

    @wraps(function)
    def effect_of(pixels: Floats, effect: Effect, scale: float) -> Floats:
        if not 0 <= effect.amount <= 1:
            raise OptionError(f"amount of effect {effect.name} out of range", got=effect.amount, allowed="0 to 1")
        pixels = np.ascontiguousarray(pixels, np.float32)
        if effect.amount == 0 or not pixels.size:
            return pixels
        if around is None:
            return function(pixels, effect, scale)
        x, y, width, height = cv2.boundingRect((pixels[..., 3] > 0).astype(np.uint8))
        if not width:
            return pixels
        free = math.ceil(around * scale)
        inside = slice(max(0, y - free), y + height + free), slice(max(0, x - free), x + width + free)
        out = pixels.copy()
        out[inside] = function(np.ascontiguousarray(pixels[inside]), effect, scale)
        return out

    return effect_of


EFFECTS: Mapping[str, EffectFunction] = MappingProxyType(
    {
        name: _checked(function, around)
        for name, function, around in (
            ("blur", blur, None),
            ("edge_dark", edge_dark, 30.0),
            ("glow", glow, None),
            ("grain", grain, 0.0),
            ("halftone", halftone, 0.0),
            ("paper", paper, 0.0),
            ("pencil", pencil, 27.0),
            ("scanlines", scanlines, 0.0),
            ("wash", wash, 0.0),
        )
    }
)
"""Effects by name. Each takes (h, w, 4) float32 RGBA 0..1 with straight alpha, the effect (its amount 0..1, 0 changing
nothing, and its seed, any whole number) and the pixels per scene unit, and returns an array of the same kind.

Sizes of textures are meant for canvases about 1000 units wide. Only blur and glow paint where nothing was, up to about
60 units away. The same input gives the same pixels; amounts out of range raise OptionError.
"""
