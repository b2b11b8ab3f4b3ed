"""The whole M2FP network: backbone, pixel decoder, transformer decoder.

Yang et al., "Deep learning technique for human parsing: a survey and outlook", 2023: Mask2Former (Cheng et al.,
2022) with a ResNet-101, whose queries find parts and whole people alike.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from dressform.parsing.engines.m2fp.backbone import Backbone, fold_batch_norm
from dressform.parsing.engines.m2fp.checkpoint import load_checkpoint
from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.decoder import Decoder
from dressform.parsing.engines.m2fp.pixel_decoder import PixelDecoder

__all__ = ["M2FP", "build_network", "load_network"]


class _Head(nn.Module):
    def __init__(self, config: Config, inputs: list[int]) -> None:
        super().__init__()
        self.pixel_decoder = PixelDecoder(config, inputs)
        self.predictor = Decoder(config)


class M2FP(nn.Module):
    """Images to classes and masks of queries; its tensors have the checkpoint's names."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.backbone = Backbone(config)
        self.sem_seg_head = _Head(config, self.backbone.channels)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Find parts and people.

        Args:
            images: (n, 3, h, w) RGB, normalised as :func:`~dressform.parsing.engines.m2fp.preprocess.preprocess`
                does; h and w multiples of 32.

        Returns:
            Class logits (n, queries, classes + 1), the last class "no object", and
            mask logits (n, queries, h / 4, w / 4).
        """
        maps, mask_features = self.sem_seg_head.pixel_decoder(self.backbone(images))
        found: tuple[Tensor, Tensor] = self.sem_seg_head.predictor(maps, mask_features)
        return found


def build_network(config: Config) -> M2FP:
    """The network with random weights, in evaluation mode."""
    network = M2FP(config)
    network.eval().requires_grad_(False)
    return network


def load_network(path: Path, config: Config) -> M2FP:
    """The network with a checkpoint's weights, ready to run: batch norms folded, weights laid out channels last.

    Args:
        path: ``pytorch_model.pt`` or the model folder that it lies in.
        config: The model.

    Raises:
        WeightsError: See :func:`~dressform.parsing.engines.m2fp.checkpoint.load_checkpoint`.
    """
    state = load_checkpoint(path, config)
    with torch.device("meta"):
        network = build_network(config)
    network.load_state_dict(state, strict=True, assign=True)
    fold_batch_norm(network)
    # oneDNN and cuDNN both convolve faster in this layout.
    network.to(memory_format=torch.channels_last).requires_grad_(False)
    return network
