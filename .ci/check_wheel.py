"""Compare built packages with the source tree.

Usage: check_wheel.py CHECKOUT DIST SITE_PACKAGES

- The source package holds every file of the checkout.
- The wheel, which was built from the source package, holds every file of the package folders, byte by byte,
  and nothing else: no tests, no caches.
- What ``pip install .`` put into SITE_PACKAGES straight from a checkout is the same as the wheel.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

FOLDERS = ("api", "assets", "avatar", "parsing", "tryon")
ONLY_IN_GIT = {".gitattributes", ".gitignore"}
GENERATED = ("PKG-INFO", "setup.cfg", "dressform.egg-info/")
INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"}


def tracked(checkout: Path) -> set[str]:
    """Files that git knows."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, check=True, capture_output=True, text=True)
    return set(filter(None, run.stdout.split("\0")))


def only(path: Path, pattern: str) -> Path:
    """The one match."""
    found = sorted(path.glob(pattern))
    assert len(found) == 1, f"{len(found)} files match {path / pattern}"
    return found[0]


def same(what: str, got: set[str], expected: set[str]) -> None:
    """Raise AssertionError that names what differs."""
    lines = [f"missing: {name}" for name in sorted(expected - got)] + [
        f"too much: {name}" for name in sorted(got - expected)
    ]
    assert not lines, "\n  ".join([what, *lines])


def check_sdist(path: Path, files: set[str]) -> None:
    """The source package against the files that git knows."""
    with tarfile.open(path) as archive:
        names = {m.name.split("/", 1)[1] for m in archive.getmembers() if m.isfile()}
    same(path.name, {n for n in names if not n.startswith(GENERATED)}, files - ONLY_IN_GIT)


def check_wheel(path: Path, checkout: Path, files: set[str]) -> dict[str, str]:
    """The wheel against the checkout; returns the hash of each of its modules and data files."""
    modules = {f"dressform/{name}": checkout / name for name in files if name.split("/")[0] in FOLDERS}
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        info = next(n for n in names if n.endswith(".dist-info/RECORD")).removesuffix("RECORD")
        same(path.name, names, {*modules, *(info + name for name in INFO)})
        for name, source in modules.items():
            assert archive.read(name) == source.read_bytes(), f"{name} differs from the checkout"
        return hashes(archive.read(f"{info}RECORD").decode())


def hashes(record: str) -> dict[str, str]:
    """Hash by path, of modules and data files in the text of a RECORD."""
    rows = csv.reader(record.splitlines())
    return {row[0]: row[1] for row in rows if row[0].startswith("dressform/") and not row[0].endswith(".pyc")}


def main(checkout: Path, dist: Path, site_packages: Path) -> None:
    """Run all three comparisons."""
    files = tracked(checkout)
    check_sdist(only(dist, "dressform-*.tar.gz"), files)
    wheel = only(dist, "dressform-*.whl")
    built = check_wheel(wheel, checkout, files)
    installed = hashes(only(site_packages, "dressform-*.dist-info/RECORD").read_text(encoding="utf-8"))
    assert installed == built, "installing from the checkout gives other files than the wheel"
    print(f"{wheel.name}: {len(built)} files, {wheel.stat().st_size / 2**20:.1f} MiB, as in the checkout")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
