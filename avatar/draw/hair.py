"""Hair: its measured outline with shadow, strands along the flow and a band of light; and the hair behind the head.

The flow is made, not measured: it starts at the crown, spreads over the skull and turns downwards, as combed hair does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.draw.grid import Grid, Mask
from dressform.avatar.draw.head import head_axes
from dressform.avatar.draw.pen import Pen, Tones, layers
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path
from dressform.avatar.scene import Group, Shape

__all__ = ["HairMasks", "hair_back_group", "hair_front_group", "hair_masks"]

Floats = npt.NDArray[np.float64]
_LEAST = 0.02  # square heads


@dataclass(frozen=True, eq=False)
class HairMasks:
    """Where hair is: what is seen in front, and all that lies behind head and neck."""

    front: Mask
    back: Mask


def hair_masks(pen: Pen, face: Mask, hat: Mask) -> HairMasks | None:
    """The hair's pixels; None for a bald or wholly covered head.

    Args:
        pen: The means of drawing.
        face: Pixels of face and skull.
        hat: Pixels of a measured hat.
    """
    region = pen.spec.regions.get("hair")
    if region is None:
        return None
    grid = pen.grid
    seen = grid.fill(region.path)
    if np.count_nonzero(seen) < _LEAST * grid.scale**2:
        return None
    seen = grid.closed(seen, 0.03)
    front = seen | (grid.grown(seen, 0.06) & hat)
    return HairMasks(front, _behind(pen, seen, face))


def _behind(pen: Pen, seen: Mask, face: Mask) -> Mask:
    """Hair behind the head: between the locks of both sides, as low as they both hang, and all around the skull."""
    grid = pen.grid
    xs, ys = grid.points()
    left = np.where(seen, xs, np.inf).min(1)
    right = np.where(seen, xs, -np.inf).max(1)
    chin, eyes = pen.spec.head.chin, pen.spec.head.eyes
    both = (left < chin[0] - 0.16) & (right > chin[0] + 0.16)
    rows = np.where(ys[:, 0] < eyes[1], np.isfinite(left), both)
    between = rows[:, None] & (xs >= left[:, None]) & (xs <= right[:, None])
    low = ys > chin[1] - 0.02
    skull = grid.grown(face, 0.015) & (ys < eyes[1])
    out = seen | (between & (~low | grid.closed(seen, 0.35))) | (skull & grid.grown(seen, 0.2))
    return grid.opened(grid.closed(out, 0.05), 0.02) | seen


def hair_tones(pen: Pen) -> Tones:
    """Colours of the hair."""
    palette = pen.spec.palettes.get("hair")
    return pen.tones(palette.base if palette is not None else "#3b2a22")


def hair_back_group(pen: Pen, masks: HairMasks) -> Group:
    """Hair behind the head and neck, in shadow."""
    grid, tone = pen.grid, hair_tones(pen)
    drawn = grid.trace(grid.blurred(masks.back, 0.008), pen.style.detail)
    path = pen.fill(drawn, "hair_back")
    children = layers(
        "hair_back",
        "Hair, back",
        [("", "", [Shape(path, tone.shadow)]), ("line", "line", pen.outline(drawn, tone.line, "hair_back", once=True))],
    )
    return Group("hair_back_group", tuple(children), "Hair, back")


def hair_front_group(pen: Pen, masks: HairMasks) -> Group:
    """Hair that is seen, with strands."""
    grid, style, tone = pen.grid, pen.style, hair_tones(pen)
    mask = masks.front
    drawn = grid.trace(grid.blurred(mask, 0.007), min(style.detail + 0.1, 1))
    path = pen.fill(drawn, "hair_front")
    dark = pen.form_shadow(mask, 0.10)
    dark |= _depth(pen, mask)
    dark = grid.opened(grid.closed(dark, 0.02) & mask, 0.012)
    shade = grid.trace(grid.blurred(dark, 0.01), 0.3) if style.shading.tones > 1 and dark.any() else Path(())
    inner = grid.grown(mask, -0.012)
    strands, shines = _strands(pen, inner, style.hair.strands, "dark"), _strands(pen, inner, style.hair.lights, "light")
    ring = _ring(pen, grid.grown(mask, -0.02)) if style.hair.ring > 0 else Path(())
    children = layers(
        "hair_front",
        "Hair, front",
        [
            ("", "", [Shape(path, tone.base)]),
            ("shade", "shadow", pen.shade(shade, tone, "hair")),
            (
                "strands",
                "strands",
                [Shape(each, tone.line if style.line.width else tone.shadow, opacity=0.8) for each in strands],
            ),
            ("light", "light", [Shape(ring, tone.light, opacity=style.hair.ring)] if ring.curves else []),
            ("shine", "light strands", [Shape(each, tone.light, opacity=0.85) for each in shines]),
            ("line", "line", pen.outline(drawn, tone.line, "hair_front")),
        ],
        tuple(np.array(pen.spec.head.eyes).tolist()),
    )
    return Group("hair_front_group", tuple(children), "Hair, front")


def _depth(pen: Pen, mask: Mask) -> Mask:
    """Locks that hang beside the neck lie in the shadow of the jaw."""
    _, ys = pen.grid.points()
    xs, _ = pen.grid.points()
    chin = pen.spec.head.chin
    near = np.abs(xs - chin[0]) < pen.spec.head.half_width * 0.95
    return np.asarray(mask & (ys > chin[1] - 0.22) & near, np.bool_)


def _crown(pen: Pen) -> Floats:
    """Where the hair starts: at the back of the skull, aside where there is a parting."""
    eyes, across, down = head_axes(pen)
    pose = pen.spec.head
    parting = pen.spec.attributes.parting
    aside = (parting if parting is not None else pen.keyed.between("hair.parting", -0.5, 0.5)) * pose.half_width
    return np.asarray(eyes - (max(pose.hair_top, pose.crown) - 0.06) * down + 0.6 * aside * across)


def _flow(points: Floats, crown: Floats, down: Floats, half: float) -> Floats:
    """Unit direction of the hair at (n, 2) points."""
    away = points - crown
    far = np.linalg.norm(away, axis=1, keepdims=True)
    radial = away / np.maximum(far, 1e-6)
    fall = np.clip((far - 0.25 * half) / (2.2 * half), 0, 1) * 1.6
    way = radial + fall * down
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6))


def _strands(pen: Pen, mask: Mask, count: int, key: str) -> list[Path]:
    """Tapered strands along the flow; lights on the light's side only."""
    if count <= 0 or not mask.any():
        return []
    grid, keyed = pen.grid, pen.keyed.within(f"hair.{key}")
    _, _, down = head_axes(pen)
    crown, half = _crown(pen), max(pen.spec.head.half_width, 0.25)
    ys, xs = np.nonzero(mask)
    points = np.stack([grid.x + (xs + 0.5) / grid.scale, grid.y + (ys + 0.5) / grid.scale], 1)
    if key == "light":
        side = (points - crown) @ np.array(pen.light)
        lit = side > np.quantile(side, 0.55)
        points = points[lit] if lit.any() else points
    starts = _spread(points, count, keyed.number)
    length = pen.style.hair.strand_width
    out = []
    for k, start in enumerate(starts):
        reach = keyed.between(f"length.{k}", 0.16, 0.34)
        line = _line(start, reach, mask, grid, crown, down, half)
        if len(line) < 4:
            continue
        width = length * keyed.between(f"width.{k}", 0.55, 1.15)
        out.append(_lock(line, width))
    return out


def _spread(points: Floats, count: int, seed: int) -> list[Floats]:
    """Points far from one another: each next one is the farthest of a sample (Mitchell, "Spectrally optimal
    sampling", SIGGRAPH 1991)."""
    rng = np.random.default_rng(seed)
    chosen: list[Floats] = []
    for _ in range(count):
        some = points[rng.integers(0, len(points), 12)]
        if not chosen:
            chosen.append(some[0])
            continue
        gaps = np.linalg.norm(some[:, None] - np.array(chosen)[None], axis=2).min(1)
        chosen.append(some[int(gaps.argmax())])
    return chosen


def _line(start: Floats, reach: float, mask: Mask, grid: Grid, crown: Floats, down: Floats, half: float) -> Floats:
    """A line through a point along the flow, both ways, as far as the hair goes."""
    step = 0.025
    pieces = []
    for sign in (-1.0, 1.0):
        at, line = start[None].copy(), []
        for _ in range(int(reach / step / 2) + 1):
            at = at + sign * step * _flow(at, crown, down, half)
            x = int((at[0, 0] - grid.x) * grid.scale)
            y = int((at[0, 1] - grid.y) * grid.scale)
            if not (0 <= x < mask.shape[1] and 0 <= y < mask.shape[0] and mask[y, x]):
                break
            line.append(at[0])
        pieces.append(line)
    return np.array([*pieces[0][::-1], start, *pieces[1]])


def _lock(line: Floats, width: float) -> Path:
    """A strand: pointed at both ends, widest a third down."""
    t = np.linspace(0, 1, 5)
    at = np.stack([np.interp(t * (len(line) - 1), np.arange(len(line)), line[:, k]) for k in (0, 1)], 1)
    tangent = np.gradient(at, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    swell = (np.sin(np.pi * t**0.8) ** 0.9)[:, None] * width / 2
    ring = np.concatenate([at[:1], (at + normal * swell)[1:-1], at[-1:], (at - normal * swell)[-2:0:-1]])
    return Path((smooth_closed(ring),))


def _ring(pen: Pen, mask: Mask) -> Path:
    """A band of light around the crown, with a jagged lower edge: the "angel's ring" of drawn hair."""
    eyes, across, down = head_axes(pen)
    pose, grid = pen.spec.head, pen.grid
    xs, ys = grid.points()
    u = (xs - eyes[0]) * across[0] + (ys - eyes[1]) * across[1]
    v = (xs - eyes[0]) * down[0] + (ys - eyes[1]) * down[1]
    top = max(pose.hair_top, pose.crown)
    half = max(pose.half_width, 0.25) * 1.15
    bend = 0.10 * (u / half) ** 2
    middle = -(top - 0.20) + bend
    phase = pen.keyed.between("hair.ring", 0, 2 * np.pi)
    teeth = 0.022 * np.abs(np.sin(u * 26 + phase)) + 0.018 * np.abs(np.sin(u * 11 + 2 * phase))
    width = 0.045 * np.clip(1 - (u / half) ** 4, 0, 1)
    band = (v > middle - 0.3 * width) & (v < middle + width * 0.4 + teeth * np.clip(1 - (u / half) ** 2, 0, 1))
    gap = np.abs(u + 0.10) > 0.018  # a lock parts the band
    where = np.asarray(band & gap & mask & (np.abs(u) < half * 0.85), np.bool_)
    return grid.trace(grid.blurred(where, 0.003), 0.8) if where.any() else Path(())
