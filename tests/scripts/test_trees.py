"""Paths of a project's files, and the names of a library's modules."""

import pytest

from runyard.scripts import modules, trees
from runyard.scripts.errors import BadTree


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("main.py", None),
        ("a/b c/ü.txt", None),
        ("/".join(["d"] * 30), None),
        ("/etc/passwd", "not relative"),
        ("a\\b", "not relative"),
        ("C:x", "not relative"),
        ("a/../../b", "leads out"),
        ("", "no path of a file"),
        ("a//b", "no path of a file"),
        ("./a", "no path of a file"),
        ("a/", "no path of a file"),
        ("a\nb", "control characters"),
        ("a\udc80", "control characters"),
        ("/".join(["d"] * 31), "too long or too deep"),
        ("x" * 256, "too long or too deep"),
        ("/".join(["x" * 200] * 3), "too long or too deep"),
    ],
)
def test_paths(path: str, said: str | None) -> None:
    trouble = trees.path_trouble(path)
    assert (trouble is None) == (said is None)
    if trouble is not None and said is not None:
        assert said in trouble
        assert trouble.isprintable()


def test_files_come_in_order_and_none_is_a_folder_too() -> None:
    assert list(trees.checked({"b": b"", "a/c": b"", "a/b": b""})) == ["a/b", "a/c", "b"]
    with pytest.raises(BadTree, match="both a file and a folder"):
        trees.checked({"a": b"", "a/b": b""})
    with pytest.raises(BadTree, match="leads out"):
        trees.checked({"../a": b""})


@pytest.mark.parametrize(
    ("count", "size", "said"),
    [(trees.MOST_FILES, trees.MOST_BYTES, ""), (trees.MOST_FILES + 1, 0, "2000 files"), (1, 2**25 + 1, "32 MiB")],
)
def test_bounds(count: int, size: int, said: str) -> None:
    if not said:
        trees.demand_size(count, size)
        return
    with pytest.raises(BadTree, match=said):
        trees.demand_size(count, size)


@pytest.mark.parametrize(
    ("path", "is_skipped"),
    [(".git/config", True), ("a/node_modules/b", True), ("a.pyc", True), ("git/a.py", False), ("a.git", False)],
)
def test_what_is_no_source(path: str, *, is_skipped: bool) -> None:
    assert trees.skipped(path) is is_skipped


@pytest.mark.parametrize(
    ("paths", "bare"),
    [
        (["p/a", "p/b/c"], ["a", "b/c"]),
        (["p/a", "q/b"], ["p/a", "q/b"]),
        (["p"], ["p"]),
        (["p/a", "p"], ["p/a", "p"]),
        ([], []),
    ],
)
def test_the_folder_around_all(paths: list[str], bare: list[str]) -> None:
    assert list(trees.without_root(dict.fromkeys(paths, b""))) == bare


def test_the_likeliest_start_comes_first() -> None:
    paths = ["a/main.py", "b.sh", "index.js", "notes.txt", "main.py", "a/z.mjs"]
    assert trees.entries(paths) == ["main.py", "index.js", "b.sh", "a/main.py", "a/z.mjs"]


@pytest.mark.parametrize(
    ("name", "fits"),
    [("a", True), ("_a1", True), ("a" * 64, True), ("a" * 65, False), ("A", False), ("1a", False), ("", False)]
    + [(name, False) for name in ("class", "__init__", "ä", "a-b", "a.b", "a\n")],
)
def test_names_of_modules(name: str, *, fits: bool) -> None:
    assert modules.fits(name) is fits


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("from library import a", True),
        ("import library.a", True),
        ('source "$RUNYARD_LIBRARY/a.sh"', True),
        ("libraries = 1", False),
        ("", False),
    ],
)
def test_who_may_import_from_the_library(text: str, *, mentioned: bool) -> None:
    assert modules.mentions(text) is mentioned
