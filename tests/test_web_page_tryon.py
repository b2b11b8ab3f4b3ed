"""The try-on tab of the web page in a real browser on the real server."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from web_browser import SAMPLES, Visit, after, changed, dressed, give, painted, pick, send, taken

pytest_plugins = ("web_fixtures",)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of one person, small enough to be quick."""
    path = tmp_path_factory.mktemp("photos") / "standing.png"
    with Image.open(SAMPLES / "full-body.webp") as photo:
        photo.convert("RGB").resize((440, 660)).save(path)
    return path


def _difference(photo: Path, made: bytes) -> Any:
    """(h, w) bool: where the file differs clearly from the photo, which is of the same size."""
    old = np.asarray(Image.open(photo).convert("RGB"), int)
    new = np.asarray(Image.open(io.BytesIO(made)).convert("RGB"), int)
    assert new.shape == old.shape
    return np.abs(new - old).max(axis=2) > 20


def _spot(page: Any, person: int, part: str) -> tuple[float, float]:
    """A place in the window where the try-on's photo shows a part of somebody."""
    x, y = page.evaluate(
        """async ([person, part]) => {
            const [{ mapOf }, { session }] = await Promise.all([import("/static/js/masks.js"),
                import("/static/js/session.js")]);
            const map = mapOf(session.parse);
            const id = session.parse.legend.find((each) => each.name === part).id;
            const spots = [...map.parts.keys()].filter((i) => map.parts[i] === id && map.people[i] === person);
            const at = spots[Math.floor(spots.length / 2)];
            const box = document.querySelector("#view-tryon .compare").getBoundingClientRect();
            return [box.left + (((at % map.width) + 0.5) / map.width) * box.width,
                box.top + ((Math.floor(at / map.width) + 0.5) / map.height) * box.height];
        }""",
        [person, part],
    )
    return x, y


def test_new_clothes_follow_the_sliders_and_come_out_in_full_size(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
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
    page.focus("input[name=repeat]")
    page.keyboard.press("ArrowRight")
    changed(page, shown)
    assert page.get_attribute("input[name=repeat]", "aria-valuetext").endswith("cm")
    share = _difference(standing, taken(page, "tryon")).mean()
    assert 0.01 < share < 0.5
    assert Image.open(io.BytesIO(taken(page, "tryon", "layer"))).mode == "RGBA"


def test_the_bar_is_dragged_and_a_click_beside_it_chooses_a_garment(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
    dressed(page)
    shown = after(page)
    x, y = _spot(page, 1, "pants")
    page.mouse.move(x, y)
    assert "Bottom" in page.inner_text("#view-tryon .tip")
    page.mouse.click(x, y)
    page.wait_for_selector("[name=region][value=lower]:checked")
    changed(page, shown)
    before = page.input_value("input.wipe")
    box = page.locator("#view-tryon .compare").bounding_box()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=4)
    page.mouse.up()
    assert before != page.input_value("input.wipe") == "90"
    assert page.is_checked("[name=region][value=lower]")


def test_a_print_and_a_colour(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
    dressed(page)
    shown = after(page)
    pick(page, "cloth", "color")
    changed(page, shown)
    pick(page, "cloth", "print")
    page.wait_for_selector(".after", state="hidden")
    page.set_input_files("#panel-tryon input[type=file]", painted((220, 30, 60)))
    page.wait_for_selector(".after:not([hidden])")


def test_artwork_is_dropped_on_its_place_and_is_no_new_photo(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
    dressed(page)
    pick(page, "cloth", "print")
    page.wait_for_selector(".after", state="hidden")
    send(page, "drop", painted((220, 30, 60))["buffer"], ".give .muted")
    page.wait_for_selector(".given")
    page.wait_for_selector(".after:not([hidden])")


def test_two_garments_in_one_picture(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
    dressed(page)
    top = _difference(standing, taken(page, "tryon"))
    page.click("[name=keep]")
    page.wait_for_selector(".swap >> nth=1")
    assert page.evaluate("document.activeElement.name") == "region"
    shown = after(page)
    pick(page, "region", "lower")
    page.wait_for_selector("[name=cloth]")
    both = changed(page, shown)
    pick(page, "cloth", "color")
    changed(page, both)
    assert page.locator(".swap").count() == 2
    assert page.is_disabled("[name=region][value=outfit]")
    with page.expect_request("**/v1/try-on") as asked:
        made = taken(page, "tryon")
    sent = asked.value.post_data or ""
    assert "swaps" in sent
    new = _difference(standing, made)
    assert (new & top).sum() > 0.98 * top.sum()
    assert new.sum() > 1.2 * top.sum()
    page.click(".swap >> nth=0")
    page.wait_for_selector("[name=region][value=upper]:checked")
    page.wait_for_selector(".swap[aria-pressed=true] >> text=Top")
    shown = after(page)
    page.click("[aria-label='Take off: Bottom']")
    changed(page, shown)
    assert page.locator(".swap").count() == 0
    assert np.array_equal(_difference(standing, taken(page, "tryon")), top)


def test_what_somebody_else_wears(visit: Visit, standing: Path) -> None:
    page = visit()
    photo = SAMPLES / "couple.jpg"
    give(page, photo)
    dressed(page)
    pick(page, "cloth", "worn")
    page.wait_for_selector(".after", state="hidden")
    page.locator("input[name=from]:not(:checked)").last.evaluate("radio => radio.click()")
    page.wait_for_selector(".after:not([hidden])")
    shown = after(page)
    page.set_input_files("#panel-tryon input[type=file]", standing)
    page.wait_for_selector("input[name=from][value='there 1']:checked")
    changed(page, shown)
    assert _difference(photo, taken(page, "tryon")).mean() > 0.01


def test_a_large_photo_comes_out_in_its_full_size(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    with Image.open(SAMPLES / "couple.jpg") as small:
        small.resize((2100, 1396)).save(tmp_path / "large.jpg")
    give(page, tmp_path / "large.jpg")
    dressed(page)
    assert Image.open(io.BytesIO(taken(page, "tryon", "jpeg"))).size == (2100, 1396)


def test_a_garment_that_does_not_fit_is_told(visit: Visit, standing: Path) -> None:
    page = visit()
    give(page, standing)
    dressed(page)
    pick(page, "cloth", "garment")
    page.wait_for_selector(".after", state="hidden")
    told = {"code": "cannot-do", "title": "This cannot be done", "status": 422, "remedy": "lay it flat",
            "detail": "no garment in the photo"}  # fmt: skip
    page.route("**/drape", lambda route: route.fulfill(status=422, body=json.dumps(told)))
    page.set_input_files("#panel-tryon input[type=file]", painted((220, 30, 60)))
    page.wait_for_selector("#notice:has-text('No garment in the photo.')")
    assert "Lay it flat." in page.inner_text("#notice")
