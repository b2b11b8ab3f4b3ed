"""Files that take far more time or memory to read than their size and their pixels tell, found before any decoder."""

from __future__ import annotations

import re
import struct

from dressform.parsing.errors import ImageReadError

__all__ = ["check_effort"]

_SCANS = 100  # of a JPEG: each goes over all of the picture; cameras and encoders write 1 to about 20
_SEGMENTS = 20_000  # of a JPEG
_STRIPS = 100_000  # or tiles of a TIFF: the reader makes an object of some 300 bytes of each
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_ALONE, _START, _SCAN, _END = 0x01, 0xD8, 0xDA, 0xD9
_SCAN_MARK = bytes((0xFF, _SCAN))
_PLACES = frozenset({273, 279, 324, 325})  # offsets and sizes of strips and tiles


def check_effort(kind: str | None, data: bytes, name: str) -> None:
    """Refuse an encoded image whose reading would take out of proportion long or much.

    Args:
        kind: What :func:`~dressform.parsing.image_magic.recognise` calls it.
        data: All of it.
        name: What errors call it.

    Raises:
        ImageReadError: Many scans, segments, strips or tiles, as no camera and no program writes them.
    """
    if kind == "JPEG" and not _jpeg_is_plain(data):
        what, allowed = "JPEG in too many pieces", f"up to {_SCANS} scans and {_SEGMENTS} segments"
    elif kind == "TIFF" and _most_pieces(data) > _STRIPS:
        what, allowed = "TIFF in too many pieces", f"up to {_STRIPS} strips or tiles"
    else:
        return
    raise ImageReadError(what, got=name, allowed=allowed, remedy="export it anew")


def _jpeg_is_plain(data: bytes) -> bool:
    at, scans, segments = 2, 0, 0
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        segments += 1
        scans += marker == _SCAN
        if scans > _SCANS or segments > _SEGMENTS:
            return False
        if marker == _END:
            break  # what follows is not read: further pictures, films
        if marker == _SCAN and data.count(_SCAN_MARK, at) <= _SCANS - scans:
            break  # nearly every photo: no need to look through all of its pixels
        if marker not in (_ALONE, _START):
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return True


def _most_pieces(data: bytes) -> int:
    """How many strips or tiles the first directory of a TIFF names; 0 if it cannot be read."""
    order = "<" if data[:2] == b"II" else ">"
    large = data[2:4] in (b"\x2b\x00", b"\x00\x2b")
    start, count, entry = (8, "Q", "HHQ8x") if large else (4, "H", "HHI4x")
    try:
        (at,) = struct.unpack_from(order + ("Q" if large else "I"), data, start)
        (entries,) = struct.unpack_from(order + count, data, at)
        at += struct.calcsize(order + count)
        size = struct.calcsize(order + entry)
        rows = struct.iter_unpack(order + entry, data[at : at + size * min(entries, (len(data) - at) // size)])
        return max((pieces for tag, _, pieces in rows if tag in _PLACES), default=0)
    except struct.error:
        return 0
