"""ResNet with DeepLab's stem: the feature maps that the decoders read.

He et al., "Deep residual learning for image recognition", 2016; Chen et al., "Rethinking atrous convolution for
semantic image segmentation", 2017 (three 3 × 3 convolutions in place of the 7 × 7 one). Submodules have the names
of the checkpoint's tensors, which are detectron2's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dressform.parsing.engines.m2fp.configuration import Config

__all__ = ["Backbone", "ConvNorm", "fold_batch_norm"]

_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ConvNorm(nn.Conv2d):
    """A convolution without bias, then a norm named ``norm``.

    Args:
        inputs, outputs: Channels.
        kernel: Side of the kernel; "same" padding.
        norm: What follows; a batch norm where None.
        options: Stride, dilation, groups.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, norm: nn.Module | None = None, **options: int) -> None:
        super().__init__(
            inputs, outputs, kernel, padding=kernel // 2 * options.get("dilation", 1), bias=False, **options
        )
        self.norm = norm or nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return self.norm(super().forward(x))


def fold_batch_norm(module: nn.Module) -> None:
    """Fold every batch norm after a convolution into that convolution's weights, in place.

    Equal up to rounding. The folded convolution gets a bias and an identity for a norm.
    """
    for conv in module.modules():
        if not isinstance(conv, ConvNorm) or not isinstance(conv.norm, nn.BatchNorm2d):
            continue
        norm = conv.norm
        # In double, so that the weights are rounded once.
        gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        bias = norm.bias.double() - norm.running_mean.double() * gain
        with torch.no_grad():
            conv.weight.copy_(conv.weight.double() * gain[:, None, None, None])
        conv.bias = nn.Parameter(bias.to(conv.weight.dtype), requires_grad=False)
        conv.norm = nn.Identity()


class _Stem(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, outputs // 2, 3, stride=2)
        self.conv2 = ConvNorm(outputs // 2, outputs // 2, 3)
        self.conv3 = ConvNorm(outputs // 2, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) to (n, outputs, h / 4, w / 4)."""
        for conv in (self.conv1, self.conv2, self.conv3):
            x = functional.relu_(conv(x))
        return functional.max_pool2d(x, 3, 2, 1)


class _Bottleneck(nn.Module):
    """1 × 1, 3 × 3 and 1 × 1 convolution beside a shortcut."""

    def __init__(self, inputs: int, inner: int, outputs: int, stride: int, dilation: int, config: Config) -> None:
        super().__init__()
        first, second = (stride, 1) if config.stride_in_1x1 else (1, stride)
        self.shortcut = ConvNorm(inputs, outputs, 1, stride=stride) if inputs != outputs else None
        self.conv1 = ConvNorm(inputs, inner, 1, stride=first)
        self.conv2 = ConvNorm(inner, inner, 3, stride=second, dilation=dilation, groups=config.groups)
        self.conv3 = ConvNorm(inner, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        inner = functional.relu_(self.conv1(x))
        inner = functional.relu_(self.conv2(inner))
        inner = self.conv3(inner)
        inner += x if self.shortcut is None else self.shortcut(x)
        return functional.relu_(inner)


class Backbone(nn.Module):
    """Images to four feature maps.

    Attributes:
        channels: Channels of the maps, from fine to coarse.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.stem = _Stem(config.stem_channels)
        inputs = config.stem_channels
        self.channels: list[int] = []
        for k, count in enumerate(_BLOCKS[config.depth]):
            dilation = (1, 1, config.res4_dilation, config.res5_dilation)[k]
            outputs, inner = config.res2_channels << k, config.groups * config.group_width << k
            # What is dilated keeps its resolution.
            stride = 1 if k == 0 or dilation > 1 else 2
            blocks = []
            for b in range(count):
                rate = dilation * config.res5_multi_grid[b] if k == 3 else dilation
                blocks.append(_Bottleneck(inputs, inner, outputs, stride if b == 0 else 1, rate, config))
                inputs = outputs
            self.add_module(f"res{k + 2}", nn.Sequential(*blocks))
            self.channels.append(outputs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, 3, h, w) to maps of strides 4, 8, 16 and 32 (less where dilated), finest first."""
        x = self.stem(x)
        maps = []
        for stage in (self.res2, self.res3, self.res4, self.res5):
            x = stage(x)
            maps.append(x)
        return maps
