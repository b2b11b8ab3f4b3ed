"""Weights taken over from another network, averages of several, and plots of a run."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

torch = pytest.importorskip("torch")

from dressform.parsing.training.networks import PartsNet

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_deeper_and_wider_network_takes_over_what_it_shares() -> None:
    from dressform.parsing.training.networks import PeopleNet
    from dressform.parsing.training.transfer import adopt

    small = PartsNet([8, 12, 16], [0, 1, 2])
    large = PeopleNet([10, 12, 16, 20], [0, 1, 1, 1])
    own = {name: value.clone() for name, value in large.state_dict().items()}
    given = small.state_dict()
    assert adopt(large, given) > 20
    state = large.state_dict()
    stem = state["body.stem.0.weight"]
    assert torch.equal(stem[:8], given["body.stem.0.weight"][:, :3]), "the mark of the head has no place in it"
    assert torch.equal(stem[8:], own["body.stem.0.weight"][8:])
    assert torch.equal(state["body.down.2.1.first.0.weight"], given["body.down.2.1.first.0.weight"])
    # The way up is counted from the deepest level: what leads to stride 4 comes first in one and second in the other.
    assert torch.equal(state["body.narrow.1.0.weight"], given["body.narrow.0.0.weight"])
    assert torch.equal(state["body.narrow.0.0.weight"], own["body.narrow.0.0.weight"])
    assert torch.equal(state["heat.0.0.weight"], own["heat.0.0.weight"])


def test_a_run_begins_with_another_one(tmp_path: Path) -> None:
    from dressform.parsing.training.transfer import begin_with

    first, second = PartsNet([8, 12, 16], [0, 1, 1]), PartsNet([8, 12, 16], [0, 1, 1])
    torch.save({"average": first.state_dict()}, tmp_path / "checkpoint.pt")
    assert begin_with(second, tmp_path) == len(first.state_dict())
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_weights_of_several_runs_are_averaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dressform.parsing.training import soup
    from dressform.parsing.training.fit import load_average

    nets = [PartsNet([8, 12, 16], [0, 1, 1]) for _ in range(3)]
    for k, net in enumerate(nets):
        net(torch.rand(k + 1, 4, 64, 32))  # counts batches, moves running means
        (tmp_path / str(k)).mkdir()
        torch.save({"average": net.state_dict()}, tmp_path / str(k) / "checkpoint.pt")
    runs = [str(tmp_path / str(k)) for k in range(3)]
    monkeypatch.setattr("sys.argv", ["soup", *runs, "--out", str(tmp_path / "mean")])
    soup.main()
    assert [path.name for path in (tmp_path / "mean").iterdir()] == ["checkpoint.pt"]
    mean = load_average(PartsNet([8, 12, 16], [0, 1, 1]), tmp_path / "mean").state_dict()
    for name, value in mean.items():
        each = torch.stack([net.state_dict()[name].double() for net in nets])
        assert torch.allclose(value.double(), each.mean(0), atol=1e-6), name
    with pytest.raises(ValueError, match="different networks"):
        soup.average_weights([nets[0].state_dict(), PartsNet([8, 12, 20], [0, 1, 1]).state_dict()])
    with pytest.raises(ValueError, match="no weights"):
        soup.average_weights([])


def test_a_deeper_network_begins_as_good_as_the_shallow_one() -> None:
    from dressform.parsing.training.transfer import adopt

    torch.manual_seed(3)
    shallow, deep = PartsNet([8, 12, 16], [0, 1, 1]).eval(), PartsNet([8, 12, 16], [0, 3, 4]).eval()
    image = torch.rand(1, 4, 64, 32)
    with torch.no_grad():
        assert not torch.allclose(shallow(image)[0], deep(image)[0], atol=1e-3)
        adopt(deep, shallow.state_dict())
        for before, after in zip(shallow(image), deep(image), strict=True):
            assert torch.allclose(before, after, atol=1e-6)


def test_a_run_is_plotted_figure_by_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from dressform.parsing.training.plots import plot_log

    rows = [{"step": 50, "seconds": 1.0, "loss": 0.5}, {"step": 100, "miou": 0.3}, {"step": 100, "loss": 0.4}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    picture = cv2.imread(str(plot_log(tmp_path)))
    assert picture.shape[1] > 1.5 * picture.shape[0], "two panels"
