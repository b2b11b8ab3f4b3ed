"""Faces of seeded people: features that vary about the rules of proportion, and glasses."""

from __future__ import annotations

import numpy as np

from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Path
from dressform.avatar.pose import HeadPose, Point
from dressform.avatar.seeded_body import Traits
from dressform.avatar.seeded_hair_short import Hair, Skull
from dressform.avatar.seeded_shapes import Run, flipped, outline
from dressform.avatar.spec import Eye, Face, Hex, Mouth

__all__ = ["face_of", "face_skin", "glasses", "head_pose", "skull_of"]

EYES = -0.5  # what heads are measured by
_JAW = (
    (1.0, -0.5), (1.0, -0.42), (0.98, -0.34), (0.93, -0.26), (0.845, -0.18), (0.71, -0.107), (0.51, -0.047),
    (0.26, -0.009),
)  # fmt: skip
_ANGLE = (0.0, 0.0, 0.01, 0.035, 0.075, 0.11, 0.11, 0.06)  # half widths that a square jaw has more


def skull_of(traits: Traits, keyed: Keyed) -> Skull:
    """The head's size: children's are rounder and higher."""
    child = traits.age == "child"
    half = 0.328 + 0.01 * traits.broad + 0.014 * max(traits.weight, 0) + (0.022 if child else 0)
    return Skull(half + keyed.between("half", -0.008, 0.008), 0.525 if child else 0.5)


def face_of(traits: Traits, skull: Skull, keyed: Keyed, iris: Hex, lips: Hex) -> Face:
    """The features of an upright face that looks at the viewer or slightly past them."""
    child, b, w = traits.age == "child", traits.broad, skull.half
    yaw = round(max(min(keyed.normal("yaw", 0, 0.08), 0.2), -0.2), 3)
    apart = w * keyed.between("apart", 0.8, 0.86)
    width = w * (keyed.between("eye", 0.41, 0.455) + 0.03 * child)
    openness = keyed.between("open", 0.33, 0.42) + 0.05 * child - 0.05 * (traits.age == "senior")
    slant = keyed.between("slant", -0.005, 0.002)
    shift = 0.05 * yaw
    gaze = (round(max(min(yaw * 0.6, 0.25), -0.25), 3), 0.0)
    eyes = tuple(
        Eye(
            centre=(side * apart / 2 * (1 - 0.25 * side * yaw) + shift, EYES),
            width=width * (1 - 0.18 * side * yaw),
            openness=openness,
            gaze=gaze,
            brow=_brow(traits, keyed, side, apart / 2, width, shift, slant),
        )
        for side in (-1, 1)
    )
    low = EYES + keyed.between("nose", 0.215, 0.245) - 0.03 * child
    wing = w * (keyed.between("wing", 0.2, 0.26) + 0.03 * b - 0.02 * child)
    nose = (
        (shift, EYES - 0.01),
        (shift + 0.09 * yaw, low - 0.035),
        (shift * 1.5 - wing, low),
        (shift * 1.5 + wing, low),
    )
    return Face(
        source="rule", confidence=1.0, yaw=yaw, jaw=_jaw(traits, skull, keyed), skull=skull_line(skull), eyes=eyes,
        nose=nose, mouth=_mouth(traits, skull, keyed, yaw), iris=iris, lips=lips,
    )  # fmt: skip


def skull_line(skull: Skull) -> tuple[Point, ...]:
    """The outline of the bare head over its crown, from the ear on the right to that on the left."""
    half = skull.run([(1.03, -0.58), (1.02, -0.68), (0.93, -0.8), (0.7, -0.915), (0.37, -0.98), (0.0, -1.0)])
    return tuple([*half, *flipped(half)[1:]])


def _jaw(traits: Traits, skull: Skull, keyed: Keyed) -> tuple[Point, ...]:
    square = traits.broad * 0.8 + 0.4 * max(traits.weight, 0) + keyed.between("jaw", -0.35, 0.35)
    if traits.age == "child":
        square = 0.25 + keyed.between("jaw", -0.2, 0.2)
    half = [((u + square * more) * skull.half, y) for (u, y), more in zip(_JAW, _ANGLE, strict=True)]
    return (*((-x, y) for x, y in half), (0.0, 0.0), *reversed(half))


def _brow(
    traits: Traits, keyed: Keyed, side: int, middle: float, width: float, shift: float, slant: float
) -> tuple[Point, ...]:
    up = keyed.between("brow", 0.088, 0.108) - 0.008 * traits.broad
    arch = keyed.between("arch", 0.012, 0.034) - 0.008 * traits.broad
    rises = (0.0, 0.62, 1.0, 0.8, -0.1)
    spans = (-0.56, -0.26, 0.08, 0.42, 0.72)
    return tuple(
        (side * (middle + span * width) + shift, EYES - up - arch * rise - slant * k)
        for k, (span, rise) in enumerate(zip(spans, rises, strict=True))
    )


def _mouth(traits: Traits, skull: Skull, keyed: Keyed, yaw: float) -> Mouth:
    y = EYES + keyed.between("mouth", 0.325, 0.345) - 0.012 * (traits.age == "child")
    half = skull.half * (keyed.between("mouth width", 0.34, 0.42) - 0.03 * (traits.age == "child"))
    smile = keyed.between("smile", 0.01, 0.032)
    full = keyed.between("full", 0.8, 1.25) * (1.1 - 0.25 * traits.broad)
    x = 0.04 * yaw
    gap = keyed.between("gap", 0.018, 0.036) if keyed.chance("laugh", 0.3) else 0.0
    half += gap * 0.7
    return Mouth(
        left=(x + half, y - smile), right=(x - half, y - smile), upper=(x, y - 0.031 * full),
        lower=(x, y + 0.045 * full + gap + 0.004), inner_upper=(x, y + 0.002), inner_lower=(x, y + 0.002 + gap),
    )  # fmt: skip


def head_pose(skull: Skull, face: Face, hair_top: float) -> HeadPose:
    """The pose of an upright head whose highest point is at ``hair_top``."""
    (rx, ry), (lx, ly) = face.eyes[0].centre, face.eyes[1].centre
    mouth = face.mouth
    middle = (0.0, EYES + 0.33) if mouth is None else ((mouth.left[0] + mouth.right[0]) / 2, mouth.inner_upper[1])
    ear = skull.half + 0.018
    return HeadPose(
        eyes=((rx + lx) / 2, (ry + ly) / 2), apart=float(np.hypot(lx - rx, ly - ry)), tilt=0.0, yaw=face.yaw,
        half_width=skull.half, crown=skull.crown, hair_top=max(EYES - hair_top, skull.crown),
        ears=((-ear, EYES + 0.1), (ear, EYES + 0.1)), mouth=middle, chin=(0.0, 0.0),
    )  # fmt: skip


def face_skin(skull: Skull, face: Face, hair: Hair | None) -> Path:
    """What is seen of the face: down from the hair, which it reaches a little under, or from the top of the skull."""
    jaw = list(face.jaw)
    if hair is None:
        return outline([*jaw, *face.skull, jaw[0]])
    inner = [(x * 1.02, y - 0.015) for x, y in hair.line if y < EYES - 0.04]
    return outline(_within(jaw, hair.line), inner[::-1])


def _within(jaw: Run, line: Run) -> list[tuple[float, float]]:
    """The jaw, no wider than a little under the hair that hangs beside it."""
    points = []
    for x, y in jaw:
        beside = [abs(p) for p, q in line if (p > 0) == (x > 0) and abs(q - y) < 0.1 and q > EYES - 0.02]
        widest = min(beside) + 0.03 if beside else abs(x)
        points.append((float(np.sign(x)) * min(abs(x), widest), y))
    return points


def glasses(face: Face, round_ones: bool) -> Path:
    """Both lenses and the bridge between them."""
    (x0, y0), (x1, _) = face.eyes[0].centre, face.eyes[1].centre
    middle = (x0 + x1) / 2
    half, high = face.eyes[1].width * 0.5 + 0.035, 0.068 if round_ones else 0.058
    near, far, y = (x1 - x0) / 2 - half, (x1 - x0) / 2 + half, y0 + 0.012
    above, below = (near, y - 0.024), (near, y + 0.002)
    if round_ones:
        lens = [
            [above, (near + half * 0.45, y - high), (far - half * 0.55, y - high * 0.98), (far, y - 0.008),
             (far - half * 0.5, y + high), (near + half * 0.5, y + high), below]
        ]  # fmt: skip
    else:
        corner = (far + 0.012, y - high)
        lens = [
            [above, (near + 0.02, y - high * 0.92), (far - half, y - high), corner],
            [corner, (far, y + high * 0.4), (far - half * 0.6, y + high), (near + half * 0.6, y + high), below],
        ]
    left = [flipped(run) for run in reversed(lens)]
    over, under = [flipped([above])[0], (0.0, y - 0.038), above], [below, (0.0, y - 0.016), flipped([below])[0]]
    return outline(over, *lens, under, *left).transformed(np.array([[1, 0, middle], [0, 1, 0]]))
