"""Our own fabrics: no seam, true colours, the same pixels every time, and the files that are shipped of them."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dressform.assets import asset_path
from dressform.parsing.errors import OptionError
from dressform.parsing.image import load_image
from dressform.tryon.light import to_linear
from dressform.tryon.weaves.designs import list_weaves, weave, weave_info
from dressform.tryon.weaves.field import noise, scattered
from dressform.tryon.weaves.shelf import Fabric, list_fabrics, load_fabric

Pixels = npt.NDArray[np.uint8]
SIZE = 256


@cache
def made(name: str) -> Pixels:
    return weave(name, size=SIZE)


def steps(image: npt.NDArray[np.generic], axis: int) -> npt.NDArray[np.float64]:
    """Mean change of light from each row or column to the next one, the last to the first at the end."""
    light = to_linear(np.asarray(image)).astype(np.float64)
    change = np.abs(light - np.roll(light, -1, axis)).mean(axis=(1 - axis, 2))
    return np.asarray(change, np.float64)


@pytest.mark.parametrize("name", list_weaves())
def test_a_fabric_repeats_without_a_seam(name: str) -> None:
    image = made(name)
    assert image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8
    for axis in (0, 1):
        change = steps(image, axis)
        assert change[-1] <= 1.05 * change[:-1].max()
        # Nor does anything slower stop there: what is blurred goes on as well.
        wide = np.tile(image, (2, 2, 1)).astype(np.float32)
        soft = np.moveaxis(cv2.GaussianBlur(wide, (0, 0), 2.5), axis, 0)[SIZE // 2 : -SIZE // 2]
        bend = np.abs(np.diff(soft, n=2, axis=0)).mean(axis=(1, 2))
        assert bend[SIZE // 2 - 3 : SIZE // 2 + 2].max() <= 1.15 * bend.max(initial=0, where=_away(len(bend)))


def _away(count: int) -> npt.NDArray[np.bool_]:
    place = np.arange(count)
    return np.abs(place - SIZE // 2 + 1) > 6


@pytest.mark.parametrize("name", list_weaves())
def test_a_fabric_is_cloth_and_not_a_flat_colour(name: str) -> None:
    light = to_linear(made(name))
    assert np.abs(light - light.mean((0, 1))).mean() > 0.01 * light.mean()
    info = weave_info(name)
    assert info.name == name and info.title and 1 <= info.repeat_cm <= 60 and len(info.roles) == len(info.colors)


@pytest.mark.parametrize("name", ["plain", "twill", "corduroy"])
@pytest.mark.parametrize("color", ["#1f2f56", "#8a5a33", "#b9b2a5"])
def test_the_mean_is_the_colour_that_was_asked_for(name: str, color: str) -> None:
    asked = to_linear(np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], np.uint8))
    mean = to_linear(weave(name, size=64, colors=[color])).mean((0, 1))
    shade = float(mean.mean() / asked.mean())
    assert 0.85 < shade < 1.05
    assert np.abs(mean / asked / shade - 1).max() < 0.03  # the hue stays


def test_colours_are_mixed_as_light() -> None:
    mean = to_linear(weave("gingham", size=64, colors=["black", "#bcbcbc"])).mean()
    assert mean == pytest.approx(float(to_linear(np.array([188], np.uint8))[0]) / 2, rel=0.05)


@pytest.mark.parametrize("name", ["tartan", "argyle", "leopard"])
def test_roles_get_their_colours(name: str) -> None:
    roles = weave_info(name).roles
    base = weave(name, size=32, colors=["#404040"] * len(roles)).astype(int)
    for k, role in enumerate(roles):
        colors = ["#404040"] * len(roles)
        colors[k] = "#c04040"
        redder = weave(name, size=32, colors=colors).astype(int) - base
        assert redder[..., 0].max() > 20 and abs(redder[..., 1:]).max() < 20, role


@pytest.mark.parametrize("name", ["tartan", "cable", "floral"])
def test_the_same_pixels_on_any_number_of_threads(name: str) -> None:
    before, found = cv2.getNumThreads(), {made(name).tobytes()}
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            found.add(weave(name, size=SIZE).tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(found) == 1


@pytest.mark.parametrize("size", [16, 100, 1300])
def test_any_size(size: int) -> None:
    image = weave("breton", size=size)
    assert image.shape == (size, size, 3)
    small, large = to_linear(image).mean((0, 1)), to_linear(made("breton")).mean((0, 1))
    assert np.abs(small / large - 1).max() < 0.02


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tartn", {}, 'did you mean "tartan"?'),
        (None, {}, "allowed: plain"),
        ("plain", {"size": 8}, "16 to 2048"),
        ("plain", {"size": 20000}, "16 to 2048"),
        ("plain", {"size": 51.2}, "16 to 2048"),
        ("plain", {"size": True}, "16 to 2048"),
        ("tartan", {"colors": ["red"]}, "5: ground, dark, second, bright, fine"),
        ("plain", {"colors": "red"}, "1: yarn"),
        ("plain", {"colors": ["nayv"]}, "navy"),
    ],
)
def test_errors_say_what_is_allowed(name: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        weave(name, **options)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_noise_repeats_and_is_of_unit_strength() -> None:
    field = noise(128, 0.02, 0.05, 1)
    assert abs(float(field.mean())) < 0.02 and float(field.std()) == pytest.approx(1, abs=0.05)
    for axis in (0, 1):
        change = np.abs(field - np.roll(field, 1, axis)).mean(1 - axis)
        assert change[0] < 2 * change.mean()
    assert not np.array_equal(field, noise(128, 0.02, 0.05, 2))


def test_discs_keep_apart_across_the_seam() -> None:
    placed = np.array(scattered([0.1] * 12 + [0.03] * 40, 5))
    assert len(placed) > 30
    gap = np.abs(placed[:, None, :2] - placed[None, :, :2])
    far = np.sqrt((np.minimum(gap, 1 - gap) ** 2).sum(2)) - placed[:, None, 2] - placed[None, :, 2]
    assert far[~np.eye(len(placed), dtype=bool)].min() > 0


# ---- the shelf ------------------------------------------------------------------------------------------------------


def test_the_shelf_holds_what_its_index_says() -> None:
    fabrics = list_fabrics()
    assert 8 <= len(fabrics) <= 15 and len({fabric.name for fabric in fabrics}) == len(fabrics)
    files = {path.name for path in asset_path("fabrics").iterdir()} - {"index.json"}
    assert files == {fabric.path.name for fabric in fabrics}
    for fabric in fabrics:
        assert fabric.path.stat().st_size <= 60_000 and fabric.licence == "CC0-1.0"
        assert fabric.title == weave_info(fabric.name).title and fabric.repeat_cm == weave_info(fabric.name).repeat_cm


@pytest.mark.parametrize("fabric", list_fabrics(), ids=lambda fabric: fabric.name)
def test_shipped_files_are_whole(fabric: Fabric) -> None:
    image = load_image(fabric.path)
    assert image.shape[0] == image.shape[1] and 256 <= image.shape[0] <= 512
    for axis in (0, 1):
        assert steps(image, axis)[-1] <= 1.1 * steps(image, axis)[:-1].max()


@pytest.mark.parametrize("name", ["denim", "tartan", "leopard", "argyle"])
def test_shipped_files_are_what_the_code_makes(name: str) -> None:
    image = load_image(asset_path("fabrics", f"{name}.webp"))
    anew = weave(name, size=image.shape[0])
    assert np.abs(image.astype(int) - anew).mean() < 9
    assert np.abs(to_linear(image).mean((0, 1)) - to_linear(anew).mean((0, 1))).max() < 0.01


def test_a_shipped_fabric_is_a_tile_in_its_own_size() -> None:
    tile = load_fabric("tartan")
    assert tile.repeat_cm == weave_info("tartan").repeat_cm
    assert load_fabric("tartan", repeat=0.3).repeat == 0.3 and load_fabric("tartan", repeat_cm=9, angle=45).angle == 45
    with pytest.raises(OptionError, match="houndstooth"):
        load_fabric("houndstoth")
