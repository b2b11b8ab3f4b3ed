"""What one person claims of the photo, made from the parts network's answer and the detection."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_claims import painted

from dressform.parsing import Part
from dressform.parsing.engines.compact.claims import claim
from dressform.parsing.engines.compact.crops import Crop
from dressform.parsing.engines.compact.detect import Detection, overlap
from dressform.parsing.engines.compact.segment import Segment
from dressform.parsing.scores import Box


def segment(probability: np.ndarray) -> Segment:
    image = np.full((256, 192, 3), 120, np.uint8)
    matrix = np.array([[2.0, 0, -20], [0, 2.0, -40]])
    return Segment(Crop(image, matrix), None, probability.astype(np.float32), np.zeros((17, 64, 48), np.float32))


def scattered(parts: dict[Part, float]) -> np.ndarray:
    """(21, 128, 96): a rectangle that shows these parts with these probabilities."""
    out = np.zeros((21, 128, 96), np.float32)
    out[0] = 1
    at = (slice(20, 110), slice(30, 70))
    for part, share in parts.items():
        out[(part, *at)] = share
    out[(0, *at)] = 1 - sum(parts.values())
    return out


def found(score: float, box: Box = (40, 40, 80, 130)) -> Detection:
    """Somebody where :func:`scattered` shows them."""
    return Detection(np.array(box, np.float32), np.array(box[:2], np.float32), score)


@pytest.mark.parametrize("edges", [None, "guided", "crf"])
@pytest.mark.parametrize("islands", [False, True])
def test_claims_from_a_segment(edges: str | None, islands: bool) -> None:
    made = claim(segment(scattered({Part.COAT: 0.9, Part.HAT: 0.05})), found(0.7), edges=edges, islands=islands)
    assert made.parts == (Part.BACKGROUND, Part.COAT)
    assert made.scores.box == made.box == (10, 20, 106, 148)
    assert made.scores.values.shape == (2, 128, 96)
    assert made.fields.shape == ((2, 128, 96) if edges is None else (2, 184, 138))
    assert made.fields.dtype == np.float32
    assert made.centre == pytest.approx(60, abs=1.5)
    assert made.area == pytest.approx(90 * 40, rel=0.1)


def test_many_improbable_parts_still_show_the_likeliest() -> None:
    shares = {Part(k): 0.1 for k in range(1, 9)} | {Part.FACE: 0.15}
    made = claim(segment(scattered(shares)), found(0.7))
    assert Part.FACE in made.parts
    parse = painted([made])
    assert set(np.unique(parse.labels[parse.labels > 0])) == {Part.FACE}


@pytest.mark.parametrize("edges", [None, "guided", "crf"])
@pytest.mark.parametrize("sure", [0.55, 0.8, 1.0])
def test_a_claim_is_as_sure_as_its_silhouette(edges: str | None, sure: float) -> None:
    probability = scattered({Part.COAT: sure - 0.05, Part.HAT: 0.05})
    assert claim(segment(probability), found(0.49), edges=edges).score == pytest.approx(0.7 * sure, rel=1e-5)
    # What is no part of the silhouette makes it no less sure.
    around = probability[0] == 1
    probability[0, around], probability[Part.PANTS, around] = 0.6, 0.4
    assert claim(segment(probability), found(0.49), edges=edges).score == pytest.approx(0.7 * sure, rel=1e-5)


def test_a_silhouettes_sureness_is_its_mean() -> None:
    probability = scattered({Part.COAT: 1})
    probability[0, 20:50, 30:70], probability[Part.COAT, 20:50, 30:70] = 0.3, 0.7  # a third of it
    assert claim(segment(probability), found(0.36)).score == pytest.approx(0.6 * 0.9, rel=1e-5)


@pytest.mark.parametrize("box", [(40, 40, 80, 85), (20, 40, 60, 130), (40, 220, 80, 310)])
def test_a_claim_is_surer_where_the_silhouette_is_what_was_detected(box: Box) -> None:
    made = claim(segment(scattered({Part.COAT: 1})), found(0.64, box))
    agreement = overlap(np.array(box, np.float32), np.array((40, 40, 80, 130), np.float32))
    assert made.score == pytest.approx(0.8 * agreement**0.5, rel=1e-5)


def test_nobody_in_the_crop() -> None:
    made = claim(segment(scattered({})), found(0.7))
    assert made.score == 0
    assert len(made.parts) == 2
    assert made.area == 0
