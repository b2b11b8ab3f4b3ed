"""Check an installed ``dressform serve``: the page with all its files, one photo through it, and an orderly end.

Usage: check_serve.py DRESSFORM PHOTO
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

LINKS = re.compile(r"""(?:href|src)=["']([^"'#]+)|(?:from|import\()\s*["'](\./[^"']+)|url\(["']?([^"')#]+)""")


def get(url: str, body: bytes | None = None) -> bytes:
    """What is there; with a body, what is answered to a photo."""
    request = urllib.request.Request(url, body, {"Content-Type": "image/jpeg"} if body else {})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return bytes(reply.read())


def crawl(base: str) -> set[str]:
    """Addresses of the page and of everything that it names, which must all be there."""
    left, seen = {base}, set()
    while left:
        url = left.pop()
        seen.add(url)
        data = get(url)
        if not url.endswith((".webp", ".png", ".jpg")):
            found = {urljoin(url, next(filter(None, groups))) for groups in LINKS.findall(data.decode())}
            left |= {one for one in found if one.startswith(base) and one not in seen}
    return seen


def wait(base: str, process: subprocess.Popen[bytes]) -> None:
    """Until the service is ready."""
    for _ in range(600):
        try:
            get(f"{base}health/ready")
            return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "the service ended by itself"
            time.sleep(0.1)
    raise TimeoutError("the service is not ready after a minute")


def main(command: str, photo: str) -> None:
    """Run all checks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen([command, "serve", "--port", str(port), "--quiet"])
    try:
        wait(base, process)
        files = crawl(base)
        assert len([url for url in files if url.endswith(".js")]) > 5, f"the page lacks files: {sorted(files)}"
        people = json.loads(get(f"{base}v1/parse", Path(photo).read_bytes()))["people"]
        assert people, "nobody was found in the photo"
        process.terminate()
        assert process.wait(60) in (0, -15), f"the service ended with {process.returncode}"
    finally:
        process.kill()
    print(f"serve: page and {len(files) - 1} files, {len(people)} people")


if __name__ == "__main__":
    main(*sys.argv[1:])
