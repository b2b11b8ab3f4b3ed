"""The inner back of a neck or waistband that a garment laid flat shows above its front edge.

Worn, it is hidden by the neck. Half superellipses between the two corners of the opening are tried (Lamé curves, as in
Gielis, "A generic geometric transformation that unifies a wide range of natural shapes", 2003): the right one has a
step of the same sign all along, and two different surfaces above and below (Chan, Vese, "Active contours without
edges", 2001).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["FrontEdge", "find_front_edge"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_HALF = 24.0  # px of half an opening in the patch looked at
_SIDE, _ABOVE, _BELOW = 40, 24, 64  # px of the patch beside, above and below the middle of the opening
_WIDTHS = (0.83, 0.94, 1.04, 1.15)  # of the curve, in openings
_POWERS = (1.0, 1.5, 2.0, 2.8)  # 1 is a V, 2 an ellipse
_SHIFTS = (-0.12, 0.0, 0.12)
_CURVES = 150  # whose two surfaces are compared
_SURE = 0.43  # score from which an edge is believed
_LIGHTER = 0.12  # price of an inside that is lighter than the front
_STEP = 15.0  # Lab difference of a full step
_APART = 3.0  # standard deviations between two surely different surfaces
_AGAIN = 0.85  # of the step, at which the same curve found farther down may tell a striped front
_ALIKE = 7.0  # Lab distance within which two colours are the same
_COMMON = 0.16  # of the front, from which on a colour is one of its own
_FOREIGN = 0.5  # of what is behind the edge is not of the front's colours: no stripe


class FrontEdge(NamedTuple):
    """The front edge of an opening.

    Attributes:
        curve: (n, 2) float64 pixels, from the left to the right of the picture.
        inside: (m, 2) float64 pixels, a polygon around what lies behind the edge and above.
        score: 0..1, how sure it is.
    """

    curve: Doubles
    inside: Doubles
    score: float


def find_front_edge(
    lab: Floats, cloth: Floats, corners: tuple[npt.ArrayLike, npt.ArrayLike], *, deepest: float
) -> FrontEdge | None:
    """The front edge of an opening whose inner back is seen, or None.

    Args:
        lab: (h, w, 3) float32, L 0..100.
        cloth: (h, w) float32 0..1, coverage of the garment.
        corners: (x, y) of the opening's ends, left and right in the picture.
        deepest: How far the edge may hang below them, in half openings, up to 2.3.
    """
    left, right = (np.asarray(corner, np.float64) for corner in corners)
    half = float(np.hypot(*(right - left))) / 2
    if half < 4:
        return None
    along = (right - left) / (2 * half)
    frame = np.stack([along, [-along[1], along[0]]]) * half / _HALF
    y, x = np.mgrid[-_ABOVE : _BELOW + 1, -_SIDE : _SIDE + 1].astype(np.float64)
    at = ((left + right) / 2 + np.stack([x, y], axis=2) @ frame).astype(np.float32)
    picture = np.asarray(
        cv2.remap(lab, at[:, :, 0], at[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    inner = cv2.remap(cloth, at[:, :, 0], at[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) > 0.5
    inner = cv2.erode(inner.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    shapes = _shapes(deepest)
    soft = np.asarray(cv2.blur(picture, (3, 3)), np.float32)
    steps, signs = _steps(soft, inner, shapes)
    best, chosen = 0.0, -1
    for k in np.argsort(-steps, kind="stable")[:_CURVES].tolist():
        if steps[k] <= 0:
            break
        apart = _apart(picture, inner, shapes[k], x, y)
        score = 0.5 * float(steps[k]) + 0.5 * min(apart / _APART, 1.0) - (0.0 if signs[k] else _LIGHTER)
        if score > best:
            best, chosen = score, k
    if best < _SURE or _is_stripe(picture, soft, inner, shapes[chosen], float(steps[chosen])):
        return None
    curve = np.stack(_curve(shapes[chosen, :, None], np.linspace(np.pi, 0, 49)), axis=1)
    lid = np.array([[curve[-1, 0], -3 * _HALF], [curve[0, 0], -3 * _HALF]])
    middle = (left + right) / 2
    return FrontEdge(curve @ frame + middle, np.concatenate([curve, lid]) @ frame + middle, best)


def _shapes(deepest: float) -> Doubles:
    """(n, 4): half width, depth, power and shift downwards of every curve that is tried, in patch pixels."""
    depths = np.arange(0.1, min(deepest, (_BELOW - 10) / _HALF) + 1e-9, 0.08) * _HALF
    grid = np.meshgrid(np.array(_WIDTHS) * _HALF, depths, _POWERS, np.array(_SHIFTS) * _HALF, indexing="ij")
    return np.stack([axis.reshape(-1) for axis in grid], axis=1)


def _curve(shape: Doubles, angle: Doubles) -> tuple[Doubles, Doubles]:
    """x and y of curves at angles 0 (right) to π (left), (angles,) for a shape (4, 1), (n, angles) for (n, 4, 1)."""
    half, depth, power, shift = (shape[..., k, :] for k in range(4))
    c, s = np.cos(angle), np.sin(angle)
    x = half * np.sign(c) * np.abs(c) ** (2 / power)
    return x, depth * np.abs(s) ** (2 / power) + shift


def _steps(picture: Floats, inner: Mask, shapes: Doubles) -> tuple[Doubles, Mask]:
    """(n,) mean step over each curve, 0..1, 0 where it leaves the cloth; (n,) whether the inside is darker."""
    x, y = _curve(shapes[:, :, None], np.linspace(np.radians(12), np.pi - np.radians(12), 49))
    dx, dy = np.gradient(x, axis=1), np.gradient(y, axis=1)
    length = np.hypot(dx, dy) + 1e-9
    nx, ny = 2 * dy / length, -2 * dx / length  # from right to left, so this points outward, down

    def index(px: Doubles, py: Doubles) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        column = np.clip(np.rint(px + _SIDE), 0, 2 * _SIDE).astype(np.int64)
        return np.clip(np.rint(py + _ABOVE), 0, _ABOVE + _BELOW).astype(np.int64), column

    flip = np.where(nx * x + ny * (y - shapes[:, 3:]) < 0, -1.0, 1.0)
    inside, outside = index(x - flip * nx, y - flip * ny), index(x + flip * nx, y + flip * ny)
    valid = inner[inside] & inner[outside]
    difference = picture[outside] - picture[inside]
    rise = difference[:, :, 0]
    darker = np.median(rise, axis=1) > 0
    signed = np.maximum(np.where(darker[:, None], rise, -rise), 0) + 0.6 * np.hypot(
        difference[:, :, 1], difference[:, :, 2]
    )
    step = np.where(valid, np.clip(signed / _STEP, 0, 1), 0).mean(1)
    return np.where(valid.mean(1) < 0.7, 0.0, step).astype(np.float64), darker


def _is_stripe(picture: Floats, soft: Floats, inner: Mask, shape: Doubles, step: float) -> bool:
    """Whether the front has the same edge farther down, and what is behind it the front's own colours."""
    lower = np.linspace(0.3, 1.6, 40) * _HALF
    lower = lower[shape[1] + shape[3] + lower < _BELOW - 2]
    if not len(lower):
        return False
    steps, _ = _steps(soft, inner, shape + np.stack([0 * lower, 0 * lower, 0 * lower, lower], axis=1))
    if float(steps.max()) <= _AGAIN * step:
        return False
    y, x = np.mgrid[-_ABOVE : _BELOW + 1, -_SIDE : _SIDE + 1]
    edge = shape[1] * np.maximum(1 - np.abs(x / shape[0]) ** shape[2], 0) ** (1 / shape[2]) + shape[3]
    behind = inner & (np.abs(x) < 0.85 * shape[0]) & (y < edge - 2) & (y > shape[3] - 0.6 * _HALF)
    one, other = picture[behind], picture[inner & (y > edge + 4) & (y > 0)]
    if not len(one) or not len(other):
        return True
    one, other = one[:: 1 + len(one) // 150], other[:: 1 + len(other) // 400]
    alike = np.square(one[:, None] - other[None]).sum(2) < _ALIKE**2
    return float((alike.mean(1) < _COMMON).mean()) < _FOREIGN


def _apart(picture: Floats, inner: Mask, shape: Doubles, x: Doubles, y: Doubles) -> float:
    """How far the colours within a curve are from those in a band around it, in standard deviations."""
    half, depth, power, shift = shape.tolist()

    def level(a: float, b: float) -> Doubles:
        drop = (y - shift) / b
        return np.asarray(np.abs(x / a) ** power + np.sign(drop) * np.abs(drop) ** power, np.float64)

    near = level(half, depth)
    within = (near < 0.75) & inner & (y > shift - 0.6 * _HALF) & (np.abs(x) < half)
    around = (near > 1.2) & (level(half + 10, depth + 18) < 1) & inner & (y > shift)
    if np.count_nonzero(within) < 30 or np.count_nonzero(around) < 30:
        return 0.0
    one, other = picture[within], picture[around]
    spread = (one.std(0) + other.std(0)) / 2 + 2.5
    return float(np.linalg.norm((one.mean(0) - other.mean(0)) / spread))
