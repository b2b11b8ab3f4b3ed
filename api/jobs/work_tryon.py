"""Try-on as work: garments of a photo swapped at once, or prepared once and draped with one cloth after the other."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dressform.api.jobs.cloths import Cloths, Swap, look_of
from dressform.api.jobs.draped import draped_output
from dressform.api.jobs.engine import Progress
from dressform.api.jobs.garments import Wardrobe, photo_of, prepared, wearer
from dressform.api.jobs.shelf import Prepared, Shelf, stage_cost
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import JSON, dump, facts_of
from dressform.api.parameters_tryon import place_of
from dressform.api.problems import Problem, placed
from dressform.parsing import Parse
from dressform.tryon.backends.base import Backend, Layer
from dressform.tryon.backends.registry import load_backend
from dressform.tryon.drape import AnyCloth, drape_all
from dressform.tryon.light import to_srgb
from dressform.tryon.look import Look
from dressform.tryon.photo.photo import Photo
from dressform.tryon.stage import Stage

__all__ = ["drape", "stage", "stage_document", "try_on"]

_BACKEND = "classic"


def try_on(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A photo with other garments, in one go."""
    swaps: Sequence[Swap] = task.options["swaps"]
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"))
    cloths = Cloths(task.inputs, Wardrobe(shelf, task.photo_key, task.inputs).worn)
    stages = _stages(shelf, task, found, progress)
    pairs: list[tuple[Stage, AnyCloth]] = []
    for k, (swap, made) in enumerate(zip(swaps, stages, strict=True)):
        progress(0.5 + 0.2 * k / len(swaps), "cutting out")
        with placed(_place(task, k)):
            pairs.append((made, cloths.of(swap)))
    return _draped(pairs, task, progress, len(found))


def stage(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A garment made ready; it stays on the shelf for a while."""
    options = task.options
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"), max_side=options["max_side"])
    person = wearer(found, options["person"], options["region"])
    progress(0.4, "measuring")
    made = prepared(photo_of(found), found, person, options)
    stage_id = secrets.token_urlsafe(18)
    kept = Prepared(made, task.owner, task.photo_key, options["max_side"])
    if not shelf.stages.put(stage_id, kept, stage_cost(made)):
        remedy = "ask for a smaller one with 'max_side'"
        raise Problem("cannot-do", "this garment needs more memory than stages may take", remedy)
    body = dump(stage_document(stage_id, made, options["seconds"]))
    return Output(body, JSON, facts=facts_of(found), status=201, location=f"/v1/stages/{stage_id}")


def drape(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A prepared garment with another cloth."""
    kept = shelf.stages.get(task.options["stage"])
    if kept is None or kept.owner != task.owner:
        raise Problem("expired", "this stage is not kept any more", "prepare the garment again")
    shelf.has(kept.photo_key)  # as long as its stage is used, the photo stays
    progress(0.1, "cutting out")
    wardrobe = Wardrobe(shelf, kept.photo_key, task.inputs, kept.max_side)
    (swap,) = task.options["swaps"]
    cloth = Cloths(task.inputs, wardrobe.worn).of(swap)
    return _draped([(kept.stage, cloth)], task, progress, 1)


def stage_document(stage_id: str, made: Stage, seconds: float) -> dict[str, Any]:
    """What is said of a stage."""
    inks = np.rint(255 * to_srgb(np.clip(made.inks, 0, 1))).astype(int).tolist()
    return {
        "id": stage_id,
        "person": made.person,
        "region": made.region,
        "size": list(made.photo.size),
        "window": list(made.window),
        "original": "printed" if len(inks) > 1 else "plain",
        "inks": ["#" + "".join(f"{channel:02x}" for channel in ink) for ink in inks],
        "pixels_per_cm": round(made.scale.pixels_per_cm, 3),
        "expires_in": round(seconds),
    }


def _stages(shelf: Shelf, task: Task, found: Parse, progress: Progress) -> list[Stage]:
    """The garments of a task, made ready in their order."""
    swaps: Sequence[Swap] = task.options["swaps"]
    photo: Photo | None = None
    stages: list[Stage] = []
    for k, swap in enumerate(swaps):
        progress(0.3 + 0.2 * k / len(swaps), "measuring")
        with placed(_place(task, k)):
            person, region = wearer(found, swap["person"], swap["region"]), swap["region"]
            if any((one.person, one.region) == (person.index, region) for one in stages):
                raise Problem("bad-parameter", "the same garment as another one", errors=[("region", "twice")])
            name = f"{task.photo_key}/{person.index}/{region}/{swap['seam']}/{swap['bend']}"
            with shelf.alone(f"stage {name}"):
                kept = shelf.stages.get(name)
                if kept is None:
                    photo = photo or photo_of(found)
                    made = prepared(photo, found, person, swap)
                    shelf.keep_stage(name, Prepared(made, task.owner, task.photo_key), len(swaps))
                else:
                    made = kept.stage
                    photo = photo or made.photo
        stages.append(made)
    return stages


def _draped(pairs: Sequence[tuple[Stage, AnyCloth]], task: Task, progress: Progress, people: int) -> Output:
    progress(0.7, "draping")
    looks = {
        (made.person, made.region): (_place(task, k), look_of(swap))
        for k, ((made, _), swap) in enumerate(zip(pairs, task.options["swaps"], strict=True))
    }
    result = drape_all(pairs, backend=_Looks(load_backend(_BACKEND), looks, progress))
    progress(0.85, "encoding")
    return draped_output(result, [cloth for _, cloth in pairs], task, people)


@dataclass(frozen=True)
class _Looks:
    """A backend with a look of its own for each garment, and the place of the request that each comes from."""

    backend: Backend
    looks: Mapping[tuple[int, str], tuple[str, Look]]
    progress: Progress

    @property
    def name(self) -> str:
        return self.backend.name

    def drape(self, stage: Stage, cloth: AnyCloth, look: Look) -> Layer:
        """The new cloth for a stage."""
        self.progress(0.7, "draping")
        place, own = self.looks[stage.person, stage.region]
        with placed(place):
            return self.backend.drape(stage, cloth, own)


def _place(task: Task, index: int) -> str:
    """Of a garment in the request, "" where it is the only one."""
    return place_of(index) if task.options["listed"] else ""
