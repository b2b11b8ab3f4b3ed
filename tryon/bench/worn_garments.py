"""Worn garments as warps of flat ones: panels, landmarks and the true source of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.bench.flat_garments import Flat, top
from dressform.tryon.shape.axis import Axis
from dressform.tryon.shape.frames import Frame, locate, make_frame
from dressform.tryon.shape.panel import Panel

__all__ = ["Worn", "worn"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Worn:
    """A flat garment and a person in it.

    Attributes:
        flat: In pixels of its photo.
        panels: Torso and sleeves.
        marks: Of the person, as target_landmarks gives them.
        truth: By panel name (h, w, 2), pixels of the flat garment's photo.
    """

    flat: Flat
    panels: tuple[Panel, ...]
    marks: dict[str, tuple[float, float]]
    truth: dict[str, Doubles]


def worn(
    *, seed: int = 0, bend: float = 70, sleeve: float = 100, zoom: float = 1.6, width: float = 0.9, tall: float = 1.0
) -> Worn:
    """Somebody whose arms reach out and bend down (or up) at the elbow, whose waist is narrower and whose spine bends.

    Args:
        seed: Of the small differences.
        bend: Degrees by which the elbows bend.
        sleeve: Length of the flat sleeve.
        zoom: Pixels of the person per pixel of the flat garment, before the rest.
        width: Further narrowing of the torso.
        tall: Further stretching of it.
    """
    rng = np.random.default_rng(seed)
    flat = top(sleeve=sleeve, angle=30, cuff=24, depth=14).moved(at=(190, 30))
    bow, pinch = rng.uniform(-8, 8), rng.uniform(0.0, 0.1)
    length = flat.marks["hem"][1] - 30
    size = (round(430 * zoom), round(1.25 * length * zoom + 260))
    middle = np.array([size[0] / 2, 60.0])
    y, x = np.mgrid[0 : size[1], 0 : size[0]] + 0.5

    def shape(v: Doubles) -> tuple[Doubles, Doubles]:
        """Where the spine is and how wide the torso is, at heights of the flat garment."""
        share = np.clip(v / length, 0, 1.2)
        return bow * zoom * share**2, zoom * width * (1 - pinch * np.sin(np.pi * np.clip(share, 0, 1)))

    def put(point: Doubles) -> Doubles:
        u, v = point[..., 0] - 190, point[..., 1] - 30
        off, scale = shape(v)
        return np.stack([middle[0] + off + u * scale, middle[1] + v * zoom * tall], axis=-1)

    v = (y - middle[1]) / (zoom * tall)
    off, scale = shape(v)
    u = (x - middle[0] - off) / scale
    truth = {"torso": np.stack([u + 190, v + 30], axis=2)}
    marks = {name: put(place) for name, place in flat.marks.items() if not name.startswith("cuff")}
    chest = flat.marks["armpit_L"][0] - 190
    line = np.linspace(0, length, 64)
    axis = put(np.stack([np.full(64, 190.0), line + 30], axis=1))
    torso = make_frame(Axis(axis.astype(np.float32), (chest * shape(line)[1]).astype(np.float32)))
    panels = [Panel("torso", _torso(flat, u, v), torso)]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        frame, seam = _arm(marks[f"shoulder_{side}"], marks[f"armpit_{side}"], sign, bend * rng.uniform(0.8, 1.2),
                           sleeve * zoom * rng.uniform(0.95, 1.05), 12 * zoom, rng.uniform(0.4, 0.55))  # fmt: skip
        place = locate(frame, np.stack([x, y], axis=2).reshape(-1, 2).astype(np.float32))
        t = (place.distance / frame.length).reshape(y.shape)
        s = (place.offset / frame.along(frame.radius, place.distance)).reshape(y.shape)
        mask = (t > 0) & (t < 1) & (np.abs(s) < 1) & ~panels[0].mask
        m = {name: flat.marks[f"{name}_{side}"] for name in ("shoulder", "armpit", "cuff_outer", "cuff_inner")}
        outer = m["shoulder"] + (m["cuff_outer"] - m["shoulder"]) * t[..., None]
        inner = m["armpit"] + (m["cuff_inner"] - m["armpit"]) * t[..., None]
        truth[f"sleeve_{side}"] = inner + (outer - inner) * ((sign * s + 1) / 2)[..., None]
        panels.append(Panel(f"sleeve_{side}", mask, frame, torso, seam.astype(np.float32)))
    points = {name: (float(p[0]), float(p[1])) for name, p in marks.items()}
    return Worn(flat, tuple(panels), points, truth)


def _torso(flat: Flat, u: Doubles, v: Doubles) -> Mask:
    """Where the torso of a flat garment is, at (u, v) about the middle of its neck's corners."""
    m = {name: place - (190, 30) for name, place in flat.marks.items()}
    neck, shoulder, pit, hem = (m[f"{name}_L"] for name in ("neck", "shoulder", "armpit", "hem"))
    a = np.abs(u)
    upper = shoulder[1] * np.clip((a - neck[0]) / (shoulder[0] - neck[0]), 0, 1)
    side = np.where(
        v < pit[1], shoulder[0] + (pit[0] - shoulder[0]) * (v - shoulder[1]) / (pit[1] - shoulder[1]), pit[0]
    )
    opening = (u / neck[0]) ** 2 + (v / m["neck"][1]) ** 2 < 1
    return np.asarray((a < side) & (v > upper) & (v < hem[1]) & ~opening & (v > 0))


def _arm(
    shoulder: Doubles, pit: Doubles, sign: float, bend: float, length: float, end: float, elbow: float
) -> tuple[Frame, Doubles]:
    """A bent sleeve that starts square to its armhole."""
    hole = pit - shoulder
    way = np.array([hole[1], -hole[0]]) / np.hypot(*hole) * sign
    steps = np.linspace(0, 1, 96)
    turn = np.radians(bend) * sign * np.clip((steps - elbow + 0.12) / 0.24, 0, 1)
    c, s = np.cos(turn), np.sin(turn)
    ways = np.stack([way[0] * c - way[1] * s, way[0] * s + way[1] * c], axis=1)
    line = (shoulder + pit) / 2 + np.concatenate([np.zeros((1, 2)), np.cumsum(ways[:-1], axis=0)]) * length / 95
    radius = np.hypot(*hole) / 2 + (end - np.hypot(*hole) / 2) * steps
    return make_frame(Axis(line.astype(np.float32), radius.astype(np.float32))), np.stack([shoulder, pit])
