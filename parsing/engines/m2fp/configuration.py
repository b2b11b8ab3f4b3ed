"""What an M2FP model is: its classes, its input and the sizes of its layers, as configuration.json says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dressform.parsing.errors import WeightsError

__all__ = ["CONFIGURATION_FILE", "MULTI", "SINGLE", "Config", "read_configuration"]

CONFIGURATION_FILE = "configuration.json"

_CIHP = (
    "Background Hat Hair Gloves Sunglasses UpperClothes Dress Coat Socks Pants Torso-skin Scarf Skirt Face "
    "Left-arm Right-arm Left-leg Right-leg Left-shoe Right-shoe Human"
)
_LIP = (
    "Background Hat Hair Glove Sunglasses UpperClothes Dress Coat Socks Pants Jumpsuits Scarf Skirt Face "
    "Left-arm Right-arm Left-leg Right-leg Left-shoe Right-shoe"
)


@dataclass(frozen=True)
class Config:
    """An M2FP model. The sizes of the layers are those of both published models unless said otherwise.

    Attributes:
        classes: Names by class number: background, parts and, where it finds several people, "Human".
        single: Whether it segments one person in the middle of a crop, or finds parts of several people.
        parts: How many of the classes are background and parts; those after them are whole people.
        input_size: (width, height) that a photo is fitted into, only where ``single``.
        score_threshold: Least score of a person in ModelScope's label maps; its lists of masks do not use it.
        depth: Layers of the ResNet: 50, 101 or 152.
        stem_channels: Channels of the stem.
        res2_channels: Channels of the first stage; each later stage has twice as many.
        groups: Groups of the 3 × 3 convolutions of a block.
        group_width: Channels per group in the first stage.
        stride_in_1x1: Whether a block steps in its first convolution rather than in its second.
        res4_dilation: Dilation of the third stage.
        res5_dilation: Dilation of the fourth stage.
        res5_multi_grid: By what each of the three blocks of the fourth stage multiplies that dilation.
        channels: Channels of the pixel decoder and of the queries.
        mask_channels: Channels of the maps from which masks are made.
        heads: Attention heads of the pixel decoder.
        encoder_layers: Layers of deformable attention.
        encoder_hidden: Hidden units of their feed-forward networks.
        decoder_heads: Attention heads of the transformer decoder.
        decoder_layers: Layers of masked attention.
        decoder_hidden: Hidden units of their feed-forward networks.
        queries: How many parts and people can be found.
    """

    classes: tuple[str, ...]
    single: bool
    parts: int = 20
    input_size: tuple[int, int] = (384, 512)
    score_threshold: float = 0.3
    depth: int = 101
    stem_channels: int = 128
    res2_channels: int = 256
    groups: int = 1
    group_width: int = 64
    stride_in_1x1: bool = False
    res4_dilation: int = 1
    res5_dilation: int = 1
    res5_multi_grid: tuple[int, int, int] = (1, 1, 1)
    channels: int = 256
    mask_channels: int = 256
    heads: int = 8
    encoder_layers: int = 6
    encoder_hidden: int = 1024
    decoder_heads: int = 8
    decoder_layers: int = 9
    decoder_hidden: int = 2048
    queries: int = 100


MULTI = Config(tuple(_CIHP.split()), single=False)
"""``damo/cv_resnet101_image-multiple-human-parsing``, trained on CIHP."""
SINGLE = Config(tuple(_LIP.split()), single=True)
"""``damo/cv_resnet101_image-single-human-parsing``, trained on LIP."""

_COUNTS = {  # field: where it stands below "model"
    "depth": "backbone.depth",
    "stem_channels": "backbone.stem_out_channels",
    "res2_channels": "backbone.res2_out_channels",
    "groups": "backbone.num_groups",
    "group_width": "backbone.width_per_group",
    "res4_dilation": "backbone.res4_dilation",
    "res5_dilation": "backbone.res5_dilation",
    "channels": "encoder.conv_dim",
    "mask_channels": "encoder.mask_dim",
    "heads": "encoder.transformer_nheads",
    "encoder_layers": "encoder.transformer_enc_layers",
    "encoder_hidden": "encoder.transformer_dim_feedforward",
    "decoder_heads": "decoder.nheads",
    "decoder_layers": "decoder.dec_layers",
    "decoder_hidden": "decoder.dim_feedforward",
    "queries": "decoder.num_queries",
}
_OTHERS = ("backbone.stride_in_1x1", "backbone.res5_multi_grid", "decoder.num_classes", "classes")
_ONLY: dict[str, tuple[object, ...]] = {  # what this network can be; absent values are these
    "type": ("m2fp",),
    "backbone.depth": (50, 101, 152),
    "backbone.out_features": (["res2", "res3", "res4", "res5"],),
    "backbone.norm": ("BN", "FrozenBN", "SyncBN", "nnSyncBN", "naiveSyncBN"),
    "backbone.res4_dilation": (1, 2),
    "backbone.res5_dilation": (1, 2, 4),
    "encoder.in_features": (["res2", "res3", "res4", "res5"],),
    "encoder.transformer_in_features": (["res3", "res4", "res5"],),
    "encoder.common_stride": (4,),
    "decoder.mask_classification": (True,),
    "decoder.pre_norm": (False,),
    "decoder.enforce_input_project": (False,),
}


def read_configuration(path: Path) -> Config:
    """Read the ``model`` section of ModelScope's configuration.json.

    Args:
        path: The file, or the model folder that it lies in.

    Raises:
        WeightsError: No such file, no JSON, values missing (the error lists them), or a network of another kind.
    """
    file = path / CONFIGURATION_FILE if path.is_dir() else path
    model = _read(file).get("model")
    if not isinstance(model, dict):
        raise WeightsError(f"{file} is not the configuration of a model", got="no section 'model'")
    values = dict(_flat(model))
    single = values.get("single_human", True) is True  # ModelScope's own default
    wrong = [
        (name, values[name], " or ".join(map(repr, allowed)))
        for name, allowed in _ONLY.items()
        if name in values and values[name] not in allowed
    ]
    size = "input_single_human.sizes" if single else "num_parsing"
    missing = [name for name in (*_COUNTS.values(), *_OTHERS, size) if name not in values]
    if missing and not wrong:
        raise WeightsError(f"{file} lacks values below 'model'", got=f"no {', '.join(missing)}")
    for name in sorted({*_COUNTS.values(), "decoder.num_classes", "num_parsing"} & set(values)):
        if type(values[name]) is not int or values[name] < 1:
            wrong.append((name, values[name], "an integer from 1"))
    for name, (check, allowed) in _CHECKS.items():
        if name in values and not check(values[name]):
            wrong.append((name, values[name], allowed))
    wrong = wrong or list(_disagreements(values, single))
    if wrong:
        got = ", ".join(f"{name} {value!r}" for name, value, _ in wrong)
        allowed = ", ".join(f"{name} {accepted}" for name, _, accepted in wrong)
        raise WeightsError(f"{file} describes a network that this engine does not know", got=got, allowed=allowed)
    return _config(values, single)


def _config(values: Mapping[str, Any], single: bool) -> Config:
    """The configuration of values that were found right."""
    counts: dict[str, Any] = {field: values[name] for field, name in _COUNTS.items()}
    return Config(
        classes=tuple(values["classes"][: values["decoder.num_classes"]]),
        single=single,
        parts=values["decoder.num_classes"] if single else values["num_parsing"],
        input_size=tuple(values["input_single_human.sizes"][0]) if single else Config.input_size,
        score_threshold=float(values.get("parsing_ins_score_thr", 0.5)),  # ModelScope's own default
        stride_in_1x1=values["backbone.stride_in_1x1"],
        res5_multi_grid=tuple(values["backbone.res5_multi_grid"]),
        **counts,
    )


def _read(file: Path) -> dict[str, Any]:
    remedy = "give the folder of a model as ModelScope stores it"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(
            f"{CONFIGURATION_FILE} cannot be read", got=f"{file}: {error.strerror}", remedy=remedy
        ) from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise WeightsError(f"{file} is damaged", got=error, remedy=remedy) from None
    return found if isinstance(found, dict) else {}


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Values with their names, those of sections as ``section.name``."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _are_counts(value: object, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(type(v) is int and v > 0 for v in value)


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "single_human": (lambda v: isinstance(v, bool), "true or false"),
    "backbone.stride_in_1x1": (lambda v: isinstance(v, bool), "true or false"),
    "backbone.res5_multi_grid": (lambda v: _are_counts(v, 3), "three integers from 1"),
    "input_single_human.sizes": (lambda v: isinstance(v, list) and _are_counts((v or [0])[0], 2), "[[width, height]]"),
    "parsing_ins_score_thr": (lambda v: isinstance(v, int | float) and 0 <= v <= 1, "a number from 0 to 1"),
    "classes": (lambda v: isinstance(v, list) and all(isinstance(name, str) for name in v), "a list of names"),
}


def _disagreements(values: Mapping[str, Any], single: bool) -> Iterator[tuple[str, Any, str]]:
    """Values that cannot be true together: name, value, and what would do."""
    for name, other in (("decoder.hidden_dim", "encoder.conv_dim"), ("decoder.mask_dim", "encoder.mask_dim")):
        if values.get(name, values[other]) != values[other]:
            yield name, values[name], f"{values[other]}, as {other}"
    channels = values["encoder.conv_dim"]
    if channels % 32:
        yield "encoder.conv_dim", channels, "a multiple of 32"
    for name in ("encoder.transformer_nheads", "decoder.nheads"):
        if channels % values[name]:
            yield name, values[name], f"a divisor of {channels}"
    count = values["decoder.num_classes"]
    if len(values["classes"]) < count:
        yield "classes", f"{len(values['classes'])} names", f"{count}, as decoder.num_classes"
    if not single and values["num_parsing"] > count:
        yield "num_parsing", values["num_parsing"], f"at most {count}, as decoder.num_classes"
