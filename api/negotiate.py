"""Which of the offered formats a caller wants, by ``format`` or by ``Accept``."""

from __future__ import annotations

from collections.abc import Mapping

from dressform.api.problems import Problem

__all__ = ["chosen_format", "takes_gzip"]

_ALIASES = {"jpg": "jpeg", "spec": "json"}
_MOST = 50  # entries of Accept that are looked at


def chosen_format(asked: str | None, accept: str, offered: Mapping[str, str]) -> str:
    """The name of a format.

    Args:
        asked: The parameter, or None.
        accept: The header.
        offered: Media types by name, the default first.

    Raises:
        Problem: "not-acceptable", or "bad-parameter" for a name that does not exist.
    """
    if asked is not None:
        name = _ALIASES.get(asked.strip().lower(), asked.strip().lower())
        if name not in offered:
            raise Problem("bad-parameter", "unknown format", None, ", ".join(offered), [("format", "unknown")])
        return name
    ranges = _ranges(accept)
    if not ranges:
        return next(iter(offered))
    best, best_weight = "", 0.0
    for name, media_type in offered.items():
        weight = _weight(media_type, ranges)
        if weight > best_weight:
            best, best_weight = name, weight
    if not best:
        raise Problem("not-acceptable", "none of the formats in Accept is made here", None,
                      ", ".join(dict.fromkeys(offered.values())))  # fmt: skip
    return best


def takes_gzip(accept: str) -> bool:
    """Whether ``Accept-Encoding`` allows gzip, and does not like the plain content better."""
    weights: dict[str, float] = {}
    for row in accept.split(",")[:_MOST]:
        coding, *rest = (word.strip().lower() for word in row.split(";"))
        coding = {"x-gzip": "gzip"}.get(coding, coding)
        weights[coding] = max(weights.get(coding, 0.0), _quality(rest))
    weight = weights.get("gzip", weights.get("*", 0.0))
    return weight > 0 and weight >= weights.get("identity", 0.0)


def _ranges(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in accept.split(",")[:_MOST]:
        media_type, *rest = (word.strip().lower() for word in row.split(";"))
        if media_type.count("/") == 1:
            found[media_type] = max(found.get(media_type, 0.0), _quality(rest))
    return found


def _quality(rest: list[str]) -> float:
    for word in rest:
        name, _, value = word.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return min(1.0, weight) if weight > 0 else 0.0  # what is no number is not above 0 either
    return 1.0


def _weight(media_type: str, ranges: Mapping[str, float]) -> float:
    """Of the most exact range that fits; a little less for a wild card, so that what is named comes first."""
    if media_type in ranges:
        return ranges[media_type]
    family = f"{media_type.partition('/')[0]}/*"
    if family in ranges:
        return ranges[family] * 0.999
    return ranges.get("*/*", 0.0) * 0.998
