"""The web page in a real browser on the real server; skipped where there is no Chromium to drive."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from web_browser import after, drawn, dressed, give, painted, send, serving, taken

from dressform.assets import asset_path

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STATIC = Path(__file__).parents[1] / "api" / "static"
SAMPLES = asset_path("samples")
MOST_BYTES = 60_000  # of all files as they travel, compressed
MOST_LINES = 300
WAIT = 60_000  # ms; a busy machine is slow

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:
    """Opens the page; at the end nothing may have been said on the console or asked of anybody else."""
    contexts, troubles = [], []

    def open_page(at: str = address, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="en-US", **options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        # A refused request is the answer that a test waits for, and browsers report it by themselves.
        page.on("console", lambda told: told.type in ("error", "warning")
                and "Failed to load resource" not in told.text and troubles.append(told.text))  # fmt: skip
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((at, "blob:", "data:")) or troubles.append(asked.url))
        page.goto(at)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles


def test_a_sample_shows_its_people_and_their_parts(visit: Visit) -> None:
    page = visit()
    page.click(".sample >> nth=0")
    page.wait_for_selector(".part")
    chips, faces = page.locator("button.chip"), page.locator(".portrait")
    assert chips.count() == faces.count() >= 3
    chips.nth(0).click()
    assert chips.nth(0).get_attribute("aria-pressed") == faces.nth(0).get_attribute("aria-pressed") == "true"
    box = chips.nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    assert "Person" in page.locator(".tip").inner_text()
    page.click(".part >> nth=0")
    assert page.locator(".part[aria-pressed=true]").count() == 1


def test_an_avatar_comes_out_as_png_of_the_size_and_as_zip_of_everybody(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    drawn(page)
    page.check("input[name=size][value='512']", force=True)
    picture = Image.open(io.BytesIO(taken(page, "[data-format=png]")))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (512, 512), "RGBA")
    assert taken(page, "[data-format=svg]").lstrip().startswith(b"<svg")
    assert taken(page, "[data-format=psd]").startswith(b"8BPS")
    names = zipfile.ZipFile(io.BytesIO(taken(page, "[data-format=zip]"))).namelist()
    assert {"person-01-flat.png", "person-02-flat.svg"} <= set(names)


def test_choices_change_the_avatar(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    drawn(page)
    seen = {page.get_attribute(".easel img", "src")}
    for act in (
        lambda: page.check("input[name=style][value=anime]", force=True),
        lambda: page.check("input[name=frame][value=card]", force=True),
        lambda: page.check("input[name=ground][value=none]", force=True),
        lambda: page.select_option("label:has-text('Hat') select", "hat:beanie"),
        lambda: page.locator("#colors input").first.fill("#00ff88"),
        lambda: page.click(".portrait[aria-pressed=false]"),
    ):
        act()
        page.wait_for_function("seen => !seen.includes(document.querySelector('.easel img').src)", arg=list(seen))
        seen.add(page.get_attribute(".easel img", "src"))


def test_new_clothes_follow_the_sliders_and_come_out_in_full_size(visit: Visit) -> None:
    page = visit()
    photo = SAMPLES / "full-body.webp"
    give(page, photo)
    dressed(page)
    bar = page.locator("input.wipe")
    bar.focus()
    before = int(bar.input_value())
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert int(bar.input_value()) == before + 5
    assert page.locator(".compare").evaluate("node => node.style.getPropertyValue('--at')") == f"{before + 5}%"
    assert "%" in bar.get_attribute("aria-valuetext")
    shown = after(page)
    page.locator("#panel-tryon input[type=range]").first.press("ArrowRight")
    page.wait_for_function("shown => document.querySelector('.after').src !== shown", arg=shown)
    old = np.asarray(Image.open(photo).convert("RGB"), int)
    new = np.asarray(Image.open(io.BytesIO(taken(page, "#take-tryon .primary"))).convert("RGB"), int)
    assert new.shape == old.shape
    changed = np.abs(new - old).max(axis=2) > 20
    assert 0.01 < changed.mean() < 0.5


def test_a_print_and_a_colour(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "full-body.webp")
    dressed(page)
    shown = after(page)
    page.check("input[name=cloth][value=color]", force=True)
    page.wait_for_function("shown => document.querySelector('.after').src !== shown", arg=shown)
    page.check("input[name=cloth][value=print]", force=True)
    page.wait_for_selector(".after", state="hidden")
    page.set_input_files("#panel-tryon input[type=file]", painted((220, 30, 60)))
    page.wait_for_selector(".after:not([hidden])")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_other_ways_in(visit: Visit, way: str) -> None:
    page = visit()
    send(page, way, SAMPLES / "couple.jpg")
    page.wait_for_selector(".part")
    assert page.locator(".portrait").count() == 2


def test_problems_are_told_in_words(visit: Visit) -> None:
    page = visit()
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"%PDF-1.7 no picture"})
    page.wait_for_selector("#notice:not([hidden])")
    assert page.is_visible("#welcome")
    told = page.inner_text("#notice")
    assert "not a photo" in told and "JPEG" in told
    page.click("#language")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"GIF no picture"})
    page.wait_for_selector("#notice:has-text('无法读取')")


def test_nobody_in_the_photo(visit: Visit) -> None:
    page = visit()
    give(page, painted((30, 30, 30)))
    assert "Nobody" in page.inner_text("#panel-parts")
    assert page.is_disabled("#tab-avatar")


def test_work_can_be_called_off(visit: Visit) -> None:
    page = visit()
    page.route("**/events", lambda route: None)  # an answer that never comes
    page.set_input_files("#file", SAMPLES / "couple.jpg")
    page.wait_for_selector("#busy progress")
    with page.expect_request(lambda asked: asked.method == "DELETE"):
        page.click("#busy button")
    page.wait_for_selector("#welcome:not([hidden])")


def test_a_forgotten_photo_is_sent_again(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    told = json.dumps({"code": "expired", "title": "Gone", "status": 404})
    page.route("**/v1/avatar", lambda route: route.fulfill(status=404, body=told), times=1)
    page.click("#tab-avatar")
    page.wait_for_selector(".easel img:not([hidden])")
    assert page.is_hidden("#notice")


def test_a_large_photo_comes_out_in_its_full_size(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    with Image.open(SAMPLES / "couple.jpg") as small:
        small.resize((2400, 1596)).save(tmp_path / "large.jpg")
    give(page, tmp_path / "large.jpg")
    page.check("input[name=file][value=cutout]", force=True)
    cut = Image.open(io.BytesIO(taken(page, "#take-parts .primary")))
    assert cut.mode == "RGBA"
    assert max(cut.size) > 1000
    dressed(page)
    assert Image.open(io.BytesIO(taken(page, "#take-tryon .primary"))).size == (2400, 1596)


def test_a_key_is_asked_for(visit: Visit) -> None:
    with serving(api_keys=("a-long-enough-key",)) as guarded:
        page = visit(guarded)
        page.fill("dialog input", "a-long-enough-key")
        page.keyboard.press("Enter")
        page.wait_for_selector(".sample img")


def test_tabs_by_keyboard(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    page.focus("#tab-parts")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-avatar"
    page.keyboard.press("End")
    page.wait_for_selector("#panel-tryon:not([hidden])")
    assert page.get_attribute("#tab-tryon", "aria-selected") == "true"


def test_it_fits_360_pixels(visit: Visit) -> None:
    page = visit(width=360)
    page.wait_for_selector(".sample img")

    def too_wide() -> int:
        return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    widths = [too_wide()]
    give(page, SAMPLES / "family.jpg")
    widths.append(too_wide())
    for open_tab in (drawn, dressed):
        open_tab(page)
        widths.append(too_wide())
    assert max(widths) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector(".sample img")
    found = []

    def scan(where: str) -> None:
        for rule in axe.run(page).response["violations"]:
            if rule["impact"] in ("serious", "critical"):
                found.append((where, rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]))

    scan("welcome")
    give(page, SAMPLES / "couple.jpg")
    scan("parts")
    for name, open_tab in (("avatar", drawn), ("try-on", dressed)):
        open_tab(page)
        scan(name)
    assert not found


def test_chinese(visit: Visit) -> None:
    page = visit()
    page.evaluate("localStorage.language = 'zh'")
    page.reload()
    page.wait_for_selector(".sample img")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert "照片" in page.inner_text("h1")
    missing = page.evaluate(
        """async () => {
            const [{ en }, { zh }] = await Promise.all([import("./static/js/en.js"), import("./static/js/zh.js")]);
            return Object.keys(en).filter((key) => !/^[er]\\./.test(key) && !(key in zh));
        }"""
    )
    assert missing == []


def test_the_files_are_small_and_strict() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= MOST_BYTES
    for path in files:
        if path.suffix != ".webp":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for key in re.findall(r'data-t(?:-label)?="([^"]+)"', page):
        assert re.search(rf'[\s"]{re.escape(key)}"?:\s+"', (STATIC / "js/en.js").read_text(encoding="utf-8"))
