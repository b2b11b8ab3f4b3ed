"""Limits, useless sources and hostile headers: every failure of load_image is a typed error of one line."""

import io
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.parsing.errors import (
    DressformError,
    ImageFormatError,
    ImageReadError,
    ImageTooLargeError,
    MissingExtraError,
)
from dressform.parsing.image import load_image, read_size

NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80)


def encode(format: str, picture: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (picture or Image.fromarray(NOISE)).save(stream, format, **options)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * width)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF of tags (number, type, count, value) alone."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + bytes(64)


def webp(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def jpeg(width: int, height: int) -> bytes:
    data = encode("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


LZW_HEADER = ((256, 4, 1, 40), (257, 4, 1, 40), (259, 3, 1, 5))


SEEDS = {
    "jpeg": encode("JPEG"),
    "png": encode("PNG"),
    "webp": encode("WEBP"),
    "tiff": encode("TIFF"),
    "lzw": encode("TIFF", compression="tiff_lzw"),
    "bmp": encode("BMP"),
}


def refused(source, error: type[DressformError], *words: str, **limits) -> str:
    with pytest.raises(error) as caught:
        load_image(source, **limits)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message
    return message


@pytest.mark.parametrize("make", [png, jpeg, webp, bmp], ids=lambda make: make.__name__)
def test_too_many_pixels_is_found_in_the_header(make):
    data = make(16000, 16000)
    assert len(data) < 60_000
    refused(data, ImageTooLargeError, "16000×16000 = 256000000", "up to 100000000", "max_pixels")
    with pytest.raises(ImageTooLargeError):
        read_size(data)


def test_the_largest_headers():
    refused(png(60000, 60000), ImageTooLargeError, "3600000000")
    refused(webp(1 << 24, 1 << 24), ImageTooLargeError)
    refused(tiff((256, 4, 1, 60000), (257, 4, 1, 60000), (273, 4, 1, 8)), ImageTooLargeError, "3600000000")


@pytest.mark.parametrize("name", SEEDS)
def test_pixel_limit_is_inclusive(name):
    pixels = 24 * 32
    assert load_image(SEEDS[name], max_pixels=pixels).shape == (24, 32, 3)
    refused(SEEDS[name], ImageTooLargeError, "32×24", max_pixels=pixels - 1)
    refused(Image.open(io.BytesIO(SEEDS[name])), ImageTooLargeError, "PIL image", max_pixels=pixels - 1)
    refused(NOISE, ImageTooLargeError, "array", max_pixels=pixels - 1)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("name", ["jpeg", "png", "tiff", "lzw", "bmp"])
def test_pillows_own_limit_plays_no_part(name, orientation, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": "tiff_lzw"} if name == "lzw" else {}
    large = Image.fromarray(NOISE).resize((200, 220))
    data = encode({"lzw": "TIFF"}.get(name, name.upper()), large, exif=exif, **options)
    wanted = load_image(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(load_image(data), wanted)
    assert Image.MAX_IMAGE_PIXELS == 20_000


def test_byte_limit(tmp_path):
    data = SEEDS["png"]
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for source in (path, data, bytearray(data), memoryview(data), io.BytesIO(data)):
        refused(source, ImageTooLargeError, f"up to {len(data) - 1} bytes", max_bytes=len(data) - 1)
    for source in (path, data, io.BytesIO(data)):
        assert load_image(source, max_bytes=len(data)).shape == NOISE.shape


class Drip(io.RawIOBase):
    """Gives a few bytes at a time, for ever if there is no end."""

    def __init__(self, data: bytes, *, endless: bool = False) -> None:
        self.data, self.endless, self.given = io.BytesIO(data), endless, 0

    def read(self, size: int = -1) -> bytes:
        piece = self.data.read(min(size, 100)) or (bytes(size) if self.endless else b"")
        self.given += len(piece)
        return piece


def test_streams_are_read_to_their_end_or_the_limit():
    assert np.array_equal(load_image(Drip(SEEDS["png"])), NOISE)
    endless = Drip(SEEDS["png"], endless=True)
    refused(endless, ImageTooLargeError, max_bytes=5_000_000)
    assert endless.given < 8_000_000


def test_useless_streams():
    closed = io.BytesIO(SEEDS["png"])
    closed.close()
    refused(closed, ImageReadError, "stream")
    refused(io.StringIO("text"), ImageReadError, "str", "binary mode")
    spent = io.BytesIO(SEEDS["png"])
    spent.read()
    refused(spent, ImageReadError, "no bytes", "seek to the start")


def test_paths_that_do_not_work(tmp_path, monkeypatch):
    refused(tmp_path / "none.jpg", ImageReadError, "no such file", "none.jpg")
    refused(str(tmp_path), ImageReadError, "folder")
    refused("", ImageReadError, "folder")
    refused("a\0b.jpg", ImageReadError, "path")
    refused("x" * 5000, ImageReadError)
    refused("two\nlines\x1b[31m.jpg", ImageReadError, r"'two\nlines\x1b[31m.jpg'")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    refused(empty, ImageReadError, "no bytes", "empty.jpg")

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)
    refused(empty, ImageReadError, "permission", "empty.jpg")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encode("GIF"), "GIF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf  <SVG/>", "SVG"),
        (b"<!DOCTYPE html><p>Not found", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1", "PSD"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "AVIF"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", "camera raw"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"II*\0\x10\0\0\0CR\x02\0", "camera raw"),
        (tiff((254, 4, 1, 1), (256, 4, 1, 4), (257, 4, 1, 4), (273, 4, 1, 8)), "camera raw"),
        (tiff((256, 4, 1, 4), (257, 4, 1, 4), (273, 4, 1, 8), (50706, 1, 4, 257)), "camera raw"),
        (b"my holiday photos", "unknown"),
        (b"\0", "unknown"),
        (b"<", "unknown"),
    ],
)
def test_other_formats_are_named(data, words, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    refused(path, ImageFormatError, words, "photo.jpg", "JPEG, PNG, WebP, TIFF, BMP, HEIC")
    refused(data, ImageFormatError, words, "in bytes")


def test_heic_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    refused(HEIC, MissingExtraError, 'pip install "dressform[heic]"')


def test_damaged_heic():
    pytest.importorskip("pillow_heif")
    refused(HEIC, ImageReadError, "HEIC")


@pytest.mark.parametrize(
    "data",
    [
        png(4, 1, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
        png(4, 1, chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(50_000_000)))),
        png(4, 1, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000)))] * 80),
        png(0, 4),
        png(4, 0),
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"BM",
        b"RIFF\0\0\0\0WEBP",
        webp(4, 4),
        bmp(4, 4),
        bmp(0, 4),
        b"II*\0",
        b"MM\0*\xff\xff\xff\xff",
        tiff(),
        tiff((256, 4, 1, 4), (257, 4, 1, 4)),
        tiff((256, 4, 0xFFFFFFFF, 4), (257, 4, 1, 4), (273, 4, 1, 8)),
        tiff((254, 2, 4, 0x41414141), (256, 4, 1, 4), (257, 4, 1, 4), (273, 4, 1, 8)),
        tiff((256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 65535), (273, 4, 1, 8)),
        tiff(*LZW_HEADER, (322, 4, 1, 0x7FFFFFF0), (323, 4, 1, 16), (324, 4, 1, 8)),  # a tile of gigabytes
        tiff(*LZW_HEADER, (273, 4, 1, 0xFFFFFFF0), (279, 4, 1, 0xFFFFFFF0)),  # pixels far behind the end
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_hostile_files(data):
    refused(data, ImageReadError)


def test_errors_carry_nothing_of_the_file():
    secret = b"52.5200N 13.4050E"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    data = encode("JPEG", exif=exif, comment=secret)
    message = refused(data[:-300], ImageReadError)
    assert secret.decode() not in message
    with pytest.raises(ImageReadError) as caught:
        load_image(data[:-300])
    assert caught.value.__suppress_context__  # the decoder's words do not reach a traceback either
