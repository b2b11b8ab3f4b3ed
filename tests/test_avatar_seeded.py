"""People from seeds: always the same, all different, whole, and drawn from the whole range; and mixtures of two."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.color import difference, parse_color
from dressform.avatar.keyed import MAX_SEED, Keyed
from dressform.avatar.mix import mix_specs
from dressform.avatar.paths import Curve, Path
from dressform.avatar.seeded import spec_from_seed
from dressform.avatar.seeded_hair import CUTS, cut_hair
from dressform.avatar.seeded_hair_short import Skull
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.parsing.errors import OptionError

SEEDS = range(60)


@cache
def person(seed: int | str) -> AvatarSpec:
    return spec_from_seed(seed)


def area(path: Path) -> float:
    """Sum of the areas of a path's curves."""
    total = 0.0
    for curve in path.curves:
        p = curve.flatten(0.01)
        total += abs(float(np.sum(p[:-1, 0] * p[1:, 1] - p[1:, 0] * p[:-1, 1])) / 2)
    return total


def crossings(curve: Curve) -> int:
    """How often a curve crosses itself."""
    p = curve.flatten(0.004)
    p = p[np.concatenate([[True], np.hypot(*np.diff(p, axis=0).T) > 1e-9])]
    a, b = p[:-1], p[1:]

    def side(
        o: npt.NDArray[np.float64], u: npt.NDArray[np.float64], v: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        return (u[..., 0] - o[..., 0]) * (v[..., 1] - o[..., 1]) - (u[..., 1] - o[..., 1]) * (v[..., 0] - o[..., 0])

    first, second, third, fourth = a[:, None], b[:, None], a[None], b[None]
    apart = side(first, second, third) * side(first, second, fourth) < -1e-14
    apart &= side(third, fourth, first) * side(third, fourth, second) < -1e-14
    return int(np.count_nonzero(np.triu(apart, 2)))


def test_a_key_tells_all() -> None:
    keyed = Keyed(3)
    assert keyed.unit("a") == Keyed("3").unit("a") != keyed.unit("b")
    assert keyed.within("x").unit("a") == keyed.unit("x/a")
    values = np.array([keyed.unit(str(k)) for k in range(2000)])
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.03
    normal = np.array([keyed.normal(str(k), 5, 2) for k in range(1000)])
    assert abs(normal.mean() - 5) < 0.3
    assert abs(normal.std() - 2) < 0.2


def test_a_new_option_moves_nothing_between_the_others() -> None:
    names = ["a", "b", "c", "d"]
    before = [Keyed(seed).pick("key", names) for seed in range(400)]
    after = [Keyed(seed).pick("key", ["new", *names]) for seed in range(400)]
    assert all(new in ("new", old) for old, new in zip(before, after, strict=True))
    assert 40 < after.count("new") < 130
    shares = Counter(Keyed(seed).pick("key", names, [1, 0, 0, 3]) for seed in range(400))
    assert set(shares) == {"a", "d"}
    assert 2 < shares["d"] / shares["a"] < 4.5


@pytest.mark.parametrize("seed", [True, None, 1.5, "x" * 2000, 10**2000])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(OptionError, match="seed"):
        spec_from_seed(seed)  # type: ignore[arg-type]


def test_people_are_the_same_again_and_all_different() -> None:
    texts = [spec_to_json(person(seed)) for seed in SEEDS]
    assert len(set(texts)) == len(texts)
    assert spec_to_json(spec_from_seed(5)) == texts[5]
    assert person(5).seed == 5
    assert 0 <= person("Ada").seed <= MAX_SEED
    assert spec_to_json(person(-1)) != spec_to_json(person(1))


@settings(max_examples=25, deadline=None)
@given(st.integers() | st.text(max_size=40))
def test_everyone_is_whole(seed: int | str) -> None:
    spec = spec_from_seed(seed)
    assert spec_to_json(spec_from_json(spec_to_json(spec))) == spec_to_json(spec)
    regions, said = spec.regions, spec.attributes
    assert {"face", "torso-skin", "left-arm", "right-arm", "left-shoe", "right-shoe"} <= set(regions)
    assert ("dress" in regions) or ("upper-clothes" in regions and ({"pants", "skirt"} & set(regions)))
    assert ("hair" in regions) == (said.hair_length != "none")
    assert ("sunglasses" in regions) == (said.glasses != "none")
    assert (said.hem == "none") == ("pants" in regions)
    assert ("coat" in regions) == (said.neckline == "open")
    assert set(regions) - set(spec.palettes) <= {"face", "torso-skin", "left-arm", "right-arm", "left-leg", "right-leg"}
    face = spec.face
    assert (len(face.jaw), len(face.eyes), len(face.nose), face.source) == (17, 2, 4, "rule")
    low = max(shape.path.bounds[3] for shape in regions.values())
    assert 4.4 < low < 6.9  # a child's or an adult's soles
    right, left = (regions[f"{side}-shoe"].path.bounds for side in ("right", "left"))
    assert right[0] < right[2] < 0 < left[0]  # the subject's own left is on the right
    assert sum(shape.path.cubics for shape in regions.values()) < 600


def test_outlines_are_sound() -> None:
    for seed in range(24):
        for slug, shape in person(seed).regions.items():
            assert area(shape.path) > 0.002, (seed, slug)
            assert sum(crossings(curve) for curve in shape.path.curves) == 0, (seed, slug)


def test_hair_leaves_the_face_free() -> None:
    skull = Skull(0.33, 0.5)
    assert len(CUTS) >= 14
    probe = np.array([[x, y] for x in np.linspace(-0.16, 0.16, 5) for y in np.linspace(-0.5, -0.05, 7)])
    for name in CUTS:
        for seed in range(3):
            hair = cut_hair(name, skull, Keyed(seed))
            lines = [curve.flatten(0.005) for curve in hair.path.curves]
            outline = np.concatenate(lines)
            # No point of the outline lies within the eyes, nose and mouth, and none of these inside the hair.
            inner = (np.abs(outline[:, 0]) < 0.2) & (np.abs(outline[:, 1] + 0.27) < 0.2)
            assert not inner.any(), name
            assert not any(_inside(lines, x, y) for x, y in probe), name
            assert _inside(lines, 0.0, -0.95) or name == "receding", name
            assert hair.path.bounds[1] < -0.8


def _inside(lines: list[npt.NDArray[np.float64]], x: float, y: float) -> bool:
    count = 0
    for p in lines:
        a, b = p[:-1], p[1:]
        rows = (a[:, 1] > y) != (b[:, 1] > y)
        at = a[rows, 0] + (y - a[rows, 1]) / (b[rows, 1] - a[rows, 1]) * (b[rows, 0] - a[rows, 0])
        count += int((at > x).sum())
    return count % 2 == 1


def test_people_differ_as_people_do() -> None:
    specs = [person(seed) for seed in SEEDS]
    light = np.array([sum(parse_color(spec.palettes["skin"].base)) / 765 for spec in specs])
    assert light.min() < 0.3
    assert light.max() > 0.8
    assert 0.35 < np.median(light) < 0.75
    said = [spec.attributes for spec in specs]
    assert {"short", "medium", "long"} <= {each.hair_length for each in said}
    assert {each.sleeve for each in said} == {"none", "short", "long"}
    assert {"round", "v", "collar", "open"} <= {each.neckline for each in said}
    assert {spec.palettes[slug].pattern.kind for spec in specs for slug in spec.palettes} >= {
        "plain",
        "striped",
        "checked",
    }
    for spec in specs:
        upper = spec.palettes.get("upper-clothes") or spec.palettes["dress"]
        skin = np.array(parse_color(spec.palettes["skin"].base))
        assert float(difference(np.array(parse_color(upper.base)), skin)) > 5 or "coat" in spec.regions


def test_the_ends_of_a_mixture_are_its_parents() -> None:
    a, b = person(1), person(2)
    assert mix_specs(a, b, 0) is a
    assert mix_specs(a, b, 1.0) is b
    for share in (-0.1, 1.1, float("nan"), True, "half"):
        with pytest.raises(OptionError, match="0 to 1"):
            mix_specs(a, b, share)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.floats(0, 1), st.integers(0, 50))
def test_mixtures(first: int, second: int, share: float, seed: int) -> None:
    a, b = person(first), person(second)
    spec = mix_specs(a, b, share, seed)
    text = spec_to_json(spec)
    assert text == spec_to_json(mix_specs(a, b, share, seed)) == spec_to_json(spec_from_json(text))
    low, high = sorted([a.head.half_width, b.head.half_width])
    assert low - 1e-9 <= spec.head.half_width <= high + 1e-9
    assert set(spec.regions) - set(spec.palettes) <= {
        "face", "torso-skin", "left-arm", "right-arm", "left-leg", "right-leg"
    }  # fmt: skip
    hairs = [each.regions.get("hair") for each in (a, b)]
    hair = spec.regions.get("hair")
    assert (hair is None) in [each is None for each in hairs]
    assert ("hair" in spec.regions) == (spec.attributes.hair_length != "none")
    body = [slug for slug in spec.regions if slug not in ("hair", "face", "sunglasses")]
    assert any(body == [s for s in each.regions if s not in ("hair", "face", "sunglasses")] for each in (a, b))


def test_hair_fits_the_new_head() -> None:
    a, b = person(1), person(2)
    for seed in range(8):
        spec = mix_specs(a, b, 0.5, seed)
        for parent in (a, b):
            x0, _, x1, _ = parent.regions["hair"].path.bounds
            own = (x1 - x0) / parent.head.half_width
            x0, _, x1, _ = spec.regions["hair"].path.bounds
            if abs((x1 - x0) / spec.head.half_width - own) < 1e-6:
                break
        else:
            pytest.fail("the hair is neither one's")
