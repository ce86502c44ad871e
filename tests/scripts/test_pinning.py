"""What runs take along."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from runyard.access.permissions import NoSuchProject
from runyard.db.session import Database
from runyard.errors import Forbidden
from runyard.scripts.content import Pinned
from runyard.scripts.definitions import Definition
from runyard.scripts.errors import InvalidScript, NoSuchScript, NoSuchVersion
from runyard.scripts.schemas import Draft

from .yard import Yard

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


async def _pin(yard: Yard, who: str, script_id: str) -> Pinned:
    async with yard.database.read() as session:
        return await yard.scripts.pin(session, yard.actors[who], script_id)


async def _draft(yard: Yard, who: str = "ada", project: str = "default", **given: Any) -> Pinned:
    draft = Draft.model_validate({"language": "python", "code": "print(1)", **given})
    async with yard.database.write() as session:
        return await yard.scripts.draft(session, yard.actors[who], draft, project)


async def _version_of(yard: Yard, version_id: str) -> Pinned:
    async with yard.database.read() as session:
        return await yard.scripts.version_of(session, version_id)


async def test_a_pin_is_the_newest_version(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    body = script(parameters=[{"key": "A"}], requirements=["rich"], timeout_s=5, network=False)
    made = (await api.post("/scripts", json=body)).json()
    first = await _pin(yard, "ada", made["id"])
    assert first == Pinned(
        script_id=made["id"], script_name="Report", project_id="prj_default", version_id=first.version_id, number=1,
        language="python", code="print(1)", definitions=(Definition(key="A"),), requirements=("rich",), timeout_s=5.0,
        network=False,
    )  # fmt: skip
    assert not first.draft
    await api.patch(f"/scripts/{made['id']}", json={"code": "2", "name": "New"})
    second = await _pin(yard, "ada", made["id"])
    assert (second.number, second.code, second.script_name) == (2, "2", "New")
    await api.delete(f"/scripts/{made['id']}")
    with pytest.raises(NoSuchScript):
        await _pin(yard, "ada", made["id"])
    old = await _version_of(yard, first.version_id)
    assert (old.code, old.number, old.script_name) == ("print(1)", 1, "New")


async def test_who_may_pin(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script())).json()
    with pytest.raises(Forbidden):
        await _pin(yard, "vic", made["id"])
    for who, script_id in (("zoe", made["id"]), ("ada", "scr_nope")):
        with pytest.raises(NoSuchScript):
            await _pin(yard, who, script_id)
    with pytest.raises(NoSuchVersion):
        await _version_of(yard, "ver_nope")


async def test_a_draft_is_in_no_list(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script())).json()
    loose = await _draft(yard, requirements=["rich"], timeout_s=3, project="side")
    assert (loose.script_id, loose.number, loose.draft, loose.project_id) == (None, None, True, "prj_side")
    assert (loose.script_name, loose.requirements, loose.timeout_s) == ("Draft", ("rich",), 3.0)
    bound = await _draft(yard, script_id=made["id"], code="other", name="ignored")
    assert (bound.script_id, bound.number, bound.script_name, bound.project_id) == (
        made["id"], None, "Report", "prj_default",
    )  # fmt: skip
    assert (await _draft(yard, name="notes.py")).script_name == "notes.py"
    versions = (await api.get(f"/scripts/{made['id']}/versions")).json()["items"]
    assert [v["version"] for v in versions] == [1]
    assert (await api.patch(f"/scripts/{made['id']}", json={"code": "new"})).json()["version"] == 2
    assert await _version_of(yard, loose.version_id) == loose
    assert await _version_of(yard, bound.version_id) == bound


async def test_the_same_draft_is_kept_once(yard: Yard) -> None:
    first = await _draft(yard)
    assert (await _draft(yard)).version_id == first.version_id
    for different in ({"code": "2"}, {"name": "n"}, {"project": "side"}, {"network": False}):
        assert (await _draft(yard, **different)).version_id != first.version_id


async def test_drafts_are_checked_like_scripts(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    with pytest.raises(InvalidScript) as caught:
        await _draft(yard, parameters=[{"key": "ok"}, {"key": "PATH"}], requirements=["a b"])
    assert [field.field for field in caught.value.fields] == ["draft.parameters.1.key", "draft.requirements.0"]
    made = (await api.post("/scripts", json=script())).json()
    with pytest.raises(Forbidden):
        await _draft(yard, "vic")
    with pytest.raises(Forbidden):
        await _draft(yard, "two", script_id=made["id"])
    with pytest.raises(NoSuchProject):
        await _draft(yard, project="other")
    with pytest.raises(NoSuchScript):
        await _draft(yard, "zoe", script_id=made["id"])
    await api.delete(f"/scripts/{made['id']}")
    with pytest.raises(NoSuchScript):
        await _draft(yard, script_id=made["id"])
