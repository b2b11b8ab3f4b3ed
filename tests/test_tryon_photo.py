"""Photos survive: samples, depth, transparency, profile, EXIF and orientation; hostile files fail well."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from dressform.parsing import ImageFormatError, ImageReadError, ImageTooLargeError, OptionError, OutputError, load_image
from dressform.tryon.light import from_linear, luminance, to_linear, to_srgb
from dressform.tryon.photo.encoding import SRGB, CurveEncoding, grey_profile_as_rgb, read_profile
from dressform.tryon.photo.photo import Photo, read_photo, turned, turned_back
from dressform.tryon.photo.png import encode_png
from dressform.tryon.photo.tiff import encode_tiff

RNG = np.random.default_rng(5)
LOSSLESS = ("png", "tiff", "webp")


def noise(channels: int, dtype: type = np.uint8, height: int = 13, width: int = 17) -> np.ndarray:
    return RNG.integers(0, np.iinfo(dtype).max, (height, width, channels), endpoint=True).astype(dtype)


def exif_block(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", orientation
    exif.get_ifd(34665)[33434] = 0.01
    return exif.tobytes().removeprefix(b"Exif\0\0")


def adobe_like() -> bytes:
    """A matrix profile that is not sRGB: gamma 2.2 and sRGB's primaries turned round."""
    base = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = bytearray(base)
    for at in range(132, 132 + 12 * int.from_bytes(base[128:132], "big"), 12):
        name = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(base[at : at + 4])
        if name:
            out[at : at + 4] = name
    return bytes(out)


def grey_profile() -> bytes:
    white = b"XYZ " + bytes(4) + b"".join(v.to_bytes(4, "big") for v in (63190, 65536, 54061))
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (int(1.8 * 256)).to_bytes(2, "big") + bytes(2)
    body, table = b"", b""
    for name, data in ((b"wtpt", white), (b"kTRC", curve)):
        table += name + (128 + 4 + 24 + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    size = (128 + 4 + len(table) + len(body)).to_bytes(4, "big")
    head = size + bytes(4) + b"\x02\x40\0\0mntrGRAYXYZ " + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + b"".join(v.to_bytes(4, "big") for v in (63190, 65536, 54061))
    return head.ljust(128, b"\0") + (2).to_bytes(4, "big") + table + body


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_light_is_exact_both_ways(dtype: type) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    linear = to_linear(levels)
    assert (from_linear(linear, dtype) == levels).all()
    assert linear.dtype == np.float32 and linear[0] == 0 and linear[-1] == 1
    x = np.linspace(0, 1, 4001)
    truth = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    assert np.abs(to_srgb(x) - truth).max() < 0.1 / 65535 * 2


def test_light_takes_anything_else_well() -> None:
    assert to_srgb(np.array([np.nan, -1, np.inf], np.float32)).tolist() == [0, 0, 1]
    assert from_linear(np.full((0, 3), 0.5), np.uint8).shape == (0, 3)
    assert luminance(np.ones((2, 3), np.float32)) == pytest.approx(1)
    with pytest.raises(OptionError, match="float64"):
        to_linear(np.zeros(3))


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("orientation", [1, 6, 7])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bits_survive(tmp_path: Path, channels: int, orientation: int, format: str) -> None:
    pixels, icc, exif = noise(channels), adobe_like() if channels > 2 else None, exif_block(orientation)
    photo = Photo(pixels, icc=icc, exif=exif, orientation=orientation, dpi=(300, 300))
    assert photo.save(tmp_path / f"photo.{format}") == ()
    back = read_photo(tmp_path / f"photo.{format}")
    wanted = pixels if format != "webp" else photo.colored()  # WebP knows no grey
    assert (back.pixels == wanted).all() and back.pixels.dtype == np.uint8
    assert (back.icc, back.orientation) == (icc, orientation)
    assert back.exif is not None
    assert load_image(tmp_path / f"photo.{format}").shape == (*wanted.shape[:2], 3)
    assert (back.srgb == load_image(tmp_path / f"photo.{format}")).all()
    assert (back.upright().encode("png")[0] != back.encode("png")[0]) == (orientation != 1)
    if format == "png":
        assert back.exif == exif and round((back.dpi or (0, 0))[0]) == 300
        assert back.encode("png") == photo.encode("png")


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_survive(channels: int, format: str) -> None:
    photo = Photo(noise(channels, np.uint16), exif=exif_block(8), orientation=8)
    back = read_photo(photo.encode(format)[0])
    assert back.pixels.dtype == np.uint16 and (back.colored() == photo.colored()).all() and back.notes == ()
    assert back.orientation == 8 and back.size == photo.size
    again = read_photo(back.encode(format)[0])
    assert (again.pixels == back.pixels).all() and again.exif == back.exif
    seen = load_image(photo.encode(format)[0])
    assert seen.shape == back.srgb.shape and np.abs(seen.astype(int) - back.srgb).max() <= 1


def test_files_of_others_are_read_to_the_last_bit() -> None:
    deep = noise(3, np.uint16)
    for suffix in (".png", ".tiff"):
        data = cv2.imencode(suffix, deep[:, :, ::-1])[1].tobytes()
        assert (read_photo(data).pixels == deep).all()
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        color = Image.fromarray(noise(4)).convert("RGB" if mode in ("P", "L", "1") else "RGBA")
        picture = Image.fromarray(noise(1, np.uint16)[:, :, 0]) if mode == "I;16" else color.convert(mode)
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        photo = read_photo(stream.getvalue())
        again = read_photo(photo.encode("png")[0])
        assert (again.pixels == photo.pixels).all() and (again.srgb == load_image(stream.getvalue())).all()
        truth = np.asarray(picture.convert("RGB") if mode in ("P", "1") else picture)
        shown = photo.colored()[:, :, : truth.shape[2]] if truth.ndim == 3 and mode != "LA" else photo.pixels
        assert (shown.reshape(truth.shape) == truth).all()


def test_a_transparent_palette_keeps_its_alpha() -> None:
    picture = Image.fromarray(noise(1)[:, :, 0] % 4, "P")
    picture.putpalette(RNG.integers(0, 256, 12).astype(np.uint8).tobytes())
    stream = io.BytesIO()
    picture.save(stream, "PNG", transparency=bytes([0, 90, 255, 255]))
    photo = read_photo(stream.getvalue())
    assert photo.has_alpha and (photo.pixels == np.asarray(Image.open(stream).convert("RGBA"))).all()


def test_text_and_colour_chunks_of_a_png_stay() -> None:
    chunks = ((b"gAMA", (45455).to_bytes(4, "big")), (b"tEXt", b"Title\0Hat"), (b"eXIf", exif_block(3)))
    photo = read_photo(encode_png(noise(3), chunks))
    assert photo.chunks == chunks and photo.orientation == 3
    assert photo.encode("png")[0] == encode_png(turned_back(photo.pixels, 3), chunks)
    assert read_photo(photo.upright().encode("png")[0]).orientation == 1


def test_grey_stays_grey_until_colour_comes() -> None:
    photo = Photo(noise(1), icc=grey_profile(), encoding=read_profile(grey_profile(), grey=True) or SRGB)
    same = photo.with_pixels(photo.colored())
    assert same.pixels.shape[2] == 1 and (same.pixels == photo.pixels).all() and same.notes == ()
    colored = photo.colored().copy()
    colored[3, 4] = (200, 10, 20)
    changed = photo.with_pixels(colored)
    assert "grey" in changed.notes[0]
    back = read_photo(changed.encode("png")[0])
    assert (back.pixels == colored).all()
    assert np.abs(back.srgb[0].astype(int) - photo.srgb[0]).max() <= 1  # the new profile means the same greys
    with pytest.raises(OptionError):
        photo.with_pixels(colored[:, :-1])


@pytest.mark.parametrize(
    "make", [adobe_like, lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_profiles_mean_what_little_cms_says(make) -> None:
    icc = make()
    encoding = read_profile(icc)
    assert encoding is not None and (encoding is SRGB) == (make is not adobe_like)
    pixels = noise(3)
    picture = Image.fromarray(pixels)
    picture.info["icc_profile"] = icc
    ours = from_linear(encoding.to_linear(pixels), np.uint8)
    assert np.abs(ours.astype(int) - load_image(picture)).max() <= 2
    assert np.abs(encoding.from_linear(encoding.to_linear(pixels), np.uint8).astype(int) - pixels).max() <= 1


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 500), st.booleans())
def test_broken_profiles_are_no_error(junk: bytes, at: int, grey: bool) -> None:
    icc = bytearray(adobe_like())
    icc[at : at + len(junk)] = junk
    for profile in (bytes(icc), junk):
        encoding = read_profile(profile, grey=grey)
        if isinstance(encoding, CurveEncoding):
            assert np.isfinite(encoding.curves).all()
        grey_profile_as_rgb(profile)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(1, 5), st.integers(1, 5))
def test_turns_are_undone(orientation: int, height: int, width: int) -> None:
    pixels = noise(3, height=height, width=width)
    assert (turned_back(turned(pixels, orientation), orientation) == pixels).all()
    exif = exif_block(orientation)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", exif=b"Exif\0\0" + exif)
    assert (load_image(stream.getvalue()) == turned(pixels, orientation)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=6))
def test_damaged_files_raise_what_loading_raises(at: int, junk: bytes) -> None:
    for data in (encode_png(noise(3, np.uint16)), encode_tiff(noise(4, np.uint16), exif=exif_block())):
        broken = bytearray(data)
        broken[at % len(data) : at % len(data) + len(junk)] = junk
        try:
            photo = read_photo(bytes(broken), max_pixels=10_000)
        except (ImageReadError, ImageFormatError, ImageTooLargeError):
            continue
        assert photo.pixels.size


def test_limits_and_formats_are_kept(tmp_path: Path) -> None:
    data = encode_png(noise(3))
    with pytest.raises(ImageTooLargeError):
        read_photo(data, max_pixels=100)
    with pytest.raises(ImageTooLargeError):
        read_photo(data, max_bytes=50)
    for photo, format in ((Photo(noise(3, np.uint16)), "webp"), (Photo(noise(4)), "jpeg"), (Photo(noise(3)), "gif")):
        with pytest.raises(OptionError):
            photo.encode(format)
    with pytest.raises(OptionError, match="suffix"):
        Photo(noise(3)).save(tmp_path / "a.bmp")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(OutputError):
        Photo(noise(3)).save(tmp_path / "b.png")
    assert list((tmp_path / "b.png").iterdir()) == [] and {p.name for p in tmp_path.iterdir()} == {"b.png"}


def test_jpeg_says_that_pixels_change(tmp_path: Path) -> None:
    photo = Photo(noise(3), icc=adobe_like(), exif=exif_block(6), orientation=6)
    notes = photo.save(tmp_path / "a.jpg")
    assert len(notes) == 1 and "outside the garment" in notes[0]
    back = read_photo(tmp_path / "a.jpg")
    assert (back.icc, back.exif, back.orientation, back.size) == (photo.icc, photo.exif, 6, photo.size)
    assert back.save(tmp_path / "a.png") == ()


def test_cmyk_is_converted_and_says_so() -> None:
    stream = io.BytesIO()
    Image.fromarray(noise(4), "CMYK").save(stream, "TIFF")
    photo = read_photo(stream.getvalue())
    assert "CMYK" in photo.notes[0] and (photo.pixels == load_image(stream.getvalue())).all()


def test_arrays_and_pictures_in_memory() -> None:
    assert read_photo(noise(1)[:, :, 0] > 100).pixels.max() == 255
    floats = RNG.random((4, 5, 3)).astype(np.float32)
    assert (read_photo(floats).pixels == np.rint(floats * 65535.0)).all()
    picture = Image.fromarray(noise(4))
    assert (read_photo(picture).pixels == np.asarray(picture)).all()
    with pytest.raises(ImageFormatError):
        read_photo(np.zeros((3, 4, 5), np.uint8))
    with pytest.raises(ImageReadError):
        read_photo("nowhere.png")
    with pytest.raises(ValueError, match="read-only"):
        read_photo(noise(3)).pixels[0, 0, 0] = 1
