"""What is on the garments of seeded people, and their shoes and socks. Right halves are those of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from dressform.avatar.paths import Path, circle, polygon
from dressform.avatar.seeded_body import Body, edge
from dressform.avatar.seeded_clothes import front, on_shoulder
from dressform.avatar.seeded_shapes import Run, flipped, mirrored, outline, symmetric

__all__ = ["SHOES", "Detail", "buttons", "collar", "emblem", "hood", "lapels", "pouch", "shoe", "sock"]

Detail = tuple[str, Path]
"""A role ("light", "shade", "accent" or "white") and the place that gets its colour."""


def collar(body: Body, ease: float) -> Path:
    """Both leaves of a shirt's collar."""
    n, base, k = body.neck, body.base, body.size
    foot = [(n + 0.02 * k, base - 0.12 * k), (n + 0.05 * k, base - 0.02 * k), on_shoulder(body, n + 0.1 * k, ease)]
    inner = [(0.012, base + 0.235 * k), (n * 0.5, base + 0.08 * k), foot[0]]
    leaf = outline(foot, [foot[-1], (n * 0.95, base + 0.31 * k)], inner)
    return mirrored(leaf) + leaf


def buttons(body: Body, top: float, bottom: float, strip: bool) -> list[Detail]:
    """A row of buttons, on a strip of cloth or not."""
    half, step = 0.028 * body.size, 0.3 * body.size
    out: list[Detail] = []
    if strip:
        out.append(("shade", polygon([(-half, top), (half, top), (half, bottom), (-half, bottom)])))
    rows = np.arange(top + step * 0.5, bottom - step * 0.3, step)
    dots = Path(tuple(curve for y in rows for curve in circle((0.0, float(y)), 0.016 * body.size).curves))
    return [*out, ("light", dots)] if dots.curves else out


def lapels(body: Body, ease: float, low: float) -> Path:
    """Both lapels of an open coat, down to a height."""
    k = body.size
    start = on_shoulder(body, body.neck + 0.05 * k, ease)
    notch = body.armpit * 0.72
    rise: Run = [(front(body, low), low), (front(body, body.armpit), body.armpit), start]
    neck = [start, (start[0] + 0.12 * k, (start[1] + notch) / 2), (front(body, notch) + 0.16 * k, notch - 0.02)]
    out = [
        (front(body, notch) + 0.22 * k, notch + 0.03),
        (front(body, body.armpit) + 0.17 * k, body.armpit + 0.06),
        (front(body, low), low),
    ]
    half = outline(neck, [neck[-1], (front(body, notch) + 0.12 * k, notch + 0.035)], out, rise)
    return mirrored(half) + half


def hood(body: Body, ease: float) -> list[Detail]:
    """A hood that lies round the neck, and its cords."""
    n, base, k = body.neck, body.base, body.size
    x, y = on_shoulder(body, n + 0.075 * k, ease)
    far = on_shoulder(body, n + 0.22 * k, ease)
    low = base + 0.17 * k
    outer = [far, (n + 0.06 * k, base + 0.32 * k), (n * 0.5, base + 0.42 * k), (0.0, base + 0.45 * k)]
    inner = [(0.0, low), (x * 0.5, low - (low - y) * 0.12), (x * 0.88, low - (low - y) * 0.5), (x, y)]
    ring = outline([*inner, far], [*outer, *flipped(outer)[1:]], [*flipped([*inner, far])])
    a, b = base + 0.4 * k, base + 0.8 * k
    cord = outline([(0.085 * k, a), (0.095 * k, b)], [(0.12 * k, b), (0.112 * k, a)])
    return [("shade", ring), ("white", mirrored(cord) + cord)]


def pouch(body: Body, hem: float) -> Path:
    """The pocket in front of a hooded jumper."""
    y, k = hem + 0.04, body.size
    return symmetric(
        [(0.0, y - 0.64 * k), (0.27 * k, y - 0.64 * k)],
        [(0.42 * k, y - 0.38 * k), (0.44 * k, y - 0.18 * k)],
        [(0.44 * k, y - 0.18 * k), (0.0, y - 0.17 * k)],
    )


def emblem(body: Body, name: str) -> Path:
    """A simple figure on the chest: "disc", "star", "heart", "bars" or "sun"."""
    k, y = body.size, body.armpit + 0.12 * body.size
    r = 0.17 * k
    turn = np.linspace(0, 2 * np.pi, 11)[:-1]
    if name == "star":
        radius = np.where(np.arange(10) % 2, 0.5, 1.15) * r
        return polygon(np.stack([radius * np.sin(turn), y - radius * np.cos(turn)], 1))
    if name == "heart":
        half = [
            (0.0, y - 0.45 * r), (0.4 * r, y - 0.95 * r), (0.95 * r, y - 0.75 * r), (1.05 * r, y - 0.15 * r),
            (0.6 * r, y + 0.5 * r), (0.0, y + 1.05 * r),
        ]  # fmt: skip
        return outline(half, flipped(half))
    if name == "bars":
        rows = [
            polygon([(-r, y + d), (r, y + d), (r, y + d + 0.32 * r), (-r, y + d + 0.32 * r)])
            for d in (-0.8 * r, -0.16 * r, 0.48 * r)
        ]
        return rows[0] + rows[1] + rows[2]
    disc = circle((0.0, y), r if name == "disc" else 0.6 * r)
    if name == "sun":
        for angle in np.radians(np.arange(0, 360, 45)):
            side = np.array([np.cos(angle), np.sin(angle)])
            way, across = side * r, np.array([-side[1], side[0]]) * 0.1 * r
            centre = np.array([0.0, y])
            disc += polygon(np.array([centre + way * 0.8 + across, centre + way * 1.25, centre + way * 0.8 - across]))
    return disc


def sock(body: Body, top: float, bottom: float) -> Path:
    """The sock on the right of the picture."""
    ease = (0.01, 0.012)
    return outline(edge(body.leg, 1, top, bottom, ease, 4), edge(body.leg, -1, bottom, top, ease, 4))


SHOES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "sneakers": (0.3, 0.055),
        "loafers": (0.24, 0.025),
        "flats": (0.1, 0.0),
        "boots": (0.78, 0.04),
        "ankle boots": (0.46, 0.04),
    }
)
"""Shoes by name: how high they are, and their soles, in heads of a grown person."""


def shoe(body: Body, name: str) -> tuple[Path, list[Detail], float]:
    """The shoe on the right of the picture, its sole, and the height where it begins."""
    k, s = body.size, body.sole
    high, thick = SHOES[name]
    x, up = body.leg.at(s), s - high * k
    toe = [(x + 0.15 * k, s - 0.2 * k), (x + 0.22 * k, s - 0.13 * k), (x + 0.275 * k, s - 0.065 * k), (x + 0.27 * k, s)]
    heel = [(x - 0.15 * k, s), (x - 0.16 * k, s - 0.06 * k), (x - 0.135 * k, s - 0.14 * k)]
    ground = [(x + 0.27 * k, s), (x + 0.06 * k, s + 0.016 * k), (x - 0.15 * k, s)]
    if name == "flats":
        mouth = [(x - 0.115 * k, up), (x + 0.05 * k, s - 0.055 * k), (x + 0.2 * k, up)]
        path = outline(mouth, [(x + 0.2 * k, up), *toe[2:]], ground, [*heel[:2], (x - 0.115 * k, up)])
        return path, [], up
    ease = 0.03 if high > 0.4 else 0.015
    outer = [(body.leg.at(y, 1, ease), y) for y in np.linspace(up, s - 0.22 * k, 3 if high > 0.4 else 2).tolist()]
    inner = [(body.leg.at(y, -1, ease), y) for y in np.linspace(s - 0.2 * k, up, 3 if high > 0.4 else 2).tolist()]
    mouth = [inner[-1], (x, up + 0.02 * k), outer[0]]
    path = outline(mouth, [*outer, *toe], ground, [*heel, *inner])
    if not thick:
        return path, [], up
    y = s - thick * k
    sole = outline(
        [(x - 0.16 * k, y), (x + 0.06 * k, y + 0.014 * k), (x + 0.278 * k, y - 0.005 * k)], toe[-1:], ground, heel[:1]
    )
    return path, [("white" if name == "sneakers" else "shade", sole)], up
