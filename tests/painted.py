"""A person painted from simple shapes, with parts, landmarks and joints: what avatars are tested on."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dressform.parsing import Parse, Part, Person
from dressform.parsing.result import Observation

SKIN, HAIR, TOP, TROUSERS, SHOES = (214, 160, 128), (72, 46, 30), (44, 92, 160), (60, 62, 70), (30, 24, 22)
HAT, COAT = (170, 40, 50), (200, 196, 186)


def landmarks(x: float, y: float, h: float) -> np.ndarray:
    """iBUG's 68 points and the pupils of a head with its chin at x, y, ``h`` pixels high."""

    def at(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + px * h, y + py * h) for px, py in points]

    angles = np.linspace(np.pi, 0, 17)
    jaw = [(0.36 * np.cos(a), -0.5 * (1 - np.sin(a))) for a in angles]
    brow_r = [(-0.25 + 0.045 * k, -0.60 - 0.02 * np.sin(k * np.pi / 4)) for k in range(5)]
    brow_l = [(-px, py) for px, py in brow_r[::-1]]
    nose = [(0, -0.48), (0, -0.42), (0, -0.36), (0, -0.30)]
    wings = [(-0.06, -0.26), (-0.03, -0.25), (0, -0.245), (0.03, -0.25), (0.06, -0.26)]
    eye = [(-0.08, 0.0), (-0.03, -0.03), (0.03, -0.03), (0.08, 0.0), (0.03, 0.025), (-0.03, 0.025)]
    eyes = [(px - 0.15, py - 0.5) for px, py in eye] + [(px + 0.15, py - 0.5) for px, py in eye]
    outer = [
        (-0.11, -0.155),
        (-0.06, -0.175),
        (-0.02, -0.18),
        (0, -0.175),
        (0.02, -0.18),
        (0.06, -0.175),
        (0.11, -0.155),
    ]
    outer += [(0.06, -0.125), (0.02, -0.115), (0, -0.115), (-0.02, -0.115), (-0.06, -0.125)]
    inner = [(-0.08, -0.153), (-0.03, -0.156), (0, -0.156), (0.03, -0.156), (0.08, -0.153)]
    inner += [(0.03, -0.15), (0, -0.15), (-0.03, -0.15)]
    pupils = [(-0.15, -0.5), (0.15, -0.5)]
    return np.array(at([*jaw, *brow_r, *brow_l, *nose, *wings, *eyes, *outer, *inner, *pupils]), np.float32)


def paint(
    h: float = 120,
    *,
    face: bool = True,
    hat: bool = False,
    coat: bool = False,
    long_hair: bool = False,
    bald: bool = False,
    low: float = 6.6,
    skin: tuple[int, int, int] = SKIN,
    hair: tuple[int, int, int] = HAIR,
    top: tuple[int, int, int] = TOP,
    background: tuple[int, int, int] = (196, 204, 200),
) -> Person:
    """One person of ``h`` pixels to the head, in a photo that ends ``low`` heads below the chin."""
    width, height = int(3.4 * h), int((1.6 + low) * h)
    image = np.full((height, width, 3), background, np.uint8)
    labels = np.zeros((height, width), np.uint8)
    x, y = width / 2, 1.4 * h

    def put(points: Sequence[tuple[float, float]], part: Part, color: tuple[int, int, int]) -> None:
        ring = np.round([(x + px * h, y + py * h) for px, py in points]).astype(np.int32)
        cv2.fillPoly(image, [ring], color)
        cv2.fillPoly(labels, [ring], int(part))

    def oval(cx: float, cy: float, rx: float, ry: float, part: Part, color: tuple[int, int, int]) -> None:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        put([(cx + rx * np.cos(a), cy + ry * np.sin(a)) for a in angles], part, color)

    for side, leg, shoe in ((-1, Part.RIGHT_LEG, Part.RIGHT_SHOE), (1, Part.LEFT_LEG, Part.LEFT_SHOE)):
        put([(side * 0.05, 5.2), (side * 0.3, 5.2), (side * 0.3, 6.2), (side * 0.08, 6.2)], leg, skin)
        put([(side * 0.05, 6.1), (side * 0.36, 6.1), (side * 0.42, 6.4), (side * 0.05, 6.4)], shoe, SHOES)
    put([(-0.55, 2.6), (0.55, 2.6), (0.4, 5.3), (0.03, 5.3), (0, 3.2), (-0.03, 5.3), (-0.4, 5.3)], Part.PANTS, TROUSERS)
    for side, arm in ((-1, Part.RIGHT_ARM), (1, Part.LEFT_ARM)):
        put([(side * 0.8, 1.2), (side * 1.05, 1.2), (side * 1.0, 3.1), (side * 0.82, 3.1)], arm, skin)
    body = [(-0.2, 0.2), (0.2, 0.2), (0.85, 0.45), (1.1, 1.4), (0.78, 1.4), (0.6, 1.0), (0.58, 2.8)]
    put([*body, *[(-px, py) for px, py in body[::-1]]], Part.UPPER_CLOTHES, top)
    if coat:
        for side in (-1, 1):
            put([(side * 0.2, 0.2), (side * 0.85, 0.45), (side * 0.75, 3.0), (side * 0.25, 3.0)], Part.COAT, COAT)
    put([(-0.16, -0.15), (0.16, -0.15), (0.2, 0.25), (0, 0.42), (-0.2, 0.25)], Part.TORSO_SKIN, skin)
    if long_hair:
        put([(-0.5, -0.6), (0.5, -0.6), (0.55, 0.6), (0.3, 0.62), (-0.3, 0.62), (-0.55, 0.6)], Part.HAIR, hair)
        put([(-0.16, -0.15), (0.16, -0.15), (0.2, 0.25), (0, 0.42), (-0.2, 0.25)], Part.TORSO_SKIN, skin)
    if not bald:
        oval(0, -0.62, 0.45, 0.5, Part.HAIR, hair)
    oval(0, -0.46, 0.36, 0.48, Part.FACE if face else Part.HAIR, skin if face else hair)
    if not bald:
        put([(-0.38, -0.95), (0.38, -0.95), (0.36, -0.7), (-0.36, -0.7)], Part.HAIR, hair)
    if hat:
        put([(-0.46, -0.78), (0.46, -0.78), (0.4, -1.3), (-0.4, -1.3)], Part.HAT, HAT)
    points = landmarks(x, y, h) if face else None
    if points is not None:
        for k in (68, 69):
            cv2.circle(image, (int(points[k, 0]), int(points[k, 1])), max(int(0.028 * h), 1), (60, 40, 28), -1)
    instances = (labels > 0).astype(np.uint16)
    ys, xs = np.nonzero(labels)
    box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    joints = np.zeros((17, 3), np.float32)
    joints[:, :2] = (x, y)
    joints[5] = (min(x + 0.7 * h, width - 1), y + 0.5 * h, 0.9)
    joints[6] = (max(x - 0.7 * h, 0), y + 0.5 * h, 0.9)
    observation = Observation(box, 0.95, None, joints, points)
    return Parse(labels, instances, (observation,), image, engine="painted").people[0]


def only(part: Part, box: tuple[int, int, int, int], size: tuple[int, int] = (80, 60)) -> Person:
    """A person of whom one part is seen, a rectangle."""
    width, height = size
    image = np.full((height, width, 3), 128, np.uint8)
    labels = np.zeros((height, width), np.uint8)
    x0, y0, x1, y1 = box
    labels[y0:y1, x0:x1] = part
    image[y0:y1, x0:x1] = SKIN
    where = tuple(float(v) for v in box)
    return Parse(labels, (labels > 0).astype(np.uint16), (Observation(where, 0.5),), image).people[0]  # type: ignore[arg-type]
