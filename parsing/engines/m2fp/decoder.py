"""Transformer decoder with masked attention: queries look only where their last mask was.

Cheng et al., "Masked-attention mask transformer for universal image segmentation" (Mask2Former), 2022. Submodules
have the names of the checkpoint's tensors.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.pixel_decoder import sine_positions

__all__ = ["Decoder"]

_MAPS = 3


class _Attention(nn.Module):
    """Attention of several heads; the three projections of the inputs are one tensor, as in the checkpoint."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * channels, channels))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * channels))
        self.out_proj = nn.Linear(channels, channels)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            query: (n, q, channels).
            key, value: (n, s, channels).
            seen: (n, q, s) bool, what each query may look at; all where None.

        Returns:
            (n, q, channels).
        """
        parts = zip((query, key, value), self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True)
        q, k, v = (self._split(functional.linear(x, weight, bias)) for x, weight, bias in parts)
        found = functional.scaled_dot_product_attention(q, k, v, None if seen is None else seen[:, None])
        return self.out_proj(found.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(n, s, channels) to (n, heads, s, channels / heads)."""
        return x.reshape(-1, x.shape[1], self.heads, x.shape[2] // self.heads).transpose(1, 2)


class _CrossAttention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.multihead_attn = _Attention(config.channels, config.decoder_heads)
        self.norm = nn.LayerNorm(config.channels)

    def forward(self, x: Tensor, places: Tensor, source: Tensor, positions: Tensor, seen: Tensor) -> Tensor:
        """Queries (n, q, channels) read from a map (n, s, channels)."""
        return self.norm(x + self.multihead_attn(x + places, source + positions, source, seen))


class _SelfAttention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.self_attn = _Attention(config.channels, config.decoder_heads)
        self.norm = nn.LayerNorm(config.channels)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """Queries (n, q, channels) read from each other."""
        placed = x + places
        return self.norm(x + self.self_attn(placed, placed, x))


class _FeedForward(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.linear1 = nn.Linear(config.channels, config.decoder_hidden)
        self.linear2 = nn.Linear(config.decoder_hidden, config.channels)
        self.norm = nn.LayerNorm(config.channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, q, channels) to the same shape."""
        return self.norm(x + self.linear2(functional.relu_(self.linear1(x))))


class _Perceptron(nn.Module):
    """Three linear layers with ReLU between them."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(channels, n) for n in (channels, channels, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(…, channels) to (…, outputs)."""
        for layer in self.layers[:-1]:
            x = functional.relu_(layer(x))
        return self.layers[-1](x)


class Decoder(nn.Module):
    """Queries to classes and masks."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels, layers = config.channels, range(config.decoder_layers)
        self.transformer_self_attention_layers = nn.ModuleList(_SelfAttention(config) for _ in layers)
        self.transformer_cross_attention_layers = nn.ModuleList(_CrossAttention(config) for _ in layers)
        self.transformer_ffn_layers = nn.ModuleList(_FeedForward(config) for _ in layers)
        self.decoder_norm = nn.LayerNorm(channels)
        self.query_feat = nn.Embedding(config.queries, channels)
        self.query_embed = nn.Embedding(config.queries, channels)
        self.level_embed = nn.Embedding(_MAPS, channels)
        self.class_embed = nn.Linear(channels, len(config.classes) + 1)
        self.mask_embed = _Perceptron(channels, config.mask_channels)

    def forward(self, maps: Sequence[Tensor], mask_features: Tensor) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            maps: Three maps (n, channels, h, w), coarsest first.
            mask_features: (n, mask_channels, h, w), the size that masks have.

        Returns:
            Logits (n, queries, classes + 1), the last "no object", and mask logits (n, queries, h, w).
        """
        sources, positions, views = [], [], []
        for level, x in zip(self.level_embed.weight, maps, strict=True):
            sources.append(x.flatten(2).transpose(1, 2) + level)
            positions.append(sine_positions(x.shape[2], x.shape[3], x.shape[1], sources[-1]))
            # Masks are linear in their features: those resized give resized masks, at a fraction of the work.
            size = x.shape[2:]
            view = functional.interpolate(mask_features, size=size, mode="bilinear", align_corners=False)
            views.append(view.flatten(2))
        places = self.query_embed.weight[None]
        x = self.query_feat.weight[None].expand(mask_features.shape[0], -1, -1)
        layers = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        for k, (cross, own, forward) in enumerate(layers):
            level = k % _MAPS
            seen = self._masks(x, views[level]) >= 0
            # A query whose mask is empty looks everywhere.
            seen = seen | ~seen.any(2, keepdim=True)
            x = forward(own(cross(x, places, sources[level], positions[level], seen), places))
        masks = self._masks(x, mask_features.flatten(2))
        size = (mask_features.shape[0], -1, *mask_features.shape[2:])
        return self.class_embed(self.decoder_norm(x)), masks.reshape(size)

    def _masks(self, x: Tensor, features: Tensor) -> Tensor:
        """Mask logits (n, q, s) of queries (n, q, channels) on features (n, mask_channels, s)."""
        return self.mask_embed(self.decoder_norm(x)) @ features
