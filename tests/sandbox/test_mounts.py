import os
from pathlib import Path

import pytest

from runyard.sandbox.mounts import Allowed, checked
from runyard.sandbox.plan import Mount
from runyard.sandbox.problems import MountRefused


@pytest.fixture
def host(tmp_path: Path) -> Path:
    for name in ("open/sub", "shut", "yard/work"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "open/file").write_text("x")
    (tmp_path / "open/out").symlink_to(tmp_path / "shut")
    os.mkfifo(tmp_path / "open/pipe")
    (tmp_path / "way").symlink_to(tmp_path / "open")
    return tmp_path


def ask(host: Path, source: str, target: str | None = None, *, write: bool = False, mode: str = "ro") -> Mount:
    allowed = (Allowed.parse(f"{host}/open:{mode}"),)
    wish = ((f"{host}/{source}", target, write),)
    (found,) = checked(wish, allowed, closed=(host / "yard",), own=(Path("/w/run/1"),))
    return found


@pytest.mark.parametrize(
    ("text", "path", "writable"),
    [
        ("/srv/data", "/srv/data", False),
        ("/srv/data:ro", "/srv/data", False),
        ("/srv/data:rw", "/srv/data", True),
        ("/srv/a:b", "/srv/a:b", False),
    ],
)
def test_what_an_administrator_writes(text: str, path: str, *, writable: bool) -> None:
    assert Allowed.parse(text) == Allowed(Path(path), writable)


@pytest.mark.parametrize("text", ["srv", "", "/srv/../etc", "~/data:ro"])
def test_what_is_no_directory_of_the_host(text: str) -> None:
    with pytest.raises(ValueError, match="no absolute path"):
        Allowed.parse(text)


def test_what_was_allowed_can_be_mounted(host: Path) -> None:
    assert ask(host, "open/sub") == Mount(host / "open/sub", host / "open/sub", writable=False)
    assert ask(host, "open", "/data", write=True, mode="rw") == Mount(host / "open", Path("/data"), writable=True)
    assert ask(host, "open/file", "/data/file").source == host / "open/file"
    assert ask(host, "way/sub", "/data").source == host / "open/sub"
    assert str(ask(host, "open", "/data")) == f"{host}/open at /data (read only)"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("shut", "has not allowed it"),
        ("open/out", "has not allowed it"),
        ("open/../shut", "has not allowed it"),
        ("open/none", "No such file"),
        ("open/pipe", "neither a directory nor a file"),
        ("", "has not allowed it"),
    ],
)
def test_what_was_not(host: Path, source: str, said: str) -> None:
    with pytest.raises(MountRefused, match=said):
        ask(host, source)


def test_writing_has_to_be_allowed(host: Path) -> None:
    with pytest.raises(MountRefused, match="reading only"):
        ask(host, "open", write=True)


def test_our_own_data_can_t_be_allowed(host: Path) -> None:
    for path in ("yard", "yard/work", ""):
        with pytest.raises(MountRefused, match="Runyard's own data"):
            checked(
                ((f"{host}/{path}", None, False),), (Allowed(host, writable=True),), closed=(host / "yard",), own=()
            )


@pytest.mark.parametrize(
    "target", ["/", "/usr", "/usr/lib/x", "/etc/x", "/proc", "/dev/shm", "/w/run/1", "/w/run/1/files/x", "/w", "/w/run"]
)
def test_places_that_are_taken(host: Path, target: str) -> None:
    with pytest.raises(MountRefused, match="Nothing can be mounted"):
        ask(host, "open", target)


def test_nobody_allowed_anything(host: Path) -> None:
    with pytest.raises(MountRefused, match=r"sandbox\.mounts"):
        checked(((str(host / "open"), None, False),), (), closed=(), own=())
