"""Backends: the registry's plain words, the contract of a diffusion model, and that none of them can touch the rest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dressform.parsing import EngineUnavailableError, MissingExtraError, OptionError, Parse, WeightsError
from dressform.tryon import (
    GarmentPhoto,
    Layer,
    Photo,
    Result,
    Solid,
    Stage,
    Tile,
    drape_all,
    list_backends,
    load_backend,
    prepare,
)
from dressform.tryon.backends.fashn import Fashn
from dressform.tryon.bench.exactness import changed_outside, photos
from dressform.tryon.bench.hostile import HOSTILE, Painter
from dressform.tryon.bench.people import draw_people

SHIRT = GarmentPhoto(np.full((40, 30, 3), (200, 40, 60), np.uint8), kind="upper")


@pytest.fixture(scope="module")
def parse() -> Parse:
    return draw_people(240, 160, people=2, cloth="plain")


@pytest.fixture(scope="module")
def stages(parse: Parse) -> dict[str, Stage]:
    return {name: prepare(parse.image, parse, 1, name) for name in ("upper", "lower", "outfit")}


@pytest.fixture(scope="module")
def kinds() -> list[tuple[Parse, Photo, Stage]]:
    """Photos of several kinds with a stage each."""
    return [(parse, photo, prepare(photo, parse, 1, "upper")) for parse, photo in photos((240, 160))]


@dataclass
class Model:
    """Stands for a diffusion model: remembers what it was given and paints noise of the person's shape."""

    size: tuple[int, int] = (576, 864)
    answer: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, **given: Any) -> Any:
        self.asked.append(given)
        if isinstance(self.answer, Exception):
            raise self.answer
        noise = np.random.default_rng(0).integers(0, 256, (9, 6, 3)).astype(np.uint8)
        picture = Image.fromarray(noise).resize(self.size)
        return SimpleNamespace(images=[picture]) if self.answer is None else self.answer


def test_the_model_gets_what_it_was_trained_on(parse: Parse, stages: dict[str, Stage]) -> None:
    for region, category in (("upper", "tops"), ("lower", "bottoms")):
        model = Model()
        result = stages[region].drape(SHIRT, backend=Fashn(model, steps=7, seed=3))
        (given,) = model.asked
        person, garment = given.pop("person_image"), given.pop("garment_image")
        assert (person.mode, garment.mode) == ("RGB", "RGB") and garment.size == (30, 40)
        assert person.width / person.height == pytest.approx(2 / 3, rel=0.01)
        assert np.abs(np.asarray(garment).astype(int) - (200, 40, 60)).max() <= 1
        assert given == {
            "category": category, "garment_photo_type": "flat-lay", "num_samples": 1, "num_timesteps": 7, "seed": 3,
        }  # fmt: skip
        assert result.report.backend == "fashn" and "diffusion" in result.report.notes[0]
        kept(parse, result)


def test_the_model_sees_the_person_where_they_are(stages: dict[str, Stage]) -> None:
    """What it paints comes back to the place it saw: a copy of the picture changes nothing."""
    stage = stages["upper"]

    def copy(**given: Any) -> Any:
        return SimpleNamespace(images=[given["person_image"]])

    result = drape_all([(stage, SHIRT)], backend=Fashn(copy))
    x0, y0, x1, y1 = stage.window
    sure = stage.alpha == 65535
    change = np.abs(result.image.astype(int) - stage.photo.pixels)[y0:y1, x0:x1][sure]
    assert sure.any() and change.max() <= 1


def kept(parse: Parse, result: Result) -> None:
    """Only the first person's garment has changed."""
    touched = (result.image != result.before.colored()).any(axis=2)
    assert touched.any() and changed_outside(result) == 0 and not touched[parse.instances == 2].any()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (SimpleNamespace(images=[]), "gave no picture"),
        (SimpleNamespace(images=None), "gave no picture"),
        (SimpleNamespace(images=[np.full((864, 576, 3), np.nan)]), "gave no picture"),
        (SimpleNamespace(), "the backend 'fashn' gave no picture; got SimpleNamespace"),
        (SimpleNamespace(images=[Image.new("RGB", (864, 576))]), "gave a picture of another shape; got 864×576"),
        (SimpleNamespace(images=[Image.new("RGB", (600, 864))]), "of another shape; got 600×864; allowed: an aspect"),
    ],
)
def test_what_is_no_picture_of_the_person_is_refused(stages: dict[str, Stage], answer: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        stages["upper"].drape(SHIRT, backend=Fashn(Model(answer=answer)))


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
def test_any_mode_of_picture_will_do(parse: Parse, stages: dict[str, Stage], mode: str) -> None:
    answer = SimpleNamespace(images=(Image.new("RGB", (144, 216), (9, 200, 7)).convert(mode),))
    kept(parse, stages["upper"].drape(SHIRT, backend=Fashn(Model(answer=answer))))


def test_the_model_is_not_asked_for_what_it_cannot_do(stages: dict[str, Stage]) -> None:
    model = Model()
    with pytest.raises(OptionError, match="'fashn' cannot make this cloth; got Solid; allowed: a garment's photo"):
        stages["upper"].drape(Solid("#fff"), backend=Fashn(model))
    with pytest.raises(OptionError, match="'fashn' cannot change this region; got outfit; allowed: upper, inner, coat"):
        stages["outfit"].drape(SHIRT, backend=Fashn(model))
    assert not model.asked


def test_a_model_that_fails_says_so_in_one_line(stages: dict[str, Stage]) -> None:
    model = Model(answer=RuntimeError("CUDA out of memory.\nTried to allocate 9 GiB"))
    with pytest.raises(EngineUnavailableError, match=r"the backend 'fashn' failed; got CUDA out of memory.$"):
        stages["upper"].drape(SHIRT, backend=Fashn(model))


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind not in ("nan", "shape")])
def test_hostile_backends_cannot_touch_the_rest(kinds: list[tuple[Parse, Photo, Stage]], kind: str) -> None:
    for parse, photo, stage in kinds:
        result = drape_all([(stage, Solid("#fff"))], backend=Painter(kind))
        assert changed_outside(result) == 0
        touched = (result.image != photo.colored()).any(axis=2)
        assert not touched[parse.instances > 1].any() and touched.any() == (kind != "lack")
        assert not photo.has_alpha or (result.image[..., 3] == photo.colored()[..., 3]).all()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nan", r"the backend 'painter \(nan\)' gave rgb that is not finite"),
        ("shape", r"gave no usable rgb; got float32 \(\d+, \d+, 3\); allowed: float32"),
    ],
)
def test_layers_that_are_none_are_refused(stages: dict[str, Stage], kind: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        stages["upper"].drape(Solid("#fff"), backend=Painter(kind))


@dataclass(frozen=True)
class Given:
    """Gives the layer that it was given."""

    layer: Layer
    name: str = "given"

    def drape(self, stage: Stage, cloth: Any, look: Any) -> Layer:
        return self.layer


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31), st.floats(width=32, allow_subnormal=False), st.sampled_from(["rgb", "coverage"]),
    st.booleans(),
)  # fmt: skip
def test_whatever_numbers_come_the_rest_stays(
    parse: Parse, stages: dict[str, Stage], seed: int, value: float, where: str, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    shape = stages["upper"].alpha.shape
    parts = {"rgb": rng.random((*shape, 3), np.float32), "coverage": rng.random(shape, np.float32)}
    parts[where][rng.random(shape) < (2 if whole else 0.1)] = value
    layer = Layer(parts["rgb"], parts["coverage"])
    if not np.isfinite(value):
        with pytest.raises(OptionError, match=f"gave {where} that is not finite"):
            drape_all([(stages["upper"], Solid("#fff"))], backend=Given(layer))
        return
    result = drape_all([(stages["upper"], Solid("#fff"))], backend=Given(layer))
    assert changed_outside(result) == 0
    assert not (result.image != result.before.pixels).any(axis=2)[parse.instances == 2].any()


@pytest.mark.parametrize(
    ("rgb", "coverage", "message"),
    [
        (np.zeros((3, 3, 3), np.float32), None, "no usable rgb"),
        (None, np.zeros((3, 3), np.float32), "no usable coverage"),
        ("double", None, r"no usable rgb; got float64"),
        (None, "bool", "no usable coverage; got bool"),
    ],
)
def test_layers_of_other_kinds_are_refused(stages: dict[str, Stage], rgb: Any, coverage: Any, message: str) -> None:
    shape = stages["upper"].alpha.shape
    rgb = np.zeros((*shape, 3), np.float64 if isinstance(rgb, str) else np.float32) if not _array(rgb) else rgb
    coverage = np.ones(shape, np.bool_) if isinstance(coverage, str) else coverage
    with pytest.raises(OptionError, match=message):
        drape_all([(stages["upper"], Solid("#fff"))], backend=Given(Layer(rgb, coverage)))


def _array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def test_the_registry_says_what_there_is() -> None:
    classic, fashn = list_backends()
    assert classic.name == "classic" and classic.ready and not classic.how
    assert fashn.name == "fashn" and fashn.licence.startswith("Apache-2.0")
    assert fashn.ready or "DRESSFORM_FASHN_WEIGHTS" in fashn.how
    assert load_backend("classic").name == "classic"
    with pytest.raises(OptionError, match="unknown backend; got 'catvton'; allowed: classic, fashn"):
        load_backend("catvton")


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package ``fashn_vton`` that loads its weights from any folder with a model in it."""
    module = ModuleType("fashn_vton")

    class TryOnPipeline(Model):
        def __init__(self, weights_dir: str) -> None:
            super().__init__()
            if not (Path(weights_dir) / "model.safetensors").exists():
                raise FileNotFoundError("Missing model weights:\n  - a long list")

    module.TryOnPipeline = TryOnPipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fashn_vton", module)
    monkeypatch.delenv("DRESSFORM_FASHN_WEIGHTS", raising=False)
    yield module


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fashn_vton", None)
    with pytest.raises(MissingExtraError, match=r"fashn_vton is not installed; pip install git.*'classic'"):
        load_backend("fashn")


def test_missing_weights_are_named(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stages: dict[str, Stage]
) -> None:
    with pytest.raises(WeightsError, match=r"no weights of FASHN VTON 1.5; got nothing; set DRESSFORM_FASHN_WEIGHTS"):
        load_backend("fashn")
    monkeypatch.setenv("DRESSFORM_FASHN_WEIGHTS", str(tmp_path / "none"))
    with pytest.raises(WeightsError, match="no weights"):
        stages["upper"].drape(SHIRT, backend="fashn")
    monkeypatch.setenv("DRESSFORM_FASHN_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"FASHN VTON 1.5 does not start; got Missing model weights:; see http"):
        load_backend("fashn")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert load_backend("fashn").name == "fashn"
    assert changed_outside(stages["upper"].drape(SHIRT, backend="fashn")) == 0


def test_cloth_of_one_backend_leaves_others_alone(stages: dict[str, Stage]) -> None:
    tile = Tile(np.zeros((2, 2, 3), np.uint8))
    plain = stages["upper"].drape(tile, backend="classic")
    assert plain.image.tobytes() == stages["upper"].drape(tile, backend=load_backend("classic")).image.tobytes()
