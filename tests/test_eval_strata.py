"""Kinds of photos for which an evaluation gives results apart."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.training.eval_strata import Strata, skin_angle, strata

EVERYWHERE = np.ones((40, 40), np.bool_)


def plain(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((40, 40, 3), color, np.uint8)


def by_the_formulas(color: tuple[int, int, int]) -> float:
    """The angle by the formulas of sRGB (IEC 61966-2-1) and CIE 1976 L*a*b*, white D65."""
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    y = 0.212671 * linear[0] + 0.715160 * linear[1] + 0.072169 * linear[2]
    z = (0.019334 * linear[0] + 0.119193 * linear[1] + 0.950227 * linear[2]) / 1.088754
    lightness, yellow = 116 * np.cbrt(y) - 16, 200 * (np.cbrt(y) - np.cbrt(z))
    return float(np.degrees(np.arctan((lightness - 50) / yellow)))


COLORS = [(241, 214, 195), (224, 172, 105), (198, 134, 66), (120, 75, 50), (60, 35, 25)]


def test_lighter_skin_has_a_larger_angle() -> None:
    angles = [skin_angle(plain(color), EVERYWHERE) for color in COLORS]
    assert angles == pytest.approx([by_the_formulas(color) for color in COLORS], abs=0.5)
    assert angles == sorted(angles, reverse=True)


def test_too_little_skin_tells_nothing() -> None:
    few = np.zeros((40, 40), np.bool_)
    few[:5, :5] = True
    assert np.isnan(skin_angle(plain((200, 150, 120)), few))
    assert strata(plain((20, 20, 20)), few, facing=None) == ("dark photo",)


def test_kinds_of_one_photo() -> None:
    assert strata(plain((241, 214, 195)), EVERYWHERE, facing=True) == (
        "skin appears light (over 41°)",
        "bright photo",
        "face seen",
    )
    assert strata(plain((60, 35, 25)), EVERYWHERE, facing=False)[0] == "skin appears dark (under 10°)"


def test_each_kind_is_counted_apart() -> None:
    kinds = Strata()
    kinds.add(("a", "b"), np.array([[8, 2], [0, 10]]), 0.9)
    kinds.add(("b",), np.array([[10, 0], [10, 0]]), 0.5)
    rows = {row[0]: row[1:] for row in kinds.table().rows}
    assert rows["a"] == (1, pytest.approx((8 / 10 + 10 / 12) / 2), 0.9)
    assert rows["b"] == (2, pytest.approx((18 / 30 + 10 / 22) / 2), pytest.approx(0.7))
