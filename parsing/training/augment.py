"""Chance for training pictures: colour, skin tone, blur, noise, JPEG, and what gets in the way."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import REGIONS, Part

__all__ = ["occlude", "photometric", "shade_skin"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]
Rng = np.random.Generator

_SKIN_CODES = sorted(REGIONS["skin"])


def _tone(image: Floats, rng: Rng) -> Floats:
    if rng.random() < 0.8:
        image = image * rng.uniform(0.65, 1.3) + rng.uniform(-0.12, 0.12)
    if rng.random() < 0.5:
        image = np.clip(image, 0, 1) ** rng.uniform(0.6, 1.7)
    if rng.random() < 0.6:  # white balance: lamps, shade, neon
        image = image * rng.uniform(0.78, 1.22, 3).astype(np.float32)
    grey = image.mean(2, keepdims=True)
    chance = rng.random()
    if chance < 0.1:
        image = np.repeat(grey, 3, 2) * (np.array([1.08, 1.0, 0.85], np.float32) if chance < 0.03 else 1.0)
    elif chance < 0.6:
        image = grey + (image - grey) * rng.uniform(0.3, 1.5)
    if rng.random() < 0.12:  # night
        image = image * rng.uniform(0.25, 0.6)
    return np.asarray(image, np.float32)


def photometric(image: Image, rng: Rng) -> Image:
    """Change colour, contrast, sharpness, noise and compression of an (H, W, 3) uint8 RGB crop."""
    height, width = image.shape[:2]
    if rng.random() < 0.25:  # a small person enlarged
        shrink = rng.uniform(0.2, 0.7)
        small = cv2.resize(
            image, (max(8, int(width * shrink)), max(8, int(height * shrink))), interpolation=cv2.INTER_AREA
        )
        image = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.15:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8)), np.uint8)
    out = _tone(image.astype(np.float32) / 255, rng)
    if rng.random() < 0.25:
        coarse = rng.normal(0, rng.uniform(0.01, 0.06), (height, width, 3)).astype(np.float32)
        out = out + coarse
    image = np.round(np.clip(out, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = int(rng.integers(20, 70))
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return image


def shade_skin(image: Image, codes: Image, rng: Rng) -> Image:
    """Darken or lighten skin and, apart from it, hair: the sets hold too few dark-skinned and grey-haired people."""
    out: Floats = image.astype(np.float32)
    for parts, low, high in ((_SKIN_CODES, 0.3, 1.15), ([int(Part.HAIR)], 0.4, 2.2)):
        if rng.random() < 0.5:
            continue
        weight = cv2.GaussianBlur(np.isin(codes, parts).astype(np.float32), (0, 0), 1.2)[:, :, None]
        gain = rng.uniform(low, high) * np.array([1.0, rng.uniform(0.9, 1.02), rng.uniform(0.82, 1.05)], np.float32)
        gamma = rng.uniform(0.9, 1.3)
        changed = np.clip(out / 255, 0, 1) ** gamma * 255 * gain
        out = out + weight * (changed - out)
    return np.clip(out, 0, 255).astype(np.uint8)


def occlude(image: Image, codes: Image, rng: Rng) -> None:
    """Put a plain or noisy block over a corner or an edge, in place: tables, phones, frames."""
    height, width = codes.shape
    h, w = int(height * rng.uniform(0.08, 0.35)), int(width * rng.uniform(0.08, 0.5))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    if rng.random() < 0.5:
        y, w, x = height - h, width, 0
    colour = rng.uniform(0, 255, 3)
    texture = cv2.resize(rng.normal(0, 25, (8, 8, 3)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    image[y : y + h, x : x + w] = np.clip(colour + texture, 0, 255)
    codes[y : y + h, x : x + w] = 0
