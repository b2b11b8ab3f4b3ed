"""Whose garments are meant: numbers and regions from the command line, looked up among the people of a photo."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.api.inputs import STDIN
from dressform.api.tryon_cloth import AnyTexture, Other, read_cloth
from dressform.parsing import OptionError, OutputError, Parse, Person
from dressform.parsing.errors import ImageReadError
from dressform.tryon.cloth.region import Region
from dressform.tryon.drape import AnyCloth
from dressform.tryon.photo.photo import Photo, read_photo
from dressform.tryon.shape.regions import available_regions, region_name

__all__ = ["Swap", "find_garments", "open_photo", "parse_swap", "people_of", "read_mask", "regions_of", "wearers"]

_SWAP = re.compile(r"(?:([^:=]*):)?([^:=]+)=(.+)", re.DOTALL)
_SHOWN = 12  # people that an error names

Mask = npt.NDArray[np.bool_]
Who = tuple[int, ...] | None


@dataclass(frozen=True)
class Swap:
    """One cloth for one region of some people.

    Attributes:
        people: 1-based numbers; empty: all who wear it; None: the only one who does.
        region: Name of the region.
        cloth: What it is made of anew.
    """

    people: Who
    region: str
    cloth: AnyTexture


def people_of(text: str | None) -> Who:
    """People as :class:`Swap` has them, from "2", "1,3-4", "all" or nothing.

    Raises:
        OptionError: Anything else.
    """
    from dressform.api.avatar_batch import number_list

    if text is None or not text.strip():
        return None
    return () if text.strip().lower() == "all" else tuple(number_list(text, "person", 1))


def regions_of(text: str) -> tuple[str, ...]:
    """Regions of a text such as "upper,lower", each once.

    Raises:
        OptionError: No such region, or none at all.
    """
    return tuple(dict.fromkeys(region_name(word) for word in text.split(",")))


def parse_swap(text: str, tile: Mapping[str, Any]) -> list[Swap]:
    """Swaps from a text such as "2:upper=#7a1f2b", "upper,lower=denim" or "all:upper=fabric:tartan.png".

    Raises:
        OptionError: No such text, region or cloth. ImageReadError and its relatives: of the cloth's picture.
    """
    match = _SWAP.fullmatch(text)
    if match is None:
        allowed = "REGION=CLOTH or PERSON:REGION=CLOTH, such as 2:upper=#7a1f2b"
        raise OptionError("not a swap", got=repr(text[:60]), allowed=allowed)
    who, regions = people_of(match[1]), regions_of(match[2])
    cloth = read_cloth(match[3], tile)
    return [Swap(who, region, cloth) for region in regions]


def open_photo(text: str) -> Photo:
    """A photo from its file or from standard input.

    Raises:
        ImageReadError and its relatives: It cannot be used.
    """
    if text != STDIN:
        return read_photo(Path(text))
    if sys.stdin.isatty():
        raise ImageReadError("no photo on standard input", remedy="pipe one in: dressform tryon - < photo.jpg")
    return read_photo(sys.stdin.buffer)


def read_mask(text: str, photo: Photo) -> Mask:
    """(H, W) bool of a picture of what must not change: white, or painted on a transparent ground.

    Raises:
        OptionError: It is not as large as the photo. ImageReadError and its relatives: it cannot be used.
    """
    picture = read_photo(Path(text))
    if picture.size != photo.size:
        got, allowed = ("×".join(map(str, each.size)) for each in (picture, photo))
        remedy = "make it as large as the photo"
        raise OptionError("the mask of --protect does not fit the photo", got=got, allowed=allowed, remedy=remedy)
    if picture.has_alpha:
        full = np.iinfo(picture.pixels.dtype).max
        alpha = picture.pixels[..., -1]
        if int(alpha.min()) < full:
            return np.asarray(alpha > full // 2, np.bool_)
    return np.asarray(picture.srgb.max(axis=2) > 127, np.bool_)


def find_garments(
    parse: Parse, swaps: Sequence[Swap], photo: str, parse_other: Callable[[Path], Parse]
) -> list[tuple[Person, str, AnyCloth]]:
    """Who gets what.

    Args:
        parse: The photo's.
        swaps: What is wanted.
        photo: Its name, for errors and for garments of others in the same photo.
        parse_other: Parses another photo; called once for each.

    Raises:
        OutputError: Nobody was found. OptionError: No such person, nobody or several who wear a region, or one garment
            twice.
    """
    known: dict[Path, Parse] = {} if photo == STDIN else {Path(photo).resolve(): parse}
    found: dict[tuple[int, str], tuple[Person, str, AnyCloth]] = {}
    for swap in swaps:
        for person in wearers(parse, swap.people, swap.region, photo):
            if (person.index, swap.region) in found:
                raise OptionError("one garment cannot be swapped twice", got=f"{swap.region} of person {person.index}")
            if not isinstance(swap.cloth, Other):
                found[person.index, swap.region] = (person, swap.region, swap.cloth)
                continue
            where = swap.cloth.path.resolve()
            if where not in known:
                known[where] = parse_other(swap.cloth.path)
            found[person.index, swap.region] = (person, swap.region, _worn(known[where], swap.cloth, swap.region))
    return list(found.values())


def wearers(parse: Parse, people: Who, region: str, photo: str) -> list[Person]:
    """The people meant; those who are named by number are not asked what they wear.

    Raises:
        OutputError: Nobody was found. OptionError: No such person, nobody who wears the region, or several where only
            one can be meant.
    """
    if not len(parse):
        raise OutputError("no people found", got="standard input" if photo == STDIN else photo)
    if people:
        wrong = next((number for number in people if number > len(parse)), None)
        if wrong is not None:
            raise OptionError("there is no such person in the photo", got=wrong, allowed=f"1 to {len(parse)}")
        return [parse.people[number - 1] for number in people]
    there = {person.index: available_regions(person) for person in parse.people}
    wear = [person for person in parse.people if region in there[person.index]]
    if not wear:
        raise OptionError(f"nobody in the photo has {region!r}", allowed=_listed(there))
    if people is None and len(wear) > 1:
        few = {person.index: there[person.index] for person in wear}
        remedy = "choose with --person, people counted from the left, or take --person all"
        raise OptionError(f"several people have {region!r}", got=len(wear), allowed=_listed(few), remedy=remedy)
    return wear


def _worn(parse: Parse, other: Other, region: str) -> Region:
    region = other.region or region
    people = None if other.person is None else (other.person,)
    (person,) = wearers(parse, people, region, str(other.path))
    return Region(person, region)


def _listed(there: Mapping[int, Sequence[str]]) -> str:
    shown = [f"{number} ({', '.join(names) or 'nothing'})" for number, names in list(there.items())[:_SHOWN]]
    return ", ".join(shown) + (f", and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
