"""The service and Chromium for the tests of the web page; they are skipped where there is no Chromium to drive."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from web_browser import WAIT, Visit, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Visit]:
    """Opens the page; at the end nothing may have been said on the console or asked of anybody else."""
    contexts, troubles = [], []

    def open_page(at: str = address, width: int = 1280, **options: Any) -> Any:
        options = {"viewport": {"width": width, "height": 800}, "locale": "en-US", **options}
        context = browser.new_context(**options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        # A refused request is the answer that a test waits for, and browsers report it by themselves.
        page.on("console", lambda told: told.type in ("error", "warning")
                and "Failed to load resource" not in told.text and troubles.append(told.text))  # fmt: skip
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((at, "blob:", "data:")) or troubles.append(asked.url))
        page.goto(at)
        page.wait_for_selector(".sample img" if at == address else "body")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles
