"""Examples of try-on for the description of the interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["DRAPE_BODIES", "EXAMPLE", "SWAPS", "TRY_ON_BODIES"]

_PHOTO = "(the photo's bytes)"
_KEY = "0b5c" * 16

EXAMPLE: Mapping[str, Any] = {
    "size": [1280, 853],
    "garments": [{"person": 1, "region": "upper", "cloth": "solid", "covered": 1.0, "notes": []}],
    "notes": [],
    "picture": {"href": f"/v1/results/{_KEY}", "type": "image/png"},
}
"""Reply as JSON."""

SWAPS = json.dumps(
    [
        {"person": 1, "region": "upper", "fabric": "tartan", "repeat_cm": 8},
        {"person": 2, "region": "upper", "from_person": 1},
        {"person": 2, "region": "lower", "tile": "flowers", "folds": 1.5},
        {"person": 3, "region": "dress", "color": "#7a1f2b", "print": "logo", "place": "chest"},
        {"person": 4, "region": "upper", "from_person": 2, "from_photo": "friends"},
    ]
)
"""Several garments; "flowers", "logo" and "friends" are file parts."""

TRY_ON_BODIES: Mapping[str, Any] = {
    "color": {"summary": "One colour", "value": {"photo": _PHOTO, "person": 1, "region": "upper", "color": "#7a1f2b"}},
    "print": {
        "summary": "Artwork on a fabric",
        "value": {"photo": _PHOTO, "fabric": "denim", "print": "(the artwork's bytes)", "print_width_cm": 20},
    },
    "worn": {
        "summary": "What somebody in another photo wears",
        "value": {"photo": _PHOTO, "person": 1, "from_photo": "(the other photo's bytes)", "from_person": 2},
    },
    "swaps": {
        "summary": "Several garments at once",
        "value": {"photo": _PHOTO, "swaps": SWAPS, "flowers": "(a picture)", "logo": "(a picture)",
                  "friends": "(a photo)", "format": "jpeg"},
    },
}  # fmt: skip
"""Requests of a swap."""

DRAPE_BODIES: Mapping[str, Any] = {
    "fabric": {"summary": "A fabric", "value": {"fabric": "tartan", "repeat_cm": 8, "angle": 45, "format": "jpeg"}},
    "worn": {"summary": "What person 2 of the same photo wears", "value": {"from_person": 2, "from_region": "coat"}},
    "other": {
        "summary": "What somebody wears in a photo that was parsed",
        "value": {"from_key": _KEY, "from_person": 1},
    },
}
"""Requests of another cloth."""
