"""Files of avatars: a registry of formats by the suffix of a file; a path without suffix is a folder of layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dressform.avatar.export import animation, atlas, folder, images, ora, psd
from dressform.avatar.export.animation import Frame
from dressform.avatar.render import EffectFunction, Size, to_svg
from dressform.avatar.scene import Color, Scene
from dressform.parsing.errors import OptionError
from dressform.parsing.formats.files import check_stem, write_files

__all__ = ["Format", "Frame", "encode", "get_format", "list_formats", "save"]


class _Options(NamedTuple):
    size: Size
    background: Color | None
    effects: Mapping[str, EffectFunction] | None
    frames: Sequence[Frame]


@dataclass(frozen=True)
class Format:
    """One way to store a scene.

    Attributes:
        name: What :func:`encode` and the command line call it.
        suffix: Of its files; "" for a folder.
        description: One line for people.
        media_type: For HTTP; "" for formats of several files.
        encode: Makes the bytes; None for formats of several files.
        flat: Shows the visible layers as one picture and can have a background.
        moving: Can hold frames.
        aliases: Other suffixes.
    """

    name: str
    suffix: str
    description: str
    media_type: str
    encode: Callable[[Scene, _Options], bytes] | None
    flat: bool = False
    moving: bool = False
    aliases: tuple[str, ...] = ()


def _webp(scene: Scene, to: _Options) -> bytes:
    if to.frames:
        return animation.encode_webp(to.frames, size=to.size, background=to.background, effects=to.effects)
    return images.encode_webp(scene, size=to.size, background=to.background, effects=to.effects)


def _moving(encoder: Callable[..., bytes]) -> Callable[[Scene, _Options], bytes]:
    """A single picture where no frames are given."""

    def encode(scene: Scene, to: _Options) -> bytes:
        frames = to.frames or ((scene, 1000),)
        return encoder(frames, size=to.size, background=to.background, effects=to.effects)

    return encode


def _still(encoder: Callable[..., bytes]) -> Callable[[Scene, _Options], bytes]:
    return lambda scene, to: encoder(scene, size=to.size, background=to.background, effects=to.effects)


def _layered(encoder: Callable[..., bytes]) -> Callable[[Scene, _Options], bytes]:
    return lambda scene, to: encoder(scene, size=to.size, effects=to.effects)


_FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            Format("svg", ".svg", "vector drawing, named layers", "image/svg+xml", lambda s, _: to_svg(s).encode()),
            Format("png", ".png", "picture, transparent", "image/png", _still(images.encode_png), flat=True),
            Format("webp", ".webp", "picture or animation, transparent", "image/webp", _webp, flat=True, moving=True),
            Format(
                "jpeg",
                ".jpg",
                "picture on a background",
                "image/jpeg",
                _still(images.encode_jpeg),
                flat=True,
                aliases=(".jpeg",),
            ),
            Format("psd", ".psd", "layers for Photoshop", "image/vnd.adobe.photoshop", _layered(psd.encode)),
            Format("ora", ".ora", "layers for Krita and GIMP", "image/openraster", _layered(ora.encode)),
            Format(
                "gif",
                ".gif",
                "animation, 255 colours",
                "image/gif",
                _moving(animation.encode_gif),
                flat=True,
                moving=True,
            ),
            Format(
                "apng",
                ".apng",
                "animation, transparent",
                "image/apng",
                _moving(animation.encode_apng),
                flat=True,
                moving=True,
            ),
            Format("atlas", ".json", "sprite sheet and its JSON, for game engines", "", None),
            Format("folder", "", "folder with a PNG per layer and a manifest", "", None),
        )
    }
)


def list_formats() -> tuple[Format, ...]:
    """All formats."""
    return tuple(_FORMATS.values())


def get_format(name: str) -> Format:
    """The format of this name, or of a file's suffix such as ".psd".

    Raises:
        OptionError: No such format; the error lists what exists.
    """
    for each in _FORMATS.values():
        if name.lower() in {each.name, each.suffix, *each.aliases}:
            return each
    allowed = ", ".join(each.suffix or "no suffix for a folder" for each in _FORMATS.values())
    raise OptionError("unknown format", got=repr(name), allowed=allowed)


def encode(
    scene: Scene,
    name: str,
    *,
    size: Size = 1024,
    background: Color | None = None,
    effects: Mapping[str, EffectFunction] | None = None,
    frames: Sequence[Frame] | None = None,
) -> bytes:
    """The scene in a format of one file; arguments as for :func:`save`.

    Raises:
        OptionError: Unknown format, one of several files, or options that it does not take.
    """
    form = get_format(name)
    if form.encode is None:
        single = ", ".join(each.name for each in _FORMATS.values() if each.encode is not None)
        raise OptionError("a format of several files", got=repr(name), allowed=single, remedy="save it to a path")
    return form.encode(scene, _options(form, size, background, effects, frames))


def save(
    scene: Scene,
    path: str | os.PathLike[str],
    *,
    size: Size = 1024,
    background: Color | None = None,
    effects: Mapping[str, EffectFunction] | None = None,
    frames: Sequence[Frame] | None = None,
) -> list[Path]:
    """Write a scene; everything is made before anything is written, and written whole or not at all.

    Args:
        scene: What to write.
        path: Its suffix chooses the format; none, or a slash at the end, means a folder. A ``.json`` gets a PNG beside
            it.
        size: Pixels of the longer side, or (width, height) in the scene's aspect; SVG has none.
        background: sRGB below flat pictures.
        effects: As for :func:`~dressform.avatar.render.render_layer`.
        frames: Scenes with milliseconds, for animations; ``scene`` is not shown then.

    Returns:
        Paths of the files.

    Raises:
        OptionError: Unknown suffix, or options that the format does not take. OutputError: Cannot be written.
    """
    text, target = os.fspath(path), Path(path)
    form = _FORMATS["folder"] if text.endswith(("/", os.sep)) else get_format(target.suffix)
    to = _options(form, size, background, effects, frames)
    if form.name == "folder":
        if target.name.lower() in {each.suffix for each in _FORMATS.values()} - {""}:
            raise OptionError("a suffix without a name", got=repr(target.name), remedy="write a name before the suffix")
        return folder.save(folder.encode(scene, size=to.size, effects=to.effects), target)
    check_stem(target.stem)
    if form.name == "atlas":
        image = f"{target.stem}.png"
        table, sheet = atlas.encode(scene, image, size=to.size, effects=to.effects)
        return write_files(target.parent, {target.name: table, image: sheet})
    assert form.encode is not None
    return write_files(target.parent, {target.name: form.encode(scene, to)})


def _options(
    form: Format,
    size: Size,
    background: Color | None,
    effects: Mapping[str, EffectFunction] | None,
    frames: Sequence[Frame] | None,
) -> _Options:
    if background is not None and not form.flat:
        flat = ", ".join(each.name for each in _FORMATS.values() if each.flat)
        remedy = "make the background a layer of the scene"
        raise OptionError(f"{form.name} takes no background", got=background, allowed=flat, remedy=remedy)
    if frames is not None and not form.moving:
        moving = ", ".join(each.name for each in _FORMATS.values() if each.moving)
        raise OptionError(f"{form.name} holds no frames", got=f"{len(frames)} frames", allowed=moving)
    if frames is not None and not frames:
        raise OptionError("no frames", allowed="one or more pairs of a scene and milliseconds")
    return _Options(size, background, effects, frames or ())
