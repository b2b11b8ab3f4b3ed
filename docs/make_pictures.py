"""Draw the pictures of the README from the sample photos: ``python docs/make_pictures.py``.

The photos' licences stand in assets/samples/index.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from dressform.assets import asset_path
from dressform.avatar import AvatarOptions, build_group, draw_avatar, measure
from dressform.avatar.effects import EFFECTS
from dressform.avatar.render.raster import render
from dressform.avatar.view import head_frame
from dressform.parsing import Parse, Person, load_image, load_parser
from dressform.parsing.draw import draw_overlay
from dressform.parsing.engines.base import Parser
from dressform.tryon import Solid, Tile, drape_all, load_fabric, prepare, read_photo

HEIGHT = 420
TILE = 144
STYLES = ("flat", "anime", "pencil", "watercolour", "cyberpunk", "chibi")
SHOWN = ("flat", "watercolour")  # of the whole group
GROUPS = ("family.jpg", "parents-and-baby.jpg", "couple.jpg")
MODEL = "full-body.webp"
CLOTHS = ("breton", "tartan", "#7a1f2b", "floral", "houndstooth")
DRESSED = ("breton", "floral", "argyle", "gingham")  # everybody of a group, from left to right
WHITE = (255, 255, 255)
Pixels = npt.NDArray[np.uint8]


def main() -> None:
    """Write parse.jpg, avatars.jpg, group.jpg and swaps.jpg beside this file."""
    parser = load_parser()
    parses = [parser.parse(asset_path("samples", name)) for name in GROUPS]
    strip = [load_image(asset_path("samples", GROUPS[0])), *(draw_overlay(parse, legend=False) for parse in parses)]
    gap = np.full((HEIGHT, 8, 3), 255, np.uint8)
    row = [piece for p in strip for piece in (_high(p), gap)][:-1]
    save(np.hstack(row), "parse.jpg")
    columns = [column(person) for parse in parses for person in parse.people]
    save(np.hstack([np.pad(each, ((4, 4), (4, 4), (0, 0)), constant_values=255) for each in columns]), "avatars.jpg")
    scenes = [render(build_group(parses[0], style), 900, background=WHITE, effects=EFFECTS) for style in SHOWN]
    row = [piece for p in (strip[0], *(scene[..., :3] for scene in scenes)) for piece in (_high(p), gap)][:-1]
    save(np.hstack(row), "group.jpg")
    save(np.hstack([model_swaps(parser), group_swaps(parser, GROUPS[1:])]), "swaps.jpg")


def model_swaps(parser: Parser) -> Pixels:
    """One shirt in its own cloth and in others, two rows."""
    path = asset_path("samples", MODEL)
    parse = parser.parse(path)
    stage = prepare(read_photo(path), parse, 1, "upper")
    pictures = [load_image(path), *(stage.drape(_cloth(name)).image for name in CLOTHS)]
    tiles = [_framed(picture[: round(0.72 * len(picture))], HEIGHT) for picture in pictures]
    return np.vstack([np.hstack(tiles[:3]), np.hstack(tiles[3:])])


def group_swaps(parser: Parser, names: Sequence[str]) -> Pixels:
    """Groups with everybody's top in another cloth, one below the other."""
    rows = []
    for name in names:
        path = asset_path("samples", name)
        parse, photo = parser.parse(path), read_photo(asset_path("samples", name))
        stages = [prepare(photo, parse, person, "upper") for person in parse.people]
        dressed = drape_all([(stage, _cloth(cloth)) for stage, cloth in zip(stages, DRESSED, strict=False)])
        rows.append(_framed(dressed.image, HEIGHT))
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0)), constant_values=255) for r in rows])


def _cloth(name: str) -> Solid | Tile:
    return Solid(name) if name.startswith("#") else load_fabric(name)


def _framed(picture: Pixels, height: int) -> Pixels:
    """A picture of a height with a white margin to its right and below."""
    width = round(picture.shape[1] * height / picture.shape[0])
    small = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))
    return np.pad(small, ((0, 8), (0, 8), (0, 0)), constant_values=255)


def _high(picture: Pixels) -> Pixels:
    """A picture of the strip's height."""
    width = round(picture.shape[1] * HEIGHT / picture.shape[0])
    return np.asarray(Image.fromarray(picture).resize((width, HEIGHT), Image.Resampling.LANCZOS))


def column(person: Person) -> Pixels:
    """A person's head in the photo, and below it their avatar in every style."""
    spec = measure(person)
    drawn = [
        draw_avatar(spec, style, AvatarOptions()).to_image(TILE * 2, background=WHITE)[..., :3] for style in STYLES
    ]
    small = [np.asarray(Image.fromarray(p).resize((TILE, TILE), Image.Resampling.LANCZOS)) for p in drawn]
    return np.vstack([piece for p in (head(person.parse, person), *small) for piece in (p, p[:4] * 0 + 255)][:-1])


def head(parse: Parse, person: Person) -> Pixels:
    """The square of the photo that a bust shows."""
    assert parse.image is not None
    frame = head_frame(person)
    half = 1.1 * frame.height
    x, y = frame.chin[0], frame.chin[1] - 0.4 * frame.height
    box = (round(x - half), round(y - half), round(x + half), round(y + half))
    return np.asarray(Image.fromarray(parse.image).crop(box).resize((TILE, TILE), Image.Resampling.LANCZOS))


def save(picture: Pixels, name: str) -> None:
    """Write a picture beside this file."""
    Image.fromarray(picture).save(Path(__file__).with_name(name), quality=88)


if __name__ == "__main__":
    main()
