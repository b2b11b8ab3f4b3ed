"""Losses of the networks that see pictures. All take logits in any float type and compute in float32."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["box_giou", "focal_heat", "joint_heat", "part_loss", "wing"]


def part_loss(logits: Tensor, codes: Tensor, table: Tensor, allowed: Tensor, weight: Tensor) -> Tensor:
    """Partial-label likelihood plus soft Dice over the pixels whose part is exact.

    Args:
        logits: (B, C, H, W).
        codes: (B, H, W) int64 target codes 0..255.
        table: (256, C) bool, which parts each code allows (targets.zone_table).
        allowed: (B, C) bool, which parts a photo may show at all; matters to codes that are sets.
        weight: (C,) float32, weight of each exact part; sets have weight 0.5.

    Returns:
        Scalar. The likelihood term is -log of the summed probability of the allowed parts.
    """
    classes = logits.shape[1]
    flat = logits.permute(0, 2, 3, 1).reshape(-1, classes).float()  # one row per pixel; a view in channels_last
    exact = codes < classes
    may = table[codes] & (allowed[:, None, None, :] | exact[..., None])
    may |= ~may.any(3, keepdim=True)
    code, sure, may = codes.reshape(-1), exact.reshape(-1), may.reshape(-1, classes)
    probability = torch.softmax(flat, 1)
    within = (probability * may).sum(1)
    scale = torch.where(sure, weight[code.clamp(max=classes - 1)], 0.5) * (code < 255)
    likelihood = -(torch.log(within + 1e-6) * scale).sum() / scale.sum().clamp(min=1)

    kept, target = probability[sure], code[sure]
    own = kept.gather(1, target[:, None])[:, 0]
    both = own.new_zeros(classes).index_add(0, target, own)
    count = torch.bincount(target, minlength=classes).to(own.dtype)
    present = count > 20
    if not present.any():
        return likelihood
    dice = 1 - (2 * both[present] + 1) / (kept.sum(0)[present] + count[present] + 1)
    return likelihood + 0.5 * dice.mean()


def joint_heat(logits: Tensor, joints: Tensor, stride: float = 4.0, sigma: float = 1.5) -> Tensor:
    """Weighted cross-entropy of keypoint heat maps.

    Args:
        logits: (B, K, H, W).
        joints: (B, K, 3) x, y in crop pixels and state: 0 unknown (no loss), 1 there, 2 absent (empty map).
        stride: Crop pixels per cell.
        sigma: Of the target's Gaussian, in cells.
    """
    logits = logits.float()
    height, width = logits.shape[2:]
    xs = torch.arange(width, device=logits.device) + 0.5
    ys = torch.arange(height, device=logits.device) + 0.5
    dx = xs - joints[..., 0:1] / stride
    dy = ys - joints[..., 1:2] / stride
    there = (joints[..., 2] == 1).float()[..., None, None]
    target = torch.exp(-dx.square() / (2 * sigma**2))[:, :, None] * torch.exp(-dy.square() / (2 * sigma**2))[..., None]
    target = target * there
    known = (joints[..., 2] > 0).float()[..., None, None]
    loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * (1 + 25 * target)
    return (loss * known).sum() / (known.sum() * height * width).clamp(min=1)


def focal_heat(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """CornerNet's focal loss for Gaussian peaks (Law, Deng, ECCV 2018), per person in the batch.

    Args:
        logits: (B, 1, H, W). target: the same shape, 1 at peaks. known: the same shape, 0 where nobody knows.
    """
    logits = logits.float()
    p = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    peak = target > 0.999
    positive = -torch.log(p) * (1 - p).square() * peak
    negative = -torch.log(1 - p) * p.square() * (1 - target).pow(4) * ~peak
    return ((positive + negative) * known).sum() / peak.sum().clamp(min=1)


def box_giou(predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """1 - generalised IoU (Rezatofighi et al., CVPR 2019) of boxes given as distances from one point.

    Args:
        predicted, target: (..., 4) left, top, right, bottom, positive. weight: (...), averaged over.
    """
    predicted, target = predicted.float(), target.float()
    lo, hi = torch.minimum(predicted, target), torch.maximum(predicted, target)
    inter = (lo[..., 0] + lo[..., 2]).clamp(min=0) * (lo[..., 1] + lo[..., 3]).clamp(min=0)
    area = (predicted[..., 0] + predicted[..., 2]) * (predicted[..., 1] + predicted[..., 3])
    area_target = (target[..., 0] + target[..., 2]) * (target[..., 1] + target[..., 3])
    union = area + area_target - inter
    hull = (hi[..., 0] + hi[..., 2]) * (hi[..., 1] + hi[..., 3])
    giou = inter / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)
    return ((1 - giou) * weight).sum() / weight.sum().clamp(min=1e-6)


def wing(predicted: Tensor, target: Tensor, w: float = 0.04, epsilon: float = 0.01) -> Tensor:
    """Wing loss (Feng et al., CVPR 2018): logarithmic near zero, so small errors still pull. Mean over all."""
    error = (predicted - target).abs()
    flat = w - w * torch.log(torch.tensor(1 + w / epsilon))
    return torch.where(error < w, w * torch.log1p(error / epsilon), error - flat).mean()
