"""Files in watched folders: which are meant, and what leads nowhere."""

import os
import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.errors import Problem
from runyard.jobs.watching import (
    FileChanged,
    FileRefused,
    FolderMissing,
    FolderRefused,
    Folders,
    depth,
    look,
    matches,
    opened,
    prefix,
    reading,
)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("*", "a.csv", True),
        ("*", ".hidden", False),
        (".*", ".hidden", True),
        ("*", "in/a.csv", False),
        ("*.csv", "a.csv", True),
        ("*.csv", "a.CSV", False),
        ("*.[cC][sS][vV]", "a.CSV", True),
        ("data-?.csv", "data-1.csv", True),
        ("data-?.csv", "data-10.csv", False),
        ("in/*.csv", "in/a.csv", True),
        ("in/*.csv", "in/more/a.csv", False),
        ("*/a.csv", ".git/a.csv", False),
        ("**/*.csv", "a.csv", True),
        ("**/*.csv", "x/y/z/a.csv", True),
        ("**/*.csv", "x/.y/a.csv", False),
        ("in/**", "in/x/y", True),
        ("in/**", "in/.y", False),
        ("**", "x/y", True),
        ("**/in/*.csv", "x/in/a.csv", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/b", True),
        ("a/**/b", "a/x/c", False),
        ("/in/*", "in/a", True),
        ("[", "[", True),
    ],
)
def test_what_a_pattern_means(pattern: str, path: str, meant: bool) -> None:  # noqa: FBT001 - a case
    assert matches(pattern, path) is meant


NAMES = st.lists(st.text(alphabet="ab.*?", min_size=1, max_size=5), min_size=1, max_size=5)


@given(NAMES, st.lists(st.text(alphabet="ab", min_size=1, max_size=4), min_size=1, max_size=5))
def test_as_a_regular_expression_would_have_it(pattern: list[str], path: list[str]) -> None:
    signs = {"*": "[^/]*", "?": "[^/]", ".": r"\."}
    parts = [
        "(?:[^/]+/)*" if part == "**" else "".join(signs.get(sign, sign) for sign in part) + "/" for part in pattern
    ]
    if pattern[-1] == "**":
        parts[-1] = "(?:[^/]+/)+" if len(pattern) == 1 else "(?:[^/]+/)*"
    wanted = re.fullmatch("".join(parts), "/".join(path) + "/") is not None
    assert matches("/".join(pattern), "/".join(path)) is wanted


def test_no_pattern_takes_long() -> None:
    assert not matches("*a" * 200 + "*b", "a" * 400)
    assert not matches("/".join(["**", "*"] * 100) + "/b", "/".join(["a"] * 40))


@pytest.mark.parametrize(
    ("pattern", "begins", "folders"),
    [("*", "", 0), ("in/*.csv", "in/", 1), ("a/b.csv", "a/b.csv", 1), ("in/**", "in/", 20), ("x[1]/*/y", "x", 2)],
)
def test_where_to_look(pattern: str, begins: str, folders: int) -> None:
    assert (prefix(pattern), depth(pattern)) == (begins, folders)


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """An allowed folder with files in it, and a secret beside it."""
    folder = tmp_path / "drop"
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("a")
    (folder / "in" / "b.csv").write_text("bb")
    (folder / "in" / "deep" / "c.csv").write_text("ccc")
    (folder / "in" / "d.txt").write_text("d")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.csv").write_text("s")
    (folder / "link.csv").symlink_to(tmp_path / "secret" / "s.csv")
    (folder / "linked").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.csv")
    return folder


def seen(folder: Path | str, roots: list[Path], pattern: str = "**/*.csv", most: int = 100) -> list[str]:
    with opened(str(folder), Folders(tuple(roots))) as place:
        return sorted(found.path for found in look(place, pattern, most).found)


def test_files_are_found_and_neither_links_nor_pipes(yard: Path) -> None:
    assert seen(yard, [yard]) == ["a.csv", "in/b.csv", "in/deep/c.csv"]
    assert seen(yard / "in", [yard], "*") == ["b.csv", "d.txt"]
    assert seen(yard, [yard.parent, yard], "*") == ["a.csv"]


def test_not_more_names_are_looked_at_than_that(yard: Path) -> None:
    for n in range(50):
        (yard / f"{n}.csv").touch()
    with opened(str(yard), Folders((yard,))) as place:
        few, all_ = look(place, "*.csv", 20), look(place, "*.csv", 1000)
    assert (few.more, all_.more) == (True, False)
    assert (len(few.found) <= 20, len(all_.found)) == (True, 51)


@pytest.mark.parametrize(
    ("folder", "wrong"),
    [
        ("/etc", FolderRefused),
        ("{root}/../secret", FolderRefused),
        ("{root}x", FolderRefused),
        ("drop", FolderRefused),
        ("{root}\0", FolderRefused),
        ("{root}/linked", FolderMissing),
        ("{root}/none", FolderMissing),
        ("{root}/a.csv", FolderMissing),
        ("{root}/pipe.csv", FolderMissing),
    ],
)
def test_folders_that_lead_elsewhere(yard: Path, folder: str, wrong: type[Problem]) -> None:
    with pytest.raises(wrong):
        seen(folder.format(root=yard), [yard])


def test_nothing_may_be_watched_where_nothing_is_allowed(yard: Path) -> None:
    with pytest.raises(FolderRefused):
        seen(yard, [])
    with pytest.raises(FolderRefused, match="own data"), opened(str(yard), Folders((yard,), (yard / "data",))):
        pass
    with pytest.raises(FolderRefused, match="own data"), opened(str(yard / "in"), Folders((yard,), (yard,))):
        pass


def test_a_folder_that_leads_to_our_own_data_is_refused_once_it_is_followed(yard: Path) -> None:
    (yard.parent / "short").symlink_to(yard)
    folders = Folders((yard.parent / "short",), (yard / "in",))
    assert folders.demand(str(yard.parent / "short")) == yard.parent / "short"
    with pytest.raises(FolderRefused, match="own data"), opened(str(yard.parent / "short" / "in"), folders):
        pass


def test_an_allowed_folder_may_itself_be_a_link(yard: Path) -> None:
    (yard.parent / "short").symlink_to(yard)
    assert seen(yard.parent / "short", [yard.parent / "short"], "*.csv") == ["a.csv"]


def test_a_file_is_read_as_it_was_seen(yard: Path) -> None:
    with ExitStack() as stack:
        place = stack.enter_context(opened(str(yard), Folders((yard,))))
        found = {each.path: each for each in look(place, "**/*.csv", 100).found}
        with reading(place, found["in/deep/c.csv"]) as file:
            assert file.read() == b"ccc"
        assert len({each.key for each in found.values()}) == 3
        with pytest.raises(FileChanged), reading(place, found["a.csv"]) as file:
            (yard / "a.csv").write_text("another")
        (yard / "in" / "b.csv").unlink()
        (yard / "in" / "b.csv").symlink_to(yard.parent / "secret" / "s.csv")
        with pytest.raises(FileChanged), reading(place, found["in/b.csv"]):
            pass
        # Somebody swaps a folder for a link to where they may not look.
        (yard / "in" / "deep").rename(yard / "away")
        (yard / "in" / "deep").symlink_to(yard.parent / "secret")
        with pytest.raises(FolderMissing), reading(place, found["in/deep/c.csv"]):
            pass


def test_a_file_with_other_names_is_refused(yard: Path) -> None:
    os.link(yard.parent / "secret" / "s.csv", yard / "h.csv")
    with opened(str(yard), Folders((yard,))) as place:
        [found] = look(place, "h.csv", 100).found
        with pytest.raises(FileRefused, match="hard links"), reading(place, found):
            pass
