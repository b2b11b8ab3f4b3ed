"""Names a file's format by its first bytes, also formats that are not read, so that errors can name them."""

from __future__ import annotations

__all__ = ["recognise"]

# (offset, bytes, name). Before the general TIFF marks stand the raw formats that share them.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"CR\x02", "camera raw"),
    (0, b"IIRO", "camera raw"),
    (0, b"IIRS", "camera raw"),
    (0, b"IIU\x00", "camera raw"),
    (0, b"FUJIFILMCCD-RAW", "camera raw"),
    (0, b"II\x2a\x00", "TIFF"),
    (0, b"MM\x00\x2a", "TIFF"),
    (0, b"II\x2b\x00", "TIFF"),
    (0, b"MM\x00\x2b", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"GIF8", "GIF"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "PSD"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"\x00\x00\x00\x0cjP", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"PK\x03\x04", "ZIP archive"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
)

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF = frozenset({b"avif", b"avis"})
_HEIF = frozenset({b"mif1", b"mif2", b"msf1"})  # the container without its codec


def recognise(data: bytes) -> str | None:
    """Name of the format whose mark stands at the start of ``data``, or None if there is none.

    One of "JPEG", "PNG", "WebP", "TIFF", "BMP", "HEIC", or the name of a format that is not read.
    """
    if data[:4] == b"RIFF":
        return "WebP" if data[8:12] == b"WEBP" else "video"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    for offset, mark, name in _MAGIC:
        if data.startswith(mark, offset):
            return name
    return _by_text(data)


def _by_brand(data: bytes) -> str:
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in (8, *range(16, end, 4))}
    if brands & _HEIC:
        return "HEIC"
    if brands & _AVIF:
        return "AVIF"
    if b"crx " in brands:
        return "camera raw"
    return "HEIC" if brands & _HEIF else "video"


def _by_text(data: bytes) -> str | None:
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head.startswith(b"<"):
        return None
    if b"<svg" in head:
        return "SVG"
    return "HTML" if b"<html" in head or b"<!doctype html" in head else None
