"""Which pieces of a person's parts are drawn, and which are crumbs."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.avatar.face import HeadFrame
from dressform.avatar.tidy import tidied
from dressform.parsing import Part


@pytest.mark.parametrize("made_up", [True, False])
def test_what_is_seen_is_no_crumb_beside_what_was_made_up(made_up: bool) -> None:
    """A sleeve above the photo's lower border, and the bust that goes on below it."""
    labels = np.zeros((140, 120), np.uint8)
    labels[20:60, 40:80] = Part.FACE
    labels[65:130, 20:100] = Part.UPPER_CLOTHES
    labels[40:54, 92:106] = Part.UPPER_CLOTHES  # 196 pixels beside 5,200
    seen = labels > 0
    seen[68:] &= not made_up
    image = np.full((*labels.shape, 3), 128, np.uint8)
    out = tidied(image, labels, seen, HeadFrame((60.0, 60.0), 40.0))
    assert (out[44:50, 96:102] == (Part.UPPER_CLOTHES if made_up else 0)).all()
    assert (out[70:125, 25:95] == Part.UPPER_CLOTHES).all()
