"""What is made of each photo, spec or seed: files of avatars, contact sheets and groups, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dressform.api.batch import Written
from dressform.avatar.animate import blink
from dressform.avatar.avatar import Avatar, draw_avatar
from dressform.avatar.effects import EFFECTS
from dressform.avatar.export import atlas, encode, folder, get_format, list_formats
from dressform.avatar.group import contact_sheet, group_scene, measure_group
from dressform.avatar.measure import measure
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.scene import Scene
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_to_json
from dressform.avatar.style import Style
from dressform.avatar.view import head_frame
from dressform.parsing.errors import OptionError
from dressform.parsing.formats.files import write_files

if TYPE_CHECKING:
    from dressform.parsing.result import Parse, Person

__all__ = ["FORMATS", "Files", "Wanted", "draw", "draw_one", "draw_sheet", "format_names", "write"]

SPEC, LAYERS = "json", "layers"
FORMATS = (*(LAYERS if form.name == "folder" else form.name for form in list_formats()), SPEC)
"""What ``--format`` takes."""
MOVING = frozenset({"gif", "apng"})
STILL = frozenset({*MOVING, "atlas", LAYERS})  # not of contact sheets: too large, or nothing that anyone uses
WHITE = (255, 255, 255)  # behind formats without transparency
MAX_SHEET = 8000  # px of a contact sheet's longer side
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


@dataclass
class Files:
    """Files to write: in one folder, and in folders of layers below it."""

    flat: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

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


def format_names(text: str) -> tuple[str, ...]:
    """Format names from a list with commas, each once.

    Raises:
        OptionError: No such format; the error lists what exists.
    """
    words = dict.fromkeys(word.strip().lower().removeprefix(".") for word in text.split(",") if word.strip())
    names = tuple(dict.fromkeys(_ALIASES.get(word, word) for word in words))
    wrong = next((name for name in names if name not in FORMATS), None)
    if wrong is not None or not names:
        what = "no format given" if wrong is None else "unknown format"
        raise OptionError(what, got=None if wrong is None else repr(wrong), allowed=", ".join(FORMATS))
    return names


_ALIASES = {"jpg": "jpeg", "folder": LAYERS, "spec": SPEC}


def encoded(scene: Scene, form: str, size: int) -> bytes:
    """A scene as one file."""
    frames = blink(scene) if form in MOVING else None
    return encode(
        scene, form, size=size, background=WHITE if form == "jpeg" else None, effects=EFFECTS, frames=frames
    )


def draw_one(spec: AvatarSpec, stem: str, wanted: Wanted, files: Files) -> list[Avatar]:
    """One figure in all styles and formats, and its spec."""
    files.flat[f"{stem}.json"] = spec_to_json(spec).encode()
    avatars = [draw_avatar(spec, style, wanted.options) for style in wanted.styles]
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
    found = [person for person in parse.people if person.extent is not None]
    large = [person for person in found if head_frame(person).height >= wanted.min_head]
    out = len(parse) - len(large)
    if not out:
        return large, None
    return large, f"{out} {'person' if out == 1 else 'people'} left out, heads under {wanted.min_head:g} px (--min-head)"


def write(files: Files, place: Path) -> tuple[Path, ...]:
    """Write files into a folder; each folder of layers appears whole, and then all others together.

    Raises:
        OutputError: Cannot be written.
    """
    for name, layers in files.folders.items():
        folder.save(layers, place / name)
    written = write_files(place, files.flat) if files.flat else []
    return (*written, *(place / name for name in files.folders))


def writer(wanted: Wanted, key: str) -> object:
    """What :func:`dressform.api.batch.run_batch` calls for each photo; all files are those of one format, ``key``."""

    def save(parse: Parse, formats: Sequence[str], place: Path, stem: str) -> Written:
        files, note = draw(parse, wanted)
        return Written({key: write(files, place / stem)}, note)

    return save
