"""Scripts from Git repositories and Gists, from a terminal, over a real ``git http-backend``."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.cli.script_sources import settled
from tests.scripts.gitsite import Backend, Repository, serving

from .conftest import Commands, MakeYard, Yard

ASKED = {"synced_at": None, "error": None, "next_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, type[Backend]]]:
    with serving(tmp_path / "repositories") as found:
        yield found


@pytest.fixture
def mine(make_yard: MakeYard, login: Callable[[Yard], Commands], site: tuple[str, type[Backend]]) -> Commands:
    """Signed in to a server of the test's own, which may ask this machine."""
    return login(
        make_yard(RUNYARD_FETCH_ALLOW="127.0.0.0/8", RUNYARD_SEED_EXAMPLES="false", RUNYARD_IMPORTS__GIST_API=site[0])
    )


def test_a_script_follows_a_repository(mine: Commands, site: tuple[str, type[Backend]]) -> None:
    repository = Repository(site[1].root / "tools")
    first = repository.commit({"job/main.py": "print('first')\n", "single.py": "print('single')\n"})
    url = f"{site[0]}/tools/.git"
    made = mine("scripts", "source", "import", url, "--path", "job", "--name", "Followed", "--every", "never")
    assert (made.code, made.out) == (0, "Followed: created, version 1\n"), made.err
    assert "secret, shown this once: " in made.err
    shown = mine("scripts", "source", "show", "Followed")
    assert f"source: git {url} job\n" in shown.out
    assert f"revision: {first}\n" in shown.out
    assert "looked at next: when asked, or called\n" in shown.out
    second = repository.commit({"job/main.py": "print('second')\n"})
    synced = mine("scripts", "source", "sync", "Followed", "--json")
    assert synced.json["revision"] == second
    assert mine("run", "Followed", "-f").out == "second\n"
    # What is gone there is told, and the script stays.
    (repository.path / "job/main.py").unlink()
    repository.commit({})
    for _ in range(2):
        gone = mine("scripts", "source", "sync", "Followed")
        assert gone.code == 1
        assert "The repository has no job at HEAD." in gone.err
    # Attached to another place, then left alone.
    attached = mine("scripts", "source", "attach", "Followed", url, "--path", "single.py", "--every", "10m")
    assert (attached.code, attached.out) == (0, "Followed: updated, version 3\n"), attached.err
    assert mine("scripts", "source", "show", "Followed", "--json").json["every_s"] == 600
    assert mine("scripts", "source", "detach", "Followed").code == 0
    assert "kept in step with nothing" in mine("scripts", "source", "show", "Followed").err
    assert mine("scripts", "source", "sync", "Followed").code == 1
    assert mine("run", "Followed", "-f").out == "single\n"


def test_gists_tokens_and_once(mine: Commands, site: tuple[str, type[Backend]]) -> None:
    site[1].gist = {
        "description": "Clean up",
        "history": [{"version": "a" * 40}],
        "files": {"clean.sh": {"content": "echo clean\n", "truncated": False}},
    }
    once = mine("scripts", "source", "import", "https://gist.github.com/me/0123456789abcdef", "--once")
    assert (once.code, once.out, once.err) == (0, "Clean up: created, version 1\n", "")
    Repository(site[1].root / "private").commit({"main.sh": "echo ours\n"})
    url = f"{site[0]}/private/.git"
    refused = mine("scripts", "source", "import", url)
    assert (refused.code, "git says" in refused.err) == (1, True)
    opened = mine("scripts", "source", "import", url, "--token", stdin="a-token\n")
    assert opened.code == 0, opened.err
    misused = mine("scripts", "source", "import", "0123456789abcdef", "--ref", "main")
    assert (misused.code, "a Gist is taken whole" in misused.err) == (2, True)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ({}, False),
        ({"next_at": "2026-01-01T00:10:02Z"}, False),
        ({"next_at": "2026-01-01T00:05:02Z"}, True),
        ({"next_at": "2026-01-01T01:00:02Z"}, True),
        ({"next_at": None}, True),
        ({"error": "gone"}, True),
        ({"synced_at": "2026-01-01T00:00:01Z"}, True),
    ],
)
def test_a_look_is_over(now: dict[str, Any], *, over: bool) -> None:
    assert settled(ASKED, {**ASKED, **now}) is over
