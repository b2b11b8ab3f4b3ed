"""Pixel decoder: deformable attention over the three coarse maps, then up to stride 4.

Cheng et al., "Masked-attention mask transformer for universal image segmentation" (Mask2Former), 2022, with the
encoder of Zhu et al., "Deformable DETR", 2021. Submodules have the names of the checkpoint's tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dressform.parsing.engines.m2fp.backbone import ConvNorm
from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.deformable import DeformableAttention

__all__ = ["PixelDecoder", "sine_positions"]

_MAPS, _POINTS = 3, 4  # maps that attention reads, and points per head and map
_GROUPS = 32  # of group norms


def sine_positions(height: Any, width: Any, channels: int, like: Tensor) -> Tensor:
    """Sines and cosines of the place, y before x (Carion et al., "End-to-end object detection", 2020).

    Args:
        height, width: Size of the map.
        channels: Multiple of 4.
        like: Gives device and dtype; the angles themselves are float32.

    Returns:
        (height * width, channels).
    """
    half = channels // 2
    step = torch.arange(half, device=like.device)
    period = 10000.0 ** (2 * torch.div(step, 2, rounding_mode="floor") / half)
    tables = []
    for side in (height, width):
        place = torch.arange(1, side + 1, device=like.device, dtype=torch.float32)
        angle = (place / (place[-1:] + 1e-6) * (2 * pi))[:, None] / period
        tables.append(torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), 2).flatten(1))
    down, across = tables
    both = (down[:, None].expand(-1, width, -1), across[None].expand(height, -1, -1))
    return torch.cat(both, 2).flatten(0, 1).to(like.dtype)


def _centres(height: Any, width: Any, device: torch.device) -> Tensor:
    """(height * width, 2) x, y of pixel centres in 0..1."""
    sides = [torch.arange(1, side + 1, device=device, dtype=torch.float32) for side in (width, height)]
    x, y = ((side - 0.5) / side[-1:] for side in sides)
    both = (x[None].expand(height, -1), y[:, None].expand(-1, width))
    return torch.stack(both, 2).flatten(0, 1)


class _Layer(nn.Module):
    """Deformable attention and a feed-forward network, each added and then normed."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.channels
        self.self_attn = DeformableAttention(channels, config.heads, _MAPS, _POINTS)
        self.norm1 = nn.LayerNorm(channels)
        self.linear1 = nn.Linear(channels, config.encoder_hidden)
        self.linear2 = nn.Linear(config.encoder_hidden, channels)
        self.norm2 = nn.LayerNorm(channels)

    def forward(self, x: Tensor, positions: Tensor, centres: Tensor, sizes: Sequence[tuple[Any, Any]]) -> Tensor:
        """(n, s, channels) to the same shape."""
        x = self.norm1(x + self.self_attn(x + positions, centres, x, sizes))
        return self.norm2(x + self.linear2(functional.relu_(self.linear1(x))))


class _Layers(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.encoder_layers))


class _Encoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.level_embed = nn.Parameter(torch.randn(_MAPS, config.channels))
        self.encoder = _Layers(config)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps (n, channels, h, w), coarsest first, to maps of the same shapes."""
        sizes = [(m.shape[2], m.shape[3]) for m in maps]
        x = torch.cat([m.flatten(2).transpose(1, 2) for m in maps], 1)
        channels = self.level_embed.shape[1]
        positions = torch.cat(
            [sine_positions(h, w, channels, x) + e for (h, w), e in zip(sizes, self.level_embed, strict=True)]
        )
        centres = torch.cat([_centres(h, w, x.device) for h, w in sizes])
        for layer in self.encoder.layers:
            x = layer(x, positions, centres, sizes)
        parts = x.transpose(1, 2).split([h * w for h, w in sizes], 2)
        return [part.reshape(-1, channels, h, w) for part, (h, w) in zip(parts, sizes, strict=True)]


class PixelDecoder(nn.Module):
    """Backbone maps to features for queries and for masks.

    Args:
        config: The model.
        inputs: Channels of the backbone's maps, finest first.
    """

    def __init__(self, config: Config, inputs: Sequence[int]) -> None:
        super().__init__()
        channels = config.channels
        self.input_proj = nn.ModuleList(
            nn.Sequential(nn.Conv2d(count, channels, 1), nn.GroupNorm(_GROUPS, channels)) for count in inputs[:0:-1]
        )
        self.transformer = _Encoder(config)
        self.mask_features = nn.Conv2d(channels, config.mask_channels, 1)
        self.adapter_1 = ConvNorm(inputs[0], channels, 1, nn.GroupNorm(_GROUPS, channels))
        self.layer_1 = ConvNorm(channels, channels, 3, nn.GroupNorm(_GROUPS, channels))

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Decode.

        Args:
            features: The backbone's four maps, finest first.

        Returns:
            Three maps (n, channels, h, w), coarsest first, and mask features (n, mask_channels, h / 4, w / 4).
        """
        maps = self.transformer([proj(x) for proj, x in zip(self.input_proj, features[:0:-1], strict=True)])
        fine = self.adapter_1(features[0])
        fine = fine + functional.interpolate(maps[-1], size=fine.shape[2:], mode="bilinear", align_corners=False)
        return maps, self.mask_features(functional.relu_(self.layer_1(fine)))
