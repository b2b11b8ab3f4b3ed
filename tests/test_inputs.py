from __future__ import annotations

import os
from pathlib import Path

import pytest

from dressform.api.inputs import check_collisions, find_photos
from dressform.parsing import ImageReadError, OptionError, OutputError

SUFFIXES = frozenset({".jpg", ".png"})


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def targets(*arguments: object, **options: object) -> list[str]:
    return [photo.target for photo in find_photos([str(a) for a in arguments], SUFFIXES, **options)]  # type: ignore[arg-type]


def test_tree_is_mirrored_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b.JPG", "a/x.jpg", "a/b/y.png", "a/notes.txt", ".hidden.jpg", ".git/z.jpg", "dots.in.name.png")
    assert targets(tmp_path) == ["b", "dots.in.name", "a/x", "a/b/y"]
    assert targets(tmp_path, recursive=False) == ["b", "dots.in.name"]


def test_output_folder_inside_is_passed_over(tmp_path: Path) -> None:
    tree(tmp_path, "x.jpg", "out/x.overlay.jpg")
    assert targets(tmp_path, out=tmp_path / "out") == ["x"]
    with pytest.raises(OutputError, match="among the photos"):
        targets(tmp_path, out=tmp_path / "out" / "..")


def test_file_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    tree(tmp_path, "photo.bin", ".hidden.jpg")
    assert targets(tmp_path / "photo.bin", tmp_path / ".hidden.jpg") == ["photo", ".hidden"]


def test_each_file_once(tmp_path: Path) -> None:
    tree(tmp_path, "x.jpg")
    assert targets(tmp_path / "x.jpg", tmp_path, tmp_path / "x.jpg") == ["x"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links(tmp_path: Path) -> None:
    tree(tmp_path, "in/a/x.jpg", "elsewhere/y.jpg")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "a" / "up").symlink_to("..")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "broken.jpg").symlink_to("nowhere")
    assert targets(tmp_path / "in") == ["a/x", "link/y"]


def test_missing_and_empty(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no such file"):
        targets(tmp_path / "nothing.jpg")
    with pytest.raises(ImageReadError, match=r"no photos.*\.jpg, \.png"):
        targets(tree(tmp_path, "readme.txt"))


def test_stem(tmp_path: Path) -> None:
    tree(tmp_path, "x.jpg", "y.jpg")
    assert targets("-") == ["stdin"] and targets("-", stem="me") == ["me"]
    assert targets(tmp_path / "x.jpg", stem="me") == ["me"]
    with pytest.raises(OptionError, match="--stem"):
        targets(tmp_path, stem="me")
    with pytest.raises(OptionError, match="standard input"):
        targets("-", "-")


@pytest.mark.parametrize("names", [("x.jpg", "x.png"), ("x.jpg", "X.png"), ("a/é.jpg", "a/e\u0301.png")])
def test_collisions_are_named(tmp_path: Path, names: tuple[str, str]) -> None:
    tree(tmp_path, *names, "fine.jpg")
    with pytest.raises(OutputError) as caught:
        check_collisions(find_photos([str(tmp_path)], SUFFIXES))
    assert all(name in str(caught.value) for name in names) and "fine" not in str(caught.value)


def test_collision_of_two_folders(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{folder}/{k}.jpg" for folder in "ab" for k in range(7)))
    with pytest.raises(OutputError, match="and 2 more"):
        check_collisions(find_photos([str(tmp_path / "a"), str(tmp_path / "b")], SUFFIXES))
    check_collisions(find_photos([str(tmp_path)], SUFFIXES))
