"""Results in the shape that older services around ModelScope's M2FP pipeline gave them: base64 pictures, mask lists."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from dressform.api.jobs.engine import Progress
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import JSON, dump, facts_of, png
from dressform.parsing import Parse, Part
from dressform.parsing.formats.modelscope import to_modelscope

__all__ = ["compat"]


def compat(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """One photo: its masks, a coloured map of all parts, or both."""
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"))
    progress(0.8, "encoding")
    width, height = found.size
    document: dict[str, Any] = {"width": width, "height": height, "num_persons": len(found)}
    if task.options["format"] in ("colored", "both"):
        document["result_image"] = _text(colored(found))
    if task.options["format"] in ("masks", "both"):
        parts = to_modelscope(found)
        document["labels"] = parts["labels"]
        document["scores"] = [round(score, 6) for score in parts["scores"]]
        document["masks"] = [_text(png((mask * 255).astype(np.uint8))) for mask in parts["masks"]]
    return Output(dump(document), JSON, facts=facts_of(found))


def colored(found: Parse) -> bytes:
    """A PNG of the label map in CIHP's colours on black."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(Part)] = [part.cihp_color for part in Part]
    return png(table[found.labels])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
