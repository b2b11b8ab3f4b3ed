"""The web page in Chinese: nothing that the page or the service says is left in English."""

from __future__ import annotations

import json
from typing import Any

from web_browser import SAMPLES, Visit, give

pytest_plugins = ("web_fixtures",)

NOTES = (
    "the garment has no sleeve on the left, the person wears one",
    "length of the body: only 71% of the garment's is seen, what is worn is shorter",
    "leg on the right: the garment covers 80% of what is worn, stretched by 30%",
    "neckline: the worn one is deeper than the garment's",
    "12% of what is worn lies where the garment has no cloth; its colour goes on there",
    "the garment's sleeves are left out, the person wears none",
    "reduced from 9000×9000 to 4096×4096 pixels",
)


def _tables(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """async () => {
            const from = (name) => import(`/static/js/${name}.js`);
            const [{ en }, { zh }, { problems }] = await Promise.all(["en", "zh", "zh-problems"].map(from));
            return { en, zh, problems };
        }"""
    )
    return found


def test_every_text_has_a_translation(visit: Visit) -> None:
    page = visit(locale="zh-CN")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert "照片" in page.inner_text("h1")
    tables = _tables(page)
    assert set(tables["en"]) - set(tables["zh"]) - set(tables["problems"]) == set()
    assert not set(tables["zh"]) & set(tables["problems"])


def test_every_problem_has_a_title_and_a_remedy(visit: Visit) -> None:
    page = visit(locale="zh-CN")
    listed = page.evaluate("fetch('/v1/problems').then((reply) => reply.json())")
    codes = [each["code"] for each in listed["problems"]]
    assert len(codes) >= 30
    problems = _tables(page)["problems"]
    assert [code for code in codes if f"e.{code}" not in problems or f"r.{code}" not in problems] == []


def test_sentences_of_the_service(visit: Visit) -> None:
    page = visit(locale="zh-CN")
    heard = page.evaluate(
        "async (notes) => { const { said } = await import('/static/js/zh-said.js'); return notes.map(said); }",
        list(NOTES),
    )
    for note, text in zip(NOTES, heard, strict=True):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), note
        assert not any(word in text for word in ("the ", "of ", "is ", "undefined", "$")), text
    assert page.evaluate("import('/static/js/zh-said.js').then(({ said }) => said('unheard of'))") == "unheard of"


def test_problems_and_steps_are_shown_in_chinese(visit: Visit) -> None:
    page = visit(locale="zh-CN")
    job = {"id": "1", "status": "running", "progress": 0.5, "step": "measuring"}
    page.route("**/events", lambda route: route.fulfill(body=f"event: status\ndata: {json.dumps(job)}\n\n"))
    page.set_input_files("#file", SAMPLES / "couple.jpg")
    page.wait_for_selector("#notice:has-text('无法连接服务器')")
    page.unroute("**/events")
    give(page, SAMPLES / "couple.jpg")
    told = {"code": "cannot-do", "title": "x", "status": 422, "detail": "no sense in it", "remedy": "wait"}
    page.route("**/v1/avatar", lambda route: route.fulfill(status=422, body=json.dumps(told)))
    page.click("#tab-avatar")
    page.wait_for_selector("#notice:has-text('这样做不了')")
    text = page.inner_text("#notice")
    assert "请稍候。" in text
    assert "No sense in it." in text  # what nobody translated is shown as it came


def test_the_language_is_changed_in_the_studio(visit: Visit) -> None:
    page = visit()
    give(page, SAMPLES / "couple.jpg")
    page.click("#language")
    page.wait_for_selector("#panel-parts h2:has-text('2 个人')")
    assert page.locator(".portrait span").first.inner_text() == "人物 1"
