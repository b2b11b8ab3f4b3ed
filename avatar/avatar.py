"""The avatar of one person: measured, resolved, composed; to be saved or shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dressform.avatar.animate import blink
from dressform.avatar.compose import compose
from dressform.avatar.effects import EFFECTS
from dressform.avatar.export import encode, get_format, save
from dressform.avatar.measure import measure
from dressform.avatar.render.raster import render
from dressform.avatar.resolve import AvatarOptions, Resolved, resolve
from dressform.avatar.scene import Color, Scene
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.spec_file import spec_to_json
from dressform.avatar.style import Style
from dressform.avatar.style_file import load_style
from dressform.parsing import Person

MOVING = ("gif", "apng")
"""Formats that show the idle blink; WebP, which can move too, stays still."""

__all__ = ["Avatar", "build_avatar", "draw_avatar"]


@dataclass(frozen=True, eq=False)
class Avatar:
    """An avatar.

    Attributes:
        resolved: All choices: spec, style, options.
    """

    resolved: Resolved

    @property
    def spec(self) -> AvatarSpec:
        """The figure, with the options applied; its JSON makes the same avatar again."""
        return self.resolved.spec

    @property
    def style(self) -> Style:
        """The style, with the options applied."""
        return self.resolved.style

    @cached_property
    def scene(self) -> Scene:
        """The drawing as named layers."""
        return compose(self.resolved)

    def to_image(self, size: int = 512, *, background: Color | None = None) -> npt.NDArray[np.uint8]:
        """(H, W, 4) uint8 RGBA, straight alpha, the longer side ``size`` pixels.

        Args:
            size: 1 or more.
            background: sRGB below everything, or None for transparency.

        Raises:
            OptionError: Bad size.
        """
        return render(self.scene, size, background=background, effects=EFFECTS)

    def encode(self, format: str, *, size: int = 1024, background: Color | None = None) -> bytes:
        """The bytes of a file of one of the formats; see :func:`~dressform.avatar.export.list_formats`.

        Raises:
            OptionError: Unknown format, one of several files, or options that it does not take.
        """
        if get_format(format).name == "json":
            return spec_to_json(self.spec).encode()
        frames = blink(self.scene) if get_format(format).name in MOVING else None
        return encode(self.scene, format, size=size, background=background, effects=EFFECTS, frames=frames)

    def save(self, path: str | os.PathLike[str], *, size: int = 1024, background: Color | None = None) -> list[Path]:
        """Write the avatar; the suffix chooses the format. Written whole or not at all.

        Args:
            path: ``me.svg``, ``me.png``, ``me.psd``, ``me.ora``, ``me.gif``, ...; without a suffix, a folder of layers.
            size: Pixels of the longer side.
            background: sRGB below flat pictures.

        Returns:
            Paths of the files.

        Raises:
            OptionError: Unknown suffix, or options that the format does not take.
            OutputError: It cannot be written.
        """
        moving = Path(path).suffix.lower().lstrip(".") in MOVING
        frames = blink(self.scene) if moving else None
        return save(self.scene, path, size=size, background=background, effects=EFFECTS, frames=frames)


def build_avatar(
    image: npt.NDArray[np.uint8] | None,
    person: Person,
    style: str | Style = "flat",
    options: AvatarOptions | None = None,
) -> Avatar:
    """The avatar of a person in a photo.

    Args:
        image: (H, W, 3) uint8 RGB, the photo that was parsed; None takes the one that the parse keeps.
        person: Of the parse.
        style: A name of :func:`~dressform.avatar.list_styles`, a path of a style's JSON file, or a style.
        options: Framing, frame, accessories and single values.

    Raises:
        OptionError: An unknown style or option, no photo, or nothing to be seen of the person.
        ParseDataError: The photo is not of the size that was parsed.
    """
    chosen = style if isinstance(style, Style) else load_style(style)
    if image is not None and person.parse.image is not image:
        person = person.parse.with_image(image).people[person.index - 1]
    return draw_avatar(measure(person), chosen, options)


def draw_avatar(spec: AvatarSpec, style: str | Style = "flat", options: AvatarOptions | None = None) -> Avatar:
    """The avatar of a spec: measured earlier, read from a file, made from a seed or mixed.

    Raises:
        OptionError: An unknown style or option.
    """
    chosen = style if isinstance(style, Style) else load_style(style)
    return Avatar(resolve(spec, chosen, options))
