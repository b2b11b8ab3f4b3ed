"""Scenes as pixels: like resvg's, made of their layers, the same every time."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import resvg_py
from PIL import Image

from dressform.avatar.paths import Curve, Path, circle, ellipse, line, polygon, rounded_rectangle
from dressform.avatar.render import compose, draw_layers, pixel_size, render, render_layer, to_svg
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke
from dressform.parsing.errors import OptionError

RED, BLUE, BLACK = (200, 30, 40), (20, 60, 220), (0, 0, 0)


def one(*shapes: Shape, width: float = 100, height: float = 100, **options: Any) -> Scene:
    return Scene(width, height, (Layer("only", shapes, **options),))


def blob(rng: np.random.Generator, centre: npt.NDArray[np.float64], radius: float, *, closed: bool = True) -> Path:
    """A round curve of 3 to 9 cubics."""
    count = int(rng.integers(3, 10))
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    points = centre + radius * rng.uniform(0.5, 1.2, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)
    after = np.roll(points, -1, 0)
    along = (after - np.roll(points, 1, 0)) / 6
    pieces = np.stack([points + along, after - np.roll(along, -1, 0), after], 1).reshape(-1, 2)
    chain = np.concatenate([points[:1], pieces])
    return Path((Curve(chain if closed else chain[:-3], closed),))


def random_scene(seed: int) -> Scene:
    """Curves, holes, strokes, gradients, opacity, tiny and outlying shapes."""
    rng = np.random.default_rng(seed)

    def color() -> tuple[int, int, int]:
        red, green, blue = rng.integers(0, 256, 3).tolist()
        return red, green, blue

    def gradient(centre: npt.NDArray[np.float64], radius: float) -> Gradient:
        offsets = sorted(rng.uniform(0, 1, int(rng.integers(2, 5))).tolist())
        (ax, ay), (bx, by) = (centre + rng.uniform(-radius, radius, (2, 2))).tolist()
        stops = tuple((offset, color(), float(rng.uniform(0, 1))) for offset in offsets)
        return Gradient("radial" if rng.random() < 0.5 else "linear", (ax, ay), (bx, by), stops)

    def shape() -> Shape:
        centre, radius = rng.uniform(-30, 650, 2), float(rng.choice([0.4, 3, 20, 60, 150]))
        path = blob(rng, centre, radius, closed=rng.random() < 0.7)
        if rng.random() < 0.3:
            path = path + blob(rng, centre, radius / 2)
        fill = (color(), gradient(centre, radius), None)[int(rng.integers(3))]
        widths = [0.3, 0.8, 1.5, 3, 8, 20] if radius > 3 else [0.3, 0.8]
        stroke = Stroke(color(), float(rng.choice(widths))) if fill is None or rng.random() < 0.4 else None
        return Shape(path, fill, stroke, float(rng.choice([1, 0.6, 0.2])))

    made = [Layer(f"l{k}", [shape() for _ in range(rng.integers(0, 6))], visible=rng.random() < 0.8) for k in range(8)]  # type: ignore[arg-type]
    return Scene(500, 640, (*made[:3], Group("group", made[3:])))  # type: ignore[arg-type]


def premultiplied(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    alpha = pixels[..., 3:].astype(float)
    return np.concatenate([pixels[..., :3] * alpha / 255, alpha], 2)


def by_resvg(scene: Scene, size: int) -> npt.NDArray[np.uint8]:
    width, height = pixel_size(scene, size)
    data = resvg_py.svg_to_bytes(svg_string=to_svg(scene, width=width), width=width, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGBA"))[:height]


def difference(scene: Scene, size: int) -> tuple[npt.NDArray[np.float64], float]:
    """From resvg: of all pixels, and the mean over those that are not empty."""
    ours, theirs = premultiplied(render(scene, size)), premultiplied(by_resvg(scene, size))
    drawn = (ours + theirs)[..., 3] > 0
    return np.abs(ours - theirs), float(np.abs(ours - theirs)[drawn].mean())


def alpha_of(shape: Shape, size: int = 100) -> npt.NDArray[np.int64]:
    """(100, 100) unless told otherwise: opacity of a shape in a square scene of 1 px per unit."""
    return render(one(shape, width=size, height=size), size)[..., 3].astype(int)


STOPS = ((0.1, RED, 1.0), (0.4, (250, 240, 20), 0.2), (0.4, BLACK, 0.9), (1.0, BLUE, 0.0))
MOONS = [Shape(ellipse((50, 50), (48 - 9 * k, 20 + 3 * k), 31 * k), (40 * k, 90, 255 - 50 * k)) for k in range(5)]
OUTSIDE = [Shape(circle((x, y), 40), RED, Stroke(BLACK, 3), 0.7) for x in (-10, 110) for y in (-20, 60, 105)]
SCENES = {
    "curves": one(*MOONS),
    "holes": one(Shape(sum((circle((50, 50), r) for r in (42, 40, 20, 19.5)), circle((50, 50), 48)), RED)),
    "opacity": one(*(Shape(circle((30 + 20 * k, 50), 25), RED, Stroke(BLUE, 8), 0.3 + 0.2 * k) for k in range(3))),
    "linear": one(Shape(rounded_rectangle(5, 5, 95, 95, 20), Gradient("linear", (20, 10), (70, 90), STOPS))),
    "radial": one(Shape(circle((50, 50), 45), Gradient("radial", (40, 45), (75, 60), STOPS))),
    "tiny": one(*(Shape(circle((4 + 9 * k, 5 + 8 * k), 0.2 + 0.15 * k), BLUE) for k in range(11))),
    "outside": one(*OUTSIDE),
}
for width in (0.3, 0.7, 1, 2, 5, 10, 20):
    wave = Curve(np.array([(10, 50), (30, -40), (40, 150), (60, 50), (70, 10), (60, 60), (90, 80)]), closed=False)
    SCENES[f"stroke {width}"] = one(
        Shape(Path((wave,)), None, Stroke(BLACK, width)),
        Shape(polygon([(20, 60), (80, 70), (30, 90)]), (250, 220, 180), Stroke(RED, width / 2)),
    )


@pytest.mark.parametrize("size", [64, 333, 1024])
@pytest.mark.parametrize("name", SCENES)
def test_pixels_are_like_those_of_resvg(name: str, size: int) -> None:
    every, drawn = difference(SCENES[name], size)
    assert every.mean() <= 1 and drawn <= 5
    assert every.max() <= 64 or name not in {"curves", "holes", "opacity", "outside"}  # resvg measures in quarters


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [64, 256, 1024])
def test_random_scenes_are_like_those_of_resvg(seed: int, size: int) -> None:
    every, drawn = difference(random_scene(seed), size)
    assert every.mean() <= 2 and drawn <= 6


# ---- exact where geometry says what is right ------------------------------------------------------------------------


def test_a_pixel_is_covered_by_its_share() -> None:
    alpha = alpha_of(Shape(polygon([(1.25, 1), (3.5, 1), (3.5, 2.5), (1.25, 2.5)]), RED), 5)
    assert np.abs(alpha - np.outer([0, 1, 0.5, 0, 0], [0, 0.75, 1, 0.5, 0]) * 255).max() <= 0.5
    diagonal = alpha_of(Shape(polygon([(0, 0), (8, 8), (0, 8)]), RED), 8)
    assert np.array_equal(diagonal, np.tril(np.full((8, 8), 255)) - np.diag([127] * 8))


@pytest.mark.parametrize("width", [0.3, 0.9, 2, 7])
def test_a_stroke_has_its_area(width: float) -> None:
    ink = alpha_of(Shape(circle((50, 50), 30), None, Stroke(BLACK, width))).sum() / 255
    assert ink == pytest.approx(2 * np.pi * 30 * width, rel=0.01)
    dot = alpha_of(Shape(line([(50, 50), (50, 50)]), None, Stroke(BLACK, 10 + width))).sum() / 255
    assert dot == pytest.approx(np.pi * (5 + width / 2) ** 2, rel=0.01)


def test_curves_of_one_path_cut_holes_whichever_way_they_run() -> None:
    outer, inner = circle((50, 50), 40), circle((50, 50), 39.8)
    back = Path((Curve(inner.curves[0].points[::-1]),))
    one_way, other_way = (alpha_of(Shape(outer + hole, RED)) for hole in (inner, back))
    assert np.abs(one_way - other_way).max() <= 1
    assert one_way.sum() / 255 == pytest.approx(np.pi * (40**2 - 39.8**2), rel=0.03)


def test_a_curve_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    loop = alpha_of(Shape(polygon([(10, 10), (90, 90), (90, 10), (10, 90)]), RED))
    assert loop[50, 20] == loop[50, 80] == 255 and loop[20, 50] == 0
    star = [(50 + 45 * np.sin(k * 4 * np.pi / 5), 50 - 45 * np.cos(k * 4 * np.pi / 5)) for k in range(5)]
    alpha = alpha_of(Shape(polygon(star), RED))
    assert alpha[50, 50] == 0 and alpha[15, 50] == 255


def test_open_curves_are_stroked_open_and_filled_closed() -> None:
    angle = line([(20, 20), (80, 20), (80, 80)])
    drawn = render(one(Shape(angle, RED, Stroke(BLACK, 2))), 100)
    assert drawn[20, 50].tolist() == [*BLACK, 255] and drawn[35, 65].tolist() == [*RED, 255] and not drawn[60, 40].any()
    assert alpha_of(Shape(angle, None, Stroke(BLACK, 2)))[50, 50] == 0


def test_a_gradient_goes_on_beyond_its_ends() -> None:
    gradient = Gradient("linear", (40, 0), (60, 0), ((0, (0, 0, 0), 1), (1, (255, 255, 255), 1)))
    row = render(one(Shape(rounded_rectangle(0, 0, 100, 100, 0), gradient)), 100)[50, :, 0].astype(int)
    assert row[:40].max() == 0 and row[60:].min() == 255
    assert np.abs(row[40:60] - (np.arange(20) + 0.5) / 20 * 255).max() <= 0.6
    without_length = Gradient("radial", (40, 40), (40, 40), ((0, BLUE, 1), (1, RED, 1)))
    assert render(one(Shape(circle((50, 50), 40), without_length)), 100)[50, 50].tolist() == [*RED, 255]


def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(3)
    whole = render(scene, 256)
    for module in ("", ".raster"):
        monkeypatch.setattr(f"dressform.avatar.render{module}._BLOCK", 3000)
    assert np.abs(render(scene, 256).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("far", [1e4, 1e8])
def test_shapes_may_reach_far_beyond_the_canvas(far: float) -> None:
    alpha = alpha_of(Shape(polygon([(50, -far), (far, 50), (50, far)]), RED, Stroke(BLACK, 3)))
    assert (alpha[:, 53:] == 255).all() and not alpha[:, :47].any()


@pytest.mark.parametrize("seed", range(8))
def test_random_scenes_are_their_layers(seed: int) -> None:
    scene = random_scene(seed)
    size = int(np.random.default_rng(seed).integers(1, 300))
    width, height = pixel_size(scene, size)
    canvas = np.zeros((height, width, 4))
    drawn = draw_layers(scene, size)
    for layer in scene.layers():
        pixels, (x, y) = drawn[layer.name]
        h, w = pixels.shape[:2]
        assert pixels.dtype == np.uint8 and min(x, y) >= 0 and x + w <= width and y + h <= height
        assert not pixels[pixels[..., 3] == 0].any()
        if pixels.size:  # cropped as far as possible
            alpha = pixels[..., 3]
            assert alpha[0].any() and alpha[-1].any() and alpha[:, 0].any() and alpha[:, -1].any()
        if layer.visible:
            share = pixels[..., 3:] / 255
            part = canvas[y : y + h, x : x + w]
            part[..., :3] = part[..., :3] * (1 - share) + pixels[..., :3] * share
            part[..., 3:] = part[..., 3:] * (1 - share) + 255 * share
    flat = render(scene, size)
    assert np.abs(premultiplied(flat) - canvas).max() <= 1
    assert np.array_equal(flat, render(scene, size))
    shown = [drawn[layer.name] for layer in scene.layers() if layer.visible]
    assert np.array_equal(flat, compose(shown, (width, height)))


def test_a_background_lies_below() -> None:
    drawn = render(one(Shape(circle((50, 50), 20), RED, opacity=0.5)), 100, background=(255, 255, 255))
    assert drawn[0, 0].tolist() == [255] * 4
    assert np.abs(drawn[50, 50] - np.array([(c + 255) / 2 for c in RED] + [255])).max() <= 1


def test_hidden_layers_are_left_out_but_can_be_drawn() -> None:
    scene = one(Shape(circle((50, 50), 20), RED), visible=False)
    assert not render(scene, 50).any()
    pixels, offset = render_layer(next(scene.layers()), scene, 50)
    assert pixels.shape == (20, 20, 4) and offset == (15, 15)


EMPTY = (
    *(Shape(Path(()), RED), Shape(circle((50, 50), 20)), Shape(circle((50, 50), 20), RED, opacity=0)),
    *(Shape(circle((500, 50), 20), RED, Stroke(BLUE, 9)), Shape(circle((50, 50), 20), None, Stroke(RED, 0))),
    Shape(line([(10, 10), (90, 90)]), RED),
)


@pytest.mark.parametrize("scene", [Scene(10, 20, ()), one(), *map(one, EMPTY)])
def test_nothing_is_drawn(scene: Scene) -> None:
    assert not render(scene, 40).any() and not by_resvg(scene, 40).any()
    for pixels, offset in draw_layers(scene, 40).values():
        assert pixels.shape == (0, 0, 4) and offset == (0, 0)


@pytest.mark.parametrize(("size", "fit"), [(1, (1, 1)), (7, (4, 7)), ((100, 200), (100, 200)), ((51, 101), (51, 101))])
def test_size_is_the_longer_side_or_both(size: Any, fit: tuple[int, int]) -> None:
    scene = Scene(10, 20, (Layer("only", (Shape(circle((5, 10), 4), RED),)),))
    assert pixel_size(scene, size) == fit and render(scene, size).shape == (fit[1], fit[0], 4)


@pytest.mark.parametrize("size", [0, -5, 30_001, (100, 100), (0, 200), (100,), 1.5, (10.0, 20.0)])
def test_bad_sizes_are_refused(size: Any) -> None:
    with pytest.raises(OptionError):
        render(Scene(10, 20, ()), size)


@pytest.mark.parametrize("sides", [(0, 10), (10, -1), (float("inf"), 5), (float("nan"), 5), (5, float("nan"))])
def test_scenes_without_area_are_refused(sides: tuple[float, float]) -> None:
    with pytest.raises(OptionError):
        render(Scene(*sides, ()), 10)


def test_a_large_picture() -> None:
    scene = one(Shape(circle((50, 50), 49), RED, Stroke(BLUE, 1)))
    large, small = render(scene, 4096), render(scene, 512)
    assert large.shape == (4096, 4096, 4)
    for channel in (2, 3):  # blue, which only the rim has much of, and alpha
        shrunk = large[..., channel].reshape(512, 8, 512, 8).mean((1, 3))
        inside = slice(64, 448)
        assert np.abs(shrunk - small[..., channel])[inside, inside].mean() < 0.2


def dimmed(pixels: npt.NDArray[np.float32], effect: Effect, scale: float) -> npt.NDArray[np.float32]:
    assert pixels.dtype == np.float32 and pixels.shape[2] == 4 and pixels.min() >= 0 and pixels.max() <= 1
    return pixels * np.array([1, 1, 1, 1 - effect.amount], np.float32)


def spread(pixels: npt.NDArray[np.float32], effect: Effect, scale: float) -> npt.NDArray[np.float32]:
    steps = round(effect.amount * scale)
    return np.maximum(pixels, np.roll(pixels, -steps, axis=1))


def test_effects_change_a_layer_in_their_order() -> None:
    scene = one(Shape(circle((50, 50), 20), RED), effects=(Effect("dim", 0.5), Effect("dim", 0.2)))
    assert render(scene, 100, effects={"dim": dimmed})[50, 50].tolist() == [*RED, round(255 * 0.4)]
    assert render(scene, 100)[50, 50, 3] == 255  # without functions, as in SVG


def test_effects_may_paint_around_the_layer_and_know_the_scale() -> None:
    scene = one(Shape(circle((50, 50), 20), RED), effects=(Effect("spread", 5.0),))
    for size in (100, 400):
        pixels, (x, _) = render_layer(next(scene.layers()), scene, size, effects={"spread": spread})
        assert x == 25 * size / 100 and pixels.shape[1] == 45 * size / 100


def test_effects_that_are_unknown_or_cut_are_refused() -> None:
    scene = one(Shape(circle((50, 50), 20), RED), effects=(Effect("cut"),))
    for known in ({"dim": dimmed}, {}):
        with pytest.raises(OptionError, match="cut"):
            render(scene, 10, effects=known)
    with pytest.raises(ValueError, match="cut"):
        render(scene, 10, effects={"cut": lambda pixels, *_: pixels[1:]})
