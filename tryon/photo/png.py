"""Writes PNG of 8 or 16 bits, grey or colour, with the chunks that came with a photo.

PNG specification, third edition (W3C, 2025): filters in section 9, chunks in section 11. Own code, because Pillow
writes no 16-bit colour and OpenCV no profile.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["encode_png", "kept_chunks", "metadata_chunks"]

Samples = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]
Chunks = tuple[tuple[bytes, bytes], ...]
"""Types and contents."""

_MARK = b"\x89PNG\r\n\x1a\n"
# What stays true of a photo when some of its pixels change; not what describes palettes, depth or animations.
_KEPT = frozenset(b"cHRM gAMA sRGB iCCP cICP mDCV cLLI pHYs oFFs pCAL sCAL sTER tEXt zTXt iTXt eXIf tIME".split())
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_BAND = 1 << 20  # bytes filtered at once
_LEVEL = 6


def kept_chunks(data: bytes) -> Chunks:
    """The chunks of a PNG file that go into the written photo as they are, in their order; damaged ones don't."""
    out = []
    at = len(_MARK)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data) or kind == b"IEND":
            break
        if kind in _KEPT:
            body = data[at + 8 : at + 8 + size]
            if struct.unpack_from(">I", data, end - 4)[0] == zlib.crc32(kind + body):
                out.append((kind, body))
        at = end
    return tuple(out)


def metadata_chunks(
    icc: bytes | None, exif: bytes | None, xmp: bytes | None, dpi: tuple[float, float] | None
) -> Chunks:
    """Chunks for a photo that was no PNG."""
    out = []
    if icc:
        out.append((b"iCCP", b"icc\0\0" + zlib.compress(icc, 9)))
    if dpi:
        out.append((b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1)))
    if exif:
        out.append((b"eXIf", exif))
    if xmp:
        out.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    return tuple(out)


def encode_png(pixels: Samples, chunks: Chunks = ()) -> bytes:
    """A PNG file.

    Args:
        pixels: (h, w, 1) grey, (h, w, 2) grey and alpha, (h, w, 3) RGB or (h, w, 4) RGBA, uint8 or uint16.
        chunks: Written before the pixels, in this order.
    """
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize
    head = struct.pack(">IIBBBBB", width, height, 8 * depth, _COLOR_TYPES[channels], 0, 0, 0)
    # Profiles and the like must stand before the pixels; text may stand anywhere.
    parts = [_MARK, _chunk(b"IHDR", head), *(_chunk(kind, body) for kind, body in chunks)]
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    step = channels * depth
    rows = max(1, _BAND // (width * step))
    above = np.zeros((1, width * step), np.uint8)
    for top in range(0, height, rows):
        band = np.ascontiguousarray(pixels[top : top + rows])
        raw = band.astype(">u2").view(np.uint8) if depth == 2 else band
        lines = raw.reshape(len(band), width * step)
        data = squeeze.compress(_filtered(lines, above, step).tobytes())
        above = lines[-1:]
        if data:
            parts.append(_chunk(b"IDAT", data))
    parts += [_chunk(b"IDAT", squeeze.flush()), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _filtered(lines: Bytes, above: Bytes, step: int) -> Bytes:
    """(n, 1 + w) uint8: each line by the filter that leaves the smallest differences, the filter's number first."""
    count, width = lines.shape
    up = np.concatenate([above, lines[:-1]])
    left = np.zeros_like(lines)
    left[:, step:] = lines[:, :-step]
    corner = np.zeros_like(lines)
    corner[:, step:] = up[:, :-step]
    best = np.full(count, np.iinfo(np.int64).max)
    out = np.empty((count, 1 + width), np.uint8)
    for number, guess in ((1, left), (2, up), (4, _paeth(left, up, corner))):
        difference = lines - guess
        size = np.abs(difference.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64)
        better = size < best
        best = np.where(better, size, best)
        out[better, 0] = number
        out[better, 1:] = difference[better]
    return out


def _paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    a, b, c = (values.astype(np.int16) for values in (left, up, corner))
    near_a, near_b, near_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    first = (near_a <= near_b) & (near_a <= near_c)
    return np.where(first, left, np.where(near_b <= near_c, up, corner))
