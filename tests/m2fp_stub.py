"""Stand-ins for M2FP's network and for ModelScope's hub: no torch, no network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from m2fp_configurations import configuration

from dressform.parsing.engines.base import HubModel
from dressform.parsing.engines.m2fp.configuration import MULTI, Config
from dressform.parsing.engines.m2fp.convert import FORMAT, MODEL_FILE
from dressform.parsing.engines.m2fp.weights import CARD_FILE

Floats = npt.NDArray[np.float32]
HUB = HubModel("damo/cv_resnet101_image-multiple-human-parsing", "v1.0.1")


def model_folder(folder: Path, config: Config = MULTI, content: bytes = b"weights") -> Path:
    """A folder as ModelScope has it, whose checkpoint is not one."""
    folder.mkdir(parents=True)
    (folder / "configuration.json").write_text(json.dumps(configuration(config)))
    (folder / "pytorch_model.pt").write_bytes(content)
    return folder


def converted_folder(folder: Path, config: Config = MULTI, content: bytes = b"onnx", engine: str = "m2fp") -> Path:
    """A converted model that holds no model."""
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(content)
    row = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    card = {"format": FORMAT, "engine": engine, "checkpoint_sha256": "0" * 64, "onnx": row, "config": asdict(config)}
    (folder / CARD_FILE).write_text(json.dumps(card))
    return folder


@dataclass
class StubHub:
    """Stands in for ``snapshot_download``: writes a model below the cache folder that it is given.

    Attributes:
        files: What it writes; a file whose content is None is left out.
        error: Raised after half of the last file is written.
        calls: Model and revision of each call.
    """

    files: dict[str, bytes | None] = field(
        default_factory=lambda: {
            "configuration.json": json.dumps(configuration(MULTI)).encode(),
            "pytorch_model.pt": b"weights" * 1000,
        }
    )
    error: Exception | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __call__(
        self, model_id: str, revision: str, cache_dir: str, allow_file_pattern: list[str] | None = None
    ) -> str:
        self.calls.append((model_id, revision))
        folder = Path(cache_dir) / model_id
        folder.mkdir(parents=True)
        print("downloading")  # as the real one does, in the midst of results
        for name, content in self.files.items():
            if content is None:
                continue
            if self.error is not None and name == "pytorch_model.pt":
                (folder / name).write_bytes(content[: len(content) // 2])
                raise self.error
            (folder / name).write_bytes(content)
        return str(folder)


@dataclass
class SeeingRunner:
    """A network that finds what is brightly coloured: red is somebody's arm, and all that is bright is somebody.

    The subject's left arm is the one on the right of the picture, so what it finds in a mirrored photo is mirrored.

    Attributes:
        classes: Names of the model's classes.
        shapes: Shapes of the inputs it was given.
    """

    classes: tuple[str, ...] = MULTI.classes
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def run(self, images: Floats) -> tuple[Floats, Floats]:
        self.shapes.append(images.shape)
        logits, masks = zip(*(self._one(image) for image in images), strict=True)
        return np.stack(logits), np.stack(masks)

    def _one(self, image: Floats) -> tuple[Floats, Floats]:
        small = np.stack([cv2.resize(row, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for row in image])
        red, green, blue = small > 0.2  # low enough that the edge between red and green is one of them
        people = (red | green | blue).astype(np.uint8)
        pieces, labels, stats, _ = cv2.connectedComponentsWithStats(people)
        masks, names = [], []
        for k in range(1, pieces):
            own, x = labels == k, stats[k, cv2.CC_STAT_LEFT] + stats[k, cv2.CC_STAT_WIDTH] / 2
            arm = own & red & ~green
            masks += [own, own & green, arm]
            centre = np.flatnonzero(arm.any(0)).mean() if arm.any() else x
            names += ["Human", "UpperClothes", "Left-arm" if centre > x else "Right-arm"]
        masks, names = [*masks, np.zeros_like(people, np.bool_)], [*names, "Background"]
        logits = np.full((len(masks), len(self.classes) + 1), -8.0, np.float32)
        for row, name in enumerate(names):
            logits[row, self.classes.index(name)] = 4.0 - row / 100
        padded = np.full((100, *people.shape), -6.0, np.float32)
        padded[: len(masks)] = np.where(np.stack(masks), np.float32(6), np.float32(-6))
        nothing = np.full((100, logits.shape[1]), -8.0, np.float32)
        nothing[:, -1] = 8
        nothing[: len(masks)] = logits
        return nothing, padded


def bright_photo(width: int = 640, height: int = 480, *places: int) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB, dark, with somebody green at each x, whose left arm, on the right, is red."""
    image = np.full((height, width, 3), 10, np.uint8)
    for x in places:
        image[height // 4 : height * 3 // 4, x : x + width // 8] = (30, 250, 30)
        image[height // 3 : height // 2, x + width // 8 : x + width // 6] = (250, 10, 10)
    return image
