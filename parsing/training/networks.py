"""The embedded networks: plain-convolution residual U-Nets and a small perceptron, trained from nothing.

U-Net: Ronneberger et al. 2015; residual blocks: He et al. 2016; people head: TTFNet, Liu et al. 2020
(CenterNet with a Gaussian-weighted box loss); landmarks by heat maps.
Plain convolutions rather than depthwise ones: on CPUs they train and run faster at equal quality.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dressform.parsing.landmarks import MIRROR_KEYPOINTS

__all__ = ["FaceNet", "JointsNet", "PartsNet", "PeopleNet", "UNet"]


def conv(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU; "same" padding."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two 3×3 convolutions with an identity path."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class Context(nn.Module):
    """Adds a linear reading of the whole map's mean to every place: who and what is in the crop at all."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return x + self.read(x.mean((2, 3)))[:, :, None, None]


class UNet(nn.Module):
    """Encoder and decoder with additive skips; the output has stride 2.

    Args:
        inputs: Channels of the input.
        widths: Channels at strides 2, 4, 8, …
        depths: Residual blocks at each stride on the way down.
        up: Residual blocks at each stride on the way up.
        stop: Finest stride index of the output: 0 = stride 2, 1 = stride 4.
    """

    def __init__(self, inputs: int, widths: Sequence[int], depths: Sequence[int], up: int = 1, stop: int = 0) -> None:
        super().__init__()
        self.stop = stop
        self.stem = conv(inputs, widths[0], stride=2)
        down: list[nn.Module] = [nn.Sequential(*(Residual(widths[0]) for _ in range(depths[0])))]
        for before, width, depth in zip(widths, widths[1:], depths[1:], strict=False):
            down.append(nn.Sequential(conv(before, width, stride=2), *(Residual(width) for _ in range(depth))))
        self.down = nn.ModuleList(down)
        self.context = Context(widths[-1])
        steps = range(len(widths) - 2, stop - 1, -1)
        self.narrow = nn.ModuleList(conv(widths[k + 1], widths[k], kernel=1) for k in steps)
        self.up = nn.ModuleList(nn.Sequential(*(Residual(widths[k]) for _ in range(up))) for k in steps)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, inputs, H, W) to feature maps from coarse to fine; the last has stride ``2 << stop``."""
        skips = []
        x = self.stem(x)
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.context(skips.pop())
        maps = [x]
        for narrow, up in zip(self.narrow, self.up, strict=True):
            x = functional.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = up(x + skips.pop())
            maps.append(x)
        return maps


class PartsNet(nn.Module):
    """Parts and keypoints of the one person a crop is about.

    Input (B, 4, H, W): RGB 0..1 and a Gaussian of height 1 at the person's head, or 0 where it is
    unknown; H and W multiples of 32. Output: part logits (B, 21, H/2, W/2) and
    keypoint heat-map logits (B, 17, H/4, W/4), COCO order.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.body = UNet(4, widths, depths)
        self.parts = nn.Conv2d(widths[0], 21, 1)
        self.joints = nn.Sequential(conv(widths[1], widths[1]), nn.Conv2d(widths[1], 17, 1))
        nn.init.constant_(self.joints[1].bias, -4.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits as described above."""
        maps = self.body(x * 4 - 2)
        return self.parts(maps[-1]), self.joints(maps[-2])


class PeopleNet(nn.Module):
    """Where people are: one peak per head, the visible box seen from there, and a person mask.

    Input (B, 3, H, W) RGB 0..1; H and W multiples of 64. Output at stride 4: heat-map logits (B, 1),
    box (B, 4) distances left, top, right, bottom from the cell's centre in units of the input's
    pixels, always positive, and person-mask logits (B, 1).
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.body = UNet(3, widths, depths, stop=1)
        self.heat = nn.Sequential(conv(widths[1], widths[1]), nn.Conv2d(widths[1], 1, 1))
        self.box = nn.Sequential(conv(widths[1], widths[1]), nn.Conv2d(widths[1], 4, 1))
        self.mask = nn.Conv2d(widths[1], 1, 1)
        nn.init.constant_(self.heat[1].bias, -4.0)
        nn.init.constant_(self.box[1].bias, 3.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Heat, box and mask as described above."""
        last = self.body(x * 4 - 2)[-1]
        return self.heat(last), torch.exp(self.box(last).clamp(-4, 7)), self.mask(last)


class FaceNet(nn.Module):
    """Landmarks of one face: 68 points in iBUG's order, two pupils, and whether a face is to be seen.

    Input (B, 3, 128, 128) RGB 0..1. Output: points (B, 70, 2) in 0..1 of the crop, x right and y down,
    by the expectation over heat maps of stride 4 (Sun et al., "Integral human pose regression",
    2018), and face logits (B,).
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.body = UNet(3, widths, depths, stop=1)
        self.points = nn.Conv2d(widths[1], 70, 1)
        self.seen = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Points and face logits as described above."""
        maps = self.body(x * 4 - 2)
        heat = self.points(maps[-1]).float()
        batch, count, height, width = heat.shape
        weight = torch.softmax(heat.reshape(batch, count, height * width), 2).reshape(heat.shape)
        xs = (torch.arange(width, device=x.device, dtype=torch.float32) + 0.5) / width
        ys = (torch.arange(height, device=x.device, dtype=torch.float32) + 0.5) / height
        points = torch.stack([(weight.sum(2) * xs).sum(2), (weight.sum(3) * ys).sum(2)], 2)
        return points, self.seen(maps[0].mean((2, 3)))[:, 0]


class JointsNet(nn.Module):
    """Moves each joint of a body to where it is among the others; a perceptron with two hidden layers.

    Input (B, 17, 3): x, y in any unit and score 0..1, COCO order. Output (B, 17, 2), same unit. It sees places
    relative to the middle and spread of what is surely seen, so a body may be anywhere and of any size; it answers
    for the mirrored body too, so that a mirrored body gives the mirrored answer. No joint moves by more than
    ``reach`` spreads.
    """

    reach = 0.5

    def __init__(self, hidden: int) -> None:
        super().__init__()
        count = len(MIRROR_KEYPOINTS)
        self.layers = nn.Sequential(
            *(nn.Linear(3 * count, hidden), nn.ReLU()),
            *(nn.Linear(hidden, hidden), nn.ReLU()),
            nn.Linear(hidden, 2 * count),
        )
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        """Joints as described above."""
        points, score = x[:, :, :2], x[:, :, 2:]
        weight = score / score.sum(1, keepdim=True).clamp(min=1e-6)
        middle = (weight * points).sum(1, keepdim=True)
        spread = (weight * (points - middle) ** 2).sum((1, 2), keepdim=True).sqrt().clamp(min=1e-3)
        places = (points - middle) / spread
        sure = score.sqrt()
        mirror = torch.tensor([-1.0, 1.0], device=x.device)
        swapped = list(MIRROR_KEYPOINTS)
        plain = self._moves(places, sure)
        other = self._moves(places[:, swapped] * mirror, sure[:, swapped])[:, swapped] * mirror
        return points + (plain + other) * (0.5 * spread)

    def _moves(self, places: Tensor, sure: Tensor) -> Tensor:
        # Where nothing is seen, a peak is anywhere: it fades out of what the others are told.
        seen = ((sure - 0.1) / 0.15).clamp(0, 1)
        moves = self.layers(torch.cat([(places * seen).flatten(1), sure.flatten(1)], 1))
        return torch.tanh(moves.unflatten(1, (-1, 2)) / self.reach) * self.reach
