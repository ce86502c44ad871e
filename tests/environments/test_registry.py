# small files: nothing here is worth a thread
# ruff: noqa: ASYNC240
"""Interpreters that environments can be built on."""

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.environments.failures import BuildFailed, PythonVersionMalformed
from runyard.environments.wants import python_range

from .conftest import PROJECT, Yard, execute, python
from .site import ADMIN, DEVELOPER, Site, opened

BASE = Path(str(sys._base_executable)).resolve()  # type: ignore[attr-defined] # not told of


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A program that says it is Python 3.99; it serves as one all the same."""
    path = tmp_path / "python3.99"
    path.write_text(
        f'#!/bin/sh\n[ "$2" = -c ] || exec {BASE} "$@"\n'
        f'{BASE} "$@" | sed -E \'s/"version": "[^"]*"/"version": "3.99.1"/;'
        f's#"executable": "[^"]*"#"executable": "{path}"#\'\n'
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("wish", "expected"),
    [("", ""), ("3", "==3.*"), (" 3.12 ", "==3.12.*"), ("3.12.4", "==3.12.4"), (">=3.11, <3.13", "<3.13,>=3.11")],
)
def test_a_wish_is_a_range(wish: str, expected: str) -> None:
    assert python_range(wish) == expected


@pytest.mark.parametrize("wish", ["new", "3.x", "python3", ">3;rm"])
def test_what_is_no_wish(wish: str) -> None:
    with pytest.raises(PythonVersionMalformed, match=r"is not a version such as 3\.12"):
        python_range(wish)


def test_wish_and_header_hold_both() -> None:
    code = '# /// script\n# requires-python = ">=3.11"\n# ///\n'
    assert python(code=code, version="3.12").requires_python == ">=3.11,==3.12.*"


async def test_the_machine_is_searched(site: Site) -> None:
    items = (await site.ask("GET", "/interpreters"))["items"]
    assert {item["source"] for item in items} == {"found"}
    real = {os.path.realpath(item["path"]): item for item in items}
    own = real[str(BASE)]
    assert own["version"] == ".".join(map(str, sys.version_info[:3]))
    assert own["kind"] == "python"
    assert {item["path"] for item in (await site.ask("POST", "/interpreters/scan"))["items"]} == {
        item["path"] for item in items
    }


async def test_a_registered_one_serves_those_who_want_it(site: Site, fake: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"needs Python ==3\.99\.\*") as failed:
        await site.environments.ensure(python(version="3.99"), None, PROJECT)
    assert failed.value.code == "python_missing"
    made = await site.ask("POST", "/interpreters", 201, json={"path": str(fake)})
    assert (made["version"], made["source"], made["is_default"]) == ("3.99.1", "registered", False)
    if os.geteuid() == 0:
        # Below the directory of this test, which nobody else may enter.
        assert (made["reachable"], bool(made["unreachable_reason"])) == (False, True)
    ready = await site.environments.ensure(python(version="3.99"), None, PROJECT)
    assert (await site.get(f"/{ready.id}"))["interpreter"].endswith(" 3.99.1")
    plain = await site.environments.ensure(python(), None, PROJECT)
    assert "3.99" not in (await site.get(f"/{plain.id}"))["interpreter"]
    assert await execute(ready, tmp_path, "main.py", "print('runs')") == (0, "runs\n", "")


async def test_a_default_serves_everybody(site: Site, fake: Path) -> None:
    before = await site.environments.ensure(python(), None, PROJECT)
    made = await site.ask("POST", "/interpreters", 201, json={"path": str(fake)})
    changed = await site.ask("PATCH", f"/interpreters/{made['id']}", json={"is_default": True})
    assert changed["is_default"]
    await site.environments.reload()
    ready = await site.environments.ensure(python(), None, PROJECT)
    assert ready.id != before.id
    # Who is pinned to another stays there.
    assert (await site.environments.ensure(python(), before.id, PROJECT)).id == before.id
    await site.ask("PATCH", f"/interpreters/{made['id']}", json={"is_default": False})
    await site.environments.reload()
    assert (await site.environments.ensure(python(), None, PROJECT)).id == before.id


async def test_one_that_went_away(site: Site, fake: Path) -> None:
    made = await site.ask("POST", "/interpreters", 201, json={"path": str(fake)})
    fake.unlink()
    probed = await site.ask("POST", f"/interpreters/{made['id']}/probe")
    assert (probed["trouble"], probed["reachable"]) == (f"There is no file {fake}.", False)
    answer = await site.ask("PATCH", f"/interpreters/{made['id']}", 422, json={"is_default": True})
    assert answer["code"] == "interpreter_unusable"
    await site.ask("DELETE", f"/interpreters/{made['id']}", 204)
    await site.ask("DELETE", f"/interpreters/{made['id']}", 404)
    assert made["id"] not in {item["id"] for item in (await site.ask("GET", "/interpreters"))["items"]}


async def test_what_is_no_interpreter(site: Site, fake: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    inside = site.yard.data / "tmp" / "python"
    inside.symlink_to(BASE)
    told = {
        "python3": "An absolute path is needed.",
        f"{tmp_path}/../python": "An absolute path is needed.",
        str(tmp_path / "absent"): f"There is no file {tmp_path}/absent.",
        str(tmp_path): f"There is no file {tmp_path}.",
        str(text): f"{text} is not a program.",
        "/bin/sh": "/bin/sh does not answer as Python does.",
        sys.executable: f"{sys.executable} belongs to a virtual environment; name the Python that it was made of.",
    }
    for path, sentence in told.items():
        answer = await site.ask("POST", "/interpreters", 422, json={"path": path})
        assert (answer["detail"], answer["errors"][0]["field"]) == (sentence, "path")
    hidden = site.yard.data / "envs" / "python"
    hidden.write_text("")
    answer = await site.ask("POST", "/interpreters", 422, json={"path": str(hidden)})
    assert answer["detail"] == "Interpreters don't come from the data directory."
    await site.ask("POST", "/interpreters", 201, json={"path": str(fake)})
    assert (await site.ask("POST", "/interpreters", 409, json={"path": str(fake)}))["code"] == "interpreter_known"


async def test_only_administrators_have_programs_run(site: Site, fake: Path) -> None:
    for actor in (replace(ADMIN, is_admin=False), replace(DEVELOPER, is_admin=False)):
        site.gatekeeper.actor = actor
        await site.ask("POST", "/interpreters", 403, json={"path": str(fake)})
        await site.ask("POST", "/interpreters/int_x/probe", 403)
        await site.ask("PATCH", "/interpreters/int_x", 403, json={"is_default": True})
        await site.ask("DELETE", "/interpreters/int_x", 403)
    await site.ask("GET", "/interpreters")
