"""The garment of a photo, apart from what it lies on: a mask from colours and the photo's frame, then a soft edge.

Saliency from the frame (:mod:`~dressform.tryon.garment.saliency`) starts GrabCut: Rother, Kolmogorov, Blake, "GrabCut:
interactive foreground extraction using iterated graph cuts", SIGGRAPH 2004. Ground in the shade of a sleeve is told by
its chromaticity afterwards, which light does not change.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.garment.cutout_plain import find_on_plain
from dressform.tryon.garment.cutout_tidy import disc, drop_foreign, drop_shade, drop_slivers, tidy
from dressform.tryon.garment.saliency import likelihood
from dressform.tryon.garment.superpixels import superpixels

__all__ = ["ANALYSIS_PIXELS", "find_garment", "shrunk"]

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

ANALYSIS_PIXELS = 70_000
"""Photos are looked at in about this many pixels at most."""
_PATCHES = 400
_LEAST_SIDE = 48  # px of a photo
_LEAST, _MOST = 0.02, 0.93  # share of the photo that a garment may take
_FRAME = 0.55  # of the photo's frame, the most that a garment may cross
_STANDS_OUT = 5.0  # Lab distance between the garment and the ground beside it, in the median
_REMEDY = "use a photo of one garment lying or hanging on plain ground, or a PNG with a transparent ground"


def find_garment(rgb: Image) -> Mask:
    """Which pixels show the garment.

    Args:
        rgb: (h, w, 3) uint8 sRGB of at most about :data:`ANALYSIS_PIXELS`, see :func:`shrunk`.

    Returns:
        (h, w) bool, one piece; its holes show the ground.

    Raises:
        OptionError: There is no garment, or it does not stand out from the ground.
    """
    h, w = rgb.shape[:2]
    if min(h, w) < _LEAST_SIDE:
        raise OptionError("garment photo too small", got=f"{w}×{h} px", allowed=f"{_LEAST_SIDE} px a side or more")
    smooth = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.0), np.float32) / np.float32(255)
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2Lab), np.float32)
    plain = find_on_plain(rgb)
    if plain is not None and _LEAST < plain.mean() < _MOST:
        mask = tidy(plain, lab)
        _check_size(mask)
        return mask
    if float(lab.reshape(-1, 3).std(0).max()) < 1.5:
        raise OptionError("no garment in the photo", got="one colour all over", remedy=_REMEDY)
    patches = superpixels(lab, _PATCHES)
    thing, ground = likelihood(patches)
    thing_map = thing[patches.labels]
    mask = _graph_cut(rgb, _start(thing_map, ground[patches.labels]))
    mask = tidy(drop_foreign(drop_shade(mask, smooth), lab, thing_map > 0.8), lab)
    mask = tidy(drop_slivers(mask, lab), lab)
    _check_size(mask)
    contrast = edge_contrast(mask, lab)
    if contrast < _STANDS_OUT:
        got = f"a difference of {contrast:.1f} in Lab"
        raise OptionError("nothing in the photo stands out as a garment", got=got, remedy=_REMEDY)
    return mask


def shrunk(rgb: Image) -> Image:
    """A photo made smaller, if it has more than :data:`ANALYSIS_PIXELS`."""
    h, w = rgb.shape[:2]
    scale = float(np.sqrt(ANALYSIS_PIXELS / (h * w)))
    if scale >= 1:
        return rgb
    size = (max(round(w * scale), 1), max(round(h * scale), 1))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _start(thing: npt.NDArray[np.float64], ground: npt.NDArray[np.float64]) -> Image:
    """GrabCut's first guess: what certainly is ground hangs together with the frame and is no thin line."""
    guess = np.where(thing > 0.3, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    sure = ((thing < 0.05) & (ground > 0.9)).astype(np.uint8)
    sure = np.asarray(cv2.morphologyEx(sure, cv2.MORPH_OPEN, disc(2), borderType=cv2.BORDER_REPLICATE))
    count, pieces = cv2.connectedComponents(sure, connectivity=4)
    outer = np.zeros(count, np.bool_)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        outer[edge] = True
    outer[0] = False
    guess[outer[pieces] & (cv2.erode(sure, disc(1)) > 0)] = cv2.GC_BGD
    if (guess == cv2.GC_PR_FGD).all() or not (guess == cv2.GC_PR_FGD).any():
        raise OptionError("no garment in the photo", got="nothing that differs from the ground", remedy=_REMEDY)
    return guess


def _graph_cut(rgb: Image, guess: Image) -> Mask:
    cv2.setRNGSeed(1)  # of this thread; GrabCut's first colours are drawn at random
    labels, models = guess.copy(), (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.grabCut(np.ascontiguousarray(rgb), labels, None, *models, 4, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.bool_)


def _check_size(mask: Mask) -> None:
    share = float(mask.mean())
    if share < _LEAST:
        raise OptionError("no garment in the photo", got=f"{share:.1%} of it stands out", remedy=_REMEDY)
    if share > _MOST:
        raise OptionError("the garment fills the photo", got=f"{share:.0%} of it", remedy=_REMEDY)
    frame = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    if frame.mean() > _FRAME:
        got = f"{frame.mean():.0%} of the frame covered"
        raise OptionError("no whole garment in the photo", got=got, remedy=_REMEDY)


def edge_contrast(mask: Mask, lab: Floats) -> float:
    """Median Lab distance between mean colours of garment and ground within 4 px of the outline."""
    inside, near = mask.astype(np.float32), np.ones((9, 9), np.uint8)
    rim = (cv2.dilate(mask.astype(np.uint8), disc(1)) > 0) & ~mask
    if not rim.any():
        return 0.0
    weights = [inside, 1 - inside]
    means = []
    for weight in weights:
        total = np.maximum(cv2.blur(weight, near.shape), 1e-6)
        means.append(cv2.blur(lab * weight[:, :, None], near.shape) / total[:, :, None])
    return float(np.median(np.linalg.norm((means[0] - means[1])[rim], axis=1)))
