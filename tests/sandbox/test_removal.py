import os
from pathlib import Path

import pytest

from runyard.sandbox import leftovers
from runyard.sandbox.removal import remove_tree


def nest(top: Path, depth: int) -> None:
    top.mkdir(exist_ok=True)
    here = os.open(top, os.O_RDONLY)
    for number in range(depth):
        os.mkdir("d", dir_fd=here)
        os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


def test_a_nest_deeper_than_any_stack_or_path(tmp_path: Path) -> None:
    nest(tmp_path / "top", 3000)
    assert remove_tree(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_links_pipes_and_closed_directories(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "gold").write_text("gold")
    top = tmp_path / "top"
    (top / "a/b/c").mkdir(parents=True)
    (top / "link").symlink_to(kept)
    (top / "a/link").symlink_to("/")
    (top / "a/b/dangling").symlink_to("nowhere")
    os.mkfifo(top / "a/pipe")
    os.link(kept / "gold", top / "a/b/c/gold")
    for path in (top / "a/b/c", top / "a/b", top / "a"):
        path.chmod(0)
    assert remove_tree(top)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "gold").read_text() == "gold"


def test_a_link_is_not_a_tree(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (tmp_path / "link").symlink_to(kept)
    assert not remove_tree(tmp_path / "link")
    assert kept.is_dir()


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    assert remove_tree(tmp_path / "none")
    assert remove_tree(tmp_path / "none/below")


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives runs users of their own")
def test_leftovers_are_one_users_only(tmp_path: Path) -> None:
    for owner in (64_001, 64_002):
        place = tmp_path / str(owner)
        nest(place, 300)
        (tmp_path / f"link-{owner}").symlink_to("/")
        os.chown(place, owner, owner)
        os.chown(tmp_path / f"link-{owner}", owner, owner, follow_symlinks=False)
    leftovers.remove([str(tmp_path), str(tmp_path / "none")], 64_001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["64002", "link-64002"]
