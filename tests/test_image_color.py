"""Colours of loaded photos: embedded profiles, grey depths, transparency, print colours."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from dressform.parsing.errors import ImageFormatError
from dressform.parsing.image import load_image

# Colorants (columns red, green, blue) adapted to D50, from the public profiles of these spaces.
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
DISPLAY_P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])

COLOURS = np.array(
    [[[200, 60, 50], [90, 160, 80], [60, 80, 190], [128, 128, 128], [255, 255, 255], [0, 0, 0], [210, 170, 140]]],
    np.uint8,
)


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def icc(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", pcs: bytes = b"XYZ ") -> bytes:
    head = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", head + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", head + len(body), bytes(4), 0x02400000, kind, space, pcs)
    header += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    header += fixed(0.9642) + fixed(1) + fixed(0.8249)
    return header.ljust(128, b"\0") + table + body


def curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def xyz(values) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(fixed(v) for v in values)


def matrix_profile(colorants: np.ndarray, gamma: float) -> bytes:
    tags = {name + b"XYZ": xyz(column) for name, column in zip((b"r", b"g", b"b"), colorants.T, strict=True)}
    return icc(
        b"RGB ", {**tags, b"wtpt": xyz((0.9642, 1, 0.8249)), **{c + b"TRC": curve(gamma) for c in (b"r", b"g", b"b")}}
    )


def encode_curve(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def expected(colours: np.ndarray, colorants: np.ndarray, gamma: float) -> np.ndarray:
    linear = (colours / 255) ** (round(gamma * 256) / 256)
    return encode_curve(linear @ (np.linalg.inv(SRGB) @ colorants).T)


def tagged(picture: Image.Image | np.ndarray, profile: bytes, format: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(stream, format, icc_profile=profile, **options)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, depth: int, kind: int, row: bytes, *chunks: bytes) -> bytes:
    """A PNG of one row."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, kind, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0" + row))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("colorants", "gamma"), [(ADOBE, 2.2), (DISPLAY_P3, 2.2), (SRGB, 1.0), (SRGB, 1.8)])
def test_profile_becomes_srgb(colorants, gamma):
    profile = matrix_profile(colorants, gamma)
    wanted = expected(COLOURS, colorants, gamma)
    assert np.abs(wanted - COLOURS).max() > 8  # the profile does something
    for source in (
        tagged(COLOURS, profile),
        tagged(COLOURS, profile, "TIFF"),
        tagged(COLOURS, profile, "WEBP", lossless=True),
    ):
        assert np.abs(load_image(source) - wanted).max() <= 2
        assert np.abs(load_image(Image.open(io.BytesIO(source))) - wanted).max() <= 2


def test_srgb_profile_leaves_every_byte():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load_image(tagged(noise, profile)), noise)


@pytest.mark.parametrize(
    "profile",
    [
        b"nonsense",
        b"\0" * 200,
        matrix_profile(ADOBE, 2.2)[:150],
        matrix_profile(ADOBE, 2.2).replace(b"acsp", b"none"),
        icc(b"RGB ", {}),
        icc(b"GRAY", {b"kTRC": curve(1.0)}),  # sound, but not for a colour picture
    ],
)
def test_broken_or_foreign_profile_is_ignored(profile):
    assert np.array_equal(load_image(tagged(COLOURS, profile)), COLOURS)


def test_grey_profile_on_grey():
    values = np.arange(0, 256, 5, dtype=np.uint8)[None]
    source = tagged(values, icc(b"GRAY", {b"wtpt": xyz((0.9642, 1, 0.8249)), b"kTRC": curve(1.8)}))
    wanted = encode_curve((values / 255) ** (round(1.8 * 256) / 256))
    assert np.abs(wanted - values).max() > 8
    assert np.abs(load_image(source) - wanted[:, :, None]).max() <= 2


def test_colour_profile_on_grey():
    values = np.arange(0, 256, 5, dtype=np.uint8)[None]
    image = load_image(tagged(values, matrix_profile(SRGB, 1.0)))
    assert np.abs(image - encode_curve(values / 255)[:, :, None]).max() <= 2


def test_profile_is_applied_before_transparency():
    profile = matrix_profile(DISPLAY_P3, 2.2)
    alpha = np.full((1, COLOURS.shape[1], 1), 102, np.uint8)
    image = load_image(tagged(np.concatenate([COLOURS, alpha], axis=2), profile))
    wanted = 0.4 * expected(COLOURS, DISPLAY_P3, 2.2) + 0.6 * 255
    assert np.abs(image - wanted).max() <= 2


def print_profile() -> bytes:
    """CMYK in which every ink alone at full strength is the same middle grey, and black is black."""
    corners = np.zeros((2, 2, 2, 2, 3), np.uint8)
    corners[...] = (128, 128, 128)
    corners[0, 0, 0, 0] = (255, 128, 128)
    corners[:, :, :, 1] = (0, 128, 128)
    ramp = bytes(range(256))
    identity = b"".join(fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + corners.tobytes() + ramp * 3
    return icc(b"CMYK", {b"wtpt": xyz((0.9642, 1, 0.8249)), b"A2B0": table}, b"prtr", b"Lab ")


@pytest.mark.parametrize("format", ["TIFF", "JPEG"])
def test_print_colours(format):
    inks = np.zeros((8, 16, 4), np.uint8)
    inks[:, 8:, 0] = 255
    picture = Image.frombytes("CMYK", (16, 8), inks.tobytes())
    plain = load_image(tagged(picture, b"", format, quality=98))
    assert np.abs(plain[:, 2].astype(int) - 255).max() <= 4 and np.abs(plain[:, 13] - (0.0, 255, 255)).max() <= 4
    image = load_image(tagged(picture, print_profile(), format, quality=98))
    assert image[:, 2].min() >= 250
    assert np.abs(image[:, 13].astype(int) - 119).max() <= 4  # L* = 50


def test_adobe_print_jpeg_is_not_negative():
    # Pillow writes CMYK as Adobe does, inverted with its marker; white paper has no ink.
    stream = io.BytesIO()
    Image.new("CMYK", (8, 8), (0, 0, 0, 0)).save(stream, "JPEG")
    assert b"Adobe" in stream.getvalue() and load_image(stream.getvalue()).min() >= 250


def test_lab_picture():
    assert np.abs(load_image(Image.new("LAB", (2, 2), (128, 128, 128))).astype(int) - 119).max() <= 2


def test_sixteen_bit_grey_is_scaled_not_clipped():
    values = np.array([0, 256, 300, 32768, 65535], np.uint16)
    wanted = [0, 1, 1, 128, 255]
    little = Image.frombytes("I;16", (5, 1), values.astype("<u2").tobytes())
    big = Image.frombytes("I;16B", (5, 1), values.astype(">u2").tobytes())
    wide = Image.fromarray(values[None].astype(np.int32))
    assert wide.mode == "I"
    for source in (
        little,
        big,
        wide,
        png(5, 16, 0, values.astype(">u2").tobytes()),
        tagged(little, b"", "TIFF"),
        tagged(big, b"", "TIFF"),
    ):
        assert load_image(source)[0, :, 0].tolist() == wanted


def test_sixteen_bit_colour():
    row = np.array([[65535, 32768, 0], [257, 514, 65535]], ">u2").tobytes()
    assert np.abs(load_image(png(2, 16, 2, row))[0] - [[255.0, 128, 0], [1, 2, 255]]).max() <= 1


def test_grey_out_of_range():
    for picture in (Image.new("I", (2, 2), 70000), Image.new("I", (2, 2), -1), Image.new("F", (2, 2), 1.5)):
        with pytest.raises(ImageFormatError, match="out of range"):
            load_image(picture)
    assert load_image(Image.new("F", (2, 2), 0.2)).max() == 51


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (Image.new("RGBA", (2, 2), (0, 0, 0, 51)), [204, 204, 204]),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 255)), [9, 8, 7]),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 0)), [255, 255, 255]),
        (Image.new("RGBa", (2, 2), (0, 0, 0, 51)), [204, 204, 204]),
        (Image.new("LA", (2, 2), (0, 51)), [204, 204, 204]),
        (Image.new("PA", (2, 2)), [255, 255, 255]),
        (Image.new("1", (2, 2), 1), [255, 255, 255]),
        (Image.new("1", (2, 2), 0), [0, 0, 0]),
        (Image.new("L", (2, 2), 77), [77, 77, 77]),
        (Image.new("P", (2, 2), 0), [0, 0, 0]),
        (Image.new("YCbCr", (2, 2), (77, 128, 128)), [77, 77, 77]),
        (Image.new("HSV", (2, 2), (0, 0, 77)), [77, 77, 77]),
        (Image.new("RGBX", (2, 2), (1, 2, 3, 0)), [1, 2, 3]),
        (png(1, 8, 3, b"\0", chunk(b"PLTE", b"\x14\x28\x3c"), chunk(b"tRNS", b"\0")), [255, 255, 255]),
        (png(1, 8, 3, b"\0", chunk(b"PLTE", b"\x14\x28\x3c")), [20, 40, 60]),
        (png(1, 8, 3, b"\1", chunk(b"PLTE", bytes(3) + b"\x14\x28\x3c"), chunk(b"tRNS", b"\0")), [20, 40, 60]),
        (png(1, 8, 0, b"\x09", chunk(b"tRNS", b"\0\x09")), [255, 255, 255]),
        (png(1, 8, 0, b"\x08", chunk(b"tRNS", b"\0\x09")), [8, 8, 8]),
        (png(1, 16, 0, b"\x01\x02", chunk(b"tRNS", b"\x01\x02")), [255, 255, 255]),
        (png(1, 16, 4, b"\0\0\0\0"), [255, 255, 255]),
        (png(1, 8, 2, b"\1\2\3", chunk(b"tRNS", b"\0\1\0\2\0\3")), [255, 255, 255]),
    ],
)
def test_modes_and_transparency_over_white(source, wanted):
    assert load_image(source)[0, 0].tolist() == wanted
