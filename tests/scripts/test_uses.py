"""Which scripts use which environments and packages, on every kind of database."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Role
from runyard.db.session import Database
from runyard.environments import inventory
from runyard.environments.models import Environment
from runyard.projects.models import Project
from runyard.scripts.models import Script
from runyard.scripts.uses import ScriptUses

from .yard import actor

NOW = clock.EPOCH + timedelta(days=1)
ADA = actor("ada", ("default", Role.developer))
ZOE = actor("zoe", ("other", Role.developer))


def _environment(id_: str, project_id: str | None = None) -> Environment:
    return Environment(
        id=id_,
        request_hash=id_,
        kind="python",
        requirements=[],
        interpreter="CPython 3.12.1",
        interpreter_path="/usr/bin/python3",
        state="ready",
        created_at=NOW,
        project_id=project_id,
    )


def _script(id_: str, project: str) -> Script:
    return Script(
        id=id_,
        project_id=f"prj_{project}",
        name=f"name {id_}",
        name_key=id_,
        live_name=id_,
        language="python",
        version=1,
        version_id="ver_1",
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.write() as session:
        for name in ("default", "other"):
            session.add(Project(id=f"prj_{name}", name=name, created_at=NOW))
        await session.flush()
        for id_, project in (("a", "default"), ("b", "default"), ("z", "other")):
            session.add(_script(id_, project))
        for environment in (_environment("env_1"), _environment("env_2"), _environment("env_3", "prj_other")):
            session.add(environment)
        await session.flush()
        tiny = [{"name": "tiny", "version": "1.0"}]
        await inventory.put_packages(session, "env_1", tiny)
        await inventory.put_packages(session, "env_2", [*tiny, {"name": "upper", "version": "2.0"}])
        await inventory.put_packages(session, "env_3", tiny)
        yield session


async def _use(session: AsyncSession, id_: str, script: str, project: str = "default", *, current: bool = True) -> None:
    await inventory.note_use(session, id_, script, f"prj_{project}", NOW, current=current)


async def test_a_script_uses_one_environment_now(session: AsyncSession) -> None:
    uses = ScriptUses()
    await _use(session, "env_1", "a")
    await _use(session, "env_1", "b")
    await _use(session, "env_2", "a")
    await _use(session, "env_2", "a")
    assert [(u.script_id, u.current) for u in await uses.of(session, ADA, "env_1")] == [("b", True), ("a", False)]
    assert await uses.counts(session, ADA, ["env_1", "env_2", "env_3"]) == {"env_1": 1, "env_2": 1}
    # A re-run of an old version changes nothing for the script itself.
    await _use(session, "env_1", "a", current=False)
    assert await uses.counts(session, ADA, ["env_1", "env_2"]) == {"env_1": 1, "env_2": 1}
    await _use(session, "env_1", "a")
    assert await uses.counts(session, ADA, ["env_1", "env_2"]) == {"env_1": 2}


async def test_which_scripts_use_a_package(session: AsyncSession) -> None:
    uses = ScriptUses()
    await _use(session, "env_1", "b")
    await _use(session, "env_2", "a")
    found = await uses.of_package(session, ADA, "Tiny", None, None)
    assert [(u.script_id, u.environment_id, u.version) for u in found] == [("a", "env_2", "1.0"), ("b", "env_1", "1.0")]
    assert [u.script_id for u in await uses.of_package(session, ADA, "upper", "python", "2.0")] == ["a"]
    assert await uses.of_package(session, ADA, "upper", None, "3.0") == []
    assert await uses.of_package(session, ADA, "upper", "node", None) == []


async def test_other_projects_scripts_are_not_told(session: AsyncSession) -> None:
    uses = ScriptUses()
    await _use(session, "env_1", "z", "other")
    await _use(session, "env_3", "z", "other", current=False)
    assert await uses.of(session, ADA, "env_1") == []
    assert await uses.counts(session, ADA, ["env_1"]) == {}
    assert await uses.of_package(session, ADA, "tiny", None, None) == []
    assert [u.script_id for u in await uses.of(session, ZOE, "env_1")] == ["z"]
    assert await uses.counts(session, ZOE, ["env_1"]) == {"env_1": 1}


async def test_deleted_scripts_are_not_counted(session: AsyncSession) -> None:
    uses = ScriptUses()
    await _use(session, "env_1", "a")
    script = await session.get(Script, "a")
    assert script is not None
    script.deleted_at = NOW
    await session.flush()
    assert await uses.of(session, ADA, "env_1") == []
    assert await uses.counts(session, ADA, ["env_1"]) == {}


async def test_packages_of_own_sources_are_seen_by_members_only(session: AsyncSession) -> None:
    assert await inventory.packages(session, ADA, None, None, 10) == []
    await _use(session, "env_1", "a")
    await _use(session, "env_2", "a", current=False)
    await _use(session, "env_2", "z", "other")
    assert await inventory.packages(session, ADA, None, None, 10) == [
        ("python", "tiny", 2),
        ("python", "upper", 1),
    ]
    assert await inventory.packages(session, ZOE, "tin", None, 10) == [("python", "tiny", 2)]
    assert await inventory.packages(session, ADA, None, ("tiny", "python"), 10) == [("python", "upper", 1)]
    assert await inventory.versions(session, ZOE, [("python", "tiny"), ("node", "tiny")]) == {
        ("python", "tiny"): ["1.0"],
        ("node", "tiny"): [],
    }
