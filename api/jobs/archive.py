"""ZIP archives that are the same bytes for the same content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

__all__ = ["zipped"]

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_PACKED = (".png", ".jpg", ".webp", ".gif", ".apng", ".ora", ".npz")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of files by name, in their order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return stream.getvalue()
