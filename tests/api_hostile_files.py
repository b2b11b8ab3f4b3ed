"""Files that no service should fall for, and a watch over what an attack leaves behind."""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_image_source as sources
from api_client import Api, encoded, jpeg
from PIL import Image
from test_image_damage import SEEDS
from test_image_source import bmp, chunk, tiff, webp

SECRET = "52.5200N Emma Example"
"""Stands in names, metadata and comments; nothing that comes out may hold it."""
FACTS = {"time", "id", "method", "route", "status", "ms", "bytes_in", "bytes_out"}
MORE_FACTS = {"pixels", "people", "engine", "cache"}


def _rows(test: Any) -> list[Any]:
    """What a test is parametrized with, so that its files need no copy here."""
    return [row for mark in test.pytestmark if mark.name == "parametrize" for row in mark.args[1]]


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(100))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(rows)


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.jpg", b"\0" * 10_000_000)
    return stream.getvalue()


def scan_bomb(scans: int = 150) -> bytes:
    """A progressive JPEG that goes over its pixels again and again."""
    data = encoded("JPEG", np.full((600, 600), 128), progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + data[-2:]


def many_strips(count: int = 110_000) -> bytes:
    """A TIFF of strips of one pixel, all of them at the same place."""
    at = 10 + 8 * 12 + 4
    head = ((256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (278, 4, 1, 1))
    return tiff(*head, (273, 4, count, at), (279, 4, count, at)) + bytes(4 * count)


def _large(data: bytes) -> bytes:
    """A BigTIFF of 60000 x 60000."""
    entries = ((256, 4, 1, 60_000), (257, 4, 1, 60_000), (273, 4, 1, 8))
    table = b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(entries)) + table + bytes(8) + data


@cache
def bad_images() -> dict[str, tuple[bytes, str]]:
    """Every file that the tests of parsing refuse, and more, with the problem that each is."""
    bad: dict[str, tuple[bytes, str]] = {"empty": (b"", "image-damaged")}
    for k, data in enumerate(_rows(sources.test_hostile_files)):
        bad[f"hostile {k}"] = (data, "image-damaged")
    for data, name in _rows(sources.test_other_formats_are_named):
        bad[f"{name} {len(data)}"] = (data, "image-format")
    for make in _rows(sources.test_too_many_pixels_is_found_in_the_header):
        bad[f"large {make.__name__}"] = (make(16_000, 16_000), "image-too-large")
        if make is not webp:  # its header cannot say more than 16384 in the short forms
            bad[f"largest {make.__name__}"] = (make(60_000, 60_000), "image-too-large")
    for name, data in SEEDS.items():
        bad[f"half {name}"] = (data[: len(data) // 2], "image-damaged")
    bad |= {
        "heic": (sources.HEIC, "image-damaged"),
        "extended webp": (webp(1 << 24, 1 << 24), "image-too-large"),
        "largest tiff": (tiff((256, 4, 1, 60_000), (257, 4, 1, 60_000), (273, 4, 1, 8)), "image-too-large"),
        "largest bigtiff": (_large(bytes(64)), "image-too-large"),
        "overflow": (png_header(2**31 - 1, 2**31 - 1), "image-too-large"),
        "upside-down bmp": (bmp(60_000, -60_000), "image-too-large"),
        "scans": (scan_bomb(), "image-damaged"),
        "segments": (jpeg()[:2] + b"\xff\xe5\0\x02" * 50_000 + jpeg()[2:], "image-damaged"),
        "strips": (many_strips(), "image-damaged"),
        "zip": (zip_bomb(), "image-format"),
        "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image-format"),
        "svg entities": (b'<!DOCTYPE x [<!ENTITY a "aa">]><svg>&a;</svg>', "image-format"),
        "gif and script": (b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//", "image-format"),
        "gif and php": (b"GIF89a<?php system($_GET[0]);", "image-format"),
        "pdf and jpeg": (b"%PDF-1.7\n" + jpeg(), "image-format"),
        "zip and png": (zip_bomb() + encoded("PNG"), "image-format"),
        "html and jpeg": (b"<!doctype html><!--" + jpeg() + b"--><script>alert(1)</script>", "image-format"),
        "script before jpeg": (b"\n" + jpeg(), "image-format"),
        "executable": (b"MZ\x90\0" + bytes(200), "image-format"),
        "two bytes of jpeg": (b"\xff\xd8", "image-format"),
    }
    bad.pop("HEIC 12", None)
    return bad


@cache
def two_faced() -> dict[str, bytes]:
    """Sound photos that are something else too; all of them hold :data:`SECRET`."""
    told = SECRET.encode()
    page = b"<html><script>alert('" + told + b"')</script></html>"
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = SECRET, SECRET, f"<script>{SECRET}</script>"
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (52.0, 31.0, 12.0)
    exif[0x9C9B] = SECRET.encode("utf-16-le")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(f"{SECRET}.txt", page)
    plain = {name: encoded(name, exif=exif.tobytes()) for name in ("JPEG", "PNG", "WEBP", "TIFF")}
    text = chunk(b"tEXt", b"Author\0" + told) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + page)
    head = plain["PNG"].index(b"IDAT") - 4
    return {
        "jpeg and html": plain["JPEG"] + page,
        "jpeg and html inside": encoded("JPEG", comment=page),
        "jpeg and pdf": encoded("JPEG", comment=b"%PDF-1.7 " + told) + b"%PDF-1.7 /JS (" + told + b")",
        "jpeg and zip": plain["JPEG"] + stream.getvalue(),
        "png and zip": plain["PNG"] + stream.getvalue(),
        "png and text": plain["PNG"][:head] + text + plain["PNG"][head:],
        "webp": plain["WEBP"] + page,
        "tiff": plain["TIFF"] + page,
        "bmp and script": encoded("BMP") + b"*/=1;alert(1)//" + told,
    }


def unpacked(body: bytes, kind: str) -> Iterator[bytes]:
    """A reply's bytes, and those of the files in it."""
    yield body
    if kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)


def leaks(*texts: bytes) -> bool:
    """Whether anything in bytes comes from the secret parts of a photo."""
    marks = (SECRET.encode(), SECRET.encode("utf-16-le"), b"alert(", b"Emma", b"52.5200", b"GPS", b"Exif\0")
    return any(mark in text for text in texts for mark in marks)


class Kept(logging.Handler):
    """Keeps what is logged at the level that the service logs at."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "python_multipart")):  # the client's own; silenced by the server
            self.records.append(record)


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """How many files this process has open; 0 where nobody can tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@contextmanager
def watched(api: Api) -> Iterator[Kept]:
    """Checks that nothing is left behind: uploads, files, threads, or in the log anything but rows of facts."""
    api.post("/v1/parse", content=jpeg(), headers={"Content-Type": "image/jpeg"})
    gc.collect()
    gc.freeze()  # as the service does: after each task all that is not frozen is looked through
    files, threads = open_files(), threading.active_count()
    kept, level = Kept(), logging.getLogger("dressform").level
    logging.getLogger().addHandler(kept)
    logging.getLogger("dressform").setLevel(logging.INFO)
    try:
        yield kept
        assert api.idle() and api.service.budget.held == 0
        assert not api.service.rates._now, "somebody still counts as busy"
    finally:
        logging.getLogger().removeHandler(kept)
        logging.getLogger("dressform").setLevel(level)
        gc.unfreeze()
    gc.collect()
    assert threading.active_count() <= threads + 8  # a thread pool of the event loop's own
    assert open_files() <= files + 2
    clean(kept.records)


def clean(records: list[logging.LogRecord]) -> None:
    """Checks that a log holds rows of facts, and nothing else."""
    for record in records:
        text = record.getMessage()
        assert record.levelno < logging.ERROR and record.exc_info is None and "Traceback" not in text, text
        assert not leaks(text.encode()), text
        if record.name == "dressform.access":
            assert FACTS <= set(json.loads(text)) <= FACTS | MORE_FACTS, text


linux_only = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
