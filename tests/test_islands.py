"""Which detached patches go, which stay, and who gets them."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.islands import drop_specks, remove_islands

BACKGROUND, SHIRT, ARM, GLASSES = range(4)


def maps(*patches: tuple[int, slice, slice], sure: float = 0.9) -> np.ndarray:
    """(4, 60, 50) probabilities: background, and the patches of parts drawn over it."""
    best = np.zeros((60, 50), np.int64)
    for part, rows, columns in patches:
        best[rows, columns] = part
    out = np.full((4, 60, 50), (1 - sure) / 3, np.float32)
    np.put_along_axis(out, best[None], np.float32(sure), 0)
    return out


BODY = (SHIRT, slice(10, 50), slice(5, 25))


def test_a_detached_blob_becomes_background() -> None:
    probability = maps(BODY, (SHIRT, slice(2, 5), slice(40, 43)))
    kept = probability.copy()
    found = remove_islands(probability)
    assert (found[0, 2:5, 40:43] == 1).all()
    assert (found[1:, 2:5, 40:43] == 0).all()
    assert (found[:, 10:50, 5:25] == probability[:, 10:50, 5:25]).all()
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-6)
    np.testing.assert_array_equal(probability, kept)


def test_a_large_piece_beyond_an_occluder_stays() -> None:
    probability = maps(BODY, (ARM, slice(20, 30), slice(32, 48)))
    np.testing.assert_array_equal(remove_islands(probability), probability)


def test_a_speck_of_a_part_goes_to_the_part_that_scores_next() -> None:
    probability = maps(BODY, (ARM, slice(20, 30), slice(32, 48)), (ARM, slice(15, 16), slice(10, 12)))
    probability[:, 15, 10:12] = np.array([0.3, 0.2, 0.4, 0.1], np.float32)[:, None]
    found = remove_islands(probability)
    # Background scores more than the shirt there, but a hole in the silhouette would be worse than any part.
    np.testing.assert_allclose(found[:, 15, 10], [0.3, 0.6, 0, 0.1], atol=1e-6)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-6)
    assert (found[ARM, 20:30, 32:48] == probability[ARM, 20:30, 32:48]).all()


def test_a_speck_where_no_other_part_scores_stays() -> None:
    probability = maps(BODY, (ARM, slice(20, 30), slice(32, 48)), (ARM, slice(15, 16), slice(10, 12)), sure=1)
    np.testing.assert_array_equal(remove_islands(probability), probability)


def test_a_part_that_is_small_as_a_whole_stays() -> None:
    probability = maps((SHIRT, slice(2, 58), slice(2, 48)), (GLASSES, slice(12, 14), slice(20, 24)))
    assert 2 * 4 < 0.004 * 56 * 46
    np.testing.assert_array_equal(remove_islands(probability), probability)


def test_a_part_of_next_to_nothing_goes() -> None:
    probability = maps((SHIRT, slice(2, 58), slice(2, 48)), (GLASSES, slice(12, 14), slice(20, 22)))
    assert (remove_islands(probability)[1:].argmax(0)[12:14, 20:22] + 1 == SHIRT).all()


@pytest.mark.parametrize("shape", [(4, 60, 50), (1, 3, 3), (21, 1, 1)])
def test_nobody(shape: tuple[int, int, int]) -> None:
    probability = np.zeros(shape, np.float32)
    probability[0] = 1
    np.testing.assert_array_equal(remove_islands(probability), probability)


def test_noise_still_sums_to_one() -> None:
    probability = np.random.default_rng(0).dirichlet(np.ones(6) * 0.3, (40, 30)).transpose(2, 0, 1).astype(np.float32)
    found = remove_islands(probability)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
    assert found.min() >= 0


def test_specks_are_dropped_by_share_of_the_largest_piece() -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[2:12, 2:12] = True  # 100
    mask[15:17, 2:7] = True  # 10
    mask[12, 12] = True  # hangs on by a corner
    mask[18, 18] = True  # 1
    assert drop_specks(mask, 0.05).sum() == 111
    assert drop_specks(mask, 0.5).sum() == 101
    assert drop_specks(mask, 0).sum() == 112
    assert not drop_specks(np.zeros((3, 4), np.bool_), 0.5).any()
