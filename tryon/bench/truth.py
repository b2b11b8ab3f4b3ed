"""Photos of a garment whose truth is known: albedo × shading over a background, with noise and JPEG damage.

The garment is a T-shirt, its form Lambertian tubes under one lamp, with folds and a cast shadow with a soft edge.
Everything scales with the height, so that a large photo shows the same scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["INKS", "KINDS", "Truth", "encoded", "linear", "make_truth"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Color = tuple[float, float, float]
Tube = tuple[tuple[float, float], tuple[float, float], float]

KINDS = ("mid", "white", "black", "print", "stripes", "mono")
"""Plain mid, white and black cloth; a print of four colours; stripes of two colours; black and white stripes."""

INKS: Mapping[str, tuple[Color, ...]] = MappingProxyType(
    {
        "mid": ((0.18, 0.22, 0.30),),
        "white": ((0.84, 0.83, 0.80),),
        "black": ((0.020, 0.020, 0.022),),
        "print": ((0.78, 0.74, 0.62), (0.45, 0.04, 0.05), (0.03, 0.06, 0.22), (0.10, 0.28, 0.08)),
        "stripes": ((0.75, 0.76, 0.74), (0.03, 0.05, 0.14)),
        "mono": ((0.80, 0.80, 0.80), (0.03, 0.03, 0.03)),
    }
)
"""Linear RGB of the inks; the first one is the ground."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A photo and what it is made of.

    Attributes:
        photo: (h, w, 3) uint8 sRGB, with noise and the damage of JPEG.
        clean: (h, w, 3) float32 linear light, before both.
        mask: (h, w) bool, where ``alpha`` is at least one half.
        alpha: (h, w) float32, 0..1, the garment's coverage.
        shade: (h, w) float32, the true illumination, at most about 1.
        folds: (h, w) float32, the share of log ``shade`` that comes from folds.
        labels: (h, w) uint8, number of the ink that covers most of the pixel.
        albedo: (h, w, 3) float32 linear RGB, inks mixed at their borders.
        inks: (k, 3) float32 linear RGB.
    """

    photo: Bytes
    clean: Floats
    mask: Mask
    alpha: Floats
    shade: Floats
    folds: Floats
    labels: Bytes
    albedo: Floats
    inks: Floats


def linear(srgb: Bytes) -> Floats:
    """Linear light 0..1 float32 of uint8 sRGB, by the definition of IEC 61966-2-1."""
    x = np.asarray(srgb, np.float64) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """SRGB 0..255, not rounded, of linear light, clipped."""
    x = np.clip(np.asarray(light, np.float64), 0, 1)
    return 255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def make_truth(
    kind: str = "mid",
    *,
    height: int = 640,
    seed: int = 0,
    quality: int | None = 90,
    noise: float = 1.0,
    light: float = 1.0,
    blur: float = 0.0,
) -> Truth:
    """Paint a scene.

    Args:
        kind: One of :data:`KINDS`.
        height: Of the photo in pixels; the width is 3/4 of it.
        seed: Of folds, prints and noise.
        quality: JPEG quality, with halved colour resolution; None leaves the photo undamaged.
        noise: Times the noise of a good camera: photon noise of 0.6 % at full light and 0.0006 read noise.
        light: Times the exposure; above 1 white cloth clips.
        blur: Standard deviation of the lens's blur in pixels.
    """
    rng = np.random.default_rng(seed)
    h, w = height, height * 3 // 4
    tubes = [((0.5, 0.14), (0.5, 0.9), 0.2), ((0.34, 0.2), (0.13, 0.42), 0.085), ((0.66, 0.2), (0.87, 0.42), 0.085)]
    alpha, form = _body(h, w, tubes)
    folds = _folds(h, w, rng)
    y, x = np.mgrid[:h, :w].astype(np.float32) / h
    edge = 0.012 * np.sin(18 * x) + 0.55 * x + y - 0.72 + 0.25 * rng.uniform(-0.3, 0.3)
    shadow = np.log(0.6) / (1 + np.exp(np.clip(-edge / 0.006, -60, 60)))
    shade = (form * np.exp(folds + shadow)).astype(np.float32)
    labels, albedo = _albedo(kind, h, w, rng)
    back = 0.22 + 0.1 * np.sin(40 * x + 3 * np.sin(25 * y))[:, :, None] * np.array([1, 0.7, 0.4])
    clean = alpha[:, :, None] * albedo * shade[:, :, None] + (1 - alpha[:, :, None]) * back
    clean = (clean * light).astype(np.float32)
    if blur:
        clean = np.asarray(cv2.GaussianBlur(clean, (0, 0), blur))
    spread = noise * np.sqrt(0.0006**2 + 0.006**2 * clean)
    photo = np.rint(encoded(clean + spread * rng.standard_normal(clean.shape))).astype(np.uint8)
    if quality is not None:
        coded = cv2.imencode(".jpg", photo[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        photo = np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])
    inks = np.array(INKS[kind], np.float32)
    return Truth(photo, clean, alpha >= 0.5, alpha, shade, folds, labels, albedo, inks)


def _body(h: int, w: int, tubes: list[Tube]) -> tuple[Floats, Floats]:
    """Coverage and form shading of tubes (start, end, radius; in shares of width and height, radius of the height)."""
    y, x = np.mgrid[:h, :w].astype(np.float32)
    lamp = np.array([-0.45, -0.25, 0.86])
    coverage, form = np.zeros((h, w), np.float32), np.full((h, w), 0.6, np.float32)
    for (x0, y0), (x1, y1), radius in tubes[::-1]:
        start, way = np.array([x0 * w, y0 * h]), np.array([(x1 - x0) * w, (y1 - y0) * h])
        length, r = float(np.hypot(*way)), radius * h
        way = way / length
        along = (x - start[0]) * way[0] + (y - start[1]) * way[1]
        across = (y - start[1]) * way[0] - (x - start[0]) * way[1]
        inside = np.clip(np.minimum(r - np.abs(across), np.minimum(along, length - along)) + 0.5, 0, 1)
        t = np.clip(across / r, -0.97, 0.97)
        normal = (-way[1] * t, way[0] * t, np.sqrt(1 - t * t))
        lit = np.clip(sum(n * k for n, k in zip(normal, lamp, strict=True)), 0, 1)
        form = np.where(inside > 0, (0.3 + 0.7 * lit).astype(np.float32), form)
        coverage = np.maximum(coverage, inside.astype(np.float32))
    return coverage, np.asarray(cv2.GaussianBlur(form, (0, 0), 0.002 * h + 0.5), np.float32)


def _folds(h: int, w: int, rng: np.random.Generator) -> Floats:
    """Valleys and ridges along bent lines, sharper on one side, 1 to 3 % of the height wide."""
    y, x = np.mgrid[:h, :w].astype(np.float32) / h
    total = np.zeros((h, w), np.float32)
    for _ in range(14):
        turn, place = rng.uniform(0, np.pi), rng.uniform((0.1, 0.1), (0.65, 0.9))
        along = (x - place[0]) * np.cos(turn) + (y - place[1]) * np.sin(turn)
        across = (y - place[1]) * np.cos(turn) - (x - place[0]) * np.sin(turn)
        across = across - rng.uniform(-1.5, 1.5) * along**2
        wide, long, deep = rng.uniform(0.008, 0.03), rng.uniform(0.08, 0.25), rng.uniform(0.12, 0.4)
        skew = np.where(across < 0, 1.0, rng.uniform(0.35, 1.0))
        shape = np.exp(-((across / (wide * skew)) ** 2)) - 0.5 * np.exp(-(((across - 1.6 * wide) / wide) ** 2))
        total -= (deep * shape * np.exp(-((along / long) ** 2))).astype(np.float32)
    return total


def _albedo(kind: str, h: int, w: int, rng: np.random.Generator) -> tuple[Bytes, Floats]:
    """Ink numbers and linear colours; drawn at three times the size and averaged, so that borders are mixed."""
    inks = np.array(INKS[kind], np.float32)
    large = np.zeros((3 * h, 3 * w), np.uint8)
    if kind in ("stripes", "mono"):
        y, x = np.mgrid[: 3 * h, : 3 * w].astype(np.float32) / (3 * h)
        phase = (y + 0.08 * x + 0.01 * np.sin(9 * x) + rng.uniform(0, 1)) / 0.055
        large = (phase % 1 > 0.55).astype(np.uint8)
    elif kind == "print":
        for k in range(90):
            at = (rng.uniform((0.05, 0.1), (0.95, 0.9)) * (3 * w, 3 * h)).astype(int)
            size, turn = rng.uniform(0.02, 0.05, 2) * 3 * h, rng.uniform(0, 180)
            ink = 1 + k % 3
            if k % 2:
                cv2.ellipse(large, at.tolist(), size.astype(int).tolist(), turn, 0, 360, ink, -1)
            else:
                corners = cv2.boxPoints((at.tolist(), size.tolist(), turn))
                cv2.fillPoly(large, [corners.astype(np.int32)], ink)
    colors = inks[large].reshape(h, 3, w, 3, 3)
    share = np.stack([(large == k).reshape(h, 3, w, 3).mean((1, 3)) for k in range(len(inks))])
    return share.argmax(0).astype(np.uint8), colors.mean((1, 3)).astype(np.float32)
