"""What the tests of the web page share: the service on a port of its own, and hands for the browser."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image


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
    page.wait_for_selector("#panel-avatar .tile .loading", state="detached")


def dressed(page: Any) -> None:
    page.click("#tab-tryon")
    page.wait_for_selector(".after:not([hidden])")


def taken(page: Any, button: str) -> bytes:
    """Bytes of the download that a button starts."""
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_bytes()


def after(page: Any) -> str:
    return str(page.get_attribute(".after", "src"))


def painted(color: tuple[int, int, int], kind: str = "PNG") -> dict[str, Any]:
    stream = io.BytesIO()
    Image.new("RGB", (320, 240), color).save(stream, kind)
    return {"name": f"x.{kind.lower()}", "mimeType": f"image/{kind.lower()}", "buffer": stream.getvalue()}


def send(page: Any, event: str, photo: Path) -> None:
    """A drop or a paste of a file."""
    page.evaluate(
        """([event, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "x.jpg", { type: "image/jpeg" }));
            const made = event === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
                : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(made);
        }""",
        [event, list(photo.read_bytes())],
    )
