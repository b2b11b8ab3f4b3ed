"""What is made of each photo, spec or seed: files of avatars, contact sheets and groups, by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressform.api.batch import Write, Written
from dressform.avatar.animate import blink
from dressform.avatar.avatar import Avatar, draw_avatar
from dressform.avatar.color import format_color, parse_color
from dressform.avatar.draw.background import SHAPES
from dressform.avatar.effects import EFFECTS
from dressform.avatar.export import atlas, encode, folder, get_format, list_formats
from dressform.avatar.group import contact_sheet, group_scene, measure_group
from dressform.avatar.keyed import MAX_SEED
from dressform.avatar.measure import measure
from dressform.avatar.override_keys import parse_overrides
from dressform.avatar.resolve import AvatarOptions, resolve
from dressform.avatar.scene import Scene
from dressform.avatar.seeded import spec_from_seed
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.avatar.style import Style
from dressform.avatar.style_file import list_styles, load_style
from dressform.avatar.view import head_frame
from dressform.parsing.errors import OptionError
from dressform.parsing.formats.files import write_files

if TYPE_CHECKING:
    from dressform.parsing.result import Parse, Person

__all__ = [
    "FORMATS",
    "Files",
    "Wanted",
    "chosen",
    "draw",
    "draw_one",
    "draw_sheet",
    "encoded",
    "make_wanted",
    "number_list",
    "write",
    "writer",
]

SPEC, LAYERS = "json", "layers"
FORMATS = (*(LAYERS if form.name == "folder" else form.name for form in list_formats()), SPEC)
"""What ``--format`` takes."""
MOVING = frozenset({"gif", "apng"})
STILL = frozenset({*MOVING, "atlas", LAYERS})  # not of contact sheets: too large, or nothing that anyone uses
WHITE = (255, 255, 255)  # behind formats without transparency
MAX_SHEET = 8000  # px of a contact sheet's longer side
_MOST = 10_000  # numbers in one list
_RANGE = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?", re.ASCII)
_ALIASES = {"jpg": "jpeg", "folder": LAYERS, "spec": SPEC}
_GROUP = 2  # pictures of groups are larger than those of one person by this factor


@dataclass(frozen=True)
class Wanted:
    """What the user wants of each photo.

    Attributes:
        styles: One or more.
        formats: Of :data:`FORMATS`.
        options: Of all avatars.
        size: Pixels of an avatar's longer side.
        people: Numbers of people, or None for all.
        min_head: Pixels of a head below which someone is left out, unless asked for by number.
        sheet: Whether to make a contact sheet too.
        group: Whether to draw everybody together too.
    """

    styles: tuple[Style, ...]
    formats: tuple[str, ...] = ("png",)
    options: AvatarOptions = field(default_factory=AvatarOptions)
    size: int = 512
    people: tuple[int, ...] | None = None
    min_head: float = 0.0
    sheet: bool = False
    group: bool = False

    @property
    def key(self) -> str:
        """The same only for those who want the same."""
        return f"avatar-{blake2b(repr(self).encode(), digest_size=8).hexdigest()}"


@dataclass
class Files:
    """Files to write: in one folder, and in folders of layers below it."""

    flat: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    spec: str = ""  # name of the last spec among ``flat``

    def add(self, scene: Scene, stem: str, form: str, size: int) -> None:
        """Encode a scene.

        Raises:
            OptionError: The size does not suit the format.
        """
        if form == LAYERS:
            self.folders[f"{stem}-layers"] = folder.encode(scene, size=size, effects=EFFECTS)
        elif form == "atlas":
            table, picture = atlas.encode(scene, f"{stem}-atlas.png", size=size, effects=EFFECTS)
            self.flat |= {f"{stem}-atlas.json": table, f"{stem}-atlas.png": picture}
        elif form != SPEC:
            self.flat[f"{stem}{get_format(form).suffix}"] = encoded(scene, form, size)


def make_wanted(
    styles: str,
    formats: str,
    people: str,
    background: str | None,
    overrides: Sequence[str],
    options: Mapping[str, Any],
    **rest: Any,
) -> Wanted:
    """What the user wants, checked as far as it can be before any photo is opened.

    Args:
        styles: Names or paths of JSON files, separated by commas, or "all".
        formats: Of :data:`FORMATS`, separated by commas.
        people: "all", or numbers such as "1,3-5".
        background: "none", a colour, a shape, or None for the style's own.
        overrides: Such as "hair.color=#7a1f2b".
        options: The other fields of :class:`~dressform.avatar.resolve.AvatarOptions`.
        rest: The other fields of :class:`Wanted`.

    Raises:
        OptionError: Something that does not exist; the error lists what does.
    """
    texts, left_away = list(overrides), tuple(options.get("remove", ()))
    if background is not None:
        word = background.strip().lower()
        if word == "none":
            left_away += ("background",)
        else:
            texts.append(f"background.{'shape' if word in SHAPES else 'color'}={_background(word)}")
    chosen = AvatarOptions(**{**options, "remove": left_away}, overrides=parse_overrides(texts))
    loaded = tuple(load_style(name) for name in (list_styles() if styles.strip().lower() == "all" else words(styles)))
    if not loaded:
        raise OptionError("no style given", allowed=", ".join(list_styles()))
    anyone = spec_from_seed(0)
    for style in loaded:
        resolve(anyone, style, chosen)  # tells wrong accessories and values
    wanted = None if people.strip().lower() == "all" else tuple(number_list(people, "person", 1))
    return Wanted(loaded, format_names(formats), chosen, people=wanted, **rest)


def _background(word: str) -> str:
    try:
        return word if word in SHAPES else format_color(parse_color(word))
    except OptionError:
        allowed = f"none, a colour such as #7a1f2b, {', '.join(SHAPES)}"
        raise OptionError("unknown background", got=repr(word[:40]), allowed=allowed) from None


def words(text: str) -> tuple[str, ...]:
    """Texts between commas, each once."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def number_list(text: str, what: str, least: int = 0) -> list[int]:
    """Whole numbers of a text such as "1,3-5", each once, in their order.

    Raises:
        OptionError: It is no such text, or holds too many.
    """
    found: dict[int, None] = {}
    for word in words(text) or ("",):
        match = _RANGE.fullmatch(word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if not least <= first <= last or last > MAX_SEED:
            allowed = f"whole numbers from {least} such as 1,3 or 1-4"
            raise OptionError(f"bad numbers for --{what}", got=repr(text[:40]), allowed=allowed)
        if last - first + len(found) >= _MOST:
            raise OptionError(f"too many numbers for --{what}", got=repr(text[:40]), allowed=f"{_MOST} at most")
        found |= dict.fromkeys(range(first, last + 1))
    return list(found)


def format_names(text: str) -> tuple[str, ...]:
    """Format names from a list with commas, each once.

    Raises:
        OptionError: No such format; the error lists what exists.
    """
    short = (word.lower().removeprefix(".") for word in words(text))
    names = tuple(dict.fromkeys(_ALIASES.get(word, word) for word in short))
    wrong = next((name for name in names if name not in FORMATS), None)
    if wrong is not None or not names:
        what = "no format given" if wrong is None else "unknown format"
        raise OptionError(what, got=None if wrong is None else repr(wrong[:40]), allowed=", ".join(FORMATS))
    return names


def encoded(scene: Scene, form: str, size: int) -> bytes:
    """A scene as one file."""
    frames = blink(scene) if form in MOVING else None
    return encode(scene, form, size=size, background=WHITE if form == "jpeg" else None, effects=EFFECTS, frames=frames)


def draw_one(spec: AvatarSpec, stem: str, wanted: Wanted, files: Files) -> list[Avatar]:
    """One figure in all styles and formats, and its spec: the pictures are what is drawn from that file again."""
    files.spec = f"{stem}.json"
    text = spec_to_json(spec)
    files.flat[files.spec] = text.encode()
    rounded = spec_from_json(text)
    avatars = [draw_avatar(rounded, style, wanted.options) for style in wanted.styles]
    for avatar in avatars:
        for form in wanted.formats:
            files.add(avatar.scene, f"{stem}-{avatar.style.name}", form, wanted.size)
    return avatars


def draw_sheet(avatars: Sequence[Avatar], wanted: Wanted, files: Files) -> None:
    """A contact sheet of avatars: a row for each figure where there are several styles."""
    several = len(wanted.styles) > 1
    scene = contact_sheet(avatars, columns=len(wanted.styles) if several else None)
    size = min(round(max(scene.width, scene.height) * wanted.size / 1000), MAX_SHEET)
    name = f"sheet-{len(wanted.styles)}-styles" if several else f"sheet-{wanted.styles[0].name}"
    for form in [form for form in wanted.formats if form not in STILL and form != SPEC] or ["png"]:
        files.add(scene, name, form, size)


def draw(parse: Parse, wanted: Wanted) -> tuple[Files, str | None]:
    """All that is wanted of a photo, and a note where somebody was left out; nothing is written.

    Raises:
        OptionError: There is no person of a wanted number.
    """
    people, note = chosen(parse, wanted)
    files, specs, avatars = Files(), {person.index: measure(person) for person in people}, []
    for number, spec in specs.items():
        avatars += draw_one(spec, f"person-{number:02}", wanted, files)
    if wanted.sheet and avatars:
        draw_sheet(avatars, wanted, files)
    if wanted.group and specs:
        figures, places = measure_group(parse, specs)
        for style in wanted.styles:
            scene = group_scene(figures, places, style, wanted.options)
            for form in wanted.formats:
                files.add(scene, f"group-{style.name}", form, _GROUP * wanted.size)
    return files, note


def chosen(parse: Parse, wanted: Wanted) -> tuple[list[Person], str | None]:
    """Who is to be drawn, and who is not and why.

    Raises:
        OptionError: There is no person of a wanted number.
    """
    if wanted.people is not None:
        wrong = [number for number in wanted.people if number > len(parse)]
        if wrong:
            allowed = f"1 to {len(parse)}" if len(parse) else "nobody was found"
            raise OptionError("there is no such person in the photo", got=wrong[0], allowed=allowed)
        people = [parse.people[number - 1] for number in wanted.people]
        return [person for person in people if person.extent is not None], None
    found = [person for person in parse.people if person.extent is not None and person.own(person.extent, "head").any()]
    large = [person for person in found if head_frame(person).height >= wanted.min_head]
    out = len(parse) - len(large)
    if not out:
        return large, None
    who = "1 person" if out == 1 else f"{out} people"
    return large, f"{who} left out, heads under {wanted.min_head:g} px (--min-head) or not in the photo"


def write(files: Files, place: Path) -> tuple[Path, ...]:
    """Write files into a folder; each folder of layers appears whole, and then all others together.

    Raises:
        OutputError: Cannot be written.
    """
    for name, layers in files.folders.items():
        folder.save(layers, place / name)
    written = write_files(place, files.flat) if files.flat else []
    return (*written, *(place / name for name in files.folders))


def writer(wanted: Wanted) -> Write:
    """What :func:`dressform.api.batch.run_batch` calls for each photo; all files count as of one format."""

    def save(parse: Parse, formats: Sequence[str], place: Path, stem: str) -> Written:
        files, note = draw(parse, wanted)
        return Written({wanted.key: write(files, place / stem)}, note)

    return save
