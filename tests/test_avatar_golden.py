"""Golden files: one seeded person in every style, as it looked when somebody last looked at it.

``python tests/test_avatar_golden.py`` draws them anew, after a change that is meant.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.avatar import AvatarOptions, draw_avatar, list_styles, spec_from_seed
from dressform.avatar.avatar import Avatar

GOLDEN = Path(__file__).parent / "golden"
SIZE, SEED = 160, 107


def drawn(style: str) -> Avatar:
    options = AvatarOptions(framing="full" if style == "chibi" else "bust", frame="square")
    return draw_avatar(spec_from_seed(SEED), style, options)


def layer_names(avatar: Avatar) -> list[str]:
    return [layer.name for layer in avatar.scene.layers()]


@pytest.mark.parametrize("style", list_styles())
def test_the_picture_is_the_golden_one(style: str) -> None:
    avatar = drawn(style)
    golden = np.asarray(Image.open(GOLDEN / f"{style}.png").convert("RGBA"), int)
    found = avatar.to_image(SIZE).astype(int)
    assert found.shape == golden.shape
    # Not bit for bit: other processors round sums of floats otherwise.
    assert np.abs(found - golden).mean() < 0.5
    assert (np.abs(found - golden).max(-1) > 40).mean() < 0.005
    assert layer_names(avatar) == json.loads((GOLDEN / "layers.json").read_text())[style]


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in list_styles():
        Image.fromarray(drawn(name).to_image(SIZE)).save(GOLDEN / f"{name}.png", optimize=True)
    rows = {name: layer_names(drawn(name)) for name in list_styles()}
    (GOLDEN / "layers.json").write_text(json.dumps(rows, indent=1) + "\n")
