"""Reading configuration.json, and what the network is shown of a photo; neither needs torch."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from m2fp_configurations import SMALL_MULTI, SMALL_SINGLE, configuration

from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE, Config, read_configuration
from dressform.parsing.engines.m2fp.preprocess import preprocess
from dressform.parsing.errors import OptionError, WeightsError


def write(folder: Path, content: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def changed(config: Config, **values: Any) -> dict[str, Any]:
    """A configuration in which ``section__key`` has another value, or is missing where that is None."""
    content = copy.deepcopy(configuration(config))
    for name, value in values.items():
        *sections, key = name.split("__")
        section = content["model"]
        for part in sections:
            section = section[part]
        if value is None:
            del section[key]
        else:
            section[key] = value
    return content


# ---- configuration.json ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [MULTI, SINGLE, SMALL_MULTI, SMALL_SINGLE])
def test_reading_gives_what_was_written(tmp_path: Path, config: Config) -> None:
    folder = write(tmp_path, configuration(config))
    assert read_configuration(folder) == config
    assert read_configuration(folder / "configuration.json") == config


def test_the_published_models() -> None:
    assert (len(MULTI.classes), MULTI.classes[0], MULTI.classes[10], MULTI.classes[20]) == (
        21,
        "Background",
        "Torso-skin",
        "Human",
    )
    assert (len(SINGLE.classes), SINGLE.classes[10], SINGLE.input_size) == (20, "Jumpsuits", (384, 512))
    assert (MULTI.single, MULTI.parts, SINGLE.single, SINGLE.parts) == (False, 20, True, 20)


def test_missing_values_are_listed(tmp_path: Path) -> None:
    content = changed(MULTI, encoder__conv_dim=None, decoder__dec_layers=None, num_parsing=None)
    with pytest.raises(WeightsError) as error:
        read_configuration(write(tmp_path, content))
    for name in ("encoder.conv_dim", "decoder.dec_layers", "num_parsing", "configuration.json"):
        assert name in str(error.value)
    with pytest.raises(WeightsError, match=r"input_single_human\.sizes"):
        read_configuration(write(tmp_path, changed(SINGLE, input_single_human=None)))


def test_modelscopes_defaults_are_known(tmp_path: Path) -> None:
    content = changed(SINGLE, single_human=None, parsing_ins_score_thr=None, type=None)
    assert read_configuration(write(tmp_path, content)) == replace(SINGLE, score_threshold=0.5)


@pytest.mark.parametrize(
    "values",
    [
        {"type": "mask-dino"},
        {"backbone__depth": 18},
        {"backbone__norm": "GN"},
        {"backbone__res5_multi_grid": [1, 2]},
        {"backbone__stride_in_1x1": 1},
        {"encoder__conv_dim": "256"},
        {"encoder__conv_dim": 100},
        {"encoder__transformer_nheads": 3},
        {"decoder__pre_norm": True},
        {"decoder__dec_layers": 0},
        {"decoder__hidden_dim": 128},
        {"decoder__num_classes": 30},
        {"classes": "Hat"},
        {"num_parsing": 40},
        {"parsing_ins_score_thr": 3},
        {"single_human": "no"},
    ],
)
def test_another_network_is_refused_by_name(tmp_path: Path, values: dict[str, Any]) -> None:
    name = next(iter(values)).replace("__", ".").replace("decoder.num_classes", "classes")
    with pytest.raises(WeightsError, match=rf"{name} .*allowed: .*{name}"):
        read_configuration(write(tmp_path, changed(MULTI, **values)))


@pytest.mark.parametrize("text", ["", "{", "[]", '"model"', "{}", '{"model": 3}', "\xff"])
def test_files_that_are_no_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "configuration.json").write_text(text, encoding="latin-1")
    with pytest.raises(WeightsError, match="configuration"):
        read_configuration(tmp_path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read") as error:
        read_configuration(tmp_path)
    assert "ModelScope" in str(error.value.remedy)


# ---- preprocessing --------------------------------------------------------------------------------------------------


def photo(height: int, width: int) -> Any:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_hd_photo_is_resized_and_padded_as_by_modelscope() -> None:
    seen = preprocess(photo(720, 1280), MULTI)
    assert (seen.tensor.shape, seen.tensor.dtype) == ((1, 3, 640, 1152), np.float32)
    assert (seen.photo, seen.resized, seen.content) == ((720, 1280), (640, 1138), (0, 0, 1138, 640))
    assert not seen.tensor[..., 1138:].any()


@pytest.mark.parametrize(
    ("size", "resized", "content"),
    [
        ((1000, 700), (512, 384), (13, 0, 371, 512)),
        ((720, 1280), (512, 384), (0, 148, 384, 364)),
        ((128, 96), (512, 384), (144, 192, 240, 320)),  # not enlarged
        ((511, 384), (511, 384), (0, 0, 384, 511)),  # one row too few: ModelScope leaves it
        ((513, 384), (512, 383), (0, 0, 383, 512)),
        ((1, 5), (512, 384), (189, 255, 194, 256)),
        ((1, 3000), (512, 384), (0, 255, 384, 256)),
    ],
)
def test_one_person_is_centred_on_grey(size: Any, resized: Any, content: Any) -> None:
    seen = preprocess(photo(*size), SINGLE)
    assert (seen.tensor.shape, seen.resized, seen.content) == ((1, 3, 512, 384), resized, content)
    x0, y0, x1, y1 = content
    outside = seen.tensor[0, :, : resized[0], : resized[1]].copy()
    outside[:, y0:y1, x0:x1] = np.nan
    for channel, (mean, deviation) in enumerate(((123.675, 58.395), (116.28, 57.12), (103.53, 57.375))):
        grey = outside[channel][~np.isnan(outside[channel])]
        assert np.allclose(grey, (128 - mean) / deviation)


def test_channels_are_red_green_blue() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    assert preprocess(red, MULTI).tensor[0, :, 0, 0] == pytest.approx([2.2489, -2.0357, -1.8044], abs=1e-4)


def test_sides_may_be_chosen() -> None:
    seen = preprocess(photo(100, 150), MULTI, short=200, long=240)
    assert seen.resized == (160, 240)
    assert preprocess(photo(1, 900), MULTI, short=64, long=64).resized == (1, 64)
    with pytest.raises(OptionError):
        preprocess(photo(10, 10), MULTI, short=0)
