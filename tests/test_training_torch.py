"""Losses on cases worked out by hand, and the shapes of the networks."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional

from dressform.parsing import Part
from dressform.parsing.training.losses import box_giou, focal_heat, joint_heat, part_loss, wing
from dressform.parsing.training.networks import FaceNet, PartsNet, PeopleNet
from dressform.parsing.training.targets import IGNORE, Zone, zone_table

TABLE = torch.from_numpy(zone_table())
PARTS = len(Part)
ONES = torch.ones(PARTS)
ANYTHING = torch.ones((1, PARTS), dtype=torch.bool)


pytestmark = pytest.mark.usefixtures("one_thread")

# Losses


def random_case(seed: int = 0) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((2, PARTS, 32, 40), generator=generator) * 2
    return logits, torch.randint(0, PARTS, (2, 32, 40), generator=generator)


def dice_by_hand(logits: Any, codes: Any) -> float:
    probability = torch.softmax(logits, 1)
    terms = []
    for part in range(PARTS):
        own = codes == part
        if own.sum() > 20:
            p = probability[:, part]
            sure = p[codes < PARTS].sum()
            terms.append(1 - (2 * p[own].sum() + 1) / (sure + own.sum() + 1))
    return float(torch.stack(terms).mean())


def test_exact_parts_cost_their_weighted_cross_entropy_and_dice() -> None:
    logits, codes = random_case()
    weight = torch.linspace(0.5, 2, PARTS)
    expected = float(functional.cross_entropy(logits, codes, weight=weight)) + 0.5 * dice_by_hand(logits, codes)
    found = part_loss(logits, codes, TABLE, ANYTHING.expand(2, -1), weight)
    assert float(found) == pytest.approx(expected, abs=2e-3)  # 1e-6 inside the logarithm


def test_what_a_photo_may_show_does_not_touch_exact_parts() -> None:
    logits, codes = random_case()
    nothing = torch.zeros((2, PARTS), dtype=torch.bool)
    found = [part_loss(logits, codes, TABLE, allowed, ONES) for allowed in (nothing, ~nothing)]
    assert float(found[0]) == pytest.approx(float(found[1]))


def scene(inside: Part, code: int) -> tuple[Any, Any]:
    """Background to the left and ``inside`` to the right, both foretold with certainty; ``code`` labels the right."""
    logits = torch.full((1, PARTS, 8, 16), -20.0)
    logits[:, 0, :, :8] = 20
    logits[:, inside, :, 8:] = 20
    codes = torch.zeros((1, 8, 16), dtype=torch.int64)
    codes[:, :, 8:] = code
    return logits, codes


@pytest.mark.parametrize("part", [Part.COAT, Part.PANTS, Part.BAG])
def test_any_part_of_a_set_costs_nothing(part: Part) -> None:
    logits, codes = scene(part, Zone.PERSON)
    assert float(part_loss(logits, codes, TABLE, ANYTHING, ONES)) == pytest.approx(0, abs=1e-3)


def test_a_part_outside_the_set_or_outside_the_tags_costs() -> None:
    logits, codes = scene(Part.COAT, Zone.LEFT_THIGH)
    assert float(part_loss(logits, codes, TABLE, ANYTHING, ONES)) < 0.01
    without_coat = ANYTHING.clone()
    without_coat[0, Part.COAT] = False
    assert float(part_loss(logits, codes, TABLE, without_coat, ONES)) > 1
    assert float(part_loss(*scene(Part.HAIR, Zone.LEFT_THIGH), TABLE, ANYTHING, ONES)) > 1


def test_unknown_pixels_cost_nothing_and_pull_nowhere() -> None:
    logits, codes = random_case()
    codes[:, :, 20:] = IGNORE
    first = logits.clone().requires_grad_()
    loss = part_loss(first, codes, TABLE, ANYTHING.expand(2, -1), ONES)
    loss.backward()
    assert not first.grad[:, :, :, 20:].any() and first.grad[:, :, :, :20].any()
    changed = logits.clone()
    changed[:, :, :, 20:] = 7 * torch.randn_like(changed[:, :, :, 20:])
    assert float(part_loss(changed, codes, TABLE, ANYTHING.expand(2, -1), ONES)) == pytest.approx(loss.item())


def test_joint_maps_peak_at_the_joint_and_leave_unknown_ones_out() -> None:
    joints = torch.tensor([[[10.0, 6.0, 1.0], [10.0, 6.0, 0.0], [10.0, 6.0, 2.0]]])
    logits = torch.zeros((1, 3, 4, 5), requires_grad=True)
    loss = joint_heat(logits, joints, stride=4.0, sigma=1.5)
    loss.backward()
    assert logits.grad is not None
    assert int(logits.grad[0, 0].argmin()) == 1 * 5 + 2, "the cell of (10, 6) is column 2, row 1"
    assert not logits.grad[0, 1].any(), "unknown"
    assert (logits.grad[0, 2] > 0).all(), "known to be absent"
    alone = joint_heat(torch.zeros((1, 1, 4, 5)), torch.tensor([[[0.0, 0.0, 2.0]]]))
    assert float(alone) == pytest.approx(np.log(2))


def test_focal_loss_of_one_peak() -> None:
    target = torch.zeros((1, 1, 1, 3))
    target[..., 0], target[..., 1] = 1, 0.5
    logits = torch.zeros((1, 1, 1, 3))
    known = torch.ones_like(logits)
    # Each cell costs log 2 · 1/4; the second's is softened by (1 - 0.5)^4.
    expected = np.log(2) / 4 * (1 + 0.5**4 + 1)
    assert float(focal_heat(logits, target, known)) == pytest.approx(expected, rel=1e-4)
    known[..., 2] = 0
    assert float(focal_heat(logits, target, known)) == pytest.approx(np.log(2) / 4 * (1 + 0.5**4), rel=1e-4)
    certain = torch.tensor([[[[20.0, -20.0, -20.0]]]])
    assert float(focal_heat(certain, target, torch.ones_like(target))) == pytest.approx(0, abs=1e-3)


def test_giou_of_boxes_seen_from_one_point() -> None:
    box = torch.tensor([[5.0, 5, 5, 5]])
    weight = torch.ones(1)
    assert float(box_giou(box, box, weight)) == pytest.approx(0)
    wide = torch.tensor([[10.0, 5, 10, 5]])  # twice as wide: IoU 1/2, the hull adds nothing
    assert float(box_giou(wide, box, weight)) == pytest.approx(0.5)
    high = torch.tensor([[5.0, 10, 5, 10]])  # with the wide one: 100 of 300 in a hull of 400
    assert float(box_giou(wide, high, weight)) == pytest.approx(1 - (1 / 3 - 1 / 4))
    both = box_giou(torch.cat([box, wide]), torch.cat([box, box]), torch.tensor([3.0, 1.0]))
    assert float(both) == pytest.approx(0.125)
    assert float(box_giou(box, wide, torch.zeros(1))) == 0


def test_wing_loss_is_logarithmic_near_zero_and_linear_beyond() -> None:
    zero = torch.zeros(1)
    near, far, farther = (float(wing(torch.tensor([e]), zero)) for e in (0.02, 0.14, 0.24))
    assert near == pytest.approx(0.04 * np.log(3), rel=1e-4)
    assert farther - far == pytest.approx(0.1, rel=1e-4)
    below, above = (float(wing(torch.tensor([e]), zero)) for e in (0.0399999, 0.0400001))
    assert below == pytest.approx(above, rel=1e-3), "both pieces meet"
    assert float(wing(zero, zero)) == 0


# Networks


def test_outputs_of_the_networks() -> None:
    widths, depths = [4, 6, 8, 8, 8, 8], [0, 1, 1, 1, 1, 1]
    with torch.no_grad():
        parts, joints = PartsNet(widths[:5], depths[:5]).eval()(torch.rand(2, 4, 128, 96))
        heat, box, mask = PeopleNet(widths, depths).eval()(torch.rand(2, 3, 64, 128))
        points, seen = FaceNet(widths[:5], depths[:5]).eval()(torch.rand(2, 3, 128, 128))
    assert parts.shape == (2, PARTS, 64, 48) and joints.shape == (2, 17, 32, 24)
    assert heat.shape == mask.shape == (2, 1, 16, 32) and box.shape == (2, 4, 16, 32) and (box > 0).all()
    assert points.shape == (2, 70, 2) and seen.shape == (2,)
    assert ((points > 0) & (points < 1)).all()
