"""What the tests of the web page share: the service on a port of its own, and hands for the page."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from PIL import Image

from dressform.assets import asset_path

SAMPLES = asset_path("samples")
WAIT = 60_000  # ms; a busy machine is slow

Visit = Callable[..., Any]


@contextmanager
def serving(**settings: Any) -> Iterator[str]:
    """The service on a free port; gives its address."""
    from dressform.api.app import create_app
    from dressform.api.settings import Settings

    made = create_app(Settings(**{"workers": 2, "rate_limit": "", "log_format": "none", **settings}))
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        for _ in range(600):
            if server.started:
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(30)


def give(page: Any, photo: Path | dict[str, Any]) -> None:
    """Choose a photo and wait for its people."""
    page.set_input_files("#file", photo)
    page.wait_for_selector("#panel-parts > *")


def drawn(page: Any) -> None:
    page.click("#tab-avatar")
    page.wait_for_selector(".easel img:not([hidden])")


def dressed(page: Any) -> None:
    page.click("#tab-tryon")
    page.wait_for_selector(".after:not([hidden])")


def pick(page: Any, name: str, value: str) -> None:
    """Choose one of several radios, which lie below what they look like."""
    page.locator(f"input[name={name}][value='{value}']").evaluate("radio => radio.click()")


def taken(page: Any, tab: str, file: str = "") -> bytes:
    """Bytes of the file that a tab's button downloads."""
    if file:
        page.select_option(f"#take-{tab} select >> nth=0", file)
    with page.expect_download() as waiting:
        page.click(f"#take-{tab} .primary")
    return Path(waiting.value.path()).read_bytes()


_LOOK = "document.querySelector('.after').toDataURL('image/jpeg', 0.5)"


def after(page: Any) -> str:
    """What is seen of the new clothes."""
    return str(page.evaluate(_LOOK))


def changed(page: Any, before: str) -> str:
    """Wait until something else is seen."""
    page.wait_for_function(f"before => {_LOOK} !== before", arg=before)
    return after(page)


def painted(color: tuple[int, int, int], kind: str = "PNG") -> dict[str, Any]:
    stream = io.BytesIO()
    Image.new("RGB", (320, 240), color).save(stream, kind)
    return {"name": f"x.{kind.lower()}", "mimeType": f"image/{kind.lower()}", "buffer": stream.getvalue()}


def send(page: Any, event: str, photo: bytes, place: str = "body") -> None:
    """A drop or a paste of a file somewhere on the page."""
    page.evaluate(
        """([event, bytes, place]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "x.jpg", { type: "image/jpeg" }));
            const made = event === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
                : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
            document.querySelector(place).dispatchEvent(made);
        }""",
        [event, list(photo), place],
    )


def serious(page: Any) -> list[tuple[str, list[str]]]:
    """Serious findings of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = axe.run(page).response["violations"]
    return [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in rules
        if rule["impact"] in ("serious", "critical")
    ]
