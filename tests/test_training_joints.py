"""The joints network: what it may do at all, and that it learns from pairs."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.training.fit import Schedule, fit, load_average
from dressform.parsing.training.networks import JointsNet
from dressform.parsing.training.train_joints import BUNDLE, Bodies, joints_loss, open_data

pytestmark = pytest.mark.usefixtures("one_thread")


def random_net(seed: int = 0) -> JointsNet:
    """A network that moves joints, unlike one that has learned nothing."""
    torch.manual_seed(seed)
    net = JointsNet(16)
    torch.nn.init.normal_(net.layers[-1].weight, std=0.5)
    return net.eval()


def bodies(count: int = 5, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.uniform(0, 200, (count, 17, 2)), rng.uniform(0, 1, (count, 17, 1))], 2)
    return torch.from_numpy(values.astype(np.float32))


def test_it_begins_by_leaving_joints_where_they_are() -> None:
    found = bodies()
    assert torch.equal(JointsNet(8)(found), found[:, :, :2])


def test_bodies_may_be_anywhere_of_any_size_and_mirrored() -> None:
    net, found = random_net(), bodies()
    with torch.no_grad():
        moved = net(found)
        assert (moved - found[:, :, :2]).norm(dim=2).max() > 5
        larger = net(torch.cat([3 * found[:, :, :2] + torch.tensor([50.0, -900.0]), found[:, :, 2:]], 2))
        mirrored = net((found * torch.tensor([-1.0, 1.0, 1.0]))[:, list(MIRROR_KEYPOINTS)])
    np.testing.assert_allclose(larger, 3 * moved + torch.tensor([50.0, -900.0]), atol=0.05)
    np.testing.assert_allclose(mirrored[:, list(MIRROR_KEYPOINTS)] * torch.tensor([-1.0, 1.0]), moved, atol=1e-3)


def test_what_is_not_seen_moves_nobody() -> None:
    net, found = random_net(), bodies()
    found[:, 9, 2] = 0
    other = found.clone()
    other[:, 9, :2] += 500
    rest = [k for k in range(17) if k != 9]
    with torch.no_grad():
        np.testing.assert_allclose(net(found)[:, rest], net(other)[:, rest], atol=1e-3)
        nobody = net(torch.zeros(1, 17, 3))
    assert torch.isfinite(nobody).all()


def test_bundles_turn_found_and_known_alike(tmp_path: Path) -> None:
    found = bodies(7).numpy()
    np.savez(tmp_path / "pairs.npz", found=found, truth=found)
    data = open_data({"pairs": tmp_path / "pairs.npz"}, {}, Schedule(steps=1, batch=1, seed=4))
    first, second = data[3]
    assert first.shape == (BUNDLE, 17, 3) and torch.equal(first, second)
    assert torch.equal(first, data[3][0]) and not torch.equal(first, data[4][0])
    lengths = {round(float(v), 1) for v in np.linalg.norm(found[:, 0, :2] - found[:, 5, :2], axis=1)}
    assert {round(float(v), 1) for v in (first[:, 0, :2] - first[:, 5, :2]).norm(dim=1)} <= lengths


def test_unknown_joints_cost_nothing() -> None:
    found = bodies(BUNDLE)[None]
    truth = found.clone()
    truth[..., 2] = 1
    assert joints_loss(JointsNet(8), (found, truth))["joints"].item() == 0
    truth[:, :, 4] += 1000
    truth[:, :, 4, 2] = 2
    assert joints_loss(JointsNet(8), (found, truth))["joints"].item() == 0
    truth[:, :, 4, 2] = 1
    assert joints_loss(JointsNet(8), (found, truth))["joints"].item() > 0.1


def test_it_learns_that_a_joint_is_between_two_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = np.concatenate([rng.normal(0, 40, (3000, 17, 2)), np.ones((3000, 17, 1))], 2).astype(np.float32)
    truth[:, 13, :2] = (truth[:, 11, :2] + truth[:, 15, :2]) / 2
    found = truth.copy()
    found[:, 13, :2] += rng.normal(0, 25, (3000, 2))
    schedule = Schedule(steps=600, batch=8, rate=5e-3, warmup=10, average=0.98, workers=0, threads=1, save_every=600)
    torch.manual_seed(0)
    fit(JointsNet(32), Bodies(found[:2700], truth[:2700], 0), joints_loss, schedule, tmp_path)
    with torch.no_grad():
        moved = load_average(JointsNet(32), tmp_path)(torch.from_numpy(found[2700:])).numpy()
    errors = [
        np.median(np.linalg.norm(at - truth[2700:, 13, :2], axis=1)) for at in (found[2700:, 13, :2], moved[:, 13])
    ]
    assert errors[1] < 0.6 * errors[0]
