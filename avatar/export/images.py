"""Flat pictures of a scene: PNG and WebP with transparency, JPEG on a background; who made them is written inside."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, PngImagePlugin

from dressform.avatar.render import Pixels, Size, pixel_size, render
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.render.svg import escape
from dressform.avatar.scene import Color, Scene
from dressform.parsing.errors import OptionError

__all__ = ["check_sides", "encode_jpeg", "encode_png", "encode_webp", "png", "readable", "texts", "xmp"]

_KEYWORDS = {"licence": "Copyright", "creator": "Author", "source": "Source"}  # of PNG's text chunks
_JPEG_SIDE, _WEBP_SIDE = 65_500, 16_383  # pixels; what the formats can hold


def encode_png(
    scene: Scene, *, size: Size, background: Color | None = None, effects: Mapping[str, EffectFunction] | None = None
) -> bytes:
    """The scene's picture as PNG, 8-bit RGBA, with title, licence, creator and source as text."""
    return png(render(scene, size, background=background, effects=effects), texts(scene))


def encode_webp(
    scene: Scene, *, size: Size, background: Color | None = None, effects: Mapping[str, EffectFunction] | None = None
) -> bytes:
    """The scene's picture as lossless WebP with transparency.

    Raises:
        OptionError: More pixels to a side than WebP holds.
    """
    check_sides(scene, size, _WEBP_SIDE, "WebP")
    picture = Image.fromarray(render(scene, size, background=background, effects=effects))
    return _saved(picture, "WEBP", lossless=True, exact=True, quality=60, method=4, xmp=xmp(scene))


def encode_jpeg(
    scene: Scene, *, size: Size, background: Color | None = None, effects: Mapping[str, EffectFunction] | None = None
) -> bytes:
    """The scene's picture on a background as JPEG of high quality.

    Raises:
        OptionError: No background, as JPEG has no transparency, or more pixels to a side than JPEG holds.
    """
    if background is None:
        raise OptionError(
            "JPEG has no transparency", got="no background", remedy="give a background, or choose PNG or WebP"
        )
    check_sides(scene, size, _JPEG_SIDE, "JPEG")
    pixels = render(scene, size, background=background, effects=effects)
    return _saved(Image.fromarray(pixels[..., :3]), "JPEG", quality=92, subsampling=0, optimize=True, xmp=xmp(scene))


def check_sides(scene: Scene, size: Size, most: int, format_name: str) -> None:
    """Refuses pictures that a format cannot hold.

    Raises:
        OptionError: A side of more than ``most`` pixels.
    """
    sides = pixel_size(scene, size)
    if max(sides) > most:
        raise OptionError(f"too large for {format_name}", got=sides, allowed=f"at most {most} pixels to a side")


def png(pixels: Pixels, text: Mapping[str, str] | None = None) -> bytes:
    """(H, W, 4) uint8 RGBA with straight alpha, 1 pixel or more, as PNG with text chunks."""
    info = PngImagePlugin.PngInfo()
    for keyword, value in (text or {}).items():
        info.add_text(keyword, value)
    return _saved(Image.fromarray(pixels), "PNG", pnginfo=info)


def texts(scene: Scene) -> dict[str, str]:
    """Title and metadata of a scene under PNG's keywords; those that PNG has no word for share "Comment"."""
    found = {"Title": scene.title} if scene.title else {}
    rest = []
    for key, value in scene.metadata.items():
        if key in _KEYWORDS:
            found[_KEYWORDS[key]] = value
        else:
            rest.append(f"{key}: {value}")
    if rest:
        found["Comment"] = "\n".join(rest)
    return {keyword: readable(value) for keyword, value in found.items()}


def xmp(scene: Scene) -> bytes:
    """Title, licence, creator and source as an XMP packet; nothing for a scene that has none of them."""
    values = {"title": scene.title, **{key: scene.metadata.get(key, "") for key in ("licence", "creator", "source")}}
    text = {key: escape(value) for key, value in values.items() if value}
    if not text:
        return b""
    forms = {
        "title": '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:title>',
        "licence": '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:rights>',
        "creator": "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>",
        "source": "<dc:source>{}</dc:source>",
    }
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        + "".join(forms[key].format(value) for key, value in text.items())
        + '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def readable(text: str) -> str:
    """Text that every file can hold: no NUL, no halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
