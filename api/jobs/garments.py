"""Garments of a photo that are swapped or taken: found, prepared, kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dressform.api.jobs.cloths import Swap
from dressform.api.jobs.kept import parse_cost
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.work_parse import picked
from dressform.api.problems import Problem
from dressform.parsing import OptionError, Parse, Person
from dressform.tryon.cloth.region import Region
from dressform.tryon.photo.photo import Photo
from dressform.tryon.shape.regions import available_regions
from dressform.tryon.stage import Stage, prepare

__all__ = ["Wardrobe", "photo_of", "prepared", "wearer"]

_LISTED = 12  # people whose garments an error tells
_CUT_BYTES = 32  # of each pixel of the person, that a garment cut out of the photo takes at most
_FINER = 2  # times the side of a stage's photo are enough for the photo that its cloth is taken from


def photo_of(found: Parse) -> Photo:
    """The photo of a parse, not copied: pixels alone, so that no metadata can come out again."""
    assert found.image is not None
    return Photo(found.image, found.image)


def prepared(photo: Photo, found: Parse, person: Person, options: Mapping[str, Any]) -> Stage:
    """A garment made ready.

    Raises:
        Problem: "no-such-garment".
    """
    try:
        return prepare(photo, found, person, options["region"], seam=options["seam"], bend=options["bend"])
    except OptionError as error:
        allowed = ", ".join(available_regions(person)) or "nothing that is large enough"
        detail = f"{error.what}: {options['region']} of person {person.index}"
        raise Problem("no-such-garment", detail, error.remedy, allowed, [("region", "not there")]) from None


def wearer(found: Parse, number: int | None, region: str, name: str = "person") -> Person:
    """Who is meant.

    Args:
        found: Of the photo.
        number: Of the person, or None for the only one who wears it.
        region: What they wear.
        name: Of the parameter that says who.

    Raises:
        Problem: Nobody is in the photo, no such person, nobody wears it, or several do.
    """
    if number is not None and 1 <= len(found) < number:
        allowed = f"1 to {len(found)}, from the left"
        raise Problem("no-such-person", f"there is no person {number}", None, allowed, [(name, f"no person {number}")])
    person = picked(found, number or 1)
    if number is not None:
        return person
    there = {one.index: available_regions(one) for one in found.people}
    wear = [index for index, names in there.items() if region in names]
    listed = "; ".join(f"{index}: {', '.join(names) or 'nothing'}" for index, names in list(there.items())[:_LISTED])
    if not wear:
        raise Problem("no-such-garment", f"nobody in the photo has {region!r}", allowed=listed)
    if len(wear) > 1:
        raise Problem("bad-parameter", f"{len(wear)} people have {region!r}", f"choose one with {name!r}", listed,
                      [(name, "missing")])  # fmt: skip
    return found.people[wear[0] - 1]


@dataclass(frozen=True)
class Wardrobe:
    """What people wear, as cloth for others.

    Attributes:
        shelf: Where photos are.
        photo_key: Of the photo that is worked on; cloth is taken from it unless another one is named.
        inputs: Encoded photos of the request by their names; ``from_key`` of a swap with ``from_photo`` is its key.
        max_side: Of the photo that is worked on, if it was shrunk.
    """

    shelf: Shelf
    photo_key: str
    inputs: Mapping[str, bytes]
    max_side: int | None = None

    def worn(self, swap: Swap) -> Region:
        """What somebody wears.

        Raises:
            Problem: The photo is not kept, no such person, or nothing of the kind on this person.
        """
        region = swap["from_region"] or swap["region"]
        side = None if self.max_side is None else _FINER * self.max_side
        key = swap["from_key"] or self.photo_key
        role = swap["from_photo"] or ("photo" if key == self.photo_key else "")
        name = f"{key}/{side}/{swap['from_person']}/{region}"
        shelf = self.shelf
        with shelf.alone(f"worn {name}"):
            found = shelf.worn.get(name)
            if found is None:
                parse = shelf.parse(key, self.inputs.get(role), max_side=side)
                person = wearer(parse, swap["from_person"], region, "from_person")
                there = available_regions(person)
                if region not in there:
                    allowed = ", ".join(there) or "nothing that is large enough"
                    detail = f"person {person.index} has no {region!r} to take"
                    raise Problem("no-such-garment", detail, None, allowed, [("from_region", "not there")])
                found = Region(person, region)
                if shelf.keeps:
                    shelf.worn.put(name, found, parse_cost(parse) + _cut_cost(person))
            else:
                shelf.has(key)
        return found


def _cut_cost(person: Person) -> int:
    x0, y0, x1, y1 = person.extent or (0, 0, 0, 0)
    return _CUT_BYTES * (x1 - x0) * (y1 - y0)
