"""Writes files that appear whole or not at all."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dressform.parsing.errors import OptionError, OutputError

__all__ = ["check_stem", "write_files"]


def check_stem(stem: str) -> None:
    """Refuse what would write elsewhere than into the folder, or what no file should be called.

    Raises:
        OptionError: Empty, ".", "..", with a path separator, a drive or a control character.
    """
    bad = stem in {"", ".", ".."} or any(sign in "/\\" or unicodedata.category(sign) in _CONTROL for sign in stem)
    if bad or Path(f"{stem}.x").name != f"{stem}.x":  # the second finds drives on Windows
        shown = ascii(stem if len(stem) <= 60 else stem[:57] + "...")
        raise OptionError("bad file name", got=shown, allowed="a name without folders and control characters")


_CONTROL = frozenset({"Cc", "Zl", "Zp"})


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, which is made if missing; those there before are replaced.

    All are written under passing names first and renamed when all are complete, so a full disk changes nothing.

    Raises:
        OutputError: No permission, no space, or a folder stands where a file should go.
    """
    targets = [folder / name for name in files]
    passing = [folder / f".{secrets.token_hex(8)}.tmp" for _ in files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            if target.is_dir():
                raise OutputError("cannot write a file", got=target, remedy="a folder of that name is in the way")
        for path, data in zip(passing, files.values(), strict=True):
            with path.open("xb") as file:
                file.write(data)
        for path, target in zip(passing, targets, strict=True):
            path.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"cannot write to {folder}", got=reason, remedy="choose another folder") from error
    finally:
        for path in passing:
            with suppress(OSError):
                path.unlink()
    return targets
