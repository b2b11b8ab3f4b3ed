"""Training targets: what codes mean, how they mirror, and what CCP's classes and tags say."""

from __future__ import annotations

import numpy as np

from dressform.parsing import Part
from dressform.parsing.landmarks import KEYPOINT_NAMES, MIRROR_KEYPOINTS
from dressform.parsing.parts import MIRROR
from dressform.parsing.training.targets import CCP_NAMES, IGNORE, Zone, ccp_table, mirror_codes, tag_parts, zone_table

P = Part


def test_codes_of_parts_allow_that_part_alone() -> None:
    table = zone_table()
    assert table.shape == (256, len(Part)) and table.dtype == np.bool_
    assert (table[: len(Part)] == np.eye(len(Part), dtype=np.bool_)).all()
    assert table[IGNORE].all() and table[200].all()
    assert len({int(z) for z in Zone} | {int(p) for p in Part} | {IGNORE}) == len(Zone) + len(Part) + 1


def test_zones_allow_several_parts_but_never_background() -> None:
    table = zone_table()
    for zone in Zone:
        assert 1 < table[zone].sum() < len(Part) and not table[zone, P.BACKGROUND], zone
    assert table[Zone.PERSON].sum() == len(Part) - 1
    assert not table[Zone.LEFT_ARM, P.RIGHT_ARM] and not table[Zone.LEFT_SHANK, P.RIGHT_SHOE]


def test_mirroring_codes_is_an_involution_and_mirrors_what_they_allow() -> None:
    mirror, table = mirror_codes(), zone_table()
    assert (mirror[mirror] == np.arange(256)).all()
    assert mirror[: len(Part)].tolist() == list(MIRROR)
    for code in (*Part, *Zone, IGNORE):
        assert (table[mirror[code]] == table[code][list(MIRROR)]).all(), code
    assert mirror[Zone.LEFT_SHANK] == Zone.RIGHT_SHANK and mirror[Zone.HIPS] == Zone.HIPS


def test_mirrored_joints_swap_left_and_right_names() -> None:
    for k, j in enumerate(MIRROR_KEYPOINTS):
        assert MIRROR_KEYPOINTS[j] == k
        swapped = KEYPOINT_NAMES[k].replace("left", "?").replace("right", "left").replace("?", "right")
        assert KEYPOINT_NAMES[j] == swapped


def test_all_59_classes_of_ccp_have_a_code() -> None:
    assert len(CCP_NAMES) == 59
    assert all(code in {*Part, *Zone, IGNORE} for code in CCP_NAMES.values())
    names = ["null", "skin", "boots", "tights", "stockings", "jumper", "cape", "belt", "accessories", "purse"]
    expected = [0, Zone.SKIN, Zone.SHOES, P.PANTS, P.SOCKS, P.UPPER_CLOTHES, P.COAT, Zone.GARMENT, IGNORE, P.BAG]
    assert ccp_table(names).tolist() == expected and ccp_table(names).dtype == np.uint8


def test_tags_narrow_garments_but_not_the_body() -> None:
    allowed = tag_parts(["dress", "heels", "bag", "no such tag"])
    shown = {Part(k) for k in np.flatnonzero(allowed)}
    assert {P.DRESS, P.BAG, P.HAIR, P.FACE, P.LEFT_LEG, P.LEFT_SHOE, P.RIGHT_SHOE, P.BACKGROUND} <= shown
    assert not shown & {P.PANTS, P.SKIRT, P.COAT, P.UPPER_CLOTHES, P.SOCKS, P.HAT}
    assert tag_parts(["heels", "bag"]).all(), "tags without a garment cannot be complete"
    assert tag_parts([]).all()
