"""Swatches from every kind of picture become the same light; colours in every spelling; what is refused and how."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_image_color import ADOBE, matrix_profile

from dressform.parsing.errors import DressformError, ImageFormatError, ImageReadError, ImageTooLargeError, OptionError
from dressform.tryon.cloth.color import color_text, lab, linear_color
from dressform.tryon.cloth.swatch import Swatch, load_swatch
from dressform.tryon.light import from_linear, to_linear

RGB = np.random.default_rng(4).integers(0, 256, (13, 17, 3), np.uint8)


def encoded(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def coded(swatch: Swatch) -> npt.NDArray[np.uint8]:
    return np.asarray(from_linear(swatch.opaque(), np.uint8))


def test_one_picture_is_one_swatch_whatever_it_comes_in(tmp_path: Path) -> None:
    picture = Image.fromarray(RGB)
    path = tmp_path / "cloth.png"
    path.write_bytes(encoded(picture))
    opaque = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    sources: list[Any] = [
        RGB, picture, path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), opaque,
        Image.fromarray(opaque), encoded(picture, "TIFF"), encoded(picture, "WEBP", lossless=True),
        RGB.astype(np.uint16) * 257, RGB.astype(np.float64) / 255,
    ]  # fmt: skip
    swatches = [load_swatch(source) for source in sources]
    assert len(set(swatches)) == 1 and len({s.digest for s in swatches}) == 1
    assert np.array_equal(coded(swatches[0]), RGB) and not swatches[0].has_alpha
    assert load_swatch(swatches[0]) is swatches[0] and swatches[0].size == (17, 13)


def test_grey_bits_and_palettes() -> None:
    grey = RGB[..., 0]
    wanted = np.repeat(grey[..., None], 3, axis=2)
    for source in (grey, grey[..., None], encoded(Image.fromarray(grey)), Image.fromarray(grey)):
        assert np.array_equal(coded(load_swatch(source)), wanted)
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert np.array_equal(coded(load_swatch(encoded(deep))), wanted)
    assert np.array_equal(coded(load_swatch(grey > 99))[..., 0], np.where(grey > 99, 255, 0))
    few = Image.fromarray(RGB).quantize(16)
    assert np.array_equal(coded(load_swatch(encoded(few))), np.asarray(few.convert("RGB")))


def test_sixteen_bits_are_kept() -> None:
    steps = np.arange(30000, 30016, dtype=np.uint16).reshape(4, 4)
    light = load_swatch(np.repeat(steps[..., None], 3, axis=2)).opaque()
    assert len(np.unique(light)) > 8
    assert np.allclose(light[..., 0], to_linear(steps), atol=1e-5)


def test_alpha_is_kept_for_prints_and_white_for_tiles() -> None:
    alpha = np.tile(np.linspace(0, 255, 17).astype(np.uint8), (13, 1))
    rgba = np.dstack([RGB, alpha])
    for source in (
        rgba,
        encoded(Image.fromarray(rgba)),
        encoded(Image.fromarray(rgba), "WEBP", lossless=True, exact=True),
    ):
        swatch = load_swatch(source)
        share = alpha[..., None] / np.float32(255)
        assert swatch.has_alpha
        layers = swatch.layered()
        assert np.allclose(layers[..., 3], share[..., 0], atol=1e-4)
        assert np.allclose(layers[..., :3], to_linear(RGB) * share, atol=1e-4)
        assert np.allclose(swatch.opaque(), to_linear(RGB) * share + 1 - share, atol=1e-4)
    with_key = Image.fromarray(RGB).quantize(16)
    seen = load_swatch(encoded(with_key, transparency=3)).layered()[..., 3]
    assert np.array_equal(seen == 0, np.asarray(with_key) == 3)
    two = Image.fromarray(np.dstack([RGB[..., 0], alpha]), "LA")
    assert np.allclose(load_swatch(encoded(two)).layered()[..., 3], alpha / 255, atol=1e-4)


def test_profiles_are_applied_also_under_alpha() -> None:
    profile = matrix_profile(ADOBE, 2.2)
    flat = coded(load_swatch(encoded(Image.fromarray(RGB), icc_profile=profile)))
    assert np.abs(flat.astype(int) - RGB).max() > 8
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 128, np.uint8)])
    layers = load_swatch(encoded(Image.fromarray(rgba), icc_profile=profile)).layered()
    assert np.allclose(layers[..., :3] / layers[..., 3:], to_linear(flat), atol=2e-3)


def test_print_colours_are_read() -> None:
    cmyk = Image.fromarray(RGB).convert("CMYK")
    assert np.abs(coded(load_swatch(encoded(cmyk, "TIFF"))).astype(int) - np.asarray(cmyk.convert("RGB"))).max() <= 1


def test_photos_of_cloth_are_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = load_swatch(encoded(Image.fromarray(RGB), exif=exif))
    assert np.array_equal(coded(turned), np.rot90(RGB, -1))


def test_sizes() -> None:
    assert load_swatch(np.full((1, 1, 3), 9, np.uint8)).size == (1, 1)
    large = load_swatch(np.full((300, 4096, 3), 77, np.uint8))
    assert large.size == (2048, 150) and large.note == "reduced from 4096×300 to 2048×150 pixels"
    checks = np.where(np.add.outer(np.arange(2), np.arange(4096)) % 2, 255, 0).astype(np.uint8)
    light = load_swatch(checks).opaque()
    assert np.abs(light - 0.5).max() < 1e-3  # reduced as light, not as sRGB
    with pytest.raises(ImageTooLargeError, match="up to 8192 pixels a side"):
        load_swatch(np.zeros((2, 8193), np.uint8))
    with pytest.raises(ImageTooLargeError):
        load_swatch(encoded(Image.new("1", (20000, 20000))))


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (b"", ImageReadError), (b"not a picture", ImageFormatError), ("/no/such/cloth.png", ImageReadError),
        (encoded(Image.fromarray(RGB))[:200], ImageReadError), (np.zeros((4, 0, 3), np.uint8), ImageReadError),
        (np.zeros((4, 4, 2), np.uint8), ImageFormatError), (np.zeros(4, np.uint8), ImageFormatError),
        (np.full((4, 4), np.nan), ImageFormatError), (np.full((4, 4), 255.0), ImageFormatError),
        (np.zeros((4, 4), np.int64), ImageFormatError), (None, ImageFormatError), (7, ImageFormatError),
    ],
)  # fmt: skip
def test_what_is_no_swatch_is_refused(source: Any, error: type[DressformError]) -> None:
    with pytest.raises(error):
        load_swatch(source)


@pytest.mark.parametrize(
    "spelling", ["#7A1F2B", "7a1f2b", " #7a1f2b ", (122, 31, 43), [122, 31, 43], np.array([122, 31, 43])]
)
def test_spellings_of_one_colour(spelling: Any) -> None:
    assert color_text(spelling) == "#7a1f2b"


def test_lab_is_under_d50() -> None:
    known = {
        (54.29, 80.81, 69.89): (1, 0, 0),
        (100, 0, 0): (1, 1, 1),
        (0, 0, 0): (0, 0, 0),
        (29.57, 68.30, -112.03): (0, 0, 1),
    }
    for values, linear in known.items():
        assert np.allclose(linear_color(lab(*values)), linear, atol=2e-3)
    assert color_text("LAB(50 20 -10)") == color_text("lab(50%, 20,-10)") == lab(50, 20, -10) == "lab(50, 20, -10)"
    grey = linear_color("lab(53.585, 0, 0)")
    assert np.allclose(grey, to_linear(np.array([128, 128, 128], np.uint8)), atol=1e-3)


@given(st.floats(0, 100), st.floats(-128, 128), st.floats(-128, 128))
def test_every_lab_colour_can_be_shown(lightness: float, a: float, b: float) -> None:
    linear = linear_color(lab(lightness, a, b))
    assert all(0 <= value <= 1 for value in linear)
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    gray = linear_color(lab(lightness, 0, 0))[1]
    assert luminance == pytest.approx(gray, abs=0.1)  # lightness stays, chroma gives way


@pytest.mark.parametrize(
    "color", ["nayv", "#12", "#12345g", "", "lab(1,2)", "lab(-1, 0, 0)", "lab(50, 200, 0)", "lab(nan, 0, 0)", (1, 2),
              (1, 2, 256), (0.5, 0.5, 0.5), (True, 0, 0), None, 5, b"red"],
)  # fmt: skip
def test_what_is_no_colour_is_refused(color: Any) -> None:
    with pytest.raises(OptionError, match="colour"):
        linear_color(color)
