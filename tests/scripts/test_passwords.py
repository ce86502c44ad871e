"""Passwords' defaults: sealed at rest, answered as ***, kept by ***."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from runyard.db.session import Database
from runyard.scripts.models import ScriptVersion
from runyard.scripts.schemas import Draft

from .yard import Yard

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


def _password(default: Any = "hush", **more: Any) -> dict[str, Any]:
    return {"key": "TOKEN", "type": "password", "default": default, **more}


async def _stored(yard: Yard) -> list[ScriptVersion]:
    async with yard.database.read() as session:
        return list((await session.scalars(select(ScriptVersion).order_by(ScriptVersion.id))).all())


async def _pinned_default(yard: Yard, script_id: str) -> Any:
    async with yard.database.read() as session:
        pinned = await yard.scripts.pin(session, yard.actors["ada"], script_id)
    assert "hush" not in repr(pinned)
    return pinned.definitions[0].default


async def test_a_default_is_sealed_and_never_answered(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    answer = await api.post("/scripts", json=script(parameters=[_password()]))
    made = answer.json()
    path = f"/scripts/{made['id']}"
    texts = [answer.text]
    for where in (path, f"{path}/versions/1", f"{path}/versions", f"{path}/schema", "/scripts"):
        texts.append((await api.get(where)).text)  # noqa: PERF401
    assert not [text for text in texts if "hush" in text or "sealed" in text]
    assert made["parameters"][0]["default"] == "***"
    rows = await _stored(yard)
    assert "hush" not in str(rows[0].parameters)
    assert rows[0].parameters[0]["sealed_default"].startswith("rs1.")
    assert await _pinned_default(yard, made["id"]) == "hush"


async def test_stars_keep_it(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script(parameters=[_password()]))).json()
    path = f"/scripts/{made['id']}"

    async def save(*parameters: dict[str, Any]) -> httpx.Response:
        return await api.patch(path, json={"parameters": parameters})

    assert (await save(*made["parameters"])).json()["version"] == 1
    assert (await save(_password("hush"))).json()["version"] == 1
    assert (await save(_password("***", label="Key"))).json()["version"] == 2
    assert await _pinned_default(yard, made["id"]) == "hush"
    refused = await save(_password("***", min_length=9))
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("parameters.0.default", "too_short")]
    refused = await save({**_password("***"), "key": "OTHER"})
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("parameters.0.default", "masked")]
    assert (await save(_password("louder"))).json()["version"] == 3
    assert await _pinned_default(yard, made["id"]) == "louder"
    assert (await save(_password(None))).json()["version"] == 4
    assert (await save(_password("***"))).status_code == 422
    assert (await api.post(f"{path}/rollback", json={"version": 2})).status_code == 200
    assert await _pinned_default(yard, made["id"]) == "hush"


async def test_changing_the_type_reveals_nothing(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script(parameters=[_password()]))).json()
    answer = await api.patch(f"/scripts/{made['id']}", json={"parameters": [{"key": "TOKEN", "default": "***"}]})
    assert answer.json()["parameters"][0]["default"] == "***"
    assert await _pinned_default(yard, made["id"]) == "***"


async def test_copies_and_drafts_keep_it_within_the_project(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script(parameters=[_password()]))).json()
    copied = (await api.post(f"/scripts/{made['id']}/copy")).json()
    assert await _pinned_default(yard, copied["id"]) == "hush"
    draft = Draft.model_validate(
        {"language": "python", "code": "", "parameters": [_password("***")], "script_id": made["id"]}
    )
    async with yard.database.write() as session:
        pinned = await yard.scripts.draft(session, yard.actors["ada"], draft, "side")
    assert pinned.definitions[0].default == "hush"
    assert pinned.project_id == "prj_default"


async def test_a_default_sealed_with_a_lost_key_can_be_replaced(
    yard: Yard, api: httpx.AsyncClient, script: Make
) -> None:
    made = (await api.post("/scripts", json=script(parameters=[_password()]))).json()
    path = f"/scripts/{made['id']}"
    async with yard.database.write() as session:
        row = (await session.scalars(select(ScriptVersion))).one()
        row.parameters = [{**row.parameters[0], "sealed_default": "rs1.00000000.AAAA"}]
    assert (await api.get(path)).json()["parameters"][0]["default"] == "***"
    assert (await api.patch(path, json={"name": "Still editable"})).status_code == 200
    kept = await api.patch(path, json={"parameters": [_password("***")]})
    assert kept.json()["code"] == "seal_broken"
    assert (await api.patch(path, json={"parameters": [_password("new")]})).json()["version"] == 2
