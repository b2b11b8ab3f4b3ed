"""Where model weights live, and how they get there: whole, verified, or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from dressform.assets import asset_path
from dressform.parsing.engines.base import WeightFile
from dressform.parsing.errors import WeightsError

__all__ = [
    "HOME_VARIABLE",
    "OFFLINE_VARIABLE",
    "file_sha256",
    "home",
    "is_offline",
    "is_present",
    "verify",
    "weight_path",
]

HOME_VARIABLE = "DRESSFORM_HOME"
OFFLINE_VARIABLE = "DRESSFORM_OFFLINE"

_BLOCK = 1 << 20


def home() -> Path:
    """Folder of downloaded files: ``DRESSFORM_HOME``, else ``dressform`` in the user's cache folder. May not exist."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _user_cache() / "dressform"


def is_offline() -> bool:
    """Whether ``DRESSFORM_OFFLINE`` forbids the network: set, and not to 0, no, false or off."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in {"", "0", "no", "false", "off"}


def weight_path(weight: WeightFile) -> Path:
    """Where this file lies, or would lie once fetched."""
    return asset_path("models", weight.name) if weight.embedded else home() / "weights" / weight.name


def is_present(weight: WeightFile) -> bool:
    """Whether the file is there with its right size; :func:`verify` looks at the content too."""
    try:
        return weight_path(weight).stat().st_size == weight.size
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """Hash of a file, 64 lower-case hexadecimal digits.

    Raises:
        WeightsError: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise WeightsError("model weights cannot be read", got=f"{path}: {error.strerror or error}") from None
    return digest.hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Check that a file has the expected content.

    Raises:
        WeightsError: It cannot be read, or its hash differs.
    """
    found = file_sha256(path)
    if found != sha256:
        raise WeightsError(
            f"{path} is damaged or not the file that was expected",
            got=f"sha256 {found}",
            allowed=sha256,
        )


def _user_cache() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) if base else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    base = os.environ.get("XDG_CACHE_HOME")
    # The base directory specification says to ignore a relative path here.
    return Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
