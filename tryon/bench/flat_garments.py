"""Garments drawn flat, with known landmarks: the truth that garment photos are measured by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Flat", "photo", "skirt", "top", "trousers"]

Doubles = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Flat:
    """A drawn garment: outline (n, 2) and landmarks in pixels, the middle of pixel (i, j) at (j + 0.5, i + 0.5)."""

    outline: Doubles
    marks: dict[str, Doubles]
    height: float

    def moved(self, degrees: float = 0.0, scale: float = 1.0, at: tuple[float, float] = (0.0, 0.0)) -> Flat:
        """Turned clockwise about (0, 0), scaled, then moved."""
        c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
        turn = np.array([[c, s], [-s, c]])
        marks = {name: place @ turn + at for name, place in self.marks.items()}
        return Flat(self.outline @ turn + at, marks, self.height * scale)

    def coverage(self, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """(h, w) 0..1 for ``size`` (w, h)."""
        big = np.zeros((size[1] * 4, size[0] * 4), np.uint8)
        cv2.fillPoly(big, [np.rint(self.outline * 4 - 0.5).astype(np.int32)], 255)
        return np.asarray(cv2.resize(big, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def top(
    *, chest: float = 50, length: float = 100, sleeve: float = 90, angle: float = 40, cuff: float = 22,
    neck: float = 18, depth: float = 14, flare: float = 1.0,
) -> Flat:  # fmt: skip
    """A T-shirt, longsleeve, vest (``sleeve`` 0) or dress about (0, 0); lengths from shoulder to hem are ``length``.

    ``angle``: of the sleeves below the horizontal, degrees.
    """
    drop, hole = 0.22 * (chest - neck), 0.95 * chest
    shoulder = np.array([0.97 * chest, drop])
    pit = np.array([chest, drop + hole * (0.8 if sleeve else 0.9)])
    right: list[npt.ArrayLike] = [(neck, 0.0), shoulder if sleeve else (0.78 * chest, 0.6 * drop)]
    marks: dict[str, Doubles] = {}
    if sleeve:
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        across = np.array([way[1], -way[0]])
        base = (shoulder + pit) / 2
        outer, inner = base + sleeve * way + across * cuff / 2, base + sleeve * way - across * cuff / 2
        right += [outer, inner]
        marks |= {"cuff_outer": outer, "cuff_inner": inner, "shoulder": shoulder}
    else:
        t = np.linspace(0, np.pi / 2, 12)[1:-1]
        start = np.asarray(right[-1])
        right += [(pit[0] + (start[0] - pit[0]) * np.cos(a), start[1] + (pit[1] - start[1]) * np.sin(a)) for a in t]
        right = [
            *right[:2],
            *(
                np.array([0.72 * chest + 0.28 * chest * (1 - np.cos(a)), start[1] + (pit[1] - start[1]) * np.sin(a)])
                for a in t
            ),
        ]
        marks["shoulder"] = start
    hem = np.array([chest * flare, drop + length])
    right += [pit, hem]
    marks |= {"neck": np.array([neck, 0.0]), "armpit": pit, "hem": hem}
    t = np.linspace(0, np.pi, 25)[1:-1]
    opening = np.stack([-neck * np.cos(t), depth * np.sin(t)], axis=1)
    side = np.array([np.asarray(p, np.float64) for p in right])
    outline = np.concatenate([opening, side, (side * (-1, 1))[::-1]])
    return Flat(outline, _both(marks) | {"neck": np.array([0, depth]), "hem": np.array([0, drop + length])}, length)


def trousers(*, waist: float = 38, hips: float = 50, rise: float = 75, leg: float = 150, foot: float = 30) -> Flat:
    """Trousers or shorts."""
    outer, inner = np.array([hips + 4.0, rise + leg]), np.array([hips + 4.0 - foot, rise + leg])
    side = np.array([[waist, 0], [hips, 0.7 * rise], outer, inner])
    marks = {"waist": side[0], "hem_outer": outer, "hem_inner": inner}
    outline = np.concatenate([side, [[0, rise]], (side * (-1, 1))[::-1]])
    return Flat(outline, _both(marks) | {"waist": np.zeros(2), "crotch": np.array([0, rise])}, rise + leg)


def skirt(*, waist: float = 40, hem: float = 70, length: float = 95) -> Flat:
    """A skirt."""
    side = np.array([[waist, 0], [hem, length]])
    middle = {"waist": np.zeros(2), "hem": np.array([0.0, length])}
    return Flat(
        np.concatenate([side, (side * (-1, 1))[::-1]]), _both({"waist": side[0], "hem": side[1]}) | middle, length
    )


def photo(
    flat: Flat, size: tuple[int, int], *, cloth: tuple[int, int, int] = (40, 90, 160),
    ground: tuple[int, int, int] = (205, 195, 180), stripes: int = 0, noise: float = 3.0, seed: int = 0,
) -> Image:  # fmt: skip
    """(h, w, 3) uint8: the garment on its ground, with noise and a gradient of light."""
    w, h = size
    y, x = np.mgrid[0:h, 0:w]
    picture = np.empty((h, w, 3))
    picture[:] = ground
    fabric = np.empty((h, w, 3))
    fabric[:] = cloth
    if stripes:
        fabric[(y // stripes) % 2 == 0] = (225, 215, 200)
    cover = flat.coverage(size)[:, :, None]
    picture = picture * (1 - cover) + fabric * cover
    picture *= (0.92 + 0.16 * x / w)[:, :, None]
    picture += np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _both(marks: dict[str, Doubles]) -> dict[str, Doubles]:
    out = {}
    for name, place in marks.items():
        out[f"{name}_L"], out[f"{name}_R"] = np.asarray(place, np.float64), np.asarray(place, np.float64) * (-1, 1)
    return out
