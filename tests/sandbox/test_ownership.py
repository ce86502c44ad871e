import os
from pathlib import Path

import pytest

from runyard.sandbox.ownership import give
from runyard.sandbox.problems import TreeTooDeep

OWNER = 64_123

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away"),
]


def test_the_whole_tree_is_given_but_nothing_outside(tmp_path: Path) -> None:
    outside, state = tmp_path / "outside", tmp_path / "state"
    outside.mkdir()
    (outside / "key").write_text("k")
    (state / "a/b").mkdir(parents=True)
    (state / "a/b/file").write_text("x")
    (state / "link").symlink_to(outside)
    (state / "hard").hardlink_to(outside / "key")
    os.mkfifo(state / "pipe")
    give((state,), OWNER)
    for name in (".", "a", "a/b", "a/b/file", "link", "pipe"):
        assert (state / name).lstat().st_uid == (state / name).lstat().st_gid == OWNER
    assert outside.stat().st_uid == (outside / "key").stat().st_uid == 0


def test_a_link_in_place_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="state"):
        give((tmp_path / "state",), OWNER)
    assert (tmp_path / "real").stat().st_uid == 0


def test_a_nest_too_deep_is_named(tmp_path: Path) -> None:
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(300):
            os.mkdir("d")  # noqa: PTH102 - relative on purpose: the whole path would be too long
            os.chdir("d")
    finally:
        os.chdir(before)
    with pytest.raises(TreeTooDeep):
        give((tmp_path,), OWNER)


def test_nobody_means_nothing(tmp_path: Path) -> None:
    give((tmp_path / "not there",), None)
