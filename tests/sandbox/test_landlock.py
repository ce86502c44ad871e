from pathlib import Path

import pytest

from runyard.sandbox import Request, landlock
from runyard.sandbox.landlock import Landlock
from runyard.sandbox.plan import Mount

READ = 0b1101
DEVICES = 1 << 6 | 1 << 11


def rules(box: Landlock, place: Path, *, own_user: bool = True, hidden: tuple[Path, ...] = ()) -> dict[str, int]:
    mounts = (Mount(place / "ro", place / "ro"), Mount(place / "rw", place / "rw", writable=True))
    for name in ("ro", "rw", "work", "code"):
        (place / name).mkdir(exist_ok=True)
    request = Request("a", ("true",), {}, place / "work", read_only=(place / "code",), mounts=mounts)
    return dict(box.domain(request, own_user=own_user, hidden=hidden, seccomp=None).rules)


@pytest.mark.parametrize(
    ("version", "domain", "outer"),
    [(0, False, False), (2, False, False), (3, True, False), (5, True, False), (6, True, True)],
)
def test_what_each_version_can_hold(tmp_path: Path, version: int, *, domain: bool, outer: bool) -> None:
    box = Landlock(version)
    guard = box.domain(Request("a", ("true",), {}, tmp_path), own_user=True, hidden=(), seccomp=tmp_path / "filter")
    assert (guard.landlock is not None) is domain
    assert guard.seccomp == str(tmp_path / "filter")
    assert (box.outer() is not None) is outer
    if guard.landlock is not None:
        assert len(guard.landlock) == (3 if version >= 6 else 2)
        assert all(rights & ~guard.landlock[0] == 0 for _, rights in guard.rules)


def test_a_run_s_places(tmp_path: Path) -> None:
    found = rules(Landlock(7), tmp_path)
    assert found[str(tmp_path / "code")] == found[str(tmp_path / "ro")] == found["/usr"] == READ
    for place in ("work", "rw"):
        assert found[str(tmp_path / place)] == (1 << 16) - 1 & ~DEVICES
    assert not any(rights & DEVICES for rights in found.values())
    assert "/" not in found
    assert "/home" not in found


def test_what_is_hidden_from_a_run_of_our_own_user(tmp_path: Path) -> None:
    hidden = Path("/usr/share/runyard-data")
    assert "/usr" in rules(Landlock(7), tmp_path, hidden=(hidden,))
    found = rules(Landlock(7), tmp_path, own_user=False, hidden=(hidden,))
    assert "/usr" not in found
    assert "/usr/share" not in found
    assert found["/usr/bin"] == READ
    assert not any(str(hidden).startswith(f"{path}/") or path == str(hidden) for path in found)
    assert "/tmp" in found
    assert "/tmp" not in rules(Landlock(7), tmp_path, own_user=False, hidden=(Path("/tmp/x/data"),))
    assert landlock.shared_closed((Path("/tmp/x/data"),)) == ("/tmp",)


def test_a_file_gets_only_what_files_can_have(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    mount = Mount(tmp_path / "file", tmp_path / "file", writable=True)
    guard = Landlock(7).domain(
        Request("a", ("true",), {}, tmp_path, mounts=(mount,)), own_user=True, hidden=(), seccomp=None
    )
    assert dict(guard.rules)[str(tmp_path / "file")] == 0b111 | 1 << 14 | 1 << 15
