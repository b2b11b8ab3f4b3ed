"""FASHN VTON 1.5 as a backend: a diffusion model on the user's own GPU, with the user's own weights.

Code and weights are Apache-2.0 (github.com/fashn-AI/fashn-vton-1.5); the human parser that it loads, and fetches from
Hugging Face when it is first used, has a licence of its own. It paints a whole picture of the person in the
garment; only what lies on the old garment is taken from it, by the same compositor as for every other backend, so
face, hands and background stay as they are. A change of silhouette is therefore lost where it leaves the old one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dressform.parsing import EngineUnavailableError, MissingExtraError, OptionError, WeightsError
from dressform.tryon.backends.base import Layer
from dressform.tryon.backends.registry import SOURCE, WEIGHTS_VARIABLE
from dressform.tryon.garment.cut import GarmentPhoto
from dressform.tryon.light import to_linear, to_srgb
from dressform.tryon.look import Look
from dressform.tryon.stage import Stage

if TYPE_CHECKING:
    from dressform.tryon.drape import AnyCloth

__all__ = ["Fashn", "load_fashn"]

_ASPECT = 2 / 3  # of the pictures that the model was trained on: 576×864
_ROOM = 0.35  # around the garment, of its height: the model wants to see the person
_CATEGORIES = {"upper": "tops", "inner": "tops", "coat": "tops", "lower": "bottoms", "dress": "one-pieces"}


@dataclass(frozen=True)
class Fashn:
    """The model as a backend.

    Attributes:
        pipeline: ``fashn_vton.TryOnPipeline`` or whatever is called like it: takes ``person_image`` and
            ``garment_image`` (PIL, RGB), ``category``, ``garment_photo_type``, ``num_samples``, ``num_timesteps``,
            ``seed``; gives an object with ``images``, the first of which is a PIL image of the person's aspect ratio.
        steps: Of the diffusion.
        seed: Of its noise; the same seed gives the same picture on the same GPU only.
        name: For reports.
    """

    pipeline: Callable[..., Any]
    steps: int = 30
    seed: int = 42
    name: str = "fashn"

    def drape(self, stage: Stage, cloth: AnyCloth, look: Look) -> Layer:
        """What the model paints where the garment is.

        Raises:
            OptionError: Another cloth than a garment's photo, a region that the model does not know, or no picture of
                the person's shape. EngineUnavailableError: The model failed: too little memory, for example.
        """
        if not isinstance(cloth, GarmentPhoto):
            allowed = "a garment's photo (GarmentPhoto)"
            raise OptionError(
                f"the backend {self.name!r} cannot make this cloth", got=type(cloth).__name__, allowed=allowed
            )
        if stage.region not in _CATEGORIES:
            allowed = ", ".join(_CATEGORIES)
            raise OptionError(f"the backend {self.name!r} cannot change this region", got=stage.region, allowed=allowed)
        person, (left, top), (height, width) = _portrait(stage)
        garment = np.rint(to_srgb(np.clip(cloth.image.opaque(), 0, 1)) * 255).astype(np.uint8)
        try:
            out = self.pipeline(
                person_image=Image.fromarray(person), garment_image=Image.fromarray(garment),
                category=_CATEGORIES[stage.region], garment_photo_type="flat-lay", num_samples=1,
                num_timesteps=self.steps, seed=self.seed,
            )  # fmt: skip
        except Exception as error:  # whatever the package raises, the user gets one line
            raise EngineUnavailableError(f"the backend {self.name!r} failed", got=_line(error)) from error
        painted = _painted(out, self.name, width / height)
        scaled = np.asarray(cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
        x0, y0, x1, y1 = stage.window
        rgb = to_linear(scaled[y0 - top : y1 - top, x0 - left : x1 - left])
        return Layer(
            np.ascontiguousarray(rgb), notes=("Painted by a diffusion model; only the old garment's pixels are its.",)
        )


def load_fashn() -> Fashn:
    """The model, from the package ``fashn_vton`` and the weights in the folder that the environment names.

    Raises:
        MissingExtraError: The package is not installed. WeightsError: No folder, or none the package can use.
    """
    try:
        from fashn_vton import TryOnPipeline
    except ImportError as error:
        remedy = f"pip install git+{SOURCE} (Apache-2.0; wants a CUDA GPU), or use the backend 'classic'"
        raise MissingExtraError("the package fashn_vton is not installed", remedy=remedy) from error
    folder = os.environ.get(WEIGHTS_VARIABLE, "")
    if not folder or not Path(folder).is_dir():
        remedy = f"set {WEIGHTS_VARIABLE} to the folder that holds them"
        raise WeightsError("no weights of FASHN VTON 1.5", got=folder or "nothing", remedy=remedy)
    try:
        return Fashn(TryOnPipeline(weights_dir=folder))
    except Exception as error:  # here too
        raise WeightsError("FASHN VTON 1.5 does not start", got=_line(error), remedy=f"see {SOURCE}") from error


def _line(error: Exception) -> str:
    """The first line of an error of somebody else's."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _portrait(stage: Stage) -> tuple[npt.NDArray[np.uint8], tuple[int, int], tuple[int, int]]:
    """The photo around the garment, 2:3, repeated beyond its edge; its left top corner in the photo, and its size."""
    x0, y0, x1, y1 = stage.window
    room = round(_ROOM * (y1 - y0))
    height = max(y1 - y0 + 2 * room, round((x1 - x0 + room) / _ASPECT))
    width = round(height * _ASPECT)
    left, top = (x0 + x1 - width) // 2, (y0 + y1 - height) // 2
    photo = stage.photo.srgb
    rows = np.clip(np.arange(top, top + height), 0, photo.shape[0] - 1)
    columns = np.clip(np.arange(left, left + width), 0, photo.shape[1] - 1)
    return np.ascontiguousarray(photo[rows[:, None], columns]), (left, top), (height, width)


def _painted(out: Any, name: str, aspect: float) -> npt.NDArray[np.uint8]:
    images = getattr(out, "images", None)
    picture = images[0] if isinstance(images, list | tuple) and images else None
    if not isinstance(picture, Image.Image):
        raise OptionError(f"the backend {name!r} gave no picture", got=type(out).__name__)
    if abs(picture.width / picture.height / aspect - 1) > 0.02:
        got, allowed = f"{picture.width}×{picture.height}", f"an aspect ratio of {aspect:.3f}"
        raise OptionError(f"the backend {name!r} gave a picture of another shape", got=got, allowed=allowed)
    return np.asarray(picture.convert("RGB"), np.uint8)
