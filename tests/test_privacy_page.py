"""What the web page leaves in a browser: PRIVACY.md's words about it, in a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web_browser import WAIT, drawn, give, serving

from dressform.assets import asset_path

pytest_plugins = ("web_fixtures",)
KEY = "a-key-of-this-service"
KEPT = """async () => ({
    local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: self.caches ? (await caches.keys()).length : 0,
    workers: navigator.serviceWorker ? (await navigator.serviceWorker.getRegistrations()).length : 0,
})"""


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    found = browser.new_context(locale="en-US")
    found.set_default_timeout(WAIT)
    yield found
    found.close()


def test_what_the_browser_keeps(context: Any) -> None:
    nothing = {"local": {}, "session": {}, "cookies": "", "databases": 0, "caches": 0, "workers": 0}
    with serving(api_keys=(KEY,)) as address:
        asked: list[str] = []
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.fill("dialog input", KEY)
        page.keyboard.press("Enter")
        page.wait_for_selector(".sample img")
        give(page, asset_path("samples", "couple.jpg"))
        drawn(page)
        assert page.evaluate(KEPT) | {"local": {}} == nothing and context.cookies() == []
        page.click("#language")
        page.wait_for_selector("html[lang|=zh]", state="attached")
        assert page.evaluate(KEPT) == {**nothing, "local": {"language": "zh"}}
        page.close()
        again = context.new_page()
        again.goto(address)
        again.wait_for_selector("dialog input")  # the key was the tab's
        assert all(url.startswith((address, "blob:", "data:")) for url in asked)
        assert not any(KEY in url for url in asked)
