"""A lock between processes. The system drops it when its holder ends, however it ends, so none goes stale."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_lock"]

_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
_POLL_S = 0.1


@contextmanager
def file_lock(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold ``path`` locked; the empty file stays behind, because deleting it would race with the next holder.

    Raises:
        TimeoutError: Somebody else held it for all of ``timeout_s``.
        OSError: The file cannot be made, or its file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is locked by another process")
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)  # frees the lock


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True
