"""A photo of a garment as cloth: read, cut out, measured and de-lit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.guided import guided_filter
from dressform.parsing.image import ImageSource
from dressform.parsing.scores import Window
from dressform.tryon.cloth.swatch import Swatch, load_swatch
from dressform.tryon.garment.cutout import ANALYSIS_PIXELS, find_garment
from dressform.tryon.garment.cutout_tidy import disc, largest
from dressform.tryon.garment.delight import delight as without_light
from dressform.tryon.garment.inner_back import FrontEdge, find_front_edge
from dressform.tryon.garment.landmarks import WORDS, Point, find_landmarks
from dressform.tryon.garment.parts import Parts, find_parts
from dressform.tryon.light import from_linear
from dressform.tryon.pull_push import pull_push

__all__ = ["Cutout", "GarmentPhoto", "cut_out"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_LEAST_SHARE = 0.01  # of a picture with alpha that must be covered
_MARGIN = 0.03  # of the garment's larger side, around it
_COLLAR = 0.35  # half openings: a neckline hanging lower is open, one standing higher is a collar or hood
_DEEPEST = {"neck": 2.3, "waist": 0.45}  # half openings that the front edge may hang


@dataclass(frozen=True, init=False)
class GarmentPhoto:
    """A garment to put on: a photo of it laid flat or hung up, front up, or a picture of it on a transparent ground.

    Attributes:
        image: The picture.
        kind: "upper" or "top", "dress", "lower", "trousers", "shorts", "skirt", or None to guess it from the shape: a
            short dress is easily taken for a top, and shorts without a gap between the legs for a skirt.
    """

    image: Swatch
    kind: str | None

    def __init__(self, image: ImageSource | Swatch, kind: str | None = None) -> None:
        """See the class; the image is whatever :func:`dressform.tryon.cloth.swatch.load_swatch` reads.

        Raises:
            OptionError: Unknown kind.
            ImageReadError, ImageFormatError, ImageTooLargeError: Of the picture.
        """
        if kind is not None and kind not in WORDS:
            raise OptionError("unknown kind of garment", got=repr(kind)[:40], allowed=", ".join(WORDS))
        object.__setattr__(self, "image", load_swatch(image))
        object.__setattr__(self, "kind", kind)

    @property
    def digest(self) -> str:
        """SHA-256 of all that it is, 64 hex digits; the same on every machine."""
        return hashlib.sha256(f"GarmentPhoto\nimage={self.image.digest}\nkind={self.kind}".encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Cutout:
    """A garment apart from its ground.

    Attributes:
        image: (h, w, 3) float32 linear light, de-lit; colours of the cloth go on beyond its edge.
        alpha: (h, w) float32 0..1, coverage; 0 where the inner back of a neck or waistband is seen.
        kind: "upper", "lower" or "dress".
        landmarks: (x, y) in pixels of ``image`` by name, see :mod:`dressform.tryon.garment.landmarks`; the middle of
            pixel (i, j) is (j + 0.5, i + 0.5).
        box: (x0, y0, x1, y1) where it lies in the photo's picture (:class:`~dressform.tryon.cloth.swatch.Swatch`).
        inner_back: Whether an inner back was seen and taken out.
        parts: What it is made of, or None: it is looked for when it is needed.
    """

    image: Floats
    alpha: Floats
    kind: str
    landmarks: Mapping[str, Point]
    box: Window
    inner_back: bool = False
    parts: Parts | None = None

    @property
    def worn(self) -> bool:
        """Whether the picture shows it on somebody, as round as they are."""
        return self.parts is not None and self.parts.worn


def cut_out(photo: GarmentPhoto, *, delight: float = 0.6) -> Cutout:
    """Cut a garment out of its photo and measure it.

    Args:
        photo: The photo.
        delight: Share of the photo's broad light that is taken out, 0..1.

    Raises:
        OptionError: No garment is found, it does not stand out from the ground, it does not have the shape of one,
            or ``delight`` is out of range.
    """
    layered = photo.image.layered()
    linear, coverage = _straight(layered)
    small, scale = _small(linear, coverage)
    mask = _mask(small, coverage is not None)
    garment = find_landmarks(mask, photo.kind, strict=coverage is None)
    box = _window(mask, scale, linear.shape[:2])
    x0, y0, x1, y1 = box
    linear = np.ascontiguousarray(linear[y0:y1, x0:x1])
    if coverage is None:
        alpha = _soft(linear, mask, scale, box)
    else:
        piece = _enlarged(mask, scale, box, grow=2) > 0.5
        alpha = np.where(piece, coverage[y0:y1, x0:x1], np.float32(0))
    marks = {name: ((x + 0.5) * scale[0] - x0, (y + 0.5) * scale[1] - y0) for name, (x, y) in garment.landmarks.items()}
    edge = _front_edge(linear, alpha, marks)
    if edge is not None:
        alpha = alpha * (1 - _covered(edge.inside, alpha.shape))
        lowest = edge.curve[len(edge.curve) // 2]
        marks["neck" if "neck_L" in marks else "waist"] = (float(lowest[0]), float(lowest[1]))
    # Pixels at the edge are mixed with the ground: the colours inside go on over them.
    rim = 1 + round(0.006 * float(np.sqrt(alpha.sum(dtype=np.float64))))
    inside = cv2.erode((alpha > 0.98).astype(np.uint8), disc(rim)) > 0
    linear = pull_push(linear, inside if inside.any() else alpha > 0.5)
    image = without_light(linear, alpha, strength=delight)
    cut = Cutout(image, alpha.astype(np.float32), garment.kind, MappingProxyType(marks), box, edge is not None)
    return replace(cut, parts=find_parts(cut))


def _straight(layered: Floats) -> tuple[Floats, Floats | None]:
    """Colour not multiplied by alpha, and alpha, None for an opaque picture."""
    alpha = np.ascontiguousarray(layered[:, :, 3])
    if float(alpha.min()) >= 1:
        return np.ascontiguousarray(layered[:, :, :3]), None
    straight = layered[:, :, :3] / np.maximum(alpha, np.float32(1e-4))[:, :, None]
    return np.asarray(straight, np.float32), alpha


def _small(linear: Floats, alpha: Floats | None) -> tuple[Floats, tuple[float, float]]:
    """(h', w', 3 or 4) the picture small enough to be looked at, and how many pixels one of it is, across and down."""
    h, w = linear.shape[:2]
    share = min(1.0, float(np.sqrt(ANALYSIS_PIXELS / (h * w))))
    size = (max(round(w * share), 1), max(round(h * share), 1))
    layers = linear if alpha is None else np.concatenate([linear * alpha[:, :, None], alpha[:, :, None]], axis=2)
    if size != (w, h):
        layers = np.asarray(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), np.float32)
    return layers, (w / size[0], h / size[1])


def _mask(small: Floats, has_alpha: bool) -> Mask:
    if not has_alpha:
        return find_garment(np.asarray(from_linear(small, np.uint8)))
    mask = largest(small[:, :, 3] > 0.5)
    if mask.mean() < _LEAST_SHARE:
        got = f"{mask.mean():.1%} of the picture covered"
        raise OptionError("no garment in the picture", got=got, allowed=f"{_LEAST_SHARE:.0%} or more")
    return mask


def _window(mask: Mask, scale: tuple[float, float], shape: tuple[int, ...]) -> Window:
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    margin = _MARGIN * max(w * scale[0], h * scale[1]) + 2 * max(scale)
    low = (max(int(x * scale[0] - margin), 0), max(int(y * scale[1] - margin), 0))
    high = (min(int((x + w) * scale[0] + margin) + 1, shape[1]), min(int((y + h) * scale[1] + margin) + 1, shape[0]))
    return (*low, *high)


def _enlarged(mask: Mask, scale: tuple[float, float], box: Window, *, grow: int = 0) -> Floats:
    """(h, w) float32 0..1 the small mask in the pixels of a window of the photo."""
    if grow:
        mask = cv2.dilate(mask.astype(np.uint8), np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)) > 0
    x = ((np.arange(box[0], box[2]) + 0.5) / scale[0] - 0.5).astype(np.float32)
    y = ((np.arange(box[1], box[3]) + 0.5) / scale[1] - 0.5).astype(np.float32)
    at = np.meshgrid(x, y)
    return np.asarray(
        cv2.remap(mask.astype(np.float32), *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _soft(linear: Floats, mask: Mask, scale: tuple[float, float], box: Window) -> Floats:
    """The mask with an edge that follows the photo's, a pixel or two wide."""
    rough = _enlarged(mask, scale, box)
    radius = max(2, round(2.0 * max(scale)))
    guide = np.asarray(from_linear(linear, np.uint8))
    shrink = max(1, round(max(scale)) // 2)
    soft = guided_filter(guide, rough, radius, 1e-4, shrink=shrink)
    band = cv2.dilate((rough > 0.5).astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)) > 0
    return np.where(band, np.clip((soft - 0.25) / 0.5, 0, 1), 0).astype(np.float32)


def _front_edge(linear: Floats, alpha: Floats, marks: Mapping[str, Point]) -> FrontEdge | None:
    """The front edge of the neck or waistband, if an inner back is seen above it."""
    name = "neck" if "neck_L" in marks else "waist"
    left, right = np.array(marks[f"{name}_R"]), np.array(marks[f"{name}_L"])
    half = float(np.hypot(*(right - left))) / 2
    hang = (marks[name][1] - float(left[1] + right[1]) / 2) / max(half, 1e-9)
    if half < 4 or not -_COLLAR < hang < _COLLAR:
        return None
    srgb = np.asarray(from_linear(linear, np.uint8))
    smooth = cv2.GaussianBlur(srgb, (0, 0), max(0.5, half / 48)).astype(np.float32) / np.float32(255)
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2Lab), np.float32)
    return find_front_edge(lab, alpha, (left - 0.5, right - 0.5), deepest=_DEEPEST[name])


def _covered(polygon: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Floats:
    """(h, w) float32 0..1: coverage by a polygon in pixel indices."""
    out = np.zeros(shape, np.uint8)
    corners = np.clip(np.rint(polygon * 16), -(1 << 20), 1 << 20).astype(np.int32)
    cv2.fillPoly(out, [corners], 255, cv2.LINE_AA, 4)
    return out.astype(np.float32) / np.float32(255)
