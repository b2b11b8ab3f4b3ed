"""The shipped engine with its real models: valid results from whatever photo, and always the same ones."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dressform.assets import asset_path
from dressform.parsing import OptionError, Parse, load_image, load_parser
from dressform.parsing.engines.compact import CompactParser
from dressform.parsing.engines.compact.detect import overlap

pytestmark = pytest.mark.skipif(not asset_path("samples", "index.json").is_file(), reason="no sample photos")


def sample(side: int = 320, *, index: int = 0) -> np.ndarray:
    """A shipped photo of people, shrunk."""
    name = json.loads(asset_path("samples", "index.json").read_text(encoding="utf-8"))[index]["file"]
    with Image.open(asset_path("samples", name)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((side, side))
    return np.asarray(small)


def bytes_of(parse: Parse) -> list[bytes]:
    """Everything that a result holds, points found on first use included."""
    arrays = [parse.labels, parse.instances]
    for person in parse.people:
        maps = person.observation.scores
        arrays += [np.array([*person.box, person.score]), person.alpha(), person.alpha("upper")]
        arrays += [a for a in (person.keypoints, person.face, maps and maps.values) if a is not None]
    return [array.tobytes() for array in arrays]


def check(parse: Parse, shape: tuple[int, ...]) -> None:
    """What holds for every result, good or bad."""
    assert parse.labels.shape == parse.instances.shape == shape[:2]
    assert parse.image is not None
    assert parse.image.shape == (*shape[:2], 3)
    assert parse.engine == "compact"
    np.testing.assert_array_equal(np.unique(parse.instances[parse.instances > 0]), np.arange(1, len(parse) + 1))
    centres = [(person.box[0] + person.box[2]) / 2 for person in parse.people]
    assert centres == sorted(centres)
    for person in parse.people:
        assert person.extent is not None
        shared = overlap(np.array(person.box), np.array(person.extent, float))
        assert person.box == person.extent or 0.2 < shared < 1, "where something else was detected, the mean of both"
        assert person.parts
        assert 0 < person.score <= 1
        assert person.keypoints is not None
        assert person.keypoints.shape == (17, 3)
        assert person.face is None or person.face.shape == (70, 2)
        alpha = person.alpha()
        assert 0 <= alpha.min() <= alpha.max() <= 1


def test_a_group_comes_out_left_to_right() -> None:
    photo = sample(640)
    parse = load_parser("compact").parse(photo)
    check(parse, photo.shape)
    assert parse.people


def test_the_same_photo_gives_the_same_bytes_also_across_threads() -> None:
    parser = load_parser("compact")
    photos = [sample(), sample(index=1)]
    once = [bytes_of(parser.parse(photo)) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda k: bytes_of(parser.parse(photos[k % 2])), range(8)))
    for k, found in enumerate(again):
        assert found == once[k % 2]
    assert bytes_of(load_parser("compact").parse(photos[0])) == once[0]


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (20, 5000), (5000, 20), (1, 5000)])
def test_photos_of_extreme_shape(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    check(load_parser("compact").parse(photo), shape)


@pytest.mark.parametrize("side", [8, 12, 24, 60])
def test_people_of_a_few_pixels(side: int) -> None:
    photo = sample(side)
    check(load_parser("compact").parse(photo), photo.shape)
    around = np.full((300, 300, 3), 200, np.uint8)
    around[100 : 100 + photo.shape[0], 120 : 120 + photo.shape[1]] = photo
    check(load_parser("compact").parse(around), around.shape)


@pytest.mark.parametrize("color", [(0, 0, 0), (128, 128, 128), (255, 255, 255), (40, 90, 180)])
def test_a_photo_without_people_is_an_empty_result(color: tuple[int, int, int]) -> None:
    parse = load_parser("compact").parse(np.full((240, 320, 3), color, np.uint8))
    assert len(parse) == 0
    check(parse, (240, 320))


def test_grey_and_transparent_photos() -> None:
    photo = sample()
    parser = load_parser("compact")
    grey = photo.mean(2).astype(np.uint8)
    check(parser.parse(grey), photo.shape)
    assert bytes_of(parser.parse(grey)) == bytes_of(parser.parse(np.dstack([grey] * 3)))
    opaque = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    assert bytes_of(parser.parse(opaque)) == bytes_of(parser.parse(photo))
    clear = opaque.copy()
    clear[:, :, 3] = 0
    assert len(parser.parse(clear)) == 0


def test_the_photo_given_is_not_kept() -> None:
    photo = sample()
    parse = load_parser("compact").parse(photo)
    assert parse.image is not None
    assert not np.shares_memory(parse.image, photo)
    np.testing.assert_array_equal(parse.image, load_image(photo))


@pytest.mark.parametrize("options", [{}, {"refine": False}, {"edges": "crf"}, {"refine": False, "edges": "crf"}])
def test_options(options: dict[str, object]) -> None:
    photo = sample()
    check(load_parser("compact", **options).parse(photo), photo.shape)


@pytest.mark.parametrize("options", [{"edges": "sharp"}, {"edges": None}, {"size": 3}])
def test_unknown_options(options: dict[str, object]) -> None:
    with pytest.raises(OptionError) as caught:
        load_parser("compact", **options)
    assert "\n" not in str(caught.value)


def test_the_parser_itself_refuses_unknown_edges() -> None:
    with pytest.raises(OptionError, match="guided"):
        CompactParser(edges="sharp")
