"""The web page in a real browser on the real server; skipped where there is no Chromium to drive."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from web_browser import SAMPLES, Visit, drawn, dressed, give, painted, pick, send, serious, serving, taken

pytest_plugins = ("web_fixtures",)

STATIC = Path(__file__).parents[1] / "api" / "static"
MOST_BYTES = 60_000  # of a first load as it travels, compressed
MOST_LINES = 300


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


def test_somebody_is_cut_out(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    cut = Image.open(io.BytesIO(taken(page, "parts", "cutout")))
    assert cut.mode == "RGBA"
    assert min(cut.size) > 200


def test_an_avatar_comes_out_as_png_of_the_size_and_as_zip_of_everybody(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    drawn(page)
    page.select_option("#take-avatar select[name=size]", "256")
    picture = Image.open(io.BytesIO(taken(page, "avatar", "png")))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (256, 256), "RGBA")
    assert taken(page, "avatar", "svg").lstrip().startswith(b"<svg")
    assert page.is_disabled("#take-avatar select[name=size]")
    assert taken(page, "avatar", "psd").startswith(b"8BPS")
    names = zipfile.ZipFile(io.BytesIO(taken(page, "avatar", "zip"))).namelist()
    assert {"person-01-flat.png", "person-02-flat.svg"} <= set(names)


def test_choices_change_the_avatar(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    drawn(page)
    seen = {page.get_attribute(".easel img", "src")}
    for act in (
        lambda: pick(page, "style", "anime"),
        lambda: pick(page, "ground", "none"),
        lambda: page.select_option("select[name=kind-hat]", "hat:beanie"),
        lambda: page.locator("#colors input").first.fill("#00ff88"),
        lambda: page.click(".portrait[aria-pressed=false]"),
    ):
        act()
        page.wait_for_function("seen => !seen.includes(document.querySelector('.easel img').src)", arg=list(seen))
        seen.add(page.get_attribute(".easel img", "src"))


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_other_ways_in(visit: Visit, way: str) -> None:
    page = visit()
    send(page, way, (SAMPLES / "couple.jpg").read_bytes())
    page.wait_for_selector(".part")
    assert page.locator(".portrait").count() == 2


def test_problems_are_told_in_words(visit: Visit) -> None:
    page = visit()
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"%PDF-1.7 no picture"})
    page.wait_for_selector("#notice:not([hidden])")
    assert page.is_visible("#welcome")
    told = page.inner_text("#notice")
    assert "not a photo" in told
    assert "JPEG" in told
    page.click("#language")
    page.wait_for_selector("html[lang=zh-Hans]")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"GIF no picture"})
    page.wait_for_selector("#notice:has-text('无法读取')")


def test_nobody_in_the_photo(visit: Visit) -> None:
    page = visit()
    give(page, painted((30, 30, 30)))
    assert "Nobody" in page.inner_text("#panel-parts")
    assert page.is_disabled("#tab-avatar")


def test_the_last_photo_comes_back_where_the_next_cannot_be_read(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.wait_for_selector("#notice:not([hidden])")
    page.wait_for_selector(".part")
    assert page.locator(".portrait").count() == 2
    drawn(page)


def test_back_leads_to_the_welcome_and_forward_to_the_photo(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    page.go_back()
    page.wait_for_selector("#welcome:not([hidden])")
    page.click("#resume")
    assert page.locator(".portrait").count() == 2
    page.click("#home")
    page.wait_for_selector("#welcome:not([hidden])")
    page.go_forward()
    page.wait_for_selector("#studio:not([hidden])")


def test_work_can_be_called_off(visit: Visit) -> None:
    page = visit()
    page.route("**/events", lambda route: None)  # an answer that never comes
    with page.expect_request("**/events"):
        page.set_input_files("#file", SAMPLES / "couple.jpg")
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


def test_a_key_is_asked_for(visit: Visit) -> None:
    with serving(api_keys=("a-long-enough-key",)) as guarded:
        page = visit(guarded)
        page.fill("dialog input", "a-long-enough-key")
        page.keyboard.press("Enter")
        page.wait_for_selector(".sample img")


def test_it_fits_360_pixels_and_fingers(visit: Visit) -> None:
    page = visit(width=360, has_touch=True, is_mobile=True)

    def too_wide() -> int:
        return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    widths = [too_wide()]
    give(page, SAMPLES / "couple.jpg")
    widths.append(too_wide())
    for open_tab in (drawn, dressed):
        open_tab(page)
        page.wait_for_selector(".tile .loading", state="detached")
        widths.append(too_wide())
        take = page.locator(".take:not([hidden])").bounding_box()
        assert take["y"] + take["height"] <= 800  # in sight however long the panel is
    assert max(widths) <= 0
    small = page.evaluate(
        """[...document.querySelectorAll("button, select, [type=range], label:has([type=radio])")]
            .filter((node) => node.checkVisibility())
            .filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 24)
            .map((node) => node.outerHTML.slice(0, 100))"""
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def scan(where: str) -> None:
        if rules := serious(page):
            found[where] = rules

    scan("welcome")
    give(page, SAMPLES / "couple.jpg")
    scan("parts")
    drawn(page)
    scan("avatar")
    dressed(page)
    scan("try-on")
    page.click("[name=keep]")
    page.wait_for_selector(".swap >> nth=1")
    scan("outfit")
    page.click(".swap >> nth=0")
    for cloth in ("garment", "worn"):
        pick(page, "cloth", cloth)
        page.wait_for_selector(f"[name=cloth][value={cloth}]:checked")
        scan(cloth)
    assert found == {}


def test_the_first_load_is_small(visit: Visit) -> None:
    sizes: dict[str, int] = {}
    for locale in ("en-US", "zh-CN"):
        page = visit(locale=locale)
        names = page.evaluate("performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname)")
        files = {STATIC / name.removeprefix("/static/") for name in names if name.startswith("/static/")}
        assert len(files) > 10
        files |= {STATIC / "index.html", STATIC / "logo.svg", STATIC / "icons.svg"}
        sizes[locale] = sum(_compressed(path) for path in files)
    assert max(sizes.values()) <= MOST_BYTES, sizes


def _compressed(path: Path) -> int:
    data = path.read_bytes()
    return len(data) if path.suffix == ".webp" else len(gzip.compress(data))


def test_the_files_are_strict() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    for path in files:
        if path.suffix != ".webp":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for key in re.findall(r'data-t(?:-label)?="([^"]+)"', page):
        assert re.search(rf'[\s"]{re.escape(key)}"?:\s+"', (STATIC / "js/en.js").read_text(encoding="utf-8"))
