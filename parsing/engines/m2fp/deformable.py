"""Multi-scale deformable attention in plain torch; mmcv's compiled operator where it happens to be installed.

Zhu et al., "Deformable DETR: deformable transformers for end-to-end object detection", 2021. Each place looks at a
few points around itself on every map; where, and how much each counts, is read from its own features.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import cos, pi, sin
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DeformableAttention", "sample_maps"]

Sizes = Sequence[tuple[Any, Any]]
"""(height, width) of maps, coarsest first; whole numbers, or their traces while a dynamic model is exported."""


def sample_maps(value: Tensor, sizes: Sizes, places: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of values read bilinearly at points of several maps; outside a map all is 0.

    Args:
        value: (n, s, heads, c), the maps one after the other, each in row order; s is the sum of their areas.
        sizes: (height, width) of the maps.
        places: (n, q, heads, maps, points, 2) x, y in 0..1 of a map's width and height.
        weight: (n, q, heads, maps, points).

    Returns:
        (n, q, heads * c).
    """
    if value.is_cuda and not torch.onnx.is_in_onnx_export() and (compiled := _compiled()) is not None:
        shapes = torch.tensor(list(sizes), device=value.device)
        starts = torch.cat((shapes.new_zeros(1), shapes.prod(1).cumsum(0)[:-1]))
        found: Tensor = compiled.apply(
            value.to(places.dtype), shapes, starts, places, weight.to(places.dtype), value.shape[0]
        )
        return found
    heads, channels = value.shape[2:]
    # Places need float32 even where all else is coarser: half a step of bfloat16 is a third of a pixel.
    values = value.to(places.dtype).permute(0, 2, 3, 1).split([h * w for h, w in sizes], 3)
    places = places * 2 - 1  # -1 and 1 are the outer edges of the outermost pixels
    out: Tensor | None = None
    # Each map is summed as soon as it is read: one map's points, not all of them, are in memory at once. Points
    # stand before queries: sums over an outer axis are vectorised.
    for k, (height, width) in enumerate(sizes):
        grid = places[:, :, :, k].permute(0, 2, 3, 1, 4).flatten(0, 1)
        read = functional.grid_sample(values[k].reshape(-1, channels, height, width), grid, align_corners=False)
        share = weight[:, :, :, k].permute(0, 2, 3, 1).flatten(0, 1)
        part = (read * share[:, None]).sum(2)
        out = part if out is None else out + part
    assert out is not None
    return out.reshape(-1, heads * channels, out.shape[2]).transpose(1, 2)


@cache
def _compiled() -> Any:
    """mmcv's operator, or None where it is not installed or was built for another torch."""
    try:
        from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
    except (ImportError, OSError, AttributeError):
        return None
    return MultiScaleDeformableAttnFunction


class DeformableAttention(nn.Module):
    """Deformable attention over several maps.

    Args:
        channels: Channels of features and queries.
        heads: Attention heads.
        maps: Number of maps.
        points: Points per head and map.
    """

    def __init__(self, channels: int, heads: int, maps: int, points: int) -> None:
        super().__init__()
        self.layout = (heads, maps, points)
        self.sampling_offsets = nn.Linear(channels, heads * maps * points * 2)
        self.attention_weights = nn.Linear(channels, heads * maps * points)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)
        # Heads look into different directions, points further and further out.
        angles = [2 * pi * head / heads for head in range(heads)]
        ways = torch.tensor([[cos(a), sin(a)] for a in angles])
        ways = ways / ways.abs().amax(1, keepdim=True)
        steps = torch.arange(1.0, points + 1)
        bias = (ways[:, None, None] * steps[:, None]).expand(heads, maps, points, 2)
        nn.init.zeros_(self.sampling_offsets.weight)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(bias.reshape(-1))

    def forward(self, query: Tensor, centres: Tensor, source: Tensor, sizes: Sizes) -> Tensor:
        """Look around.

        Args:
            query: (n, q, channels) what asks.
            centres: (q, 2) x, y in 0..1, around which each query looks.
            source: (n, s, channels) features of all maps, see :func:`sample_maps`.
            sizes: (height, width) of the maps.

        Returns:
            (n, q, channels).
        """
        heads, maps, points = self.layout
        value = self.value_proj(source)
        value = value.reshape(-1, value.shape[1], heads, value.shape[2] // heads)
        count = query.shape[1]
        weight = self.attention_weights(query).reshape(-1, count, heads, maps * points).softmax(3)
        weight = weight.reshape(-1, count, heads, maps, points)
        offsets = self.sampling_offsets(query).reshape(-1, count, heads, maps, points, 2)
        extent = torch.stack([_extent(width, height, centres) for height, width in sizes])
        places = centres[:, None, None, None] + offsets / extent[:, None]
        return self.output_proj(sample_maps(value, sizes, places, weight).to(query.dtype))


def _extent(width: Any, height: Any, like: Tensor) -> Tensor:
    """(2,) width and height as numbers of ``like``; keeps traces alive, which ``torch.tensor`` would freeze."""
    pair = [torch.as_tensor(side, dtype=like.dtype, device=like.device) for side in (width, height)]
    return torch.stack(pair)
