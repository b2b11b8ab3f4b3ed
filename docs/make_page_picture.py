"""Take the README's picture of the web page: ``python docs/make_page_picture.py http://127.0.0.1:8000``.

It needs a running service, playwright, and Chromium with fonts.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image

SIZE = (1280, 860)
SHRUNK = (800, 538)
GAP = 12
GROUND = (214, 212, 206)


def main(address: str) -> None:
    """Write page.jpg beside this file: the start, parts, an avatar, new clothes."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=dict(zip(("width", "height"), SIZE, strict=True)), device_scale_factor=2,
                                locale="en-US")  # fmt: skip
        page.goto(address)
        page.wait_for_selector(".sample img")
        shots = [taken(page)]
        page.click(".sample >> nth=1")
        page.wait_for_selector(".part")
        shots.append(taken(page))
        page.click("button.chip >> nth=2")
        page.click("#tab-avatar")
        page.wait_for_selector(".easel img:not([hidden])")
        page.wait_for_selector("#panel-avatar .tile .loading", state="detached")
        shots.append(taken(page))
        page.click("#tab-tryon")
        page.wait_for_selector(".after:not([hidden])")
        page.check("input[name=cloth][value=fabric]", force=True)
        shown = page.get_attribute(".after", "src")
        page.check("input[name=fabric][value=tartan]", force=True)
        page.wait_for_function("shown => document.querySelector('.after').src !== shown", arg=shown)
        shots.append(taken(page))
        browser.close()
    width, height = SHRUNK
    sheet = Image.new("RGB", (2 * width + 3 * GAP, 2 * height + 3 * GAP), GROUND)
    for k, shot in enumerate(shots):
        sheet.paste(shot, (GAP + k % 2 * (width + GAP), GAP + k // 2 * (height + GAP)))
    sheet.save(Path(__file__).with_name("page.jpg"), quality=84, optimize=True)


def taken(page: Any) -> Image.Image:
    """What is to be seen now, when everything has come to rest."""
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize(SHRUNK, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(sys.argv[1])
