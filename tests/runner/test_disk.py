"""What a run is found to take of the disk."""

import os
from pathlib import Path

import pytest

from runyard.runner.disk import MIB, DiskWatch


def watch(place: Path, limit: int | None, *, floor: int = 0, pids: tuple[int, ...] = (), **more: object) -> DiskWatch:
    wish = {"limit": limit, "paths": (str(place),), "floor": floor, "owner": None, "shared": (), **more}
    return DiskWatch(wish, lambda: set(pids))


def measured(watching: DiskWatch) -> str | None:
    """Go through one measurement to its end."""
    while True:
        said = watching.step()
        if said is not None or watching._walk is None:
            return said


def fill(path: Path, mib: int) -> None:
    path.write_bytes(os.urandom(mib * MIB))


def test_below_the_limit_nothing_is_said(tmp_path: Path) -> None:
    fill(tmp_path / "a", 2)
    watching = watch(tmp_path, 4 * MIB)
    assert measured(watching) is None
    assert 2 * MIB <= watching.used < 3 * MIB


def test_over_the_limit(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    for name in ("a", "deep/b", "deep/er/c"):
        fill(tmp_path / name, 2)
    said = measured(watch(tmp_path, 5 * MIB))
    assert said is not None
    assert said.endswith("its limit is 5 MiB.")


def test_many_names_of_one_file_count_once(tmp_path: Path) -> None:
    fill(tmp_path / "a", 2)
    for number in range(20):
        os.link(tmp_path / "a", tmp_path / f"a{number}")
    assert measured(watch(tmp_path, 4 * MIB)) is None


def test_empty_files_count_too(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"f{number}").touch()
    assert measured(watch(tmp_path, MIB)) is not None


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    fill(outside / "big", 4)
    (inside / "link").symlink_to(outside)
    (inside / "file").symlink_to(outside / "big")
    assert measured(watch(inside, MIB)) is None


def test_holes_are_not_counted(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert measured(watch(tmp_path, MIB)) is None


def test_files_without_a_name_count(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as file:
        file.write(os.urandom(3 * MIB))
        (tmp_path / "a").unlink()
        assert measured(watch(tmp_path, 2 * MIB, pids=(os.getpid(),))) is not None
        assert measured(watch(tmp_path, 2 * MIB)) is None


def test_a_nest_is_refused(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(210):
        here /= "d"
    here.mkdir(parents=True)
    said = measured(watch(tmp_path, 100 * MIB))
    assert said == "It was ended: its directories are nested more than 200 deep."


def test_what_is_over_is_measured_once_more_from_the_beginning(tmp_path: Path) -> None:
    watching = watch(tmp_path, MIB)
    assert watching.step() is None
    fill(tmp_path / "a", 2)
    assert watching.last() == "It took 2 MiB of the disk; its limit is 1 MiB."
    (tmp_path / "a").unlink()
    assert watching.last() is None
    fill(tmp_path / "b", 17)
    assert watch(tmp_path, None, floor=1 << 60).last() is None


def test_a_full_disk_ends_whoever_has_filled_it(tmp_path: Path) -> None:
    fill(tmp_path / "a", 17)
    said = measured(watch(tmp_path, None, floor=1 << 60))
    assert said is not None
    assert said.startswith("The disk was nearly full")
    (tmp_path / "a").unlink()
    assert measured(watch(tmp_path, None, floor=1 << 60)) is None


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives runs users of their own")
def test_what_its_user_has_in_shared_directories_counts(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    for name, owner in (("mine", 64_001), ("yours", 64_002)):
        fill(shared / name, 2)
        os.chown(shared / name, owner, owner)
    watching = watch(own, 10 * MIB, owner=64_001, shared=(str(shared),))
    assert measured(watching) is None
    assert 2 * MIB <= watching.used < 3 * MIB


def test_it_is_measured_the_more_often_the_nearer_the_limit(tmp_path: Path) -> None:
    fill(tmp_path / "a", 2)
    far, near = watch(tmp_path, 1 << 40), watch(tmp_path, 3 * MIB)
    far.due = near.due = 0.0
    for watching in (far, near):
        assert measured(watching) is None
    assert near.due < far.due


def test_a_place_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    assert measured(watch(tmp_path / "none", MIB)) is None
