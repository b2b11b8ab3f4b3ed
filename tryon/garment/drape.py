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
from dressform.tryon.cloth.sampling import sample_artwork
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.dominant import dominant_color
from dressform.tryon.garment.fit import Fit
from dressform.tryon.gather import distance
from dressform.tryon.pull_push import pull_push
from dressform.tryon.shape.panel import Panel

__all__ = ["drape_garment"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_STEEPEST = 8.0  # texels a pixel over the least ones of the same panel
_TEXELS = 3.0  # kept for each pixel of the photo; what is finer is averaged at once
_FADE = 0.05  # roots of the worn area, over which the colours of an edge turn into the one that prevails
_EDGE = 0.2  # roots of the worn area: what is that near to an edge tells which one prevails
_FEW = 40  # px that are too few to tell


def drape_garment(cut: Cutout, fit: Fit, panels: Sequence[Panel]) -> Sample:
    """The colours of a garment over the window of a worn region.

    Args:
        cut: The garment.
        fit: It on these panels, from :func:`dressform.tryon.garment.fit.fit_garment`.
        panels: Of what is worn.

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
    layer = np.concatenate([cut.image, np.ones((*cut.image.shape[:2], 1), np.float32)], axis=2)
    for part, panel in zip(fit.panels, panels, strict=True):
        at = window_slices(part.box)
        # A pixel of blur between panels keeps seams from being jagged.
        share = np.asarray(cv2.blur(panel.mask[at].astype(np.float32), (3, 3)), np.float32)
        share[~part.covered] = 0
        found = _sampled(layer, part.source)
        share *= found[..., 3] > 0
        rgb[at] += found[..., :3] * share[..., None]
        weight[at] += share
    rgb /= np.maximum(weight, np.float32(1e-6))[..., None]
    return Sample(_continued(rgb, weight > 0, panels, cut))


def _sampled(layer: Floats, source: Floats) -> Floats:
    """(h, w, 4) colours at source coordinates, and whether there is a picture, averaged over each pixel."""
    out = np.zeros((*source.shape[:2], 4), np.float32)
    footprint = _footprint(source)
    least = max(float(np.quantile(footprint[:: 1 + len(footprint) // 64], 0.05)), 1e-3)
    footprint = np.clip(footprint, least, _STEEPEST * least)
    h, w = layer.shape[:2]
    shrink = max(1, int(least / _TEXELS))
    size = (max(w // shrink, 1), max(h // shrink, 1))
    if shrink > 1:
        layer = np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), np.float32)
    found = sample_artwork(layer, source, footprint, centre=(w / 2, h / 2), width=float(w), aspect=h / w)
    if found is not None:
        seen, values = found
        values[..., :3] /= np.maximum(values[..., 3:], np.float32(1e-6))
        values[..., 3] = values[..., 3] > 0.05
        out[seen] = values
    return out


def _footprint(source: Floats) -> Floats:
    """(h, w) float32: texels that a pixel takes, in the root mean square of both ways."""
    across = np.diff(source, axis=1, append=2 * source[:, -1:] - source[:, -2:-1])
    down = np.diff(source, axis=0, append=2 * source[-1:] - source[-2:-1])
    square = np.einsum("hwc,hwc->hw", across, across) + np.einsum("hwc,hwc->hw", down, down)
    return np.asarray(np.sqrt(square / 2), np.float32)


def _continued(rgb: Floats, known: Mask, panels: Sequence[Panel], cut: Cutout) -> Floats:
    """Colours everywhere: those of the nearest cloth go on, and where that is far, the one that prevails there."""
    garment = dominant_color(cut.image[cut.alpha > 0.5])
    if not known.any():
        return np.broadcast_to(garment, rgb.shape).astype(np.float32)
    out = pull_push(rgb, known)
    root = float(np.sqrt(sum(np.count_nonzero(panel.mask) for panel in panels)))
    away = distance(known)
    fade = np.clip(away / max(_FADE * root, 2.0), 0, 1)
    reach = max(2, round(_EDGE * root))
    for kind in dict.fromkeys(panel.name.split("_")[0] for panel in panels):  # both sleeves have one colour
        own = np.logical_or.reduce([panel.mask for panel in panels if panel.name.startswith(kind)])
        missing = own & ~known
        if not missing.any():
            continue
        near = known & (distance(missing) <= reach)
        seen = near & own
        colors = rgb[seen if np.count_nonzero(seen) >= _FEW else near]
        color = dominant_color(colors) if len(colors) >= _FEW else garment
        out[missing] += fade[missing][:, None] * (color - out[missing])
    return out
