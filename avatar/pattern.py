"""Whether a garment is plain, striped, checked or printed; plain when that is not clear.

Folds and shade are taken out by subtracting each place's surroundings in OKLab, and by asking what colour does that
light cannot. Directions: structure tensor and its fourfold counterpart (Bigün and Granlund, "Optimal Orientation
Detection of Linear Symmetry", ICCV 1987). Repeats: autocorrelation inside the mask (Padfield, "Masked Object
Registration in the Fourier Domain", IEEE TIP 2012). The weights of the evidence were fitted to garments
of Clothing Co-Parsing that were labelled by eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import srgb_to_oklab, to_color
from dressform.avatar.palette import Palette, region_palette
from dressform.avatar.scene import Color

__all__ = ["Pattern", "garment_pattern"]

Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
Kind = Literal["plain", "striped", "checked", "printed"]

_WORK = 260.0  # px; larger regions are reduced to about this side
_TINY = 20.0  # px; smaller ones are plain
_EVIDENCE = (5.8, 7.3, 7.3, 2.2)  # weights of change, spread and twoness, and the constant
_SURE = 0.6  # evidence above which a garment is not plain


@dataclass(frozen=True)
class Pattern:
    """What a cloth shows.

    Attributes:
        kind: "plain", "striped", "checked" or "printed".
        colors: sRGB, the most frequent one first; one for plain cloth, two or more for others.
        angle: The way the stripes run, degrees clockwise from horizontal, 0..180; 0..90 for checks, else 0.
        period: From one stripe to the next equal one, in pixels of the photo; 0 if nothing repeats.
        confidence: 0..1.
    """

    kind: Kind
    colors: tuple[Color, ...]
    angle: float = 0.0
    period: float = 0.0
    confidence: float = 1.0


def garment_pattern(image: Pixels, mask: Mask, palette: Palette | None = None) -> Pattern:
    """What the cloth of a region shows.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, at least one pixel.
        palette: Of the region, if it has been measured already.

    Raises:
        OptionError: Image and mask do not fit or the mask is empty.
    """
    palette = palette or region_palette(image, mask)
    cloth = _cloth(image, mask)
    if cloth is None:
        return Pattern("plain", (palette.base,), confidence=0.5)
    sure = _evidence(cloth)
    if sure < _SURE:
        return Pattern("plain", (palette.base,), confidence=1 - sure)
    kind, angle, period, share = _structure(cloth)
    colors = (palette.base, *(color for color, _ in palette.accents))
    if len(colors) == 1:
        colors = _two_colors(cloth)
    return Pattern(kind, colors, angle, period / cloth.scale, sure * share)


@dataclass(frozen=True, eq=False)
class _Cloth:
    """A region as one signal: how far each place is from its surroundings, along the axis of most difference."""

    lab: Field  # (h, w, 3) OKLab
    rest: Field  # (h, w, 3) OKLab minus the surroundings
    signal: Field  # (h, w), 0 outside
    mask: Mask
    size: float  # square root of the area, px
    scale: float  # px per pixel of the photo


def _cloth(image: Pixels, mask: Mask) -> _Cloth | None:
    x, y, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    piece: Any = np.ascontiguousarray(image[y : y + h, x : x + w])
    part: Any = np.ascontiguousarray(mask[y : y + h, x : x + w]).view(np.uint8)
    scale = min(1.0, _WORK / float(np.sqrt(np.count_nonzero(part))))
    if scale < 1:
        piece = cv2.resize(piece, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        part = cv2.resize(255 * part, piece.shape[1::-1], interpolation=cv2.INTER_AREA) // 128
    size = float(np.sqrt(np.count_nonzero(part)))
    if size < _TINY:
        return None
    depth = np.asarray(cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 3))[1:-1, 1:-1]
    inside = depth > min(2 + 0.02 * size, float(np.quantile(depth[part > 0], 0.4)))
    lab = np.asarray(srgb_to_oklab(piece), np.float32)
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.12 * size)
    around = cv2.GaussianBlur(lab * inside[..., None], (0, 0), 0.12 * size) / np.maximum(weight, 1e-3)[..., None]
    rest = np.asarray((lab - around) * inside[..., None], np.float32)
    double = rest * np.array([1, 2, 2], np.float32)
    values = double[inside]
    axis = np.linalg.eigh(values.T.astype(np.float64) @ values)[1][:, -1]
    axis = axis * (1 if axis[np.abs(axis).argmax()] > 0 else -1)
    return _Cloth(lab, rest, np.asarray(double @ axis, np.float32), inside, size, scale)


def _evidence(cloth: _Cloth) -> float:
    """0..1, how likely the region is anything but plain."""
    signal, inside = cloth.signal, cloth.mask
    core = cv2.erode(inside.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    level, twoness = _otsu(signal[inside])
    high = inside & (signal > level)
    border = core & (np.asarray(cv2.morphologyEx(high.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))) > 0)
    step = float(np.median(np.hypot(*_gradient(signal))[border])) if border.any() else 0.0
    change = np.log(np.hypot(step, 5 * _off_light(cloth)) + 1e-4)
    tile = max(6, round(cloth.size / 6))
    row, column = (np.arange(n) // tile for n in inside.shape)
    number = row[:, None] * (column[-1] + 1) + column
    count = np.bincount(number[inside])
    share = np.bincount(number[high], minlength=len(count)) / np.maximum(count, 1)
    full = count > 0.4 * tile * tile
    spread = float((np.minimum(share, 1 - share)[full] > 0.1).mean()) if full.any() else 0.0
    a, b, c, d = _EVIDENCE
    return float(1 / (1 + np.exp(-np.clip(a * change + b * spread + c * twoness + d, -50, 50))))


def _off_light(cloth: _Cloth) -> float:
    """What a and b do beyond following lightness, as they would on one cloth under changing light."""
    step = max(1, np.count_nonzero(cloth.mask) // 8000)
    rest, light = (f[cloth.mask][::step].astype(np.float64) for f in (cloth.rest, cloth.lab[..., 0]))
    light = light - light.mean()
    known = np.stack([np.ones_like(light), light, light * light, rest[:, 0]], 1)
    left = rest[:, 1:] - known @ np.linalg.lstsq(known, rest[:, 1:], rcond=None)[0]
    return float(np.sqrt((left * left).sum(1).mean()))


def _otsu(values: Field) -> tuple[float, float]:
    """The level that parts the values best, and the share of their variance that two levels explain (Otsu 1979)."""
    x = np.sort(values).astype(np.float64)
    total, count = np.cumsum(x), np.arange(1, len(x))
    low, high = total[:-1] / count, (total[-1] - total[:-1]) / (len(x) - count)
    between = count * (len(x) - count) / len(x) ** 2 * (low - high) ** 2
    best = int(between.argmax())
    return float(x[best]), float(between[best] / max(x.var(), 1e-12))


def _structure(cloth: _Cloth) -> tuple[Kind, float, float, float]:
    """Kind of a cloth that is not plain, angle, period in px of the cloth, and how clear that is, 0..1."""
    spread = float(cloth.signal[cloth.mask].std())
    signal = np.clip(cloth.signal, -2.5 * spread, 2.5 * spread)
    core = cv2.erode(cloth.mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    dx, dy = _gradient(np.asarray(cv2.GaussianBlur(signal, (0, 0), 0.8)))
    slope = (dx + 1j * dy) * core
    energy, angle = np.abs(slope) ** 2, np.angle(slope)
    total = max(float(energy.sum()), 1e-12)
    twofold = energy * np.exp(2j * angle)
    tile = max(8, int(cloth.size / 3))
    blocks = np.add.reduceat(np.add.reduceat(twofold, np.arange(0, len(signal), tile), 0),
                             np.arange(0, signal.shape[1], tile), 1)  # fmt: skip
    lines = float(np.abs(blocks).sum()) / total  # 1 if everywhere the stripes run one way
    repeats = _Repeats(signal, cloth)
    across = float(np.angle(twofold.sum())) / 2
    squares, square = repeats.fourfold()
    strength, period = repeats.along(across)
    persistence = repeats.ray(across + np.pi / 2)
    lasting = float(persistence[min(max(round(period / 2), 2), len(persistence) - 1)])
    endless = float(persistence[: len(persistence) // 2].mean())
    if lines > 0.6 and ((strength > 0.3 and lasting > 0.4) or (lines > 0.8 and endless > 0.5)):
        if strength <= 0.3:
            period = 0.0
        clear = max(min(strength, 1.0), endless)
        return "striped", float(np.degrees(across) + 90) % 180, period, 0.5 + 0.5 * min(1.0, lines * clear / 0.6)
    if lines < 0.5 and squares > 0.25:
        for axis in (square, across):
            (one, first), (two, second) = repeats.along(axis), repeats.along(axis + np.pi / 2)
            weak, near, far = min(one, two), min(first, second), max(first, second)
            if weak > 0.13 and near > 0 and (far <= 2 * near or squares > 0.5):
                period = (near + far) / 2 if far <= 1.5 * near else far  # else the nearer hill is an overtone
                return "checked", float(np.degrees(axis)) % 90, period, 0.5 + 0.5 * min(1.0, (weak + squares) / 0.8)
    return "printed", 0.0, 0.0, 1.0


class _Repeats:
    """Autocorrelation of a cloth's signal."""

    def __init__(self, signal: Field, cloth: _Cloth) -> None:
        mask = cloth.mask.astype(np.float32)
        shape = tuple(int(cv2.getOptimalDFTSize(2 * n)) for n in signal.shape)
        level = (signal - signal[cloth.mask].mean()) * mask
        self.spectrum = np.abs(np.fft.rfft2(cv2.GaussianBlur(mask, (0, 0), 2) * level, shape)) ** 2
        self.size = cloth.size
        power, pairs = (np.fft.irfft2(np.abs(np.fft.rfft2(f, shape)) ** 2, shape) for f in (level, mask))
        ratio = np.where(pairs > 0.15 * mask.sum(), power / np.maximum(pairs, 1), 0)
        self.map = np.fft.fftshift(ratio / max(float(ratio[0, 0]), 1e-12)).astype(np.float32)
        self.steps = np.arange(int(cloth.size * 0.33) + 1, dtype=np.float32)

    def fourfold(self) -> tuple[float, float]:
        """How far the waves run along two axes at right angles, 0..1, and the angle of one of them.

        Gradients would not tell: those of two crossed waves point everywhere.
        """
        high, wide = self.map.shape
        k = np.fft.rfftfreq(wide)[None] + 1j * np.fft.fftfreq(high)[:, None]
        power = self.spectrum * np.abs(k) ** 2 * (np.abs(k) > 2 / self.size) * (np.abs(k) < 0.35)
        moment = (power * np.exp(4j * np.angle(k))).sum()
        return float(np.abs(moment) / max(power.sum(), 1e-12)), float(np.angle(moment)) / 4

    def ray(self, angle: float) -> Field:
        """(k,) the correlation with itself, moved by 0, 1, ... px in a direction (radians)."""
        middle = np.array(self.map.shape) // 2
        x = np.asarray(middle[1] + np.cos(angle) * self.steps, np.float32)
        y = np.asarray(middle[0] + np.sin(angle) * self.steps, np.float32)
        return np.asarray(cv2.remap(self.map, x[None], y[None], cv2.INTER_LINEAR)[0], np.float32)

    def along(self, angle: float) -> tuple[float, float]:
        """Height of the first hill over the valley before it, and its distance, in about this direction."""
        return max((self._hill(self.ray(angle + np.radians(turn))) for turn in range(-15, 16, 5)), key=lambda h: h[0])

    @staticmethod
    def _hill(row: Field) -> tuple[float, float]:
        tops = np.flatnonzero((row[1:-1] > row[:-2]) & (row[1:-1] >= row[2:])) + 1
        if not len(tops):
            return 0.0, 0.0
        heights = row[tops] - np.minimum.accumulate(row)[tops]
        first = int(np.flatnonzero(heights >= 0.3 * heights.max())[0])
        return float(heights[first]), float(tops[first])


def _two_colors(cloth: _Cloth) -> tuple[Color, Color]:
    """The colours at the two ends of the signal, the more frequent one first."""
    values = cloth.signal[cloth.mask]
    low, high = np.quantile(values, [0.2, 0.8])
    lab = cloth.lab[cloth.mask].astype(np.float64)
    ends = [np.median(lab[values <= low], axis=0), np.median(lab[values >= high], axis=0)]
    order = (1, 0) if np.median(values) > (low + high) / 2 else (0, 1)
    return to_color(ends[order[0]]), to_color(ends[order[1]])


def _gradient(field: Field) -> tuple[Field, Field]:
    dx, dy = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(dx, np.float32), np.asarray(dy, np.float32)
