"""Composites change what they may and nothing else, in any depth, in any order, on any number of threads."""

from __future__ import annotations

import io
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from dressform.parsing import OptionError
from dressform.tryon.compose import Composite, Edit, compose, make_layer
from dressform.tryon.light import from_linear, to_linear
from dressform.tryon.photo.encoding import SRGB, Encoding, read_profile
from dressform.tryon.photo.photo import Photo, read_photo

RNG = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = cv2.getNumThreads()
    yield
    cv2.setNumThreads(count)


def photo(channels: int = 3, dtype: type = np.uint8, height: int = 40, width: int = 50) -> np.ndarray:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (height, width, channels), endpoint=True).astype(dtype)
    if channels == 4:
        pixels[: height // 4, :, 3] = 0
    return pixels


def edit(
    pixels: np.ndarray, window: tuple[int, int, int, int], color: tuple[float, float, float], *, soft: bool = True
) -> Edit:
    x0, y0, x1, y1 = window
    alpha = np.zeros((y1 - y0, x1 - x0), np.float32)
    alpha[3:-3, 3:-3] = 1
    if soft:
        alpha = cv2.GaussianBlur(alpha, (0, 0), 1.5)
        alpha[alpha < 0.01] = 0
    old = to_linear(np.ascontiguousarray(pixels[y0:y1, x0:x1, :3]))
    protect = np.zeros(alpha.shape, np.bool_)
    protect[:, 5:9] = True
    return Edit(window, alpha, old, np.broadcast_to(np.float32(color), old.shape).astype(np.float32), protect)


def two_edits(pixels: np.ndarray) -> list[Edit]:
    return [edit(pixels, (4, 6, 30, 34), (0.7, 0.1, 0.05)), edit(pixels, (18, 10, 46, 38), (0.02, 0.1, 0.5))]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_nothing_else_changes(channels: int, dtype: type) -> None:
    pixels = photo(channels, dtype)
    before = pixels.copy()
    edits = two_edits(pixels)
    out = compose(pixels, edits)
    assert (pixels == before).all() and out.pixels.dtype == dtype and out.pixels.shape == pixels.shape
    allowed = np.zeros(pixels.shape[:2], np.bool_)
    for one in edits:
        x0, y0, x1, y1 = one.window
        assert one.protect is not None
        allowed[y0:y1, x0:x1] |= (one.alpha > 0) & ~one.protect
    if channels == 4:
        allowed &= pixels[:, :, 3] > 0
        assert (out.pixels[:, :, 3] == pixels[:, :, 3]).all()
    assert (out.edit_mask == allowed).all() and allowed.any()
    assert (out.pixels[~allowed] == pixels[~allowed]).all() and (out.pixels[allowed] != pixels[allowed]).any()
    assert ((out.coverage > 0) <= out.edit_mask).all()


def test_full_cover_is_the_new_colour_and_rounded_once() -> None:
    pixels = photo(dtype=np.uint16)
    color = (0.31, 0.17, 0.6)
    one = edit(pixels, (5, 5, 35, 35), color, soft=False)
    out = compose(pixels, [one])
    wanted = from_linear(np.float32([color]), np.uint16)[0]
    inside = np.zeros(pixels.shape[:2], np.bool_)
    inside[5:35, 5:35] = (one.alpha == 1) & ~one.protect  # type: ignore[operator]
    assert (np.abs(out.pixels[inside].astype(int) - wanted) <= 1).all()


def test_half_cover_is_half_of_the_light() -> None:
    pixels = np.full((20, 20, 3), 200, np.uint8)
    alpha = np.full((20, 20), 0.5, np.float32)
    behind, old, new = 0.9, float(to_linear(np.uint8([[200] * 3]))[0, 0]) * 2 - 0.9, 0.05
    out = compose(
        pixels,
        [Edit((0, 0, 20, 20), alpha, np.full((20, 20, 3), old, np.float32), np.full((20, 20, 3), new, np.float32))],
    )
    assert (out.pixels == from_linear(np.float32([0.5 * new + 0.5 * behind]), np.uint8)[0]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([np.uint8, np.uint16]))
def test_order_does_not_matter(seed: int, count: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    pixels = photo(dtype=dtype)
    edits = []
    for _ in range(count):
        x, y = (int(v) for v in rng.integers(0, 12, 2))
        window = (x, y, x + 30, y + 24) if rng.random() < 0.6 else (2, 3, 40, 30)
        edits.append(edit(pixels, window, tuple(rng.random(3))))
    first = compose(pixels, edits)
    for _ in range(3):
        rng.shuffle(edits)
        assert (compose(pixels, edits).pixels == first.pixels).all()
    assert first.coverage.max() <= 65535


def test_overlapping_edits_share_a_pixel() -> None:
    pixels = np.full((10, 10, 3), 128, np.uint8)
    light = to_linear(pixels)
    ones = np.ones((10, 10), np.float32)
    red, blue = (np.broadcast_to(np.float32(c), light.shape).copy() for c in ((1, 0, 0), (0, 0, 1)))
    window = (0, 0, 10, 10)
    out = compose(pixels, [Edit(window, ones, light, red), Edit(window, ones, light, blue)])
    assert (out.pixels == from_linear(np.float32([0.5, 0, 0.5]), np.uint8)).all()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_matter(threads: int) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (300, 400, 3)).astype(np.uint8)
    edits = two_edits(pixels)
    cv2.setNumThreads(1)
    first = compose(pixels, edits)
    cv2.setNumThreads(threads)
    again = compose(pixels, edits)
    assert again.pixels.tobytes() == first.pixels.tobytes() and again.coverage.tobytes() == first.coverage.tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_layer_laid_over_the_photo_is_the_result(dtype: type) -> None:
    pixels = photo(dtype=dtype)
    out = compose(pixels, two_edits(pixels))
    layer = make_layer(pixels, out)
    assert layer.dtype == dtype and layer.shape == (*pixels.shape[:2], 4)
    assert (layer[~out.edit_mask] == 0).all()
    full = np.iinfo(dtype).max
    share = layer[:, :, 3:].astype(np.float64) / full
    laid = layer[:, :, :3] * share + pixels * (1 - share)
    assert np.abs(laid - out.pixels).max() <= 1.01
    whole = out.coverage == 65535
    assert (layer[whole][:, :3] == out.pixels[whole]).all() and (layer[whole][:, 3] == full).all()


def edited(source: Photo) -> Composite:
    pixels = source.colored()
    light = source.encoding.to_linear(np.ascontiguousarray(pixels[:, :, :3]))
    alpha = np.zeros(light.shape[:2], np.float32)
    alpha[8:20, 8:30] = 0.7
    edits = [Edit((0, 0, *source.size), alpha, light, np.full(light.shape, 0.2, np.float32))]
    return compose(pixels, edits, encoding=source.encoding)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("format", ["png", "tiff", "webp"])
def test_files_keep_every_other_pixel(mode: str, format: str) -> None:
    base = Image.fromarray(photo(4)).convert("RGBA" if "A" in mode else "RGB").convert(mode)
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", 8
    profile = None if mode in ("1", "L", "LA") else ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    base.save(stream, "PNG", exif=exif.tobytes(), **({"icc_profile": profile} if profile else {}))
    source = read_photo(stream.getvalue())
    out = edited(source)
    written = read_photo(source.with_pixels(out.pixels).encode(format)[0])
    assert (written.colored()[~out.edit_mask] == source.colored()[~out.edit_mask]).all()
    assert (written.colored() == out.pixels).all()
    assert (written.icc, written.orientation) == (source.icc, 8) and written.exif
    assert Image.open(io.BytesIO(stream.getvalue())).size == Image.open(io.BytesIO(written.encode("png")[0])).size


def stored(kind: str, channels: int, deep: bool, orientation: int, seed: int) -> bytes:
    """A file as others write it: PNG, TIFF, WebP or JPEG with a profile, EXIF, XMP and a resolution."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 65536 if deep else 256, (31, 37, channels)).astype(np.uint16 if deep else np.uint8)
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", orientation
    exif.get_ifd(34665)[33434] = 0.01
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() if channels > 2 else None
    block, xmp, dpi = exif.tobytes().removeprefix(b"Exif\0\0"), b"<x:xmpmeta>dress</x:xmpmeta>", (300.0, 200.0)
    photo = Photo(pixels, icc=icc, exif=block, xmp=xmp, dpi=dpi)
    if kind in ("png", "tiff"):
        return photo.encode(kind)[0]
    stream = io.BytesIO()
    options = {"exif": exif, "xmp": xmp, **({"icc_profile": icc} if icc else {})}
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    picture.save(stream, kind, **options, **({"lossless": True, "exact": True} if kind == "webp" else {"dpi": dpi}))
    return stream.getvalue()


def told(exif: bytes | None) -> dict[int, object]:
    """What a block of EXIF says."""
    block = Image.Exif()
    block.load(b"Exif\0\0" + (exif or b""))
    return {**{k: v for k, v in block.items() if k != 34665}, **block.get_ifd(34665)}


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["png", "tiff", "webp", "jpeg"]),
    st.sampled_from(["png", "tiff", "webp"]),
    st.integers(1, 4),
    st.booleans(),
    st.integers(1, 8),
    st.integers(0, 1000),
)
def test_everything_outside_the_edit_survives_any_file(
    before: str, after: str, channels: int, deep: bool, orientation: int, seed: int
) -> None:
    deep = deep and before in ("png", "tiff")
    channels = {"webp": max(channels, 3), "jpeg": 1 if channels < 3 else 3}.get(before, channels)
    source = read_photo(stored(before, channels, deep, orientation, seed))
    assert source.orientation == orientation and source.notes == () and source.pixels.dtype.itemsize == 1 + deep
    out = edited(source)
    assert out.edit_mask.any() and not out.edit_mask.all()
    photo = source.with_pixels(out.pixels)
    if after == "webp" and deep:
        with pytest.raises(OptionError, match="16 bits"):
            photo.encode(after)
        return
    back = read_photo(photo.encode(after)[0])
    assert (back.colored()[~out.edit_mask] == source.colored()[~out.edit_mask]).all()
    assert back.pixels.dtype == source.pixels.dtype and (back.colored() == out.pixels).all()
    if source.has_alpha:
        assert (back.pixels[:, :, -1] == source.pixels[:, :, -1]).all()
    assert (back.icc, back.xmp, back.orientation) == (source.icc, source.xmp, orientation)
    assert told(back.exif) == told(source.exif) and told(back.exif)[33434] == pytest.approx(0.01)
    if after != "webp" and source.dpi:  # WebP has no place for it
        assert back.dpi == pytest.approx(source.dpi, abs=0.02)


def test_the_profile_of_the_photo_gives_the_colour_its_meaning() -> None:
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * int.from_bytes(icc[128:132], "big"), 12):
        icc[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(bytes(icc[at : at + 4]), bytes(icc[at : at + 4]))
    encoding = read_profile(bytes(icc))
    assert encoding is not None and encoding is not SRGB
    source = Photo(np.full((30, 40, 3), 90, np.uint8), icc=bytes(icc), encoding=encoding)
    new = np.broadcast_to(np.float32([0.5, 0.1, 0.02]), (30, 40, 3)).astype(np.float32)
    light = encoding.to_linear(source.pixels)
    out = compose(source.pixels, [Edit((0, 0, 40, 30), np.ones((30, 40), np.float32), light, new)], encoding=encoding)
    seen = source.with_pixels(out.pixels).srgb[5, 5].astype(int)
    assert np.abs(seen - from_linear(np.float32([0.5, 0.1, 0.02]), np.uint8)).max() <= 2
    assert out.pixels[5, 5, 0] < out.pixels[5, 5, 1]  # this profile calls red green


def test_what_a_backend_gives_cannot_leak() -> None:
    pixels = photo()
    one = edit(pixels, (4, 4, 34, 34), (np.nan, np.inf, -5.0))
    alpha = one.alpha.copy()
    alpha[10] = np.nan
    alpha[11] = 7
    out = compose(pixels, [Edit(one.window, alpha, one.old, one.new, one.protect)])
    assert not out.edit_mask[14].any() and (out.pixels[~out.edit_mask] == pixels[~out.edit_mask]).all()
    assert compose(pixels, []).pixels.tobytes() == pixels.tobytes()


@pytest.mark.parametrize("encoding", [SRGB])
def test_misfits_are_refused(encoding: Encoding) -> None:
    pixels = photo()
    one = edit(pixels, (4, 4, 34, 34), (1, 1, 1))
    with pytest.raises(OptionError, match="alpha does not fit"):
        Edit((4, 4, 34, 35), one.alpha, one.old, one.new)
    with pytest.raises(OptionError, match="protect does not fit"):
        Edit(one.window, one.alpha, one.old, one.new, one.alpha)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="outside the photo"):
        compose(pixels[:30], [one], encoding=encoding)
    with pytest.raises(OptionError, match="no pixels"):
        compose(pixels[:, :, 0], [one])
    with pytest.raises(OptionError, match="no pixels"):
        compose(pixels.astype(np.float32), [one])
