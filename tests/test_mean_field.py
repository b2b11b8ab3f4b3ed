"""The mean field's promises."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.mean_field import mean_field


def two_regions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo of two colours, unsure scores that lean to the right side of it, and what is right."""
    guide = np.full((40, 50, 3), (40, 60, 90), np.uint8)
    guide[:, 25:] = (200, 180, 60)
    right = np.arange(50)[None] >= np.full((40, 1), 25)
    lean = np.where(right, 0.62, 0.38) + np.random.default_rng(8).normal(0, 0.1, (40, 50))
    first = np.clip(lean, 0.05, 0.95).astype(np.float32)
    return guide, np.stack([1 - first, first], 2), right


def test_mean_field_sums_to_one_and_decides() -> None:
    guide, probability, right = two_regions()
    found = mean_field(guide, probability)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(2), 1, atol=1e-5)
    assert ((probability[:, :, 1] > 0.5) == right).mean() < 0.95
    assert ((found[:, :, 1] > 0.5) == right).mean() > 0.99
    assert np.abs(found - 0.5).mean() > 2 * np.abs(probability - 0.5).mean()


@pytest.mark.parametrize("reach", [1, 2, 5, 6])
def test_mean_field_is_mirror_symmetric(reach: int) -> None:
    guide, probability, _ = two_regions()
    found = mean_field(guide, probability, reach=reach)
    mirrored = mean_field(guide[:, ::-1].copy(), probability[:, ::-1].copy(), reach=reach)[:, ::-1]
    np.testing.assert_allclose(found, mirrored, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2)])
def test_mean_field_of_tiny_pictures(shape: tuple[int, int]) -> None:
    probability = np.random.default_rng(9).dirichlet([1, 1, 1], shape).astype(np.float32)
    found = mean_field(np.random.default_rng(3).integers(0, 256, (*shape, 3)).astype(np.uint8), probability)
    np.testing.assert_allclose(found.sum(2), 1, atol=1e-5)
