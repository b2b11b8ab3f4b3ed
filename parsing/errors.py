"""Errors of the toolkit: each says what went wrong, what was got, what is allowed, and what to do.

Every error derives from :class:`DressformError` and carries its values as attributes, so that a
program can act on them and a person can read them. ``str(error)`` is always one line.
"""

from __future__ import annotations

__all__ = [
    "DownloadError",
    "DressformError",
    "EngineUnavailableError",
    "ImageFormatError",
    "ImageReadError",
    "ImageTooLargeError",
    "MissingExtraError",
    "OfflineError",
    "OptionError",
    "OutputError",
    "ParseDataError",
    "WeightsError",
]


class DressformError(Exception):
    """Base of all errors of the toolkit.

    Args:
        what: What went wrong, a short clause.
        got: The offending value, as it should be shown; never pixels or metadata of a photo.
        allowed: What would have been accepted.
        remedy: What the reader can do about it.
    """

    def __init__(self, what: str, *, got: object = None, allowed: object = None, remedy: str | None = None) -> None:
        self.what, self.got, self.allowed, self.remedy = what, got, allowed, remedy
        parts = [what]
        if got is not None:
            parts.append(f"got {got}")
        if allowed is not None:
            parts.append(f"allowed: {allowed}")
        if remedy is not None:
            parts.append(remedy)
        super().__init__("; ".join(" ".join(part.split()) for part in parts))

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields do not survive the default pickling; worker processes hand errors back.
        fields = {"got": self.got, "allowed": self.allowed, "remedy": self.remedy}
        return (_rebuild, (type(self), self.what, fields))


def _rebuild(kind: type[DressformError], what: str, fields: dict[str, object]) -> DressformError:
    return kind(what, **fields)  # type: ignore[arg-type]


class ImageReadError(DressformError):
    """The input cannot be read, is empty or is damaged."""


class ImageFormatError(DressformError):
    """The input is not an image of a supported format."""


class ImageTooLargeError(DressformError):
    """The image has more pixels or bytes than the limit; found from its header, before decoding."""


class OptionError(DressformError):
    """An option, name or number that does not exist or lies outside its range."""


class ParseDataError(DressformError):
    """Arrays or a saved file that do not form a valid parse result."""


class OutputError(DressformError):
    """A result cannot be written: no permission, no space, name collision."""


class EngineUnavailableError(DressformError):
    """An engine that exists but cannot run here."""


class MissingExtraError(EngineUnavailableError):
    """A function needs an optional part of the installation."""


class WeightsError(EngineUnavailableError):
    """Model weights are absent, damaged, or not the ones that were expected."""


class OfflineError(WeightsError):
    """Weights would have to be downloaded, but the network is switched off."""


class DownloadError(WeightsError):
    """A download failed or its content has the wrong hash."""
