"""The head: its outline from jaw and skull, ears, shadows, cheeks, nose and beard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import difference, mixed, parse_color
from dressform.avatar.draw.grid import Mask
from dressform.avatar.draw.pen import Pen, Tones, layers
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path, ellipse
from dressform.avatar.scene import Group, Shape

__all__ = ["beard_shapes", "ear_groups", "face_group", "face_path", "head_axes"]

Floats = npt.NDArray[np.float64]
_BLUSH = (226, 96, 92)
_JAW = (0, 2, 4, 6, 7, 8, 9, 10, 12, 14, 16)  # landmarks that the outline runs through
_COVERED = 0.5  # share of an ear under hair from which it is not drawn


def head_axes(pen: Pen) -> tuple[Floats, Floats, Floats]:
    """Middle of the eyes, and unit vectors across the face to the picture's right and down it."""
    pose = pen.spec.head
    angle = np.radians(pose.tilt)
    return (
        np.array(pose.eyes),
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )


def face_path(pen: Pen) -> Path:
    """Outline of the face and the skull above it; what is seen of the face where there are no features."""
    face = pen.spec.face
    if not face.jaw:
        region = pen.spec.regions.get("face")
        return region.path if region is not None else Path(())
    eyes, across, down = head_axes(pen)
    jaw = np.array(face.jaw)[list(_JAW)]
    proportions = pen.style.proportions
    local = np.stack([(jaw - eyes) @ across, (jaw - eyes) @ down], 1)
    local = _around_eyes(pen, local, eyes, across)
    middle = float(local[[0, -1], 0].mean())
    low = np.clip(local[:, 1] / max(float(local[:, 1].max()), 1e-6), 0, 1)
    local[:, 0] = middle + (local[:, 0] - middle) * (1 - proportions.jaw * low)
    jaw = eyes + local[:, :1] * across + local[:, 1:] * down
    return Path((smooth_closed(np.concatenate([jaw, _skull(pen, jaw)])),))


def _around_eyes(pen: Pen, local: Floats, eyes: Floats, across: Floats) -> Floats:
    """The jaw's upper ends moved out so that both eyes are on the face: turned heads bring one to its edge."""
    out = local.copy()
    for side in (-1, 1):
        reach = max(
            (
                side * float((np.array(eye.centre) - eyes) @ across)
                + 0.75 * max(eye.width, 0.1) * pen.style.proportions.eyes
            )
            for eye in pen.spec.face.eyes
        )
        ends = out[:3] if side < 0 else out[-3:]
        fall = np.clip(1 - (ends[:, 1] - 0.0) / 0.35, 0, 1)  # full at the eyes' height, none a third of a head below
        wanted = side * reach * fall + ends[:, 0] * (1 - fall)
        ends[:, 0] = side * np.maximum(side * ends[:, 0], side * wanted)
    return out


def _skull(pen: Pen, jaw: Floats) -> Floats:
    """Points over the crown from the picture's right to its left."""
    if pen.spec.face.skull:
        return _wide(pen, np.array(pen.spec.face.skull), jaw)
    eyes, across, down = head_axes(pen)
    half = float(np.linalg.norm(jaw[-1] - jaw[0])) / 2
    centre = (jaw[0] + jaw[-1]) / 2
    high = pen.spec.head.crown + float((centre - eyes) @ down)
    angles = np.radians([18, 42, 66, 90, 114, 138, 162])
    return np.stack([centre + half * np.cos(a) * across - high * np.sin(a) * down for a in angles])


def _wide(pen: Pen, skull: Floats, jaw: Floats) -> Floats:
    """The skull, not narrower at the temples than the jaw's upper ends."""
    _, across, _ = head_axes(pen)
    out = skull.copy()
    for index, end, side in ((0, jaw[-1], 1), (-1, jaw[0], -1)):
        short = side * float((end - out[index]) @ across) - 0.03
        if short > 0:
            out[index] = out[index] + side * short * across
            near = 1 if index == 0 else -2
            out[near] = out[near] + 0.6 * side * short * across
    return out


def ear_groups(pen: Pen, hair: Mask) -> list[Group]:
    """Ears that the hair leaves free and the head's turn does not hide."""
    out: list[Group] = []
    spec, skin = pen.spec, pen.skin
    if not pen.style.features.ears or not spec.face.jaw or spec.face.source == "none":
        return out
    _, across, down = head_axes(pen)
    for side, name, title, sign in ((0, "ear_R", "Right ear", -1), (1, "ear_L", "Left ear", 1)):
        if spec.head.yaw * sign > 0.45:  # turned away
            continue
        centre = np.array(spec.head.ears[side]) + 0.022 * sign * across - 0.005 * down
        shape = ellipse(centre, (0.058, 0.098), spec.head.tilt + sign * 10)
        mask = pen.grid.fill(shape)
        if mask.any() and (hair & mask).sum() > _COVERED * mask.sum():
            continue
        inside = [
            (centre + sign * x * across + y * down).tolist() for x, y in ((0.02, -0.055), (0.035, -0.01), (0.012, 0.05))
        ]
        hollow = ellipse(centre + 0.006 * sign * across + 0.005 * down, (0.03, 0.06), spec.head.tilt + sign * 10)
        shapes = [
            ("", "", [Shape(shape, skin.base)]),
            ("shade", "shadow", [Shape(hollow, skin.shadow, opacity=0.8)] if pen.style.shading.tones > 1 else []),
            (
                "line",
                "line",
                [*pen.outline(shape, skin.line, name), pen.inner(inside, skin.base, weight=0.8)],
            ),
        ]
        out.append(Group(f"{name}_group", tuple(layers(name, title, shapes, tuple(centre.tolist()))), title))
    return out


def face_group(pen: Pen, path: Path, mask: Mask, hair: Mask, *, nose: bool = True) -> Group:
    """Skin of the face with its shadows, light, cheeks and nose.

    Args:
        pen: The means of drawing.
        path: Of :func:`face_path`.
        mask: Its pixels.
        hair: Pixels of hair and hat, which throw their shadow.
        nose: Whether the nose is seen.
    """
    grid, skin, style = pen.grid, pen.skin, pen.style
    dark = pen.cast_shadow(mask, hair, 0.05)
    dark |= pen.form_shadow(mask, 0.07)
    dark = grid.opened(grid.closed(dark, 0.03) & mask, 0.012)
    shade = grid.trace(grid.blurred(dark, 0.012), 0.2) if style.shading.tones > 1 and dark.any() else Path(())
    cheek = pen.form_light(mask, 0.10) & ~dark & ~grid.grown(hair, 0.03)
    light = grid.trace(grid.blurred(grid.opened(cheek, 0.02), 0.012), 0.2) if style.shading.tones > 2 else Path(())
    parts = layers(
        "face",
        "Face",
        [
            ("", "", [Shape(pen.fill(path, "face"), skin.base)]),
            ("light", "light", pen.shine(light, skin)),
            ("shade", "shadow", pen.shade(shade, skin, "face")),
            ("line", "line", pen.outline(path, skin.line, "face")),
        ],
        tuple(np.array(pen.spec.head.chin).tolist()),
    )
    if pen.spec.face.source != "none":
        parts += layers("blush", "Cheeks", [(side, side, [shape]) for side, shape in _blush(pen, skin)])
        parts += layers("nose", "Nose", [("", "", _nose(pen, skin) if nose else [])])
    return Group("face_group", tuple(parts), "Face")


def _blush(pen: Pen, skin: Tones) -> list[tuple[str, Shape]]:
    amount = pen.style.features.blush
    if amount <= 0 or len(pen.spec.face.eyes) < 2 or len(pen.spec.face.nose) < 4:
        return []
    eyes, across, down = head_axes(pen)
    color = mixed(skin.base, pen.color(_BLUSH), 0.45)
    out = []
    for side, eye, sign in (("R", pen.spec.face.eyes[0], -1), ("L", pen.spec.face.eyes[1], 1)):
        depth = float((np.array(pen.spec.face.nose[1]) - eyes) @ down)
        spot = np.array(eye.centre) + sign * 0.04 * across + max(depth, 0.12) * 0.95 * down
        out.append((side, Shape(ellipse(spot, (0.085, 0.05), pen.spec.head.tilt), color, opacity=min(amount, 1.0))))
    return out


def _nose(pen: Pen, skin: Tones) -> list[Shape]:
    """The nose in one of the ways a style knows."""
    kind, size = pen.style.features.nose, pen.style.proportions.nose
    if kind == "none" or size <= 0 or len(pen.spec.face.nose) < 4:
        return []
    _, across, down = head_axes(pen)
    root, tip, right, left = (np.array(p) for p in pen.spec.face.nose)
    base = (right + left) / 2
    half = max(float(np.linalg.norm(left - right)) / 2, 0.045) * size * 0.95
    if kind == "dot":
        return [Shape(ellipse(tip + 0.02 * down, (0.016 * size, 0.011 * size)), skin.shadow)]
    bow = [base - half * across - 0.012 * down, base - 0.45 * half * across + 0.016 * down]
    bow += [base + 0.022 * down, base + 0.45 * half * across + 0.016 * down, base + half * across - 0.012 * down]
    if kind == "line":
        return [pen.inner([p.tolist() for p in bow[1:4]], skin.base)]
    shapes = []
    if pen.style.shading.tones > 1:
        away = -1.0 if pen.light[0] > 0 else 1.0  # the side that the light does not reach
        ridge = root + 0.3 * (tip - root)
        side = [
            ridge, root + 0.62 * (tip - root) + 0.35 * half * away * across, tip + 0.5 * half * away * across,
            base + half * away * across - 0.005 * down, base + 0.5 * half * away * across + 0.02 * down,
            base + 0.014 * down, tip + 0.006 * down, root + 0.7 * (tip - root),
        ]  # fmt: skip
        shapes.append(Shape(Path((smooth_closed(np.array(side)),)), skin.shadow, opacity=0.75))
    weight = 1.15
    shapes.append(pen.inner([p.tolist() for p in bow], skin.base, weight=weight))
    return shapes


def beard_shapes(pen: Pen) -> tuple[Shape, ...]:
    """Beard and moustache of the measured strength: from a shade of stubble to full."""
    spec = pen.spec
    amount = spec.attributes.beard
    if amount < 0.12 or not spec.face.jaw or spec.face.mouth is None:
        return ()
    eyes, across, down = head_axes(pen)
    jaw, mouth = np.array(spec.face.jaw), spec.face.mouth
    middle = (np.array(mouth.left) + np.array(mouth.right)) / 2
    half = max(float(np.linalg.norm(np.array(mouth.left) - np.array(mouth.right))) / 2, 0.07)
    nose = (np.array(spec.face.nose[2]) + np.array(spec.face.nose[3])) / 2
    full = float(np.clip(amount, 0, 1))
    grow = 0.01 + 0.045 * full * full
    outer = jaw[1:16] + grow * _away(jaw[1:16], eyes)
    corner_l = middle + 1.25 * half * across - 0.02 * down
    corner_r = middle - 1.25 * half * across - 0.02 * down
    lip = nose + 0.045 * down
    inner = [
        jaw[14] * 0.72 + corner_l * 0.28, jaw[13] * 0.35 + corner_l * 0.65, lip + 0.62 * half * across, lip,
        lip - 0.62 * half * across, jaw[3] * 0.35 + corner_r * 0.65, jaw[2] * 0.72 + corner_r * 0.28,
    ]  # fmt: skip
    ring = smooth_closed(np.concatenate([outer, np.array(inner)]))
    hole = ellipse(middle + 0.004 * down, (half * 0.98, 0.062), spec.head.tilt).curves[0]
    # Mixed rather than transparent: a beard reaches beyond the jaw, and nothing should shine through it there.
    skin = parse_color(spec.palettes["skin"].base)
    tone = pen.tones(mixed(skin, _beard_color(pen), 0.2 + 0.75 * full))
    shapes = [Shape(Path((ring, hole)), tone.base)]
    under = [middle - 0.28 * half * across + 0.085 * down, middle + 0.28 * half * across + 0.085 * down]
    if full > 0.4:
        shapes.append(pen.stroke([p.tolist() for p in under], tone.shadow, 0.022))
    return tuple(shapes)


def _beard_color(pen: Pen) -> tuple[int, int, int]:
    """The hair's colour, or a dark one where there is none or it could not be told from skin."""
    skin = parse_color(pen.spec.palettes["skin"].base)
    palette = pen.spec.palettes.get("hair")
    if palette is not None:
        hair = parse_color(palette.base)
        if float(difference(np.array(hair), np.array(skin))) > 12:
            return hair
    return mixed(skin, (40, 30, 28), 0.7)


def _away(points: Floats, centre: Floats) -> Floats:
    way = points - centre
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9))
