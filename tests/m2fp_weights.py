"""M2FP models with random weights, laid out as ModelScope stores them; needs torch.

The weights are calibrated: every layer's activations have about the spread that a trained network's have, queries
disagree about their classes, and masks have an inside and an outside. With plainly random weights all outputs would
be nearly constant, and so would tell nothing about whether two networks are the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from m2fp_configurations import configuration
from torch import nn

from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.network import M2FP, build_network
from dressform.parsing.engines.m2fp.preprocess import preprocess

__all__ = ["make_model", "make_network", "picture"]

CLASS_SPREAD, NOTHING = 2.5, 2.0  # of class logits; how much likelier "no object" is made
MASK_SPREAD, MASK_MEAN = 5.0, 2.0  # of mask logits


def picture(height: int, width: int, seed: int = 0) -> Any:
    """(height, width, 3) uint8 RGB: soft blobs of colour and some noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    image = np.full((height, width, 3), 110.0)
    for _ in range(25):
        (cy, cx), (sy, sx) = generator.random(2), generator.uniform(0.02, 0.2, 2)
        inside = ((y - cy) / sy) ** 2 + ((x - cx) / sx) ** 2 < 1
        image[inside] = 0.3 * image[inside] + 0.7 * generator.uniform(0, 255, 3)
    return np.clip(image + generator.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def make_network(config: Config, seed: int = 0) -> M2FP:
    """A network with calibrated random weights, in evaluation mode; its batch norms are not folded."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        network = build_network(config)
        for name, module in network.named_modules():
            _fill(name, module)
        nn.init.normal_(network.sem_seg_head.pixel_decoder.transformer.level_embed, std=0.3)
        images = [torch.from_numpy(preprocess(picture(128, 96, seed + k), config, short=96).tensor) for k in range(3)]
        # Statistics of the batch become those of the norm: one pass sets each layer on what the one before gives.
        network.backbone.train()
        network(torch.cat(images))
        network.eval()
        _centre_masks(network, torch.cat(images))
        predictor = network.sem_seg_head.predictor
        logits, _ = network(torch.cat(images))
        predictor.class_embed.bias -= logits.mean((0, 1))  # no class is every query's favourite
        _scale(predictor.class_embed, CLASS_SPREAD / float(logits.std(1).mean()))
        predictor.class_embed.bias[-1] += NOTHING
    return network


def make_model(folder: Path, config: Config, seed: int = 0) -> Path:
    """Write ``configuration.json`` and ``pytorch_model.pt`` of a model with calibrated random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(configuration(config), indent=2)
    (folder / "configuration.json").write_text(text, encoding="utf-8")
    torch.save({"model": make_network(config, seed).state_dict()}, folder / "pytorch_model.pt")
    return folder


def _fill(name: str, module: nn.Module) -> None:
    """Random weights of a layer's own kind."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
    if isinstance(module, nn.BatchNorm2d):
        module.momentum = 1.0
        # What a block adds is small against what it passes on.
        last = name.endswith("conv3.norm") and ".stem." not in name
        nn.init.uniform_(module.weight, *((0.1, 0.4) if last else (0.6, 1.2)))
        nn.init.normal_(module.bias, std=0.1)
    if isinstance(module, nn.GroupNorm | nn.LayerNorm):
        nn.init.uniform_(module.weight, 0.7, 1.3)
        nn.init.normal_(module.bias, std=0.1)
    if isinstance(module, nn.Linear) and not name.endswith("sampling_offsets"):
        # All queries look at much the same: what they see must not make them all the same.
        nn.init.xavier_normal_(module.weight, 0.2 if name.endswith("attn.out_proj") else 1.0)
        nn.init.normal_(module.bias, std=0.05)
    if name.endswith("sampling_offsets"):
        # Beside the fixed ring of points: about a pixel that depends on what is seen.
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
    if hasattr(module, "in_proj_bias"):
        nn.init.normal_(module.in_proj_bias, std=0.05)


def _centre_masks(network: M2FP, images: Any) -> None:
    """Give the masks of all queries the same spread, around the same mean, which is not 0.

    A query that sees one place only would see all of them if rounding tipped that one: no bound on errors would hold.
    """
    decoder, last = network.sem_seg_head.pixel_decoder, network.sem_seg_head.predictor.mask_embed.layers[-1]
    _, features = decoder(network.backbone(images))
    up = nn.functional.normalize(torch.randn(features.shape[1]), dim=0)
    # Features vary around a constant vector "up", which all queries weigh alike.
    decoder.mask_features.bias -= features.mean((0, 2, 3))
    decoder.mask_features.weight -= (up[:, None] * (up @ decoder.mask_features.weight.flatten(1))).reshape_as(
        decoder.mask_features.weight
    )
    decoder.mask_features.bias += up * (1 - up @ decoder.mask_features.bias)
    last.weight -= torch.outer(up, up @ last.weight)
    last.bias -= up * (up @ last.bias)
    _, masks = network(images)
    _scale(last, MASK_SPREAD / float(masks.std()))
    last.bias += up * MASK_MEAN


def _scale(layer: Any, factor: float) -> None:
    layer.weight *= factor
    layer.bias *= factor
