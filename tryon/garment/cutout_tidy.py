"""A garment's mask made clean: ground in the shade, hangers, specks and holes."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.symmetry import find_axis, mirrored

__all__ = ["disc", "drop_foreign", "drop_shade", "drop_slivers", "largest", "tidy"]

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_BINS = 48  # of the histogram of chromaticities, each way
_OTHER_HUE = 0.7  # log chromaticity between shade of the ground and the cloth beside it
_PIECE = 0.06  # share of the garment that a patch of shade may take
_THIN = 0.013  # half of the thickness below which a part may be a hanger or clip, in roots of the area
_HANGER = 22.0  # Lab distance between a hanger and the cloth it carries
_FOREIGN = 14.0  # Lab distance within which a colour is one of the garment's
_GROUND, _CLOTH = 20.0, 24.0  # Lab distance, at most and at least, of a sliver of ground to ground and cloth near it
_NEARER = 0.5  # of its distance to the cloth, its distance to the ground at most
_NOWHERE = 0.005  # share of the garment's inside that may have a sliver's colour
_SLIVER = 0.006  # share of the garment that one may take
_WALL = 0.18  # thickness of what closes a gap, in roots of the area
_GAP = 0.002  # share of the area from which a hole counts as a gap


def disc(radius: int) -> Bytes:
    """(2r + 1, 2r + 1) uint8: a round structuring element."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius + radius, np.uint8)


def largest(mask: Mask) -> Mask:
    """The largest piece of a mask; of equal ones the first."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), np.bool_)


def drop_shade(mask: Mask, rgb: Floats) -> Mask:
    """The mask without patches of ground in the garment's shadow: dark, but of the ground's chromaticity.

    Args:
        mask: (h, w) bool.
        rgb: (h, w, 3) float32 sRGB 0..1.

    Only patches whose chromaticity is far from that of the cloth around them go, so grey on grey stays as it is.
    """
    linear = rgb**2.2 + np.float32(0.003)
    logs = np.log(linear)
    hue = np.stack([logs[:, :, 0] - logs[:, :, 1], logs[:, :, 2] - logs[:, :, 1]], axis=2)
    light = np.log(linear.mean(2))
    alike = mask & (_ground_odds(hue, mask) > 1.5)
    alike = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(alike.astype(np.uint8), connectivity=4)
    area, ground = np.count_nonzero(mask), light[~mask]
    bright = float(np.median(ground)) if len(ground) else 0.0
    kept = mask.copy()
    for k in range(1, count):
        if not 0.0008 * area <= stats[k, cv2.CC_STAT_AREA] <= _PIECE * area:
            continue
        patch = pieces == k
        cloth = (cv2.dilate(patch.astype(np.uint8), disc(4)) > 0) & mask & ~alike
        if np.count_nonzero(cloth) < 6:
            continue
        off = np.linalg.norm(np.median(hue[patch], axis=0) - np.median(hue[cloth], axis=0))
        if off > _OTHER_HUE and np.median(light[patch]) < min(bright, float(np.median(light[cloth]))):
            kept &= cv2.dilate(patch.astype(np.uint8), disc(1)) == 0
    return kept


def _ground_odds(hue: Floats, mask: Mask) -> Floats:
    """(h, w) float32: log odds of ground against garment by chromaticity alone, averaged over 3×3 pixels."""
    cell = np.clip((hue / 3 + 0.5) * _BINS, 0, _BINS - 1).astype(np.int64)
    index = cell[:, :, 0] * _BINS + cell[:, :, 1]

    def density(where: Mask) -> Floats:
        counts = np.bincount(index[where], minlength=_BINS * _BINS).reshape(_BINS, _BINS).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(counts, (0, 0), 1.0), np.float32)
        return soft / max(float(soft.sum()), 1.0) + np.float32(1e-4)

    odds = np.log(density(~mask) / density(mask)).reshape(-1)[index]
    return np.asarray(cv2.blur(odds.astype(np.float32), (3, 3)), np.float32)


def drop_foreign(mask: Mask, lab: Floats, sure: Mask) -> Mask:
    """The mask without parts on one side only, of a colour that the rest does not have: patches of the ground.

    Args:
        mask: (h, w) bool.
        lab: (h, w, 3) float32, L 0..100.
        sure: (h, w) bool, what certainly is the garment; tells its axis if it is most of it.
    """
    if not mask.any():
        return mask
    mask = _joined(mask)
    reach = max(1, round(0.01 * float(np.sqrt(np.count_nonzero(mask)))))
    trusted = largest(sure & mask)
    axis = find_axis(trusted if np.count_nonzero(trusted) > 0.6 * np.count_nonzero(mask) else mask)
    other = cv2.dilate(mirrored(mask, axis).astype(np.uint8), disc(reach)) > 0
    core, odd = lab[mask & other], (mask & ~other).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(odd, cv2.MORPH_OPEN, disc(1)), connectivity=4
    )
    core = core[:: max(1, len(core) // 4000)]
    kept = mask.copy()
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] < 0.006 * np.count_nonzero(mask):
            continue
        piece = pieces == k
        near = np.linalg.norm(core - np.median(lab[piece], axis=0), axis=1) < _FOREIGN
        if near.mean() < 0.03:
            kept &= cv2.dilate(piece.astype(np.uint8), disc(2)) == 0
    return kept


def drop_slivers(mask: Mask, lab: Floats) -> Mask:
    """The mask without slivers at its border that look like the ground beside them and quite unlike the cloth there.

    Args:
        mask: (h, w) bool.
        lab: (h, w, 3) float32, L 0..100.
    """
    root = float(np.sqrt(np.count_nonzero(mask)))
    size = (2 * max(2, round(0.06 * root)) + 1,) * 2
    away = cv2.erode((~mask).astype(np.uint8), disc(2)) > 0
    to_ground = np.linalg.norm(lab - _mean(lab, away, size), axis=2)
    to_cloth = np.linalg.norm(lab - _mean(lab, mask & (to_ground > _GROUND), size), axis=2)
    like = mask & (to_ground < np.minimum(_GROUND, _NEARER * to_cloth)) & (to_cloth > _CLOTH)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(like.astype(np.uint8), connectivity=4)
    rim = cv2.dilate((~mask).astype(np.uint8), disc(2)) > 0
    touches = np.bincount(pieces[rim & like], minlength=count) > 0
    out = touches & (stats[:, cv2.CC_STAT_AREA] > 5) & (stats[:, cv2.CC_STAT_AREA] < _SLIVER * root * root)
    out[0] = False
    deep = lab[cv2.erode(mask.astype(np.uint8), disc(max(2, round(0.05 * root)))) > 0]
    deep = deep[:: 1 + len(deep) // 4000]
    for k in np.flatnonzero(out).tolist():
        own = np.linalg.norm(deep - np.median(lab[pieces == k], axis=0), axis=1) < _FOREIGN
        out[k] = len(own) > 0 and own.mean() < _NOWHERE
    gone = cv2.dilate(out[pieces].astype(np.uint8), disc(1)) > 0
    return np.asarray(mask & ~gone, np.bool_)


def _mean(lab: Floats, where: Mask, size: tuple[int, int]) -> Floats:
    """(h, w, 3) mean over a box of the colours that lie in ``where``; far from all others where there are none."""
    total = np.asarray(cv2.blur(where.astype(np.float32), size), np.float32)
    mean = cv2.blur(lab * where[:, :, None].astype(np.float32), size) / np.maximum(total, np.float32(1e-6))[:, :, None]
    mean[total < 1e-4] = -1000
    return np.asarray(mean, np.float32)


def tidy(mask: Mask, lab: Floats) -> Mask:
    """The largest piece, without thin parts of another colour (hangers, clips), its holes filled except for gaps.

    Args:
        mask: (h, w) bool.
        lab: (h, w, 3) float32, L 0..100.
    """
    mask = _joined(mask)
    root = float(np.sqrt(np.count_nonzero(mask)))
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(max(1, round(_THIN * root)))) > 0
    thick = largest(thick) if thick.any() else mask
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((mask & ~thick).astype(np.uint8), connectivity=4)
    kept = mask.copy()
    reach = disc(max(3, round(0.04 * root)))
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] < 6:
            continue
        x, y, w, h = (int(stats[k, s]) for s in (0, 1, 2, 3))
        pad = len(reach)
        at = (slice(max(y - pad, 0), y + h + pad), slice(max(x - pad, 0), x + w + pad))
        part = pieces[at] == k
        cloth = (cv2.dilate(part.astype(np.uint8), reach) > 0) & thick[at]
        if not cloth.any():
            cloth = thick[at] if thick[at].any() else thick
        around = lab[at][cloth] if cloth.shape == part.shape else lab[cloth]
        if np.linalg.norm(np.median(lab[at][part], axis=0) - np.median(around, axis=0)) > _HANGER:
            kept[at] &= ~part
    return _fill(largest(kept), root)


def _joined(mask: Mask) -> Mask:
    """The largest piece; where stripes of the ground's colour cut the garment up, its pieces are joined first."""
    piece, whole = largest(mask), np.count_nonzero(mask)
    for radius in (2, 4, 7, 10):
        if np.count_nonzero(piece) >= 0.7 * whole:
            break
        pad = radius + 1
        closed = cv2.morphologyEx(np.pad(mask, pad).astype(np.uint8), cv2.MORPH_CLOSE, disc(radius))
        piece = largest(closed[pad:-pad, pad:-pad] > 0)
    return piece


def _fill(mask: Mask, root: float) -> Mask:
    """Holes filled, but for gaps between sleeve and side or under a strap: large and closed by a thin wall."""
    h, w = mask.shape
    padded = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(padded, connectivity=4)
    outside = pieces == pieces[0, 0]
    depth = cv2.distanceTransform((~outside).astype(np.uint8), cv2.DIST_L2, 5)
    filled = ~outside
    for k in range(1, count):
        if k == pieces[0, 0] or stats[k, cv2.CC_STAT_AREA] < _GAP * root * root:
            continue
        hole = pieces == k
        points = np.argwhere(hole)[:, ::-1].astype(np.float32)
        sides = sorted(cv2.minAreaRect(points)[1])
        if float(depth[hole].min()) < _WALL * root and sides[1] > 1.6 * max(sides[0], 1):
            filled &= ~hole
    return np.asarray(filled[1 : h + 1, 1 : w + 1], np.bool_)
