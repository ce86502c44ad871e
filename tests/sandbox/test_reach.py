from pathlib import Path

import pytest

from runyard.sandbox.reach import closed_leaf, closed_part


@pytest.fixture
def tree(open_place: Path) -> Path:
    (open_place / "open").mkdir()
    (open_place / "closed").mkdir()
    for name, mode in (
        ("open/tool", 0o755),
        ("open/text", 0o644),
        ("open/secret", 0o600),
        ("closed/tool", 0o755),
        ("open/mine", 0o744),
    ):
        (open_place / name).write_text("")
        (open_place / name).chmod(mode)
    (open_place / "open/in").symlink_to("tool")
    (open_place / "open/out").symlink_to(open_place / "closed" / "tool")
    (open_place / "open/up").symlink_to("../closed/tool")
    (open_place / "open/loop").symlink_to("loop")
    (open_place / "open").chmod(0o755)
    (open_place / "closed").chmod(0o700)
    return open_place


CASES = [
    ("open/tool", True, ""),
    ("open/text", True, ""),
    ("open/in", True, ""),
    ("open", True, ""),
    ("open/secret", True, "open/secret is closed to other users (mode 0600)"),
    ("open/mine", True, "open/mine is closed to other users (mode 0744)"),
    ("closed/tool", True, "closed is closed to other users (mode 0700)"),
    ("open/out", True, "closed is closed to other users (mode 0700)"),
    ("open/up", True, "closed is closed to other users (mode 0700)"),
    ("open/secret", False, ""),
    ("closed", False, ""),
    ("closed/tool", False, "closed is closed to other users (mode 0700)"),
    ("open/none", True, "No such file or directory"),
    ("open/loop", True, "too many links"),
]


@pytest.mark.parametrize(("name", "leaf", "why"), CASES)
def test_the_way_is_walked_link_by_link(tree: Path, name: str, leaf: bool, why: str) -> None:  # noqa: FBT001 - a case
    said = closed_part(tree / name, leaf=leaf)
    assert said.endswith(why) if why else said == ""


@pytest.mark.parametrize(
    ("name", "closed"), [("closed/tool", False), ("closed", True), ("open/secret", True), ("gone", True)]
)
def test_a_leaf_alone(tree: Path, name: str, closed: bool) -> None:  # noqa: FBT001 - a case
    assert bool(closed_leaf(tree / name)) is closed
