"""Which photos are drawn how often, and how a network labels what the data sets leave open."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional

from dressform.parsing import Part
from dressform.parsing.training.pack import Sample, encode_jpeg, encode_png

PARTS = len(Part)
SIZES = [(160, 384), (192, 320), (256, 256)]

pytestmark = pytest.mark.usefixtures("one_thread")


def test_photos_of_rare_parts_are_drawn_more_often() -> None:
    from dressform.parsing.training.train_parts import repeat_chances

    shown = np.zeros((100, PARTS), np.bool_)
    shown[:, Part.HAIR] = True
    shown[:4, Part.HAT] = True
    shown[:1, Part.GLOVE] = True
    chances = repeat_chances(shown, often=0.16)
    assert chances.sum() == pytest.approx(1)
    assert chances[1] / chances[50] == pytest.approx(2)  # the square root of 16 % over 4 %
    assert chances[0] / chances[50] == pytest.approx(4)


def test_a_network_labels_only_what_is_open_and_only_where_it_is_sure() -> None:
    pytest.importorskip("onnxruntime")
    from dressform.parsing.training.pseudo import label_open
    from dressform.parsing.training.targets import IGNORE, Zone

    codes = np.array([[Part.HAIR, Zone.SHOES, Zone.TORSO, Zone.TORSO, IGNORE, Zone.TORSO]], np.uint8)
    allowed = np.ones(PARTS, np.bool_)
    allowed[Part.COAT] = False
    probability = np.zeros((PARTS, 1, 6), np.float32)
    probability[Part.FACE, 0, 0] = 1  # labelled: stays
    probability[[Part.LEFT_SHOE, Part.PANTS], 0, 1] = 0.35, 0.65  # of the set, only one is likely
    probability[[Part.UPPER_CLOTHES, Part.COAT], 0, 2] = 0.3, 0.7  # the tags name no coat
    probability[[Part.UPPER_CLOTHES, Part.DRESS], 0, 3] = 0.55, 0.45  # not sure
    probability[Part.BACKGROUND, 0, 4] = 1
    probability[[Part.UPPER_CLOTHES, Part.PANTS], 0, 5] = 0.1, 0.9  # not of the set: the label is believed
    found = label_open(codes, allowed, probability)
    expected = [Part.HAIR, Part.LEFT_SHOE, Part.UPPER_CLOTHES, Zone.TORSO, Part.BACKGROUND, Zone.TORSO]
    assert found.tolist() == [expected] and found.dtype == np.uint8


def test_open_people_are_labelled_where_they_stand() -> None:
    from dressform.parsing.training import pseudo
    from dressform.parsing.training.people_crops import decode
    from dressform.parsing.training.targets import Zone

    class Bright(nn.Module):
        """Takes what is bright for the left arm, in the second, mirrored view for the right arm, dark for nothing."""

        def forward(self, x: Any) -> tuple[Any, ...]:
            bright = functional.avg_pool2d(x[:, :3].mean(1, keepdim=True), 2)[:, 0] > 0.7
            logits = torch.full((2, PARTS, *bright.shape[1:]), -20.0)
            logits[0, Part.LEFT_ARM], logits[1, Part.RIGHT_ARM] = 20.0 * bright
            logits[:, Part.BACKGROUND] = 20.0 * ~bright
            return (logits,)

    image, codes = np.zeros((120, 80, 3), np.uint8), np.zeros((120, 80), np.uint8)
    image[30:90, 20:50], codes[30:90, 20:50] = 255, Zone.PERSON
    box = np.array([20, 30, 50, 90], np.float32)
    nothing, nowhere = np.zeros((17, 3), np.float32), np.full((70, 2), np.nan, np.float32)
    whole = Sample(
        encode_jpeg(image), encode_png(codes), np.ones(PARTS, np.bool_), nothing, nowhere, box, "ccp-tags", 1
    )
    (found,) = pseudo.taught([whole], Bright(), SIZES)
    labelled = decode(found).codes
    arm = labelled == Part.LEFT_ARM
    assert arm[33:87, 23:47].all() and not arm[codes == 0].any()
    held_out = Sample(whole.image, whole.codes, whole.allowed, nothing, nowhere, box, "ccp-tags", 7)
    assert next(iter(pseudo.taught([held_out], Bright(), SIZES))) is held_out
