"""Neck, limbs and garments: the measured outlines, grown under what lies above them, shaded and lined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.avatar.contour import dilate_under
from dressform.avatar.draw.grid import Grid, Mask
from dressform.avatar.draw.pattern_art import pattern_shapes
from dressform.avatar.draw.pen import Pen, Tones, layers
from dressform.avatar.paths import Path, polygon
from dressform.avatar.scene import Group, Shape
from dressform.parsing import Part

__all__ = ["BODY", "BodyPart", "body_groups", "body_masks", "front_groups", "garment_tones"]


@dataclass(frozen=True)
class BodyPart:
    """A part and how its layers are called."""

    part: Part
    name: str
    title: str

    @property
    def skin(self) -> bool:
        """Whether it is bare skin."""
        return self.part in _SKIN


_SKIN = frozenset({Part.TORSO_SKIN, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG})
BODY = (
    BodyPart(Part.TORSO_SKIN, "torso_skin", "Neck"),
    BodyPart(Part.RIGHT_LEG, "leg_R", "Right leg"),
    BodyPart(Part.LEFT_LEG, "leg_L", "Left leg"),
    BodyPart(Part.SOCKS, "socks", "Socks"),
    BodyPart(Part.RIGHT_SHOE, "shoe_R", "Right shoe"),
    BodyPart(Part.LEFT_SHOE, "shoe_L", "Left shoe"),
    BodyPart(Part.PANTS, "pants", "Trousers"),
    BodyPart(Part.SKIRT, "skirt", "Skirt"),
    BodyPart(Part.DRESS, "dress", "Dress"),
    BodyPart(Part.UPPER_CLOTHES, "upper_clothes", "Upper clothes"),
    BodyPart(Part.COAT, "coat", "Coat"),
    BodyPart(Part.RIGHT_ARM, "arm_R", "Right arm"),
    BodyPart(Part.LEFT_ARM, "arm_L", "Left arm"),
    BodyPart(Part.GLOVE, "glove", "Gloves"),
    BodyPart(Part.SCARF, "scarf", "Scarf"),
    BodyPart(Part.BAG, "bag", "Bag"),
)
"""From bottom to top."""
_IN_FRONT = frozenset({Part.LEFT_ARM, Part.RIGHT_ARM, Part.GLOVE, Part.SCARF, Part.BAG})
_REACH = 0.09  # heads that a part goes on under those above
_FORM = {Part.TORSO_SKIN: 0.04, Part.BAG: 0.05, Part.SCARF: 0.05}  # width of form shadows, where not the usual one
_LIMB = 0.06


def body_masks(pen: Pen) -> dict[Part, Mask]:
    """Where each part is seen; the neck reaches up under the head."""
    spec, grid = pen.spec, pen.grid
    out = {}
    for each in BODY:
        region = spec.regions.get(each.part.slug)
        if region is not None:
            mask = grid.fill(region.path)
            if mask.any():
                out[each.part] = mask
    out[Part.TORSO_SKIN] = _neck(pen, out)
    return {each.part: out[each.part] for each in BODY if each.part in out and out[each.part].any()}


def _neck(pen: Pen, masks: dict[Part, Mask]) -> Mask:
    """The neck: what is seen of it, and a column from under the jaw down to the collar."""
    grid, face = pen.grid, pen.spec.face
    seen = masks.get(Part.TORSO_SKIN, grid.empty())
    pose = pen.spec.head
    half = 0.62 * pose.half_width
    if face.jaw:
        jaw = np.array(face.jaw)
        half = 0.36 * float(np.linalg.norm(jaw[13] - jaw[3]))
    top = (np.array(pose.eyes) * 0.55 + np.array(pose.chin) * 0.45).tolist()
    foot = _neck_foot(masks, grid, pose.chin[0])
    y = pose.chin[1]
    column = polygon(
        [
            (top[0] - half, top[1]), (top[0] + half, top[1]),
            (foot + half * 0.98, y + 0.1), (foot + half * 1.12, y + 0.34),
            (foot - half * 1.12, y + 0.34), (foot - half * 0.98, y + 0.1),
        ]
    )  # fmt: skip
    clothes = grid.empty()
    for part, mask in masks.items():
        if part not in _SKIN:
            clothes |= mask
    _, ys = grid.points()
    wanted = grid.fill(column) & ((ys < y + 0.12) | clothes | seen | grid.closed(clothes | seen, 0.12))
    return grid.closed(seen | wanted, 0.03)


def _neck_foot(masks: dict[Part, Mask], grid: Grid, x: float) -> float:
    """Middle of the neck at the collar: that of the skin that is seen, or straight below the chin."""
    seen = masks.get(Part.TORSO_SKIN)
    if seen is None or not seen.any():
        return x
    columns = np.flatnonzero(seen.any(0))
    xs, _ = grid.points()
    middle = float(xs[0, columns].mean())
    return float(np.clip(middle, x - 0.15, x + 0.15))


def body_groups(pen: Pen, masks: dict[Part, Mask], head: Mask) -> list[Group]:
    """A group of layers for each part below the head, from bottom to top.

    Args:
        pen: The means of drawing.
        masks: Of :func:`body_masks`.
        head: What head and hair cover.
    """
    out = []
    order = [each for each in BODY if each.part in masks]
    for k, each in enumerate(order):
        above = head.copy()
        for other in order[k + 1 :]:
            above |= masks[other.part]
        out.append(_group(pen, each, masks[each.part], above))
    return out


def front_groups(pen: Pen, masks: dict[Part, Mask], face: Mask) -> list[Group]:
    """Hands, scarves and bags where they are in front of the face."""
    out = []
    for each in BODY:
        if each.part in _IN_FRONT and each.part in masks:
            lap = pen.grid.opened(masks[each.part] & face, 0.035)
            if np.count_nonzero(lap) > 0.02 * pen.grid.scale**2:
                piece = pen.grid.grown(lap, 0.02) & masks[each.part]
                group = _group(pen, each, piece, pen.grid.empty(), f"{each.name}_front")
                out.append(group)
    return out


def _group(pen: Pen, each: BodyPart, mask: Mask, above: Mask, name: str | None = None) -> Group:
    grid, spec, style = pen.grid, pen.spec, pen.style
    name = name or each.name
    tone = part_tones(pen, each)
    covered = above & ~mask
    full = dilate_under(mask, covered | above, _REACH * grid.scale)
    drawn = grid.trace(grid.blurred(full, 0.006), style.detail)
    path = pen.fill(drawn, name)
    region = spec.regions.get(each.part.slug)
    width = _FORM.get(each.part, _LIMB if each.skin else 0.08)
    dark = pen.cast_shadow(full, above, 0.11 if each.part == Part.TORSO_SKIN else 0.045)
    shine = grid.empty()
    if region is not None and style.shading.source == "photo" and region.shadow.curves and not name.endswith("front"):
        dark |= grid.opened(grid.fill(region.shadow) & full, 0.015)
        shine = grid.opened(grid.fill(region.light) & full, 0.015)
    else:
        dark |= pen.form_shadow(full, width)
        shine = grid.opened(pen.form_light(full, width), 0.012)
    dark = grid.closed(dark, 0.02) & full
    shade = grid.trace(grid.blurred(dark, 0.008), 0.3) if dark.any() else Path(())
    bright = shine & ~dark
    light = grid.trace(grid.blurred(bright, 0.008), 0.3) if bright.any() and style.shading.tones > 2 else Path(())
    prints = () if region is None or each.skin else pattern_shapes(pen, each.part.slug, full)
    lines = pen.outline(drawn, tone.line, name, once=each.skin)
    pivot = _pivot(pen, each, full)
    children = layers(
        name,
        each.title,
        [
            ("", "", [Shape(path, tone.base)]),
            ("print", "pattern", prints),
            ("light", "light", pen.shine(light, tone)),
            ("shade", "shadow", pen.shade(shade, tone, name)),
            ("line", "line", lines),
        ],
        pivot,
    )
    return Group(f"{name}_group", tuple(children), each.title)


def part_tones(pen: Pen, each: BodyPart) -> Tones:
    """Colours of a part."""
    palette = pen.spec.palettes.get(each.part.slug)
    if each.skin or palette is None:
        return pen.skin
    return pen.tones(palette.base)


def garment_tones(pen: Pen) -> Tones:
    """Colours of the garment on the shoulders, of the skin where there is none."""
    for part in (Part.COAT, Part.UPPER_CLOTHES, Part.DRESS):
        if part.slug in pen.spec.regions and part.slug in pen.spec.palettes:
            return pen.tones(pen.spec.palettes[part.slug].base)
    return pen.skin


def _pivot(pen: Pen, each: BodyPart, mask: Mask) -> tuple[float, float] | None:
    """Where a part turns about: the top of a limb, the collar of a neck."""
    rows = np.flatnonzero(mask.any(1))
    if not len(rows):
        return None
    xs, ys = pen.grid.points()
    row = rows[min(len(rows) - 1, max(int(0.04 * pen.grid.scale), 0))]
    if each.part == Part.TORSO_SKIN:
        row = rows[-1]
    columns = np.flatnonzero(mask[row])
    if not len(columns):
        return None
    return float(xs[0, columns].mean()), float(ys[row, 0])
