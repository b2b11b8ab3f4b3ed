"""Photoshop files (Adobe Photoshop File Formats Specification, 2019): groups, layers, names, a merged picture.

Only what every reader knows: 8-bit sRGB with transparency, Normal blending at full opacity, no masks, no
clipping, no layer effects. Group records have four empty channels, without which Krita does not open the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ImageCms

from dressform.avatar.export.images import check_sides, readable, xmp
from dressform.avatar.render import Picture, Pixels, Size, bands, compose, draw_layers, pixel_size
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.scene import Group, Layer, Scene
from dressform.parsing.errors import OptionError

__all__ = ["encode"]

_MAX_SIDE = 30_000  # pixels
_MAX_BYTES = (1 << 31) - 1
_HIDDEN, _NO_PIXELS = 0x02, 0x18  # flags of a layer record
_END_OF_GROUP = "</Layer group>"


class _Record(NamedTuple):
    name: str
    bounds: tuple[int, int, int, int]  # top, left, bottom, right
    flags: int
    channels: list[bytes]  # alpha, red, green, blue, each with its compression
    section: bytes = b""


def encode(scene: Scene, *, size: Size, effects: Mapping[str, EffectFunction] | None = None) -> bytes:
    """The scene as PSD, hidden layers included; layers are called by their names.

    The merged picture's colours are mixed with white where it is transparent, as Photoshop writes them.

    Raises:
        OptionError: More than 30000 pixels to a side or 2 GiB in all, or an effect that ``effects`` lacks.
    """
    check_sides(scene, size, _MAX_SIDE, "PSD")
    width, height = pixel_size(scene, size)
    drawn = draw_layers(scene, size, effects=effects)
    merged = compose((drawn[layer.name] for layer in scene.layers() if layer.visible), (width, height))
    records = list(_records(scene.children, drawn))
    heads = b"".join(_head(record, number) for number, record in enumerate(records, 1))
    pixels = b"".join(channel for record in records for channel in record.channels)
    layers = struct.pack(">h", -len(records)) + heads + pixels  # below 0: the merged picture is transparent
    layers += bytes(-len(layers) % 4)
    data = b"".join(
        [
            struct.pack(">4sH6xHIIHHI", b"8BPS", 1, 4, height, width, 8, 3, 0),
            _sized(_resources(scene)),
            _sized(_sized(layers) + bytes(4)),
            _merged(merged),
        ]
    )
    if len(data) > _MAX_BYTES:
        raise OptionError(
            "too large for PSD", got=f"{len(data)} bytes", allowed=_MAX_BYTES, remedy="choose less pixels"
        )
    return data


def _records(children: tuple[Layer | Group, ...], drawn: Mapping[str, Picture]) -> Iterator[_Record]:
    """From bottom to top; a group's end comes before its children, its name after them."""
    for child in children:
        if isinstance(child, Group):
            yield _Record(_END_OF_GROUP, (0, 0, 0, 0), _NO_PIXELS, [bytes(2)] * 4, struct.pack(">I", 3))
            yield from _records(child.children, drawn)
            section = struct.pack(">I4s4s", 1, b"8BIM", b"pass")  # an open folder
            yield _Record(child.name, (0, 0, 0, 0), _NO_PIXELS, [bytes(2)] * 4, section)
        else:
            pixels, (x, y) = drawn[child.name]
            bounds = (y, x, y + pixels.shape[0], x + pixels.shape[1])
            yield _Record(child.name, bounds, 0 if child.visible else _HIDDEN, _channels(pixels))


def _head(record: _Record, number: int) -> bytes:
    name = readable(record.name)
    short = name.encode("mac_roman", "replace")[:255]
    short = bytes([len(short)]) + short
    wide = name.encode("utf-16-be")
    extra = bytes(8) + short + bytes(-len(short) % 4)  # no mask, no blending ranges
    extra += _block(b"luni", struct.pack(">I", len(wide) // 2) + wide) + _block(b"lyid", struct.pack(">I", number))
    if record.section:
        extra += _block(b"lsct", record.section)
    channels = (struct.pack(">hI", kind, len(data)) for kind, data in zip((-1, 0, 1, 2), record.channels, strict=True))
    return b"".join(
        [
            struct.pack(">4iH", *record.bounds, 4),
            *channels,
            struct.pack(">4s4sBBBx", b"8BIM", b"norm", 255, 0, record.flags),
            _sized(extra),
        ]
    )


def _block(key: bytes, data: bytes) -> bytes:
    return b"8BIM" + key + _sized(data + bytes(-len(data) % 4))


def _sized(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _resources(scene: Scene) -> bytes:
    """72 pixels per inch, the sRGB profile, what the merged picture is, and the scene's title and licence."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # the date when it was made
    profile[40:44] = b"APPL"  # the computer
    maker = "dressform".encode("utf-16-be")
    texts = struct.pack(">I", len(maker) // 2) + maker
    version = struct.pack(">IB", 1, 1) + texts + texts + struct.pack(">I", 1)
    resolution = struct.pack(">IHHIHH", 72 << 16, 1, 1, 72 << 16, 1, 1)
    parts = {1005: resolution, 1039: bytes(profile), 1057: version, 1060: xmp(scene)}
    return b"".join(
        struct.pack(">4sHH", b"8BIM", number, 0) + _sized(data) + bytes(len(data) % 2)
        for number, data in parts.items()
        if data
    )


def _merged(pixels: Pixels) -> bytes:
    """All channels in one: red, green, blue over white, and alpha."""
    planes = np.empty((4, *pixels.shape[:2]), np.uint8)
    for rows in bands(*pixels.shape[:2]):
        color, alpha = pixels[rows, :, :3].astype(np.uint32), pixels[rows, :, 3:].astype(np.uint32)
        mixed = (color * alpha + 255 * (255 - alpha) + 127) // 255
        planes[:3, rows], planes[3, rows] = mixed.transpose(2, 0, 1), pixels[rows, :, 3]
    data, counts = _packed(planes.reshape(-1, pixels.shape[1]))
    return struct.pack(">H", 1) + counts.astype(">u2").tobytes() + data


def _channels(pixels: Pixels) -> list[bytes]:
    """Alpha, red, green, blue, each with its compression and the lengths of its rows."""
    height, width = pixels.shape[:2]
    if not height:
        return [bytes(2)] * 4
    data, counts = _packed(pixels[..., [3, 0, 1, 2]].transpose(2, 0, 1).reshape(-1, width))
    ends = np.cumsum(counts.reshape(4, height).sum(1)).tolist()
    parts = zip([0, *ends[:-1]], ends, counts.reshape(4, height), strict=True)
    return [struct.pack(">H", 1) + rows.astype(">u2").tobytes() + data[start:end] for start, end, rows in parts]


def _packed(rows: Pixels) -> tuple[bytes, npt.NDArray[np.int64]]:
    """PackBits of (n, w) rows: the bytes, and how many each row takes."""
    parts = [_pack(rows[some]) for some in bands(*rows.shape)]
    return b"".join(data for data, _ in parts), np.concatenate([counts for _, counts in parts])


def _pack(rows: Pixels) -> tuple[bytes, npt.NDArray[np.int64]]:
    width, flat = rows.shape[1], rows.ravel()
    change = np.ones(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::width] = True
    starts = np.flatnonzero(change)
    repeats = np.diff(starts, append=flat.size) >= 3
    # Runs of three or more are repeated; what lies between them in a row is copied. Packets hold 128 at most.
    first = repeats | (starts % width == 0)
    first[1:] |= repeats[:-1]
    starts, repeats = starts[first], repeats[first]
    lengths = np.diff(starts, append=flat.size)
    packets = -(-lengths // 128)
    part = _counted(packets)
    begin = np.repeat(starts, packets) + 128 * part
    length = np.minimum(np.repeat(lengths, packets) - 128 * part, 128)
    repeat = np.repeat(repeats, packets)
    cost = np.where(repeat, 2, length + 1)
    place = np.cumsum(cost) - cost
    out = np.empty(int(cost.sum()), np.uint8)
    out[place] = np.where(repeat, 257 - length, length - 1) & 255  # one byte left of a run: a copy of one
    out[place[repeat] + 1] = flat[begin[repeat]]
    copied = length[~repeat]
    inner = _counted(copied)
    out[np.repeat(place[~repeat] + 1, copied) + inner] = flat[np.repeat(begin[~repeat], copied) + inner]
    counts = np.bincount(begin // width, cost, len(rows)).astype(np.int64)
    return out.tobytes(), counts


def _counted(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, ... up to each count, one after another."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
