"""Avatars as work: one picture, specs, or an archive of many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dressform.api.avatar_batch import Files, Wanted, draw_one, draw_sheet, encoded, make_wanted
from dressform.api.jobs.archive import zipped
from dressform.api.jobs.engine import Progress
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import JSON, dump, facts_of, picked
from dressform.api.problems import Problem
from dressform.avatar.avatar import draw_avatar
from dressform.avatar.export import get_format
from dressform.avatar.group import group_scene, measure_group
from dressform.avatar.measure import measure
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.avatar.style_file import list_styles
from dressform.avatar.view import head_frame
from dressform.parsing import OptionError, Parse, Person

__all__ = ["avatar", "wanted_of"]

_SMALLEST_HEAD = 20  # px; smaller ones are left out unless asked for by number
_MOST = 400  # pictures of one archive
_GROUP = 2  # a picture of everybody is larger than that of one by this factor
_SPEC_BYTES = 20_000  # that a measured person takes, about


def wanted_of(options: Mapping[str, Any]) -> Wanted:
    """The avatars that are wanted, checked as far as that goes without a photo.

    Raises:
        OptionError: Something that does not exist; the error lists what does.
    """
    known = list_styles()
    styles = [word for text in options["style"] for word in (known if text == "all" else (text,))]
    for name in styles:
        if name not in known:  # a style may be a file's path elsewhere, never here
            raise OptionError("unknown style", got=repr(name[:40]), allowed=", ".join((*known, "all")))
    rest = {name: options[name] for name in ("framing", "frame", "seed")}
    return make_wanted(
        ",".join(styles), ",".join(options["formats"]), "all", options["background"], options["set"],
        {**rest, "add": tuple(options["add"]), "remove": tuple(options["remove"])},
        size=options["size"], min_head=_SMALLEST_HEAD, sheet=options["sheet"], group=options["group"],
    )  # fmt: skip


def avatar(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """The avatars of a photo, or of a spec, in the form that was asked for."""
    options = task.options
    wanted = wanted_of(options)
    progress(0.05, "parsing")
    if options["spec"] is not None:
        found, specs, facts = None, {1: spec_from_json(options["spec"])}, {"people": 1}
    else:
        several = options["format"] in ("json", "zip")  # those need heads and faces, so the pixels
        found = (shelf.parse if several else shelf.outline)(task.photo_key, task.inputs.get("photo"))
        people = _people(found, options["person"], options["format"], shelf)
        progress(0.4, "measuring")
        specs = {person.index: _measured(shelf, task, person.index) for person in people}
        facts = facts_of(found)
    if options["format"] == "json":
        return Output(_document(specs, wanted), JSON, facts=facts)
    if options["format"] == "zip":
        return Output(_archive(found, specs, wanted, progress), "application/zip", "avatars.zip", facts)
    return _single(specs, wanted, options["format"], progress, facts)


def _people(found: Parse, numbers: Sequence[int] | None, form: str, shelf: Shelf) -> list[Person]:
    """Who is drawn: those asked for; else the first for one picture, and everybody large enough for several."""
    picked(found, 1)  # tells that nobody is there
    if numbers is not None:
        return [picked(found, number) for number in numbers]
    there = [person for person in found.people if person.extent is not None]
    if form not in ("zip", "json"):
        return there[:1]
    heads = [person for person in there if person.extent and person.own(person.extent, "head").any()]
    large = [person for person in heads if head_frame(person).height >= _SMALLEST_HEAD]
    most = shelf.max_people
    if len(large) > most:
        remedy = "name some of them by number, with 'person'"
        raise Problem("cannot-do", f"{len(large)} people are too many for one request", remedy, f"up to {most}")
    return large


def _measured(shelf: Shelf, task: Task, number: int) -> AvatarSpec:
    """The spec as it is read back from its file, so that a saved one gives the same pictures."""
    name = f"{task.photo_key}/{number}"
    found = shelf.specs.get(name)
    if found is None:
        with shelf.alone(f"spec {name}"):
            found = shelf.specs.get(name)
            if found is None:
                person = shelf.parse(task.photo_key, task.inputs.get("photo")).people[number - 1]
                found = spec_from_json(spec_to_json(measure(person)))
                shelf.specs.put(name, found, _SPEC_BYTES)
    return found


def _document(specs: Mapping[int, AvatarSpec], wanted: Wanted) -> bytes:
    rows = [
        {"person": number, "style": style.name, "spec": json.loads(spec_to_json(draw_avatar(spec, style,
         wanted.options).spec))}
        for number, spec in specs.items()
        for style in wanted.styles
    ]  # fmt: skip
    return dump({"avatars": rows})


def _single(
    specs: Mapping[int, AvatarSpec], wanted: Wanted, form: str, progress: Progress, facts: Mapping[str, int]
) -> Output:
    progress(0.6, "drawing")
    (number, spec), style = next(iter(specs.items())), wanted.styles[0]
    scene = draw_avatar(spec, style, wanted.options).scene
    progress(0.8, "encoding")
    kind = get_format(form)
    data = encoded(scene, form, wanted.size)
    return Output(data, kind.media_type, f"person-{number:02}-{style.name}{kind.suffix}", facts)


def _archive(
    found: Parse | None, specs: Mapping[int, AvatarSpec], wanted: Wanted, progress: Progress
) -> bytes:  # fmt: skip
    files, drawn, count = Files(), [], len(specs) * len(wanted.styles) * len(wanted.formats)
    if count > _MOST:
        remedy = "ask for fewer styles, formats or people"
        raise Problem("cannot-do", f"{count} pictures are too many for one request", remedy, f"up to {_MOST}")
    for k, (number, spec) in enumerate(specs.items()):
        progress(0.5 + 0.4 * k / max(1, len(specs)), f"drawing person {number}")
        drawn += draw_one(spec, f"person-{number:02}", wanted, files)
    progress(0.9, "encoding")
    if wanted.sheet and drawn:
        draw_sheet(drawn, wanted, files)
    if wanted.group and found is not None and specs:
        figures, places = measure_group(found, dict(specs))
        for style in wanted.styles:
            scene = group_scene(figures, places, style, wanted.options)
            for form in wanted.formats:
                files.add(scene, f"group-{style.name}", form, _GROUP * wanted.size)
    layers = {f"{name}/{k}": v for name, folder in files.folders.items() for k, v in folder.items()}
    return zipped({**files.flat, **layers})
