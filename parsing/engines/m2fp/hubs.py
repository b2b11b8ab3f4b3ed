"""Where ModelScope publishes the two M2FP models, at the revision that was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dressform.parsing.engines.base import HubModel

__all__ = ["HUBS"]

REVISION = "v1.0.1"

HUBS: Mapping[str, HubModel] = MappingProxyType(
    {
        "m2fp": HubModel("damo/cv_resnet101_image-multiple-human-parsing", REVISION),
        "m2fp-single": HubModel("damo/cv_resnet101_image-single-human-parsing", REVISION),
    }
)
