"""Raster effects: what paper, pigment, graphite and light do to the pixels of a layer.

Styles name them. Files that hold geometry leave them out, so a drawing has to be whole without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType

import numpy as np

from dressform.avatar.effects.ground import grain, paper, pencil
from dressform.avatar.effects.light import blur, glow, halftone, scanlines
from dressform.avatar.effects.noise import Floats
from dressform.avatar.effects.watercolour import edge_dark, wash
from dressform.avatar.scene import Effect
from dressform.parsing.errors import OptionError

__all__ = ["EFFECTS", "EffectFunction"]

EffectFunction = Callable[[Floats, Effect, float], Floats]


def _checked(function: EffectFunction) -> EffectFunction:
    """The effect, with its amount checked first; nothing is done for an amount of 0 or to no pixels."""

    @wraps(function)
    def effect_of(pixels: Floats, effect: Effect, scale: float) -> Floats:
        if not 0 <= effect.amount <= 1:
            raise OptionError(f"amount of effect {effect.name} out of range", got=effect.amount, allowed="0 to 1")
        if effect.amount == 0 or not pixels.size:
            return pixels
        return function(np.ascontiguousarray(pixels, np.float32), effect, scale)

    return effect_of


EFFECTS: Mapping[str, EffectFunction] = MappingProxyType(
    {
        name: _checked(function)
        for name, function in (
            ("blur", blur),
            ("edge_dark", edge_dark),
            ("glow", glow),
            ("grain", grain),
            ("halftone", halftone),
            ("paper", paper),
            ("pencil", pencil),
            ("scanlines", scanlines),
            ("wash", wash),
        )
    }
)
"""Effects by name. Each takes (h, w, 4) float32 RGBA 0..1 with straight alpha, the effect (its amount 0..1, 0 changing
nothing, and its seed, any whole number) and the pixels per scene unit, and returns an array of the same kind.

Sizes of textures are meant for canvases about 1000 units wide. Only blur and glow paint where nothing was, up to about
60 units away. The same input gives the same pixels; amounts out of range raise OptionError.
"""
