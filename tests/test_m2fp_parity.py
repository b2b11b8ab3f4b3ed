"""M2FP's network and preprocessing against ModelScope's own code, with the same weights."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra m2fp)")

import m2fp_reference
from m2fp_compare import COUNT, assert_close
from m2fp_configurations import SMALL_MULTI, SMALL_SINGLE
from m2fp_weights import make_model, picture

from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE, Config, read_configuration
from dressform.parsing.engines.m2fp.network import load_network
from dressform.parsing.engines.m2fp.preprocess import preprocess

pytestmark = pytest.mark.skipif(
    m2fp_reference.why_unavailable() is not None, reason=str(m2fp_reference.why_unavailable())
)

CONFIGS = {"multi": SMALL_MULTI, "single": SMALL_SINGLE}
PHOTOS = {  # (height, width)
    "multi": [(720, 1280), (300, 200), (511, 384), (100, 700), (64, 64)],
    # Of 127 rows and of 95 columns one is missing, which ModelScope's code does not pad.
    "single": [(720, 1280), (80, 60), (127, 96), (128, 95), (256, 190), (1023, 700)],
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders by the name of the configuration."""
    root = tmp_path_factory.mktemp("models")
    return {name: make_model(root / name, config, seed=k) for k, (name, config) in enumerate(CONFIGS.items())}


@pytest.fixture(scope="module")
def references(folders: dict[str, Path]) -> dict[str, m2fp_reference.Reference]:
    """ModelScope's code with the weights of these folders."""
    return {name: m2fp_reference.Reference(folder) for name, folder in folders.items()}


def assert_same(folder: Path, config: Config, size: tuple[int, int], short: int = 96) -> None:
    """On photos of this (height, width), our network with this folder's weights is as exact as ModelScope's."""
    assert read_configuration(folder) == config
    seen = [preprocess(picture(*size, seed=k), config, short=short).tensor for k in range(COUNT)]
    images = torch.from_numpy(np.concatenate(seen))
    reference = m2fp_reference.Reference(folder)
    logits = reference.network(images)
    reference.model.double()
    with m2fp_reference.double_precision():
        exact = reference.network(images.double())
    assert all(x.dtype == torch.float64 for x in exact)
    assert_close(load_network(folder, config)(images), logits, exact)


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, sizes in PHOTOS.items() for size in sizes])
def test_network_is_shown_the_same(references: Any, name: str, size: tuple[int, int]) -> None:
    bgr = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    seen = preprocess(np.ascontiguousarray(bgr[:, :, ::-1]), CONFIGS[name])
    assert np.array_equal(seen.tensor, references[name].inputs(bgr))


def test_hd_photo_is_padded(references: Any) -> None:
    bgr = picture(720, 1280)
    shown = references["multi"].inputs(bgr)
    assert shown.shape == (1, 3, 640, 1152)
    assert shown[..., 1137].any() and not shown[..., 1138:].any()


@pytest.mark.parametrize("size", [(72, 128), (96, 96), (160, 90)])
def test_several_people(folders: Any, size: tuple[int, int]) -> None:
    assert_same(folders["multi"], SMALL_MULTI, size)  # 72 × 128 is padded at the right, as 720 × 1280 is


@pytest.mark.parametrize("size", [(127, 96), (100, 160), (350, 150)])
def test_one_person(folders: Any, size: tuple[int, int]) -> None:
    assert_same(folders["single"], SMALL_SINGLE, size)


def test_queries_with_empty_masks_look_everywhere(folders: Any, tmp_path: Path) -> None:
    """No place has a mask logit above 0, so that every query's attention mask is empty, in every layer."""
    state = torch.load(folders["multi"] / "pytorch_model.pt", weights_only=True)["model"]
    for name in ("sem_seg_head.pixel_decoder.mask_features", "sem_seg_head.predictor.mask_embed.layers.2"):
        state[f"{name}.weight"] *= 0.01
    state["sem_seg_head.pixel_decoder.mask_features.bias"].fill_(1.0)
    state["sem_seg_head.predictor.mask_embed.layers.2.bias"].fill_(-1.0)
    torch.save({"model": state}, tmp_path / "pytorch_model.pt")
    (tmp_path / "configuration.json").write_bytes((folders["multi"] / "configuration.json").read_bytes())
    image = torch.from_numpy(preprocess(picture(96, 128), SMALL_MULTI, short=96).tensor)
    assert m2fp_reference.Reference(tmp_path).network(image)[1].max() < 0
    assert_same(tmp_path, SMALL_MULTI, (96, 128))


@pytest.mark.parametrize(
    ("config", "size"), [(MULTI, (72, 128)), (replace(SINGLE, input_size=(64, 96)), (95, 64))], ids=["multi", "single"]
)
def test_the_published_size(tmp_path: Path, config: Config, size: tuple[int, int]) -> None:
    assert_same(make_model(tmp_path, config, seed=2), config, size, short=72)
