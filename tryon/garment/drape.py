"""A fitted garment as the panels of what is worn show it: its colours at every pixel, before any light falls on them.

Where the garment has no cloth its colours go on: smoothly at first, then in the one that prevails at that edge.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.windows import window_slices
from dressform.tryon.cloth.fabric import Sample
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.dominant import dominant_color
from dressform.tryon.garment.fit import Fit
from dressform.tryon.garment.folds import bent
from dressform.tryon.garment.reading import footprints, make_reading
from dressform.tryon.gather import distance
from dressform.tryon.pull_push import pull_push, reduced
from dressform.tryon.shape.panel import Panel

__all__ = ["drape_garment"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_FADE = 0.05  # roots of the worn area, over which the colours of an edge turn into the one that prevails
_EDGE = 0.2  # roots of the worn area: what is that near to an edge tells which one prevails
_FEW = 40  # px that are too few to tell
_SMALL = 120_000  # px of the picture on which colours go on
_LOOK = 100_000  # px of a garment that are looked at


def drape_garment(cut: Cutout, fit: Fit, panels: Sequence[Panel], *, push: Floats | None = None) -> Sample:
    """The colours of a garment over the window of a worn region.

    Args:
        cut: The garment.
        fit: It on these panels, from :func:`dressform.tryon.garment.fit.fit_garment`.
        panels: Of what is worn.
        push: (h, w, 2) float32 pixels of the window by which folds move the cloth, from
            :func:`dressform.tryon.garment.folds.push_in_window`, or None.

    Returns:
        Linear light at every pixel of the window; all of it is covered. Pixels where the garment has no cloth have
        the colour that goes on there (``fit.report.uncovered`` says how many these are).

    Raises:
        OptionError: Panels that the fit is not for.
    """
    shape = fit.covered.shape
    if [panel.name for panel in panels] != [part.name for part in fit.panels] or panels[0].mask.shape != shape:
        got = ", ".join(panel.name for panel in panels)
        raise OptionError("the fit is for other panels", got=got, allowed=", ".join(p.name for p in fit.panels))
    rgb, weight = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    sources = [part.source if push is None else bent(part.source, push[window_slices(part.box)]) for part in fit.panels]
    shares = []
    for part, panel in zip(fit.panels, panels, strict=True):
        # A pixel of blur between panels keeps seams from being jagged.
        share = np.asarray(cv2.blur(panel.mask[window_slices(part.box)].astype(np.float32), (3, 3)), np.float32)
        share[~part.covered] = 0
        shares.append(share)
    feet = [footprints(part.source) for part in fit.panels]  # folds make no difference to what is averaged
    seen = [(source, foot, share > 0) for source, foot, share in zip(sources, feet, shares, strict=True)]
    reading = make_reading(cut.image, seen)
    for part, source, foot, share in zip(fit.panels, sources, feet, shares, strict=True):
        if reading is None:
            break
        at = window_slices(part.box)
        found = reading.at(source, foot)
        found *= share[..., None]
        rgb[at] += found
        weight[at] += share
    rgb /= np.maximum(weight, np.float32(1e-6))[..., None]
    return Sample(_continued(rgb, weight > 0, panels, cut))


def _continued(rgb: Floats, known: Mask, panels: Sequence[Panel], cut: Cutout) -> Floats:
    """Colours everywhere: those of the nearest cloth go on, and where that is far, the one that prevails there.

    What goes on is smooth, so it is found on a smaller picture.
    """
    if not known.any():
        return np.broadcast_to(_prevailing(cut), rgb.shape).astype(np.float32)
    h, w = known.shape
    factor = max(1, round((h * w / _SMALL) ** 0.5))
    small, weight = (rgb, known) if factor == 1 else reduced(rgb, known, factor)
    there = np.asarray(weight, np.float32) > 0
    filled = pull_push(small, weight)
    masks = {}
    for kind in dict.fromkeys(panel.name.split("_")[0] for panel in panels):  # both sleeves have one colour
        own = np.logical_or.reduce([panel.mask for panel in panels if panel.name.startswith(kind)])
        masks[kind] = own[factor // 2 :: factor, factor // 2 :: factor]
    root = float(np.sqrt(sum(np.count_nonzero(panel.mask) for panel in panels))) / factor
    fade = np.clip(distance(there) / max(_FADE * root, 2.0), 0, 1)
    reach = max(2, round(_EDGE * root))
    for own in masks.values():
        own = np.pad(own, [(0, there.shape[k] - own.shape[k]) for k in (0, 1)], mode="edge")
        missing = own & ~there
        if not missing.any():
            continue
        near = there & (distance(missing) <= reach)
        seen = near & own
        colors = small[seen if np.count_nonzero(seen) >= _FEW else near]
        color = dominant_color(colors) if len(colors) >= _FEW else _prevailing(cut)
        filled[missing] += fade[missing][:, None] * (color - filled[missing])
    if factor == 1:
        return filled
    size = (filled.shape[1] * factor, filled.shape[0] * factor)
    out = np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR), np.float32)[:h, :w]
    return np.asarray(cv2.copyTo(rgb, known.view(np.uint8), np.ascontiguousarray(out)), np.float32)


def _prevailing(cut: Cutout) -> Floats:
    step = max(1, round((cut.alpha.size / _LOOK) ** 0.5))
    return dominant_color(cut.image[::step, ::step][cut.alpha[::step, ::step] > 0.5])
