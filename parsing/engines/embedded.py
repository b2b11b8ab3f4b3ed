"""Weights that ship inside the package: their list, with sizes and hashes, stands in a manifest beside them."""

from __future__ import annotations

import json

from dressform.assets import asset_path
from dressform.parsing.engines.base import WeightFile
from dressform.parsing.errors import WeightsError

__all__ = ["embedded_weights"]

_REMEDY = "install dressform again"


def embedded_weights() -> tuple[WeightFile, ...]:
    """The weight files that ``assets/models/manifest.json`` lists, in its order.

    Raises:
        WeightsError: The manifest is missing or damaged.
    """
    path = asset_path("models", "manifest.json")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise WeightsError("the list of shipped models is missing", got=path, remedy=_REMEDY) from None
    try:
        rows = json.loads(text)
        return tuple(WeightFile(str(name), str(row["sha256"]), int(row["size"])) for name, row in rows.items())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WeightsError("the list of shipped models is damaged", got=path, remedy=_REMEDY) from None
