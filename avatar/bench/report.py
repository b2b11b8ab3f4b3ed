"""The figures as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from dressform.avatar.bench import attributes, placement, shapes
from dressform.avatar.bench.colors import TARGETS
from dressform.avatar.bench.figures import CRITERIA, Figure, Record

__all__ = ["as_json", "as_markdown"]


def as_json(found: Sequence[Figure], records: Sequence[Record], about: Mapping[str, Any]) -> str:
    """Everything, people included; NaN becomes null."""
    rows = [
        {"criterion": each.criterion, "what": each.what, "value": _plain(each.value), "target": each.target,
         "at_least": each.at_least, "unit": each.unit, "met": each.met, "count": each.count,
         "note": each.note}
        for each in found
    ]  # fmt: skip
    return json.dumps({"about": dict(about), "figures": rows, "people": _plain(list(records))}, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def as_markdown(
    found: Sequence[Figure], records: Sequence[Record], about: Mapping[str, Any], styles: Sequence[str]
) -> str:
    """Tables of asked and measured, and who is worst."""
    people = {each["name"] for each in records}
    photos = {each["photo"] for each in records}
    met, judged = sum(each.met is True for each in found), sum(each.met is not None for each in found)
    lines = [
        "# Avatars, measured",
        "",
        f"{len(people)} people of {len(photos)} photos. {met} of {judged} targets are met.",
        "",
    ]
    for number, title in CRITERIA.items():
        rows = [each for each in found if each.criterion == number]
        if not rows:
            continue
        lines += [
            f"## {number}. {title}",
            "",
            "| what | asked | measured | met | n | remark |",
            "|---|---|---|---|---|---|",
        ]
        for each in rows:
            sign = {True: "yes", False: "**no**", None: ""}[each.met]
            value = "–" if math.isnan(each.value) else f"{_number(each.value)}{each.unit}"
            lines.append(f"| {each.what} | {each.asked} | {value} | {sign} | {each.count} | {each.note} |")
        lines.append("")
    lines += _worst(records, styles)
    lines += ["## Made with", "", *(f"- {key}: {value}" for key, value in about.items()), ""]
    return "\n".join(lines)


def _number(value: float) -> str:
    return (
        f"{value:.0f}"
        if abs(value) >= 100 or value == int(value)
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.3g}"
    )


def _worst(records: Sequence[Record], styles: Sequence[str]) -> list[str]:
    """People in whom something is far off."""
    if not styles:
        return []
    style = styles[0]
    lines = [f"## Worst, {style}", ""]
    for what in TARGETS:
        rows = [
            (each["colors"][what]["styles"][style]["balanced"], each["name"])
            for each in records
            if each["colors"].get(what, {}).get("styles", {}).get(style)
        ]
        lines.append(
            f"- {what}, ΔE00: " + ", ".join(f"{name} {error:.1f}" for error, name in sorted(rows, reverse=True)[:8])
        )
    for setting in ("detail", "smooth", "spec"):
        rows_ = shapes.worst(records, setting)
        lines.append(f"- outline, {setting}: " + ", ".join(f"{name} {slug} {iou:.2f}" for name, slug, iou in rows_))
    parts = ", ".join(f"{slug} {iou:.3f}" for slug, iou in shapes.parts_of(records).items())
    lines.append(f"- outlines of the spec by part: {parts}")
    eyes = [
        (max(row.get("eye_R", 0.0), row.get("eye_L", 0.0)), each["name"])
        for each in records
        for row in [each["placement"]["styles"].get(style, {})]
    ]
    lines.append("- eyes: " + ", ".join(f"{name} {error:.2f}" for error, name in sorted(eyes, reverse=True)[:6]))
    wrong = [f"{each['name']} ({', '.join(each['mistaken'])})" for each in records if each.get("mistaken")]
    lines.append("- taken for somebody else: " + (", ".join(wrong) or "nobody"))
    lines += [f"- {line}" for line in placement.mistakes(records, style)]
    lines += [f"- {line}" for line in attributes.disagreements(records, style)]
    return [*lines, ""]
