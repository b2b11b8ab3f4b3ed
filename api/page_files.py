"""Files of the web page as they are sent: read and compressed once, told apart by what is in them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import Path

from starlette.responses import Response

from dressform.api.negotiate import takes_gzip

__all__ = ["PageFile", "PageFiles", "file_response"]

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)  # of a path: never "..", a drive or a hidden file
_DEEPEST = 8
_WORTH = 0.9  # of its size a file must shrink to, to be sent compressed
_TAG = 24  # hexadecimal digits
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".webp": "image/webp"}


@dataclass(frozen=True)
class PageFile:
    """One file.

    Attributes:
        stamp: Time and size of the file that this was read from.
        media_type: Of its content.
        tag: Hexadecimal digest of its content.
        plain: Its content.
        packed: The same compressed, or None where that is hardly smaller.
    """

    stamp: tuple[int, int]
    media_type: str
    tag: str
    plain: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)


class PageFiles:
    """Files of one folder, each kept once it was asked for; one that changes is read anew. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[Path, PageFile] = {}  # no larger than the folder: only files that exist get in

    def get(self, name: str) -> PageFile | None:
        """A file by its path inside of the folder, with slashes; None if there is none."""
        parts = name.split("/")
        if len(parts) > _DEEPEST or not all(_PART.fullmatch(part) for part in parts):
            return None
        try:
            path = self._folder.joinpath(*parts).resolve()  # one name for one file, also where case makes no difference
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            kept = self._kept.get(path)
            if kept is None or kept.stamp != stamp:
                kept = self._kept[path] = _read(path, stamp)
        except (OSError, ValueError, RuntimeError):  # a folder is no file either, nor is a link to itself
            return None
        return kept


def file_response(file: PageFile, *, method: str, accept: str, known: str, **headers: str) -> Response:
    """The reply with a file, compressed where that is allowed, or 304.

    Args:
        file: The file.
        method: Of the request; HEAD gets no content.
        accept: ``Accept-Encoding`` of the request.
        known: ``If-None-Match`` of the request.
        **headers: Further headers, with underscores.
    """
    packed = file.packed if takes_gzip(accept) else None
    body, tag = (file.plain, f'"{file.tag}"') if packed is None else (packed, f'"{file.tag}-gzip"')
    told = {"ETag": tag, "Vary": "Accept-Encoding", **{name.replace("_", "-"): text for name, text in headers.items()}}
    if _names(known, tag):
        return Response(status_code=304, headers=told)
    if packed is not None:
        told["Content-Encoding"] = "gzip"
    told["Content-Length"] = str(len(body))
    return Response(b"" if method == "HEAD" else body, headers=told, media_type=file.media_type)


def _read(path: Path, stamp: tuple[int, int]) -> PageFile:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0)  # no time in it: the same bytes each time
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    tag = hashlib.sha256(plain).hexdigest()[:_TAG]
    return PageFile(stamp, media_type, tag, plain, packed if len(packed) <= _WORTH * len(plain) else None)


def _names(known: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag."""
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in known.split(","))
