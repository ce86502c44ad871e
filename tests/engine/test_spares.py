"""Directories made ahead are those that would have been made, and never hold anything old."""

import os
import stat
from pathlib import Path

import pytest

from runyard.engine.spares import Spares
from runyard.engine.workspace import Layout, Workspaces


@pytest.fixture
def spaces(tmp_path: Path) -> Workspaces:
    for name in ("work", "state", "spool"):
        (tmp_path / name).mkdir()
    return Workspaces(tmp_path / "work", tmp_path / "state")


def prepared(spaces: Workspaces, run_id: str, attempt: int = 1) -> Layout:
    layout = spaces.layout(run_id, attempt, "main.py")
    spaces.prepare(layout, run_id, "pass", b"{}", ())
    return layout


def shape(layout: Layout) -> list[tuple[str, int]]:
    run = layout.base.parent
    return sorted((str(path.relative_to(run)), stat.S_IMODE(path.lstat().st_mode)) for path in (run, *run.rglob("*")))


def test_an_attempt_looks_the_same_with_a_spare_and_without(spaces: Workspaces) -> None:
    plain = prepared(spaces, "run_1")
    before = os.umask(0o077)
    try:
        spaces.spares.stock()
    finally:
        os.umask(before)
    [spare, _spool] = sorted(
        (spaces.uploads("x").parent.parent / ".spare").iterdir(), key=lambda path: -len(list(path.iterdir()))
    )
    inode = spare.stat().st_ino
    taken = prepared(spaces, "run_2")
    assert taken.base.parent.stat().st_ino == inode
    assert shape(taken) == shape(plain)
    # It was the only one.
    assert shape(prepared(spaces, "run_3")) == shape(plain)


def test_who_has_uploads_or_another_attempt_makes_its_own(spaces: Workspaces) -> None:
    spaces.spares.stock()
    spaces.uploads("run_1").mkdir(parents=True)
    (spaces.uploads("run_1") / "a.txt").write_text("hello")
    first = prepared(spaces, "run_1")
    assert (first.files / "a.txt").read_text() == "hello"
    second = prepared(spaces, "run_1", 2)
    assert (first.base.exists(), second.base.exists()) == (True, True)
    # It is still there for the next.
    assert spaces.spares.take_run(first.base.parent.parent / "run_2")


def test_a_spool_is_never_taken_twice(tmp_path: Path) -> None:
    spares = Spares(tmp_path)
    spares.stock()
    place = tmp_path / "run_1.1"
    spares.take_spool(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    spares.stock()
    with pytest.raises(FileExistsError):
        spares.take_spool(place)
    spares.take_spool(tmp_path / "run_2.1")
    spares.take_spool(tmp_path / "run_3.1")
    assert stat.S_IMODE((tmp_path / "run_3.1").stat().st_mode) == 0o700


def test_a_new_life_begins_afresh(tmp_path: Path) -> None:
    Spares(tmp_path).stock()
    left = set((tmp_path / ".spare").iterdir())
    spares = Spares(tmp_path)
    spares.restock()
    assert len(left) == 2
    assert left.isdisjoint((tmp_path / ".spare").iterdir())


def test_spares_that_were_cleared_away_or_can_not_be_made_hold_nobody_up(spaces: Workspaces, tmp_path: Path) -> None:
    spaces.spares.stock()
    for path in (tmp_path / "work" / ".spare").rglob("*"):
        path.rename(tmp_path / path.name) if path.parent.name == ".spare" else None
    assert prepared(spaces, "run_1").entry.read_text() == "pass"
    (tmp_path / "work" / ".spare").rmdir()
    (tmp_path / "work" / ".spare").write_text("a file, where a directory is wanted")
    spaces.spares.stock()
    assert prepared(spaces, "run_2").entry.read_text() == "pass"
