"""Several avatars in one scene: sheets are grids of unchanged avatars, groups stand as in the photo, without gaps."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.avatar import Avatar, draw_avatar
from dressform.avatar.export import encode
from dressform.avatar.face import HeadFrame
from dressform.avatar.group import Place, build_group, contact_sheet, group_scene, measure_group
from dressform.avatar.group_scene import moved
from dressform.avatar.paths import circle
from dressform.avatar.render.raster import render
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke
from dressform.avatar.seeded import spec_from_seed
from dressform.avatar.spec import AvatarSpec
from dressform.parsing import OptionError, Parse, Part
from dressform.parsing.result import Observation

SPECS = tuple(spec_from_seed(seed) for seed in range(3))
WIDTH, HEIGHT = 300, 240


def layer(scene: Scene, name: str) -> Layer:
    return next(each for each in scene.layers() if each.name == name)


def middle(scene: Scene, name: str) -> tuple[float, float]:
    x0, y0, x1, y1 = layer(scene, name).shapes[0].path.bounds
    return (x0 + x1) / 2, (y0 + y1) / 2


def person(labels: np.ndarray, x: int, y: int, unit: int, shirt: Part = Part.UPPER_CLOTHES) -> np.ndarray:
    """Paints someone with the chin at x, y and a head of ``unit`` pixels, down to the photo's lower border."""
    mask = np.zeros(labels.shape, np.uint8)
    cv2.rectangle(mask, (x - int(0.8 * unit), y + int(0.3 * unit)), (x + int(0.8 * unit), labels.shape[0]), 1, -1)
    labels[mask > 0] = shirt
    body = mask > 0
    for part, centre, radii in ((Part.HAIR, -0.62, (0.46, 0.48)), (Part.FACE, -0.45, (0.36, 0.47))):
        mask[:] = 0
        cv2.ellipse(mask, ((x, y + centre * unit), (2 * radii[0] * unit, 2 * radii[1] * unit), 0.0), 1, -1)
        labels[mask > 0] = part
        body |= mask > 0
    return body


@pytest.fixture(scope="module")
def parse() -> Parse:
    """A small person on the left, partly hidden by a large one who stands to the right and lower."""
    labels, instances = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint16)
    image = np.full((HEIGHT, WIDTH, 3), (120, 160, 120), np.uint8)
    for number, (x, y, unit) in enumerate(((110, 80, 50), (170, 130, 80)), 1):
        own = person(labels, x, y, unit)
        instances[own] = number
    colors = {Part.UPPER_CLOTHES: (60, 70, 160), Part.HAIR: (60, 40, 30), Part.FACE: (220, 180, 150)}
    for part, color in colors.items():
        image[labels == part] = color
    image[(labels == Part.UPPER_CLOTHES) & (instances == 1)] = (170, 60, 60)
    boxes = []
    for number in (1, 2):
        ys, xs = np.nonzero(instances == number)
        boxes.append((float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)))
    return Parse(labels, instances, tuple(Observation(box, 0.9) for box in boxes), image)


# ---- contact sheets -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def avatars() -> tuple[Avatar, ...]:
    return tuple(draw_avatar(spec, "flat", AvatarOptions(frame="circle")) for spec in SPECS)


def test_a_sheet_is_a_grid_of_named_people(avatars: tuple[Avatar, ...]) -> None:
    sheet = contact_sheet(avatars, columns=2, gap=50)
    assert (sheet.width, sheet.height) == (2150, 2150)
    assert [child.name for child in sheet.children] == ["background", "person_1", "person_2", "person_3"]
    for number, avatar in enumerate(avatars, 1):
        own = [each.name for each in sheet.layers() if each.name.startswith(f"p{number}_")]
        assert own == [f"p{number}_{each.name}" for each in avatar.scene.layers()]
    assert layer(sheet, "p2_face").title == f"Person 2: {layer(avatars[1].scene, 'face').title}"
    x, y = middle(avatars[2].scene, "face")
    assert middle(sheet, "p3_face") == pytest.approx((x + 50, y + 1100))


def test_avatars_on_a_sheet_look_as_they_do_alone(avatars: tuple[Avatar, ...]) -> None:
    pixels = render(contact_sheet(avatars[:2], columns=2, gap=0, background=None), 400)
    for k, avatar in enumerate(avatars[:2]):
        assert np.abs(pixels[:, 200 * k : 200 * k + 200].astype(int) - avatar.to_image(200)).max() <= 2


@pytest.mark.parametrize(
    ("count", "columns", "size"), [(1, None, (1, 1)), (3, None, (2, 2)), (3, 7, (3, 1)), (3, 1, (1, 3))]
)
def test_columns(avatars: tuple[Avatar, ...], count: int, columns: int | None, size: tuple[int, int]) -> None:
    sheet = contact_sheet(avatars[:count], columns=columns, gap=0)
    assert (sheet.width / 1000, sheet.height / 1000) == size


def test_what_a_sheet_refuses(avatars: tuple[Avatar, ...]) -> None:
    with pytest.raises(OptionError, match="number of avatars"):
        contact_sheet([])
    for wrong in ({"columns": 0}, {"columns": 2.0}, {"gap": -1}, {"gap": float("nan")}, {"background": (1, 2, 999)}):
        with pytest.raises(OptionError):
            contact_sheet(avatars, **wrong)  # type: ignore[arg-type]


def test_everything_of_a_node_moves() -> None:
    gradient = Gradient("linear", (0, 0), (10, 0), ((0, (0, 0, 0), 1), (1, (9, 9, 9), 1)))
    shape = Shape(circle((10, 10), 5), gradient, Stroke((1, 2, 3), 2.0))
    effect = Effect("grain", 0.5, 7)
    node = Group("a_group", (Layer("a", (shape,), "A", (1, 2), (effect,), clip=circle((0, 0), 3)),))
    new = moved(node, np.array([[2.0, 0, 100], [0, 2.0, 50]]), "p1_", "Person 1: ")
    assert isinstance(new, Group) and (new.name, new.title) == ("p1_a_group", "Person 1: a_group")
    (child,) = new.layers()
    assert (child.name, child.title, child.pivot, child.effects) == ("p1_a", "Person 1: A", (102, 54), (effect,))
    assert child.clip is not None and child.clip.bounds == pytest.approx((94, 44, 106, 56))
    (drawn,) = child.shapes
    assert drawn.path.bounds == pytest.approx((110, 60, 130, 80))
    assert drawn.stroke == Stroke((1, 2, 3), 4.0)
    assert isinstance(drawn.fill, Gradient) and (drawn.fill.start, drawn.fill.end) == ((100, 50), (120, 50))


# ---- groups ---------------------------------------------------------------------------------------------------------


def test_people_stand_where_they_stand_in_the_photo(parse: Parse) -> None:
    scene = build_group(parse, "flat", AvatarOptions())
    assert scene.width == 1000
    (x1, y1), (x2, y2) = middle(scene, "p1_face"), middle(scene, "p2_face")
    unit = (x2 - x1) / 60  # scene units to a pixel: faces are 60 px apart across
    assert (y2 - y1) / unit == pytest.approx((130 - 0.45 * 80) - (80 - 0.45 * 50), abs=4)
    wide = [np.ptp([layer(scene, f"p{k}_face").shapes[0].path.bounds[i] for i in (0, 2)]) for k in (1, 2)]
    assert wide[1] / wide[0] == pytest.approx(80 / 50, rel=0.15)


def test_nearer_people_are_in_front_and_nobody_has_a_frame(parse: Parse) -> None:
    scene = build_group(parse)
    assert [child.name for child in scene.children] == ["background_group", "person_1", "person_2"]
    assert all(each.clip is None for each in scene.layers())
    specs, places = measure_group(parse)
    turned = [replace(place, nearness=-place.depth) for place in places]
    assert [child.name for child in group_scene(specs, turned).children][1:] == ["person_2", "person_1"]


def test_who_hides_somebody_is_in_front_though_farther_up() -> None:
    """A small head in front of a large body: a child on a lap."""
    labels, instances = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint16)
    instances[person(labels, 150, 90, 70)] = 1
    body = person(labels, 165, 150, 40)
    body[200:] = False  # the child ends above the border
    instances[body] = 2
    image = np.where(labels[..., None] > 0, np.uint8(150), np.uint8(90)).repeat(3, 2)
    parse = Parse(
        labels, instances, (Observation((94, 0, 206, 240), 0.9), Observation((130, 100, 200, 200), 0.9)), image
    )
    assert [child.name for child in build_group(parse).children][1:] == ["person_1", "person_2"]


def test_no_gap_opens_between_people(parse: Parse) -> None:
    scene = build_group(parse, "flat", AvatarOptions(remove=("background",)))
    alpha = render(scene, 500)[..., 3]
    # Below the collar of the small one, from the middle of the one to the middle of the other.
    unit = (middle(scene, "p2_face")[0] - middle(scene, "p1_face")[0]) / 60 * 500 / max(scene.width, scene.height)
    (x1, _), (x2, y2) = (np.array(middle(scene, f"p{k}_face")) * 500 / max(scene.width, scene.height) for k in (1, 2))
    low = int(y2 + (0.45 + 0.45) * 80 * unit)
    assert (alpha[low:, int(x1) : int(x2)] == 255).all()


@pytest.mark.parametrize("style", ["flat", "anime", "chibi"])
def test_cut_figures_reach_the_border(parse: Parse, style: str) -> None:
    scene = build_group(parse, style, AvatarOptions(remove=("background", "shadow")))
    pixels = render(scene, 300)
    x = int(middle(scene, "p2_face")[0] * 300 / max(scene.width, scene.height))
    assert (pixels[-2:, x - 10 : x + 10, 3] == 255).all()
    assert (pixels[0, :, 3] == 0).all() and (pixels[:, 0, 3] == 0).all()


def test_places_alone_will_do() -> None:
    places = [Place(HeadFrame((100.0 * k, 50.0 * k), 20.0 * (k + 1)), number=k + 1) for k in range(3)]
    scene = group_scene(SPECS, places, "anime", AvatarOptions(add=("hat:beanie", "frame:ring", "background:hills")))
    names = [child.name for child in scene.children]
    assert names[0] == "background_group" and names[-3:] == ["person_1", "person_2", "person_3"]
    assert len(names) > 4 and all(name.startswith("background_hills") for name in names[1:-3])
    assert layer(scene, "p2_hat_beanie") is not None
    x0, y0, x1, y1 = (f([each.path.bounds[i] for each in layer(scene, "background").shapes])
                      for i, f in enumerate((min, min, max, max)))  # fmt: skip
    assert x0 <= 0 and y0 <= 0 and x1 >= scene.width and y1 >= scene.height


def test_the_same_people_make_the_same_file(parse: Parse) -> None:
    assert encode(build_group(parse, "anime"), "svg") == encode(build_group(parse, "anime"), "svg")


def test_the_photo_is_measured_once(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = {1: SPECS[0], 2: SPECS[1]}
    monkeypatch.setattr("dressform.avatar.group.measure", None)
    figures, places = measure_group(parse, specs)
    assert [place.number for place in places] == [1, 2]
    assert [figure.face for figure in figures] == [spec.face for spec in SPECS[:2]]
    assert [place.number for place in measure_group(parse, {2: SPECS[1]})[1]] == [2]


def test_what_a_group_refuses() -> None:
    place = Place(HeadFrame((0.0, 0.0), 10.0))
    nobody = Parse(np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint16), (), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(OptionError, match="nobody to draw"):
        build_group(nobody)
    wrong: list[tuple[tuple[AvatarSpec, ...], list[Place]]] = [
        ((), []),
        (SPECS[:2], [place]),
        (SPECS[:2], [place, place]),
        (SPECS[:1], [replace(place, number=0)]),
        (SPECS[:1], [replace(place, frame=HeadFrame((float("nan"), 0.0), 10.0))]),
        (SPECS[:1], [replace(place, frame=HeadFrame((0.0, 1e300), 10.0))]),
        (SPECS[:1], [replace(place, frame=HeadFrame((0.0, 0.0), 0.0))]),
        (SPECS[:1], [replace(place, ground=float("inf"))]),
    ]
    for specs, places in wrong:
        with pytest.raises(OptionError):
            group_scene(specs, places)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(1, 2000)), min_size=2, max_size=3))
def test_wherever_people_are_all_are_on_the_canvas(rows: list[tuple[float, float, float]]) -> None:
    places = [Place(HeadFrame((x, y), unit), number=k + 1) for k, (x, y, unit) in enumerate(rows)]
    scene = group_scene(SPECS[: len(rows)], places, "flat")
    for place in places:
        x, y = middle(scene, f"p{place.number}_face")
        assert 0 <= x <= scene.width and 0 <= y <= scene.height
    near = sorted(places, key=lambda place: (place.depth, place.number))
    assert [child.name for child in scene.children[1:]] == [f"person_{place.number}" for place in near]
