"""Configurations of M2FP models as ModelScope writes them, and of networks small enough for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE, Config

__all__ = ["SMALL_MULTI", "SMALL_SINGLE", "configuration"]

SMALL: dict[str, Any] = {
    "depth": 50,
    "stem_channels": 32,
    "res2_channels": 64,
    "group_width": 16,
    "channels": 64,
    "mask_channels": 64,
    "encoder_layers": 2,
    "encoder_hidden": 128,
    "decoder_layers": 4,
    "decoder_hidden": 128,
}
"""Sizes of a network that has all the parts and runs in a fraction of a second."""
SMALL_MULTI, SMALL_SINGLE = replace(MULTI, **SMALL), replace(SINGLE, **SMALL, input_size=(96, 128))


def configuration(config: Config) -> dict[str, Any]:
    """What ModelScope's configuration.json says of such a model."""
    features = ["res2", "res3", "res4", "res5"]
    model = {
        "type": "m2fp",
        "backbone": {
            "out_features": features,
            "depth": config.depth,
            "num_groups": config.groups,
            "width_per_group": config.group_width,
            "norm": "BN",
            "stem_out_channels": config.stem_channels,
            "res2_out_channels": config.res2_channels,
            "stride_in_1x1": config.stride_in_1x1,
            "res4_dilation": config.res4_dilation,
            "res5_dilation": config.res5_dilation,
            "res5_multi_grid": list(config.res5_multi_grid),
        },
        "encoder": {
            "in_features": features,
            "transformer_dropout": 0.0,
            "transformer_nheads": config.heads,
            "transformer_dim_feedforward": config.encoder_hidden,
            "transformer_enc_layers": config.encoder_layers,
            "conv_dim": config.channels,
            "mask_dim": config.mask_channels,
            "transformer_in_features": features[1:],
            "common_stride": 4,
        },
        "decoder": {
            "mask_classification": True,
            "num_classes": len(config.classes),
            "hidden_dim": config.channels,
            "num_queries": config.queries,
            "nheads": config.decoder_heads,
            "dim_feedforward": config.decoder_hidden,
            "dec_layers": config.decoder_layers,
            "pre_norm": False,
            "mask_dim": config.mask_channels,
            "enforce_input_project": False,
        },
        "pretrained": True,
        "classes": list(config.classes),
        "num_parsing": config.parts,
        "single_human": config.single,
        "parsing_on": not config.single,
        "semantic_on": config.single,
        "parsing_ins_score_thr": config.score_threshold,
        "sem_seg_postprocess_before_inference": False,
    }
    if config.single:
        model["input_single_human"] = {"sizes": [list(config.input_size)]}
    pipeline = {"type": "image-human-parsing"}
    return {"framework": "pytorch", "task": "image-segmentation", "model": model, "pipeline": pipeline}
