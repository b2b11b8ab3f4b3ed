"""Garment photos: cut out, measured, de-lit, against drawn garments; and what is refused."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError
from dressform.tryon.bench.fit import FLATS, placed
from dressform.tryon.bench.flat_garments import Flat, photo, skirt, top
from dressform.tryon.garment.cut import Cutout, GarmentPhoto, cut_out
from dressform.tryon.garment.cutout import find_garment, shrunk
from dressform.tryon.garment.cutout_plain import find_on_plain
from dressform.tryon.garment.delight import broad_light, delight
from dressform.tryon.garment.landmarks import find_landmarks
from dressform.tryon.garment.saliency import likelihood
from dressform.tryon.garment.superpixels import superpixels
from dressform.tryon.garment.symmetry import find_axis, mirrored

KINDS = {
    "tee": "upper", "longsleeve": "upper", "vest": "upper", "dress": "dress", "trousers": "lower", "shorts": "lower",
    "skirt": "lower",
}  # fmt: skip


def errors(cut: Cutout, flat: Flat) -> dict[str, float]:
    """Distance of each landmark from the truth, in lengths of the garment's body."""
    found = {name: np.array(place) + cut.box[:2] for name, place in cut.landmarks.items()}
    return {name: float(np.hypot(*(found[name] - place))) / flat.height for name, place in flat.marks.items()}


def overlap(cut: Cutout, flat: Flat, size: tuple[int, int]) -> float:
    truth = flat.coverage(size)
    whole = np.zeros_like(truth)
    x0, y0, x1, y1 = cut.box
    whole[y0:y1, x0:x1] = cut.alpha
    return float(np.minimum(whole, truth).sum() / np.maximum(whole, truth).sum())


@pytest.mark.parametrize("degrees", [0, -8])
@pytest.mark.parametrize("name", KINDS)
def test_a_garment_is_cut_out_and_measured(name: str, degrees: float) -> None:
    flat, size = placed(FLATS[name], degrees)
    cut = cut_out(GarmentPhoto(photo(flat, size, stripes=0 if name == "skirt" else 12, ground=(96, 70, 58))))
    off = errors(cut, flat)
    assert cut.kind == KINDS[name]
    assert overlap(cut, flat, size) > 0.97
    assert np.mean(list(off.values())) < 0.025
    assert sorted(off.values())[-3] < 0.045, off
    assert all(name in flat.marks for name in cut.landmarks)
    assert cut.image.dtype == cut.alpha.dtype == np.float32 and cut.image.shape == (*cut.alpha.shape, 3)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.floats(42, 60),
    st.floats(85, 130),
    st.floats(38, 110),
    st.floats(15, 55),
    st.floats(-12, 12),
    st.floats(0.9, 2.2),
)
def test_any_top_is_measured(
    chest: float, length: float, sleeve: float, angle: float, degrees: float, scale: float
) -> None:
    flat, size = placed(top(chest=chest, length=length, sleeve=sleeve, angle=angle, cuff=24), degrees, scale)
    mask = flat.coverage(size) > 0.5
    found = find_landmarks(mask)
    assert found.kind == "upper" and set(found.landmarks) == set(flat.marks)
    off = [
        np.hypot(*(np.array(found.landmarks[name]) + 0.5 - place)) / flat.height for name, place in flat.marks.items()
    ]
    assert np.mean(off) < 0.025 and max(off) < 0.12


def test_the_kind_can_be_given() -> None:
    flat, size = placed(top(sleeve=42, cuff=36))
    picture = photo(flat, size)
    assert cut_out(GarmentPhoto(picture, "dress")).kind == "dress"
    assert "waist_L" in cut_out(GarmentPhoto(picture, "lower")).landmarks
    assert cut_out(GarmentPhoto(picture, "top")).kind == "upper"
    with pytest.raises(OptionError, match="trousers, shorts, skirt"):
        GarmentPhoto(picture, "hat")


def test_shorts_whose_legs_lie_together_are_told_from_skirts_by_a_word() -> None:
    flat, size = placed(skirt(), scale=1.5)
    picture = photo(flat, size, ground=(96, 70, 58))
    assert "crotch" not in cut_out(GarmentPhoto(picture)).landmarks
    assert "crotch" not in cut_out(GarmentPhoto(picture, "skirt")).landmarks
    cut = cut_out(GarmentPhoto(picture, "shorts"))
    marks = cut.landmarks
    assert cut.kind == "lower" and cut.parts is not None and set(cut.parts.limbs) == {"leg_L", "leg_R"}
    assert marks["waist"][1] < marks["crotch"][1] < min(marks["hem_inner_L"][1], marks["hem_inner_R"][1])
    assert marks["hem_outer_R"][0] < marks["hem_inner_R"][0] <= marks["hem_inner_L"][0] < marks["hem_outer_L"][0]


@pytest.mark.parametrize("cloth", [(232, 231, 230), (250, 250, 250), (20, 20, 22)])
def test_white_and_black_on_a_plain_white_ground(cloth: tuple[int, int, int]) -> None:
    flat, size = placed(top(sleeve=42, angle=35, cuff=36))
    cover = flat.coverage(size)[:, :, None]
    picture = (np.array((240, 240, 240)) * (1 - cover) + np.array(cloth) * cover).astype(np.uint8)
    assert find_on_plain(shrunk(picture)) is not None
    assert overlap(cut_out(GarmentPhoto(picture)), flat, size) > 0.95


def test_transparent_ground_is_taken_as_it_is() -> None:
    flat, size = placed(top(sleeve=42, angle=35, cuff=36))
    alpha = flat.coverage(size)
    rgba = np.zeros((size[1], size[0], 4), np.uint8)
    rgba[..., :3] = (200, 40, 40)
    rgba[..., 3] = np.rint(alpha * 255)
    cut = cut_out(GarmentPhoto(rgba))
    x0, y0, x1, y1 = cut.box
    assert np.abs(cut.alpha - alpha[y0:y1, x0:x1]).max() < 0.01
    inside = cut.alpha > 0
    assert np.ptp(cut.image[inside], axis=0).max() < 0.02  # no ground in the colours of the edge
    rgba[..., 3] = 0
    with pytest.raises(OptionError, match="no garment"):
        cut_out(GarmentPhoto(rgba))


def test_grey_sixteen_bit_and_large_photos() -> None:
    flat, size = placed(top(sleeve=42, angle=35, cuff=36))
    picture = photo(flat, size)
    assert overlap(cut_out(GarmentPhoto(picture[..., 0])), flat, size) > 0.95
    assert overlap(cut_out(GarmentPhoto(picture.astype(np.uint16) * 257)), flat, size) > 0.97
    large, size = placed(top(sleeve=42, angle=35, cuff=36), scale=7.0)
    cut = cut_out(GarmentPhoto(photo(large, size)))
    assert overlap(cut, large, size) > 0.985 and max(errors(cut, large).values()) < 0.035


def test_the_inner_back_of_the_neck_goes() -> None:
    flat, size = placed(top(sleeve=42, angle=35, cuff=36, depth=24), scale=2.5)
    picture = photo(flat, size)
    corner, low = flat.marks["neck_L"], flat.marks["neck"]
    middle = (flat.marks["neck_L"] + flat.marks["neck_R"]) / 2
    axes = (corner[0] - middle[0], low[1] - middle[1])
    back = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(back, tuple(np.rint(middle).astype(int).tolist()), (round(axes[0]), round(axes[1])), 0, 0, 180, 255, -1)
    cv2.ellipse(back, tuple(np.rint(middle).astype(int).tolist()), (round(axes[0]), 12), 0, 0, 180, 0, -1)
    picture[back > 0] = (22, 48, 90)  # the same cloth in the shade
    cut = cut_out(GarmentPhoto(picture))
    x0, y0, x1, y1 = cut.box
    left = float(cut.alpha[back[y0:y1, x0:x1] > 0].mean())
    assert cut.inner_back and left < 0.15
    assert abs(cut.landmarks["neck"][1] + y0 - low[1]) < 0.04 * flat.height
    assert not cut_out(GarmentPhoto(photo(flat, size))).inner_back


def test_a_hanger_and_shade_of_the_ground_are_left_out() -> None:
    flat, size = placed(top(sleeve=105, angle=62, cuff=24), scale=2)
    picture = photo(flat, size, cloth=(235, 230, 220), ground=(150, 40, 60))
    neck = tuple(np.rint(flat.marks["neck"]).astype(int).tolist())
    cv2.line(picture, neck, (neck[0], 4), (40, 40, 44), 3)
    pit, cuff = flat.marks["armpit_L"], flat.marks["cuff_inner_L"]
    shade = np.rint([pit + np.array([1, 8]), cuff, (pit[0] + 3, cuff[1])]).astype(np.int32)
    cv2.fillPoly(picture, [shade], (62, 16, 24))
    cut = cut_out(GarmentPhoto(picture))
    assert overlap(cut, flat, size) > 0.96


@pytest.mark.parametrize(
    "picture",
    [
        np.full((200, 160, 3), 130, np.uint8),
        np.random.default_rng(0).integers(0, 256, (200, 160, 3)).astype(np.uint8),
        np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], 200, 0).repeat(3, 2),
        np.indices((200, 160)).sum(0)[:, :, None].repeat(3, 2).astype(np.uint8) // 20 % 2 * 255,
        np.full((20, 20, 3), 90, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        cv2.ellipse(np.full((300, 240, 3), 60, np.uint8), (120, 150), (80, 105), 0, 0, 360, (190, 150, 130), -1),
        cv2.rectangle(np.full((300, 240, 3), 60, np.uint8), (0, 150), (240, 300), (70, 140, 60), -1),
    ],
    ids=["plain", "noise", "ramp", "checks", "tiny", "pixel", "face", "landscape"],
)  # fmt: skip
def test_photos_without_a_garment_are_refused_in_words(picture: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(OptionError) as error:
        cut_out(GarmentPhoto(picture))
    assert "garment" in str(error.value) and len(str(error.value)) > 40


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 90), st.integers(1, 90), st.integers(1, 5))
def test_whatever_the_photo_shows_there_is_a_cutout_or_an_option_error(seed: int, h: int, w: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8), (w, h), interpolation=seed % 2)
    try:
        cut = cut_out(GarmentPhoto(picture))
    except OptionError:
        return
    assert np.isfinite(cut.image).all() and cut.alpha.min() >= 0 and cut.alpha.max() <= 1
    assert all(np.isfinite(place).all() for place in map(np.array, cut.landmarks.values()))


def test_the_same_bytes_every_time_and_with_any_number_of_threads() -> None:
    flat, size = placed(top(sleeve=105, angle=50), 3, 2)
    picture, found = photo(flat, size, stripes=10), []
    before = cv2.getNumThreads()
    try:
        for threads in (1, 2, 4, 1):
            cv2.setNumThreads(threads)
            cut = cut_out(GarmentPhoto(picture))
            found.append((cut.image.tobytes(), cut.alpha.tobytes(), dict(cut.landmarks)))
    finally:
        cv2.setNumThreads(before)
    assert all(one == found[0] for one in found)
    assert GarmentPhoto(picture).digest == GarmentPhoto(picture.copy()).digest != GarmentPhoto(picture, "upper").digest


def test_broad_light_goes_and_folds_and_inks_stay() -> None:
    h, w = 240, 200
    y, x = np.mgrid[0:h, 0:w]
    ink = np.where(((x // 10) % 2 == 0)[..., None], (0.5, 0.1, 0.1), (0.1, 0.2, 0.6))
    light = np.exp(0.7 * (x / w - 0.5) - 0.3 * (y / h - 0.5) ** 2)
    folds = 1 + 0.08 * np.sin(x / 2.3 + y / 5)
    alpha = np.ones((h, w), np.float32)
    picture = (ink * (light * folds)[..., None] * 0.8).astype(np.float32)
    found = broad_light(picture, alpha > 0)
    truth = np.log(light)
    assert np.abs(found - found.mean() - (truth - truth.mean())).max() < 0.06
    flat = delight(picture, alpha, strength=1.0)
    ratio = np.log(flat / (ink * folds[..., None]).astype(np.float32))
    assert ratio.std() < 0.03
    kept = delight(picture, alpha, strength=0.6)
    share = np.ptp(np.log(kept / picture)) / np.ptp(truth)
    assert 0.5 < share < 0.7
    assert delight(picture, alpha, strength=0.0) is picture
    with pytest.raises(OptionError, match="0 to 1"):
        delight(picture, alpha, strength=1.5)


def test_two_inks_on_two_halves_are_not_taken_for_light() -> None:
    picture = np.full((120, 120, 3), 0.6, np.float32)
    picture[:, 60:] = (0.06, 0.08, 0.2)
    assert np.abs(broad_light(picture, np.ones((120, 120), np.bool_))).max() < 0.05


def test_superpixels_and_saliency() -> None:
    picture = np.zeros((60, 80, 3), np.float32)
    picture[15:45, 20:60] = (60, 40, 10)
    patches = superpixels(picture, 60)
    assert patches.size.sum() == 60 * 80 and 40 < len(patches.size) < 90
    thing, ground = likelihood(patches)
    inside = picture[patches.place[:, 1].astype(int), patches.place[:, 0].astype(int), 0] > 0
    assert thing[inside].min() > 0.7 and thing[~inside].max() < 0.2 and ground[~inside].min() > 0.8


@pytest.mark.parametrize("degrees", [-20, 0, 13])
def test_the_axis_is_found_though_a_sleeve_is_folded_away(degrees: float) -> None:
    flat, size = placed(top(sleeve=90, angle=30), degrees)
    mask = flat.coverage(size) > 0.5
    axis = find_axis(mask)
    assert abs(axis.tilt + degrees) <= 1.5 or abs(axis.tilt - degrees) <= 1.5
    assert (mirrored(mask, axis) & mask).sum() > 0.9 * mask.sum()


def test_stripes_of_the_grounds_colour_do_not_cut_a_garment_up() -> None:
    flat, size = placed(top(sleeve=42, angle=35, cuff=36))
    mask = find_garment(shrunk(photo(flat, size, stripes=9, ground=(220, 211, 197), noise=2)))
    assert mask.sum() > 0.85 * cv2.resize(flat.coverage(size), mask.shape[::-1]).sum()
