"""ModelScope's own M2FP code as an oracle, run without mmcv, torchvision, and most of ModelScope.

Needs the files of the package ``modelscope`` (``pip install --no-deps modelscope``) and torch. The network, its
postprocessing and the pipeline are ModelScope's, unchanged; what they import from elsewhere is replaced by the small
stand-ins below while they are loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

__all__ = ["Reference", "double_precision", "why_unavailable"]

_CV = "modelscope.models.cv"
_PACKAGES = (  # loaded without their __init__, which import much that is not needed
    "modelscope",
    "modelscope.models",
    _CV,
    f"{_CV}.image_human_parsing",
    f"{_CV}.image_human_parsing.backbone",
    f"{_CV}.image_human_parsing.m2fp",
    f"{_CV}.image_instance_segmentation",
    f"{_CV}.image_instance_segmentation.maskdino",
    f"{_CV}.image_colorization",
    f"{_CV}.image_colorization.ddcolor",
    f"{_CV}.image_colorization.ddcolor.utils",
    "modelscope.pipelines",
    "modelscope.pipelines.cv",
    "modelscope.preprocessors",
    "modelscope.utils",
)


def why_unavailable() -> str | None:
    """Why there is no reference here, or None."""
    spec = importlib.util.find_spec("modelscope")
    if spec is None or not spec.submodule_search_locations:
        return "modelscope is not installed (pip install --no-deps modelscope)"
    network = Path(spec.submodule_search_locations[0], "models", "cv", "image_human_parsing", "m2fp_net.py")
    return None if network.is_file() else "the installed modelscope has no M2FP"


class Reference:
    """ModelScope's model and pipeline for a model folder.

    Attributes:
        model: Its ``M2FP``, with the folder's weights.
    """

    def __init__(self, folder: Path) -> None:
        with _stand_ins() as load:
            human_parsing = load(f"{_CV}.image_human_parsing")
            resnet = load(f"{_CV}.image_human_parsing.backbone.deeplab_resnet")
            backbone = load(f"{_CV}.image_human_parsing.backbone")
            backbone.build_resnet_deeplab_backbone = resnet.build_resnet_deeplab_backbone
            human_parsing.M2FP = load(f"{_CV}.image_human_parsing.m2fp_net").M2FP
            utilities = load(f"{_CV}.image_human_parsing.parsing_utils")
            human_parsing.center_to_target_size_test = utilities.center_to_target_size_test
            load("modelscope.preprocessors").LoadImage = load("modelscope.preprocessors.image").LoadImage
            pipeline = load("modelscope.pipelines.cv.image_human_parsing_pipeline").ImageHumanParsingPipeline
            model = json.loads((folder / "configuration.json").read_text(encoding="utf-8"))["model"]
            del model["type"], model["pretrained"]
            self.model = human_parsing.M2FP(str(folder), **model).eval()
        state = torch.load(folder / "pytorch_model.pt", weights_only=True)["model"]
        self.model.load_state_dict(state, strict=True)
        self._pipeline = pipeline(self.model)

    def network(self, images: Any) -> tuple[Any, Any]:
        """Logits and masks of normalised images (n, 3, h, w)."""
        with torch.inference_mode():
            found = self.model.sem_seg_head(self.model.backbone(images))
        return found["pred_logits"], found["pred_masks"]

    def inputs(self, bgr: Any) -> Any:
        """What the backbone is shown of a photo (H, W, 3) uint8 BGR."""
        seen: list[Any] = []

        def stop(_: nn.Module, arguments: tuple[Any, ...]) -> None:
            seen.append(arguments[0])
            raise _Enough

        handle = self.model.backbone.register_forward_pre_hook(stop)
        try:
            self._pipeline.forward(self._pipeline.preprocess(bgr))
        except _Enough:
            return seen[0].numpy()
        finally:
            handle.remove()
        raise AssertionError("the backbone was not called")

    def parse(self, bgr: Any) -> dict[str, list[Any]]:
        """Masks, labels and scores of a photo (H, W, 3) uint8 BGR, as ModelScope's pipeline returns them."""
        found: dict[str, list[Any]] = self._pipeline.postprocess(self._pipeline.forward(self._pipeline.preprocess(bgr)))
        return found


class _Enough(Exception):
    pass


@contextmanager
def double_precision() -> Iterator[None]:
    """Where the reference says float32 it means float64, so that all of it can run in double."""
    before = torch.Tensor.float
    torch.Tensor.float = lambda self: self.double()  # type: ignore[method-assign]
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.Tensor.float = before  # type: ignore[method-assign]
        torch.set_default_dtype(torch.float32)


# ---- stand-ins ------------------------------------------------------------------------------------------------------


@contextmanager
def _stand_ins() -> Iterator[Any]:
    """Import function under which ModelScope's modules find stand-ins; all of them are forgotten afterwards."""
    spec = importlib.util.find_spec("modelscope")
    assert spec and spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    tops = ("modelscope", "mmcv", "torchvision")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in tops}
    try:
        for name in _PACKAGES:
            _module(name).__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        for name, content in _contents().items():
            _module(name, **content)
        sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]  # type: ignore[attr-defined]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield importlib.import_module
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in tops]:
            del sys.modules[name]
        sys.modules.update(kept)


def _module(name: str, **content: Any) -> Any:
    module = sys.modules[name] = ModuleType(name)
    module.__dict__.update(content)
    return module


def _contents() -> dict[str, dict[str, Any]]:
    segmentation = f"{_CV}.image_instance_segmentation"
    keys = SimpleNamespace(MASKS="masks", LABELS="labels", SCORES="scores")
    return {
        "mmcv": {},
        "mmcv.ops": {},
        "mmcv.ops.multi_scale_deform_attn": {
            "multi_scale_deformable_attn_pytorch": _deformable_attention,
            "MultiScaleDeformableAttnFunction": None,
        },
        "torchvision": {},
        "torchvision.transforms": {"Compose": _Compose, "Resize": _Resize, "ToTensor": _ToTensor},
        f"{segmentation}.backbones": {"D2SwinTransformer": None},
        f"{segmentation}.maskdino.maskdino_decoder": {"MaskDINODecoder": None},
        "modelscope.models.base": {"TorchModel": _TorchModel},
        "modelscope.models.builder": {"MODELS": _Registry()},
        "modelscope.outputs": {"OutputKeys": keys},
        "modelscope.pipelines.base": {"Input": Any, "Pipeline": _Pipeline},
        "modelscope.pipelines.builder": {"PIPELINES": _Registry()},
        "modelscope.preprocessors.base": {"Preprocessor": object},
        "modelscope.preprocessors.builder": {"PREPROCESSORS": _Registry()},
        "modelscope.fileio": {"File": None},
        "modelscope.utils.logger": {"get_logger": lambda *_, **__: logging.getLogger("modelscope")},
        "modelscope.utils.type_assert": {"type_assert": lambda *_: lambda function: function},
    }


class _Registry:
    def register_module(self, *_: Any, **__: Any) -> Any:
        return lambda kind: kind


class _TorchModel(nn.Module):
    def __init__(self, model_dir: str, *_: Any, **__: Any) -> None:
        super().__init__()
        self.model_dir = model_dir

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.postprocess(self.forward(*arguments, **options))


class _Pipeline:
    def __init__(self, model: Any, **_: Any) -> None:
        self.model = model


def _deformable_attention(value: Any, sizes: Any, places: Any, weight: Any) -> Any:
    """What mmcv's function of this name computes, by its definition: every point's value, then their weighted sum.

    Shapes: value (n, s, heads, c), sizes (maps, 2), places (n, q, heads, maps, points, 2), weight without the 2.
    """
    count, _, heads, channels = value.shape
    queries = places.shape[1]
    read, start = [], 0
    for k, (height, width) in enumerate(sizes.tolist()):
        one = value[:, start : start + height * width].flatten(2).transpose(1, 2)
        grid = 2 * places[:, :, :, k].transpose(1, 2).flatten(0, 1) - 1
        one = one.reshape(count * heads, channels, height, width)
        read.append(functional.grid_sample(one, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
        start += height * width
    share = weight.transpose(1, 2).reshape(count * heads, 1, queries, -1)
    out = (torch.stack(read, -2).flatten(-2) * share).sum(-1)
    return out.reshape(count, heads * channels, queries).transpose(1, 2).contiguous()


class _Compose:
    def __init__(self, steps: Any) -> None:
        self.steps = steps

    def __call__(self, image: Any) -> Any:
        for step in self.steps:
            image = step(image)
        return image


class _Resize:
    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def __call__(self, image: Any) -> Any:
        return image.resize(self.size[::-1], Image.Resampling.BILINEAR)


class _ToTensor:
    def __call__(self, image: Any) -> Any:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)
