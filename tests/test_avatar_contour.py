"""Contours and curve fitting against analytic shapes, and the properties that any mask must keep."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dressform.avatar.contour import dilate_under, marching_squares, trace
from dressform.avatar.fitting import find_corners, fit_curve
from dressform.avatar.paths import Curve, Path
from dressform.parsing.errors import OptionError

Complex = npt.NDArray[np.complex128]
Mask = npt.NDArray[np.bool_]
DETAILS = (0.0, 0.5, 1.0)
Y, X = np.mgrid[0:200, 0:240] + 0.5


def filled(path: Path, shape: tuple[int, ...]) -> Mask:
    """Pixels whose middle lies inside by the even-odd rule."""
    height, width = shape
    turns = np.zeros((height, width + 1), np.int64)
    for curve in path.curves:
        for (xa, ya), (xb, yb) in pairwise(curve.flatten(0.02)):
            low, high = sorted((ya, yb))
            rows = np.arange(max(int(np.ceil(low - 0.5)), 0), min(int(np.ceil(high - 0.5)), height))
            x = xa + (rows + 0.5 - ya) / ((yb - ya) or 1) * (xb - xa)
            np.add.at(turns, (rows, np.clip(np.ceil(x - 0.5), 0, width).astype(int)), 1)
    return np.asarray(np.cumsum(turns, 1)[:, :width] % 2 == 1)


def iou(path: Path, mask: Mask) -> float:
    drawn = filled(path, mask.shape)
    return float((drawn & mask).sum() / (drawn | mask).sum())


def points(path: Path) -> npt.NDArray[np.float64]:
    return np.concatenate([curve.flatten(0.02) for curve in path.curves])


def distance(line: npt.ArrayLike, flat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From each point to the nearest place of a polyline."""
    p, a, way = np.asarray(line)[:, None], flat[:-1], np.diff(flat, axis=0)
    t = np.clip(((p - a) * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-12), 0, 1)
    return np.asarray(np.linalg.norm(p - a - t[..., None] * way, axis=-1).min(1))


def crossings(path: Path) -> int:
    """How often the path's pieces cross one another."""
    flat = [curve.flatten(0.1) @ [1, 1j] for curve in path.curves]
    a, b = (np.concatenate([p[k : len(p) - 1 + k] for p in flat]) for k in (0, 1))

    def parted(start: Complex, end: Complex, one: Complex, two: Complex) -> Mask:
        """Whether the points one and two lie on different sides of a line."""
        way = np.conj(end - start)
        return np.asarray((way * (one - start)).imag * (way * (two - start)).imag < -1e-9)

    a0, b0 = a[:, None], b[:, None]
    return int((parted(a0, b0, a[None], b[None]) & parted(a[None], b[None], a0, b0)).sum()) // 2


def disc(cx: float, cy: float, radius: float) -> Mask:
    return (X - cx) ** 2 + (Y - cy) ** 2 < radius**2


def blob(seed: int, size: int = 120) -> Mask:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), size / 14)
    return np.asarray(noise > np.quantile(noise, rng.uniform(0.4, 0.8)), np.bool_)


@pytest.mark.parametrize("radius", [3, 10, 40, 80])
@pytest.mark.parametrize("detail", DETAILS)
def test_circle(radius: float, detail: float) -> None:
    path = trace(disc(120, 100, radius), detail=detail)
    assert len(path.curves) == 1 and path.curves[0].closed and path.cubics <= 6
    off = np.abs(np.hypot(*(points(path) - [120, 100]).T) - radius)
    assert off.max() < 0.3 + 0.02 * radius


def test_soft_coverage_is_traced_between_pixels() -> None:
    for radius in (20.0, 20.3, 20.7):
        soft = np.clip(radius - np.hypot(X - 120, Y - 100) + 0.5, 0, 1).astype(np.float32)
        found = np.hypot(*(points(trace(soft, detail=1)) - [120, 100]).T)
        assert found.mean() == pytest.approx(radius, abs=0.12)


@pytest.mark.parametrize("degrees", [0, 3, 15, 45])
@pytest.mark.parametrize("detail", DETAILS)
def test_turned_rectangle(degrees: float, detail: float) -> None:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    u, v = (X - 120) * c + (Y - 100) * s, (Y - 100) * c - (X - 120) * s
    mask = (np.abs(u) < 80) & (np.abs(v) < 40)
    path = trace(mask, detail=detail)
    assert path.cubics <= 14 and iou(path, mask) > 0.97
    p = points(path) - [120, 100]
    for corner in np.array([[80, 40], [80, -40], [-80, 40], [-80, -40]]) @ np.array([[c, s], [-s, c]]):
        assert np.hypot(*(p - corner).T).min() < 2
    # A side has no wiggles: away from the corners its direction stays.
    side = [q for curve in path.curves for q in pairwise(curve.flatten(0.02) - [120, 100])]
    turn = [np.degrees(np.arctan2((b - a) @ [-s, c], np.abs((b - a) @ [c, s]))) for a, b in side
            if max(abs(a @ [c, s]), abs(b @ [c, s])) < 70 and np.hypot(*(b - a)) > 0.5]  # fmt: skip
    assert not turn or np.abs(turn).max() < 6


def test_star_keeps_its_tips() -> None:
    angle = np.radians(np.arange(10) * 36 - 90)
    radius = np.where(np.arange(10) % 2 == 0, 90, 40)
    corners = np.stack([120 + radius * np.cos(angle), 100 + radius * np.sin(angle)], 1)
    canvas = np.zeros((800, 960), np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners * 4).astype(np.int32)], 255)
    mask = cv2.resize(canvas, (240, 200), interpolation=cv2.INTER_AREA) > 127
    path = trace(mask, detail=1)
    assert iou(path, mask) > 0.98 and path.cubics <= 30
    assert max(np.hypot(*(points(path) - corner).T).min() for corner in corners) < 2


@pytest.mark.parametrize("detail", DETAILS)
def test_ring_has_a_hole_that_runs_the_other_way(detail: float) -> None:
    mask = disc(120, 100, 80) & ~disc(120, 100, 76)
    path = trace(mask, detail=detail)
    assert len(path.curves) == 2 and crossings(path) == 0 and iou(path, mask) > 0.8
    flat = [curve.flatten() @ [1, 1j] for curve in path.curves]
    areas = sorted((p[:-1].conj() * p[1:]).imag.sum() / 2 for p in flat)
    assert areas == pytest.approx([-np.pi * 76**2, np.pi * 80**2], rel=0.03)


def test_thin_fingers_stay() -> None:
    mask = (np.abs(X - 120) < 40) & (np.abs(Y - 140) < 30)
    for k in range(4):
        mask |= (np.abs(X - (90 + 20 * k)) < 3) & (Y > 60) & (Y < 120)
    p = points(trace(mask, detail=1))
    for k in range(4):
        finger = p[(np.abs(p[:, 0] - (90 + 20 * k)) < 5) & (p[:, 1] < 100)]
        assert 59 < finger[:, 1].min() < 61.5
        assert np.abs(np.abs(finger[finger[:, 1] > 66][:, 0] - (90 + 20 * k)) - 3).max() < 1


def test_specks_go_and_small_holes_close() -> None:
    mask = disc(120, 100, 60)
    noisy = mask.copy()
    noisy[5:7, 5:7] = True
    noisy[100:102, 120:122] = False
    path = trace(noisy, detail=1)
    assert len(path.curves) == 1 and iou(path, mask) > 0.98


def test_less_detail_needs_fewer_curves() -> None:
    mask = np.hypot(X - 120, Y - 100) < 70 + 3 * np.sin(np.arctan2(Y - 100, X - 120) * 40)
    counts = [trace(mask, detail=detail).cubics for detail in DETAILS]
    assert counts[0] < counts[1] < counts[2]
    assert iou(trace(mask, detail=1), mask) > iou(trace(mask, detail=0), mask) > 0.9


@pytest.mark.parametrize("detail", DETAILS)
def test_full_mask_is_the_image(detail: float) -> None:
    path = trace(np.ones((60, 90), np.bool_), detail=detail)
    assert path.bounds == (0, 0, 90, 60) and path.cubics == 4
    assert iou(path, np.ones((60, 90), np.bool_)) == 1


def test_border_is_followed_straight() -> None:
    mask = disc(0, 100, 60) | disc(120, 0, 40) | disc(240, 200, 50)
    path = trace(mask, detail=1)
    assert len(path.curves) == 3 and iou(path, mask) > 0.98
    p = points(path)
    assert p.min() == 0 and p[:, 0].max() == 240 and p[:, 1].max() == 200
    assert np.ptp(p[p[:, 0] < 0.05][:, 1]) == pytest.approx(120, abs=2)
    assert np.hypot(*(p - [240, 200]).T).min() == 0


def test_empty_and_tiny() -> None:
    assert trace(np.zeros((20, 20), np.bool_)).curves == trace(np.zeros((20, 20), np.float32)).curves == ()
    one = np.zeros((20, 20), np.bool_)
    one[7, 11] = True
    for detail in DETAILS:
        x0, y0, x1, y1 = trace(one, detail=detail).bounds
        assert 10 < x0 < 11.5 < x1 < 13 and 6 < y0 < 7.5 < y1 < 9
    assert trace(np.ones((1, 1), np.bool_)).bounds == (0, 0, 1, 1)
    line = np.zeros((20, 60), np.bool_)
    line[9, 5:55] = True
    assert iou(trace(line, detail=0.5), line) > 0.8


def test_scale_and_origin() -> None:
    mask = disc(120, 100, 30)
    plain, moved = points(trace(mask)), points(trace(mask, scale=0.5, origin=(10, -4)))
    assert plain[0] * 0.5 + [10, -4] == pytest.approx(moved[0])


def test_bad_input_is_refused() -> None:
    for bad in (np.zeros((3, 3, 1), np.bool_), np.zeros((3, 3), np.uint8), np.zeros((0, 3), np.bool_)):
        with pytest.raises(OptionError, match="coverage"):
            trace(bad)
    with pytest.raises(OptionError, match="detail"):
        trace(disc(120, 100, 30), detail=1.1)


@pytest.mark.parametrize("seed", range(12))
def test_any_blobs(seed: int) -> None:
    mask = blob(seed)
    for detail, least in zip(DETAILS, (0.82, 0.9, 0.95), strict=True):
        path = trace(mask, detail=detail)
        assert iou(path, mask) > least
        assert all(curve.closed and np.isfinite(curve.points).all() for curve in path.curves)
        again = trace(mask.copy(), detail=detail)
        assert all(np.array_equal(a.points, b.points) for a, b in zip(path.curves, again.curves, strict=True))
        x0, y0, x1, y1 = path.bounds
        assert min(x0, y0) > -3 and max(x1, y1) < 123
        assert not any(crossings(Path((curve,))) for curve in path.curves)


@pytest.mark.parametrize("seed", range(4))
def test_noise_does_no_harm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for field in (rng.random((40, 50)) > 0.5, rng.random((40, 50)), rng.random((6, 5)) > 0.3):
        path = trace(np.asarray(field), detail=float(rng.random()))
        assert all(np.isfinite(curve.points).all() for curve in path.curves)


def test_marching_squares_parts_or_joins_saddles_by_their_middle() -> None:
    field = np.zeros((4, 4), np.float32)
    field[1, 1] = field[2, 2] = 1
    # The middle of the field is at one half.
    assert [len(marching_squares(field, level)) for level in (0.4, 0.5, 0.6)] == [1, 1, 2]


def test_underpaint_reaches_only_under_the_layers_above() -> None:
    mask = np.zeros((30, 60), np.bool_)
    mask[10:20, 5:20] = True
    above = np.zeros_like(mask)
    above[8:25, 20:30] = True
    above[8:25, 33:40] = True
    grown = dilate_under(mask, above, 20)
    assert (grown & ~mask)[:, 20:30].any() and not (grown & ~mask & ~above).any()
    assert not grown[:, 31:].any()  # beyond a gap nothing hangs together with the mask
    near = dilate_under(mask, above, 3)
    assert near[15, 22] and not near[15, 23]
    assert np.array_equal(dilate_under(mask, above, 0), mask)


# ---- fitting --------------------------------------------------------------------------------------------------------


def test_a_cubic_is_found_again() -> None:
    source = Curve(np.array([[0, 0], [30, 60], [80, 50], [100, 0]], np.float64), closed=False)
    line = source.flatten(0.001)
    curve = fit_curve(line, tolerance=1.0, closed=False)
    assert curve.cubics == 1 and distance(line, curve.flatten(0.001)).max() < 1
    assert np.array_equal(curve.points[[0, -1]], source.points[[0, -1]])
    assert distance(line, fit_curve(line, tolerance=0.05, closed=False).flatten(0.001)).max() < 0.06


@pytest.mark.parametrize("tolerance", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(4))
def test_every_point_is_within_the_tolerance_and_joints_are_smooth(seed: int, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 100 + sum(rng.normal(0, 12 / k) * np.cos(k * t + rng.uniform(0, 6)) for k in range(2, 8))
    line = np.stack([radius * np.cos(t), radius * np.sin(t)], 1)
    curve = fit_curve(line, tolerance=tolerance)
    assert distance(line, curve.flatten(0.01)).max() < tolerance + 0.02
    before, after = curve.points[3::3] - curve.points[2::3], np.roll(curve.points[1::3] - curve.points[0:-1:3], -1, 0)
    turn = np.degrees(np.angle((after @ [1, 1j]) * np.conj(before @ [1, 1j])))
    assert np.abs(turn).max() < 1e-6


def test_corners_stay_sharp() -> None:
    corner = np.array([[0, 0], [40, 0], [40, 40], [0, 40], [0, 0]])
    square = np.concatenate([np.linspace(a, b, 40, endpoint=False) for a, b in pairwise(corner)])
    assert find_corners(square, reach=5, angle=50).tolist() == [0, 40, 80, 120]
    curve = fit_curve(square, tolerance=0.5, corners=[0, 40, 80, 120])
    assert curve.cubics == 4 and {tuple(p) for p in np.rint(curve.points[::3])} == {(0, 0), (40, 0), (40, 40), (0, 40)}


@pytest.mark.parametrize(
    "line",
    [
        [[3, 4]], [[3, 4]] * 5, [[0, 0], [1, 1]], [[0, 0], [5, 0], [0, 0], [5, 0]], [[0, 0], [10, 0], [20, 0], [10, 0]],
        [[0, 0], [1e9, 0], [1e9, 1e9]], [[0, 0], [1e-9, 0], [1e-9, 1e-9], [0, 1e-9]],
    ],
)  # fmt: skip
@pytest.mark.parametrize("closed", [True, False])
def test_degenerate_lines_give_finite_curves(line: list[list[float]], closed: bool) -> None:
    curve = fit_curve(line, tolerance=0.1, closed=closed, corners=[0])
    assert np.isfinite(curve.points).all()
    assert np.abs(curve.points - np.mean(line, axis=0)).max() <= 2 * np.ptp(line, axis=0).max() + 1e-12


@pytest.mark.parametrize(
    ("line", "corners", "tolerance"),
    [(np.zeros((0, 2)), [], 1.0), ([[0, np.nan]], [], 1.0), ([[0, 0], [1, 1]], [2], 1.0), ([[0, 0], [1, 1]], [], 0.0)],
)
def test_bad_lines_are_refused(line: npt.ArrayLike, corners: list[int], tolerance: float) -> None:
    with pytest.raises(OptionError):
        fit_curve(line, tolerance=tolerance, corners=corners)
