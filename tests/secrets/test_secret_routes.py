"""Secrets and variables over HTTP: who may do what, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.engine.yard import Running, opened, options, place

VALUE = "hunter2-hunter2"


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def add(yard: Running, name: str = "TOKEN", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await yard.post("/secrets", {"name": name, "value": VALUE, **more}, 201)
    return made


async def as_role(yard: Running, role: str) -> None:
    """Make the administrator somebody with a role in the default project."""
    async with yard.yard.database.write() as session:
        await session.execute(text("UPDATE users SET is_admin = false"))
        await session.execute(text("DELETE FROM project_members"))
        user, project = (
            await session.execute(
                text("SELECT users.id, projects.id FROM users, projects WHERE projects.name = 'default'")
            )
        ).one()
        member = {"user": user, "project": project, "role": role}
        columns = "(project_id, user_id, role, created_at)"
        await session.execute(
            text(f"INSERT INTO project_members {columns} VALUES (:project, :user, :role, 0)"),  # noqa: S608
            member,
        )
    yard.yard.access.forget_actors()


async def test_no_answer_holds_the_value(yard: Running) -> None:
    made = await add(yard, description="of the registry")
    assert made["name"] == "TOKEN"
    assert (made["level"], made["project"], made["stage"], made["version"]) == ("project", "default", None, 1)
    changed = await yard.client.patch(f"/secrets/{made['id']}", json={"value": VALUE + "3"})
    assert changed.json()["version"] == 2
    same = await yard.client.patch(f"/secrets/{made['id']}", json={"value": VALUE + "3", "description": "new"})
    assert (same.json()["version"], same.json()["description"]) == (2, "new")
    answers = [
        changed.text,
        same.text,
        (await yard.client.get("/secrets")).text,
        (await yard.client.get(f"/secrets/{made['id']}")).text,
        (await yard.client.get(f"/secrets/{made['id']}/uses")).text,
    ]
    assert all("hunter2" not in answer for answer in answers)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "PATH", "value": VALUE}, "name", "reserved"),
    ({"name": "RUNYARD_X", "value": VALUE}, "name", "reserved"),
    ({"name": "1X", "value": VALUE}, "name", "key"),
    ({"name": "", "value": VALUE}, "name", "required"),
    ({"name": "A" * 65, "value": VALUE}, "name", "too_long"),
    ({"name": "A", "value": ""}, "value", "required"),
    ({"name": "A", "value": f"{VALUE}\0"}, "value", "nul"),
    ({"name": "A", "value": VALUE * 10_000}, "value", "too_long"),
    ({"name": "A", "value": 5}, "value", "string_type"),
    ({"name": "A"}, "value", "missing"),
    ({"name": "A", "value": VALUE, "stage": "Moon"}, "stage", "string_pattern_mismatch"),
    ({"name": "A", "value": VALUE, "stage": "moon"}, "stage", "stage"),
    ({"name": "A", "value": VALUE, "level": "script"}, "script_id", "level"),
    ({"name": "A", "value": VALUE, "extra": VALUE}, "extra", "extra_forbidden"),
]


async def test_what_makes_no_sense_is_refused_by_field_and_not_repeated(yard: Running) -> None:
    for body, field, code in REFUSED:
        answer = await yard.client.post("/secrets", json=body)
        assert answer.status_code == 422, body
        assert "hunter2" not in answer.text
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


async def test_a_name_is_taken_once_in_a_place_and_stage(yard: Running) -> None:
    await add(yard)
    await add(yard, stage="prod")
    await add(yard, level="global")
    again: list[tuple[str, dict[str, Any]]] = [("/secrets", {}), ("/variables", {}), ("/secrets", {"stage": "prod"})]
    for path, more in again:
        answer = await yard.client.post(path, json={"name": "TOKEN", "value": VALUE, **more})
        assert (answer.status_code, answer.json()["code"]) == (409, "secret_name_taken")
    listed = (await yard.get("/secrets", limit=2))["items"]
    assert len(listed) == 2
    everything = (await yard.get("/secrets"))["items"]
    assert {(item["level"], item["stage"]) for item in everything} == {
        ("project", None),
        ("project", "prod"),
        ("global", None),
    }
    assert [item["level"] for item in (await yard.get("/secrets", level="global"))["items"]] == ["global"]
    assert len((await yard.get("/secrets", level="project", stage="prod"))["items"]) == 1
    assert (await yard.get("/secrets", q="nothing"))["items"] == []


async def test_pages_go_on_where_the_last_one_ended(yard: Running) -> None:
    names = [f"S{n}" for n in range(5)]
    for name in names:
        await add(yard, name)
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await yard.get("/secrets", limit=2, **cursor)
        found += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == names


async def test_what_scripts_use_is_deleted_only_by_force(yard: Running) -> None:
    made = await add(yard)
    script_id = await yard.script("true", secrets=["TOKEN"])
    answer = await yard.client.delete(f"/secrets/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "secret_in_use")
    assert "script 1" in answer.json()["detail"]
    assert (await yard.client.patch(f"/scripts/{script_id}", json={"secrets": []})).status_code == 200
    assert (await yard.client.delete(f"/secrets/{made['id']}")).status_code == 204
    assert (await yard.client.get(f"/secrets/{made['id']}")).status_code == 404


async def test_a_script_lists_names_that_can_be_variables_each_once(yard: Running) -> None:
    parameters = [{"key": "SIZE", "label": "Size", "type": "text"}]
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"secrets": ["PATH"]}, "secrets.0", "reserved"),
        ({"variables": ["A", "not a name"]}, "variables.1", "key"),
        ({"secrets": ["SIZE"], "parameters": parameters}, "secrets.0", "duplicate"),
        ({"secrets": ["A"], "variables": ["A"]}, "variables.0", "duplicate"),
    ]
    for more, field, code in refused:
        body = {"name": "one", "language": "shell", "code": "", **more}
        answer = await yard.client.post("/scripts", json=body)
        assert answer.status_code == 422
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
        answer = await yard.client.post("/runs", json={"draft": {"language": "shell", "code": "", **more}})
        assert [error["field"] for error in answer.json()["errors"]] == [f"draft.{field}"]
    script_id = await yard.script("true", secrets=["TOKEN", "TOKEN"], variables=["URL"], stage="dev")
    body = await yard.get(f"/scripts/{script_id}")
    assert (body["secrets"], body["variables"], body["stage"]) == (["TOKEN"], ["URL"], "dev")
    answer = await yard.client.patch(f"/scripts/{script_id}", json={"parameters": [{**parameters[0], "key": "URL"}]})
    assert answer.status_code == 422
    exported = (await yard.client.get("/scripts/export", params={"script_id": script_id})).json()["scripts"][0]
    assert (exported["secrets"], exported["variables"], exported["stage"]) == (["TOKEN"], ["URL"], "dev")


async def test_a_viewer_sees_nothing_and_a_developer_uses_without_changing(yard: Running) -> None:
    made = await add(yard)
    everywhere = await add(yard, level="global")
    script_id = await yard.script("true", secrets=["TOKEN"])
    await as_role(yard, "developer")
    assert len((await yard.get("/secrets"))["items"]) == 2
    assert (await yard.client.get(f"/scripts/{script_id}/variables")).status_code == 200
    assert (await yard.client.patch(f"/scripts/{script_id}", json={"code": "false"})).status_code == 200
    for id_ in (made["id"], everywhere["id"]):
        assert (await yard.client.patch(f"/secrets/{id_}", json={"value": "x"})).status_code == 403
        assert (await yard.client.delete(f"/secrets/{id_}")).status_code == 403
    assert (await yard.client.post("/secrets", json={"name": "B", "value": "x"})).status_code == 403
    await as_role(yard, "admin")
    assert (await yard.client.patch(f"/secrets/{made['id']}", json={"value": "x"})).status_code == 200
    assert (await yard.client.patch(f"/secrets/{everywhere['id']}", json={"value": "x"})).status_code == 403
    answer = await yard.client.post("/secrets", json={"name": "B", "value": "x", "level": "global"})
    assert answer.status_code == 403
    await as_role(yard, "viewer")
    for path in ("/secrets", f"/secrets/{made['id']}", f"/secrets/{everywhere['id']}", "/variables"):
        answer = await yard.client.get(path)
        assert answer.status_code == 403, (path, answer.text)
    assert (await yard.client.get(f"/scripts/{script_id}/variables")).status_code == 403


async def test_another_projects_secret_is_not_there(yard: Running) -> None:
    made = await add(yard)
    async with yard.yard.database.write() as session:
        await session.execute(
            text("INSERT INTO projects (id, name, description, created_at) VALUES ('prj_other', 'other', '', 0)")
        )
        await session.execute(text("UPDATE secrets SET project_id = 'prj_other', place = 'prj_other'"))
    await as_role(yard, "admin")
    assert (await yard.get("/secrets"))["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/uses"), ("GET", "/scripts")):
        body = {"value": "x"} if method == "PATCH" else None
        answer = await yard.client.request(method, f"/secrets/{made['id']}{path}", json=body)
        assert answer.status_code == 404, (method, path)


async def test_a_value_moved_to_another_row_opens_nothing(yard: Running) -> None:
    await add(yard, "ONE")
    await add(yard, "TWO")
    async with yard.yard.database.write() as session:
        await session.execute(
            text("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'ONE') WHERE name = 'TWO'")
        )
    script_id = await yard.script("true", secrets=["TWO"])
    run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {}))["id"])
    assert (run["state"], run["error"]["code"]) == ("failed", "seal_broken")
