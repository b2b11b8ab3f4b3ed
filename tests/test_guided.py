"""Guided filter against the definition of its paper."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.guided import guided_fields, guided_filter, local_models


def reference(guide: np.ndarray, source: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """The guided filter in float64, window by window, as He, Sun and Tang write it; frame mirrored."""
    i = guide.reshape(*guide.shape[:2], -1).astype(np.float64) / 255
    h, w, channels = i.shape
    pad = ((radius, radius), (radius, radius))
    wide_i, wide_p = np.pad(i, (*pad, (0, 0)), "symmetric"), np.pad(source.astype(np.float64), pad, "symmetric")
    a, b = np.zeros((h, w, channels)), np.zeros((h, w))
    for y in range(h):
        for x in range(w):
            xs = wide_i[y : y + 2 * radius + 1, x : x + 2 * radius + 1].reshape(-1, channels)
            ps = wide_p[y : y + 2 * radius + 1, x : x + 2 * radius + 1].ravel()
            sigma = np.cov(xs, rowvar=False, bias=True).reshape(channels, channels) + epsilon * np.eye(channels)
            a[y, x] = np.linalg.solve(sigma, (xs * ps[:, None]).mean(0) - xs.mean(0) * ps.mean())
            b[y, x] = ps.mean() - a[y, x] @ xs.mean(0)
    wide_a, wide_b = np.pad(a, (*pad, (0, 0)), "symmetric"), np.pad(b, pad, "symmetric")
    out = np.zeros((h, w))
    for y in range(h):
        for x in range(w):
            at = (slice(y, y + 2 * radius + 1), slice(x, x + 2 * radius + 1))
            out[y, x] = wide_a[at].mean((0, 1)) @ i[y, x] + wide_b[at].mean()
    return np.clip(out, 0, 1)


def picture(kind: str, h: int, w: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    grey = np.repeat(rng.integers(0, 256, (h, w, 1)), 3, 2).astype(np.uint8)
    return {
        "noise": rng.integers(0, 256, (h, w, 3)).astype(np.uint8),
        "grey": grey[:, :, 0],
        "grey as colour": grey,
        "flat": np.full((h, w, 3), (90, 120, 30), np.uint8),
        "nearly flat": (100 + rng.integers(0, 3, (h, w, 3))).astype(np.uint8),
    }[kind]


@pytest.mark.parametrize("kind", ["noise", "grey", "grey as colour", "flat", "nearly flat"])
@pytest.mark.parametrize(("radius", "epsilon"), [(1, 1e-3), (3, 1e-3), (4, 1e-4)])
def test_guided_filter_matches_its_definition(kind: str, radius: int, epsilon: float) -> None:
    guide = picture(kind, 13, 17)
    source = np.random.default_rng(4).random((13, 17)).astype(np.float32)
    found = guided_filter(guide, source, radius, epsilon)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference(guide, source, radius, epsilon), atol=2e-4)


def test_channels_are_filtered_one_by_one() -> None:
    guide = picture("noise", 20, 30)
    source = np.random.default_rng(5).random((20, 30, 7)).astype(np.float32)
    found = guided_filter(guide, source, 3)
    assert found.shape == source.shape
    for k in range(7):
        np.testing.assert_allclose(found[:, :, k], guided_filter(guide, source[:, :, k], 3), atol=1e-6)


@pytest.mark.parametrize("shrink", [1, 4])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_constant_stays_constant(value: float, shrink: int) -> None:
    source = np.full((30, 41), value, np.float32)
    np.testing.assert_allclose(guided_filter(picture("noise", 30, 41), source, 4, shrink=shrink), value, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (40, 1)])
@pytest.mark.parametrize("shrink", [1, 3])
def test_tiny_pictures(shape: tuple[int, int], shrink: int) -> None:
    source = np.random.default_rng(6).random(shape).astype(np.float32)
    found = guided_filter(picture("noise", *shape), source, 5, shrink=shrink)
    assert found.shape == shape
    assert ((found >= 0) & (found <= 1)).all()


def test_edges_move_to_those_of_the_photo() -> None:
    guide = np.full((60, 80, 3), (40, 60, 90), np.uint8)
    guide[:, 40:] = (200, 180, 60)
    source = np.zeros((60, 80), np.float32)
    source[:, 38:] = 1  # two pixels too early
    found = guided_filter(guide, source, 8)
    assert found[:, 39].max() < 0.5 < found[:, 40].min()
    assert (found[:, 40] - found[:, 39]).min() > 0.4
    assert found[:, :20].max() < 1e-3
    assert found[:, 60:].min() > 1 - 1e-3


def test_models_of_a_smaller_picture_give_nearly_the_same() -> None:
    guide = np.full((240, 320, 3), (40, 60, 90), np.uint8)
    y, x = np.mgrid[:240, :320]
    inside = (x - 160) ** 2 + (y - 120) ** 2 < 80**2
    guide[inside] = (200, 180, 60)
    source = ((x - 156) ** 2 + (y - 122) ** 2 < 78**2).astype(np.float32)
    whole, small = guided_filter(guide, source, 16), guided_filter(guide, source, 16, shrink=4)
    assert np.abs(whole - small).mean() < 0.01
    assert ((small > 0.5) == inside).mean() > 0.995


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = picture("noise", 50, 60)
    source = np.random.default_rng(7).random((50, 60)).astype(np.float32)
    whole = guided_filter(guide, source, 8, shrink=2)
    monkeypatch.setattr("dressform.parsing.guided.STRIP", 60 * 7)
    np.testing.assert_array_equal(guided_filter(guide, source, 8, shrink=2), whole)
    models = local_models(guide, source[:, :, None], 8)
    np.testing.assert_array_equal(models.strip(guide, 11, 19), models.apply(guide)[11:19])


@pytest.mark.parametrize("radius", [1, 4, 7])
@pytest.mark.parametrize("kind", ["noise", "grey as colour", "nearly flat"])
def test_fields_are_filtered_as_one_by_one(kind: str, radius: int) -> None:
    """Fields in a corner, at an edge, in the middle, everywhere, nowhere; the rest of each is exactly 0."""
    rng = np.random.default_rng(11)
    fields = np.zeros((5, 47, 38), np.float32)
    fields[0, :9, 30:] = rng.random((9, 8))
    fields[1, 20:31, :3] = rng.random((11, 3))
    fields[2, 22, 17] = 0.8
    fields[3] = rng.random((47, 38))
    found = guided_fields(picture(kind, 47, 38), fields, radius)
    expected = guided_filter(picture(kind, 47, 38), fields.transpose(1, 2, 0).copy(), radius).transpose(2, 0, 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not found[2, : 22 - 2 * radius].any()
    assert not found[4].any()


def test_faint_fields_are_nothing_beyond_what_is_clear() -> None:
    fields = np.full((1, 40, 60), 0.008, np.float32)
    assert not guided_fields(picture("noise", 40, 60), fields, 3).any()
    fields[0, 3:27, 3:27] = 0.7
    found = guided_fields(picture("flat", 40, 60), fields, 3)
    assert found[0, 15, 15] == pytest.approx(0.7, abs=1e-4)
    assert not found[0, 34:, 34:].any()
    assert guided_fields(picture("flat", 40, 60), fields, 3, nothing=0.001)[0, 35, 50] == pytest.approx(0.008, abs=1e-4)
