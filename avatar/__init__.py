"""Cartoon avatars of layered regions, made from a parse result, a seed, or a saved spec.

>>> avatar = build_avatar(image, person, style="flat")
>>> avatar.save("me.svg"); avatar.save("me.psd"); avatar.to_image(512)
"""

from __future__ import annotations

from dressform.avatar.accessories import list_accessories
from dressform.avatar.avatar import Avatar, build_avatar, draw_avatar
from dressform.avatar.group import build_group, contact_sheet
from dressform.avatar.measure import measure
from dressform.avatar.mix import mix_specs
from dressform.avatar.override_keys import parse_overrides
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.seeded import spec_from_seed
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.avatar.style import Style
from dressform.avatar.style_file import list_styles, load_style

__all__ = [
    "Avatar",
    "AvatarOptions",
    "AvatarSpec",
    "Style",
    "build_avatar",
    "build_group",
    "contact_sheet",
    "draw_avatar",
    "list_accessories",
    "list_styles",
    "load_style",
    "measure",
    "mix_specs",
    "parse_overrides",
    "spec_from_json",
    "spec_from_seed",
    "spec_to_json",
]
