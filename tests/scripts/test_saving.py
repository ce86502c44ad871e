"""Saving scripts over HTTP: what becomes a version, and who wins."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from runyard.db.session import Database
from runyard.scripts import repository
from runyard.scripts.policy import Policy
from runyard.scripts.schemas import NewScript, Shape

from .yard import Yard

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


async def _create(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post("/scripts", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _errors(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


async def test_a_new_script_is_answered_whole(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(
        api,
        script(
            name="  Report ", description=" Daily. ", tags=["b", " a ", "b"], timeout_s=60, network=False, note="first",
            requirements=["requests>=2", "", "# why", " rich ", "rich"],
            parameters=[{"key": "SIZE", "label": "Size", "type": "number", "default": 3}],
        ),
    )  # fmt: skip
    assert made.pop("id").startswith("scr_")
    assert made.pop("created_at") == made.pop("updated_at")
    assert made == {
        **Policy().model_dump(mode="json"),
        **Shape().model_dump(mode="json"),
        "kind": "script",
        "folder": "",
        "category": None,
        "starred": False,
        "owner": "ada",
        "owner_disabled": False,
        "four_eyes": False,
        "published": None,
        "marked": False,
        "project": "default",
        "name": "Report",
        "language": "python",
        "description": "Daily.",
        "tags": ["a", "b"],
        "timeout_s": 60.0,
        "network": False,
        "version": 1,
        "created_by": "ada",
        "updated_by": "ada",
        "code": "print(1)",
        "parameters": [
            {
                "key": "SIZE", "label": "Size", "type": "number", "required": False, "default": 3, "help": "",
                "placeholder": "", "options": [], "min": None, "max": None, "step": None, "min_length": None,
                "max_length": None, "regex": None, "max_size_mb": None, "extensions": [], "argument": None,
            }
        ],
        "requirements": ["requests>=2", "rich"],
    }  # fmt: skip


async def test_a_name_is_taken_once_in_a_project(api: httpx.AsyncClient, script: Make) -> None:
    first = await _create(api, script())
    answer = await api.post("/scripts", json=script(name=" Report "))
    assert answer.status_code == 409
    assert answer.json()["code"] == "name_taken"
    assert answer.json()["errors"][0]["field"] == "name"
    await _create(api, script(name="report"))
    await _create(api, script(project="side"))
    second = await _create(api, script(name="Other"))
    answer = await api.patch(f"/scripts/{second['id']}", json={"name": "Report"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert (await api.patch(f"/scripts/{first['id']}", json={"name": "Report"})).status_code == 200


async def test_of_many_who_want_one_name_one_gets_it(api: httpx.AsyncClient, script: Make) -> None:
    answers = await asyncio.gather(*(api.post("/scripts", json=script()) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"name_taken"}
    assert len((await api.get("/scripts")).json()["items"]) == 1


async def test_changed_content_is_a_version_and_the_rest_is_not(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script())
    path = f"/scripts/{made['id']}"

    async def change(**body: Any) -> int:
        answer = await api.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        version: int = answer.json()["version"]
        return version

    assert await change(name="Renamed", tags=["x"], description="New.") == 1
    assert await change(code="print(1)", network=True, requirements=[], parameters=[], timeout_s=None) == 1
    assert await change(code="print(2)", note="why") == 2
    assert await change(requirements=["rich"]) == 3
    assert await change(timeout_s=5) == 4
    assert await change(timeout_s=5.0) == 4
    assert await change(timeout_s=None) == 5
    assert await change(network=False) == 6
    assert await change(parameters=[{"key": "A"}]) == 7
    assert await change(parameters=[{"key": "A", "label": ""}]) == 7
    assert await change(language="shell") == 8
    versions = (await api.get(f"{path}/versions")).json()["items"]
    assert [v["version"] for v in versions] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert versions[6]["note"] == "why"
    assert {v["author"] for v in versions} == {"ada"}
    second = (await api.get(f"{path}/versions/2")).json()
    assert (second["code"], second["requirements"], second["language"]) == ("print(2)", [], "python")
    whole = (await api.get(path)).json()
    assert (whole["name"], whole["tags"], whole["language"], whole["network"]) == ("Renamed", ["x"], "shell", False)


async def test_nothing_changed_leaves_no_trace(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script(tags=["b", "a"]))
    with yard.bus.subscribe("project:prj_default") as heard:
        body = {key: made[key] for key in ("name", "code", "tags", "description", "parameters", "requirements")}
        answer = await api.patch(f"/scripts/{made['id']}", json=body)
        assert answer.json() == made
        assert heard.pending() == []


@pytest.mark.parametrize(
    "field", ["name", "language", "code", "description", "tags", "parameters", "requirements", "network"]
)
async def test_null_is_no_change(api: httpx.AsyncClient, script: Make, field: str) -> None:
    made = await _create(api, script())
    assert _errors(await api.patch(f"/scripts/{made['id']}", json={field: None})) == [(field, "null")]


async def test_a_change_is_checked_like_a_new_script(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script(parameters=[{"key": "SECONDS"}]))
    path = f"/scripts/{made['id']}"
    assert _errors(await api.patch(path, json={"project": "side"})) == [("project", "extra_forbidden")]
    assert _errors(await api.patch(path, json={"language": "cobol"})) == [("language", "literal_error")]
    assert _errors(await api.patch(path, json={"parameters": [{"key": "HOME"}]})) == [("parameters.0.key", "reserved")]
    assert _errors(await api.patch(path, json={"language": "shell"})) == [("parameters.0.key", "reserved")]
    assert _errors(await api.patch(path, json={"requirements": ["a b"]})) == [("requirements.0", "requirement")]
    assert (await api.patch(path, json={"language": "javascript", "requirements": ["@a/b@^1"]})).status_code == 200
    assert _errors(await api.patch(path, json={"language": "python"})) == [("requirements.0", "requirement")]
    assert _errors(await api.patch(path, json={"parameters": [{"key": "1"}], "language": "python"})) == [
        ("parameters.0.key", "key"),
        ("requirements.0", "requirement"),
    ]


async def test_whoever_saves_over_a_newer_version_is_told(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script())
    path = f"/scripts/{made['id']}"
    assert (await api.patch(path, json={"code": "a", "base_version": 1})).json()["version"] == 2
    for method, where, body in (
        ("PATCH", path, {"code": "b", "base_version": 1}),
        ("PATCH", path, {"tags": ["b"], "base_version": 3}),
        ("POST", f"{path}/rollback", {"version": 1, "base_version": 1}),
    ):
        answer = await api.request(method, where, json=body)
        assert answer.status_code == 409
        assert answer.json()["code"] == "version_conflict"
    assert (await api.get(path)).json()["code"] == "a"
    assert (await api.patch(path, json={"code": "b"})).json()["version"] == 3


async def test_of_many_saves_on_one_version_one_wins(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script())
    path = f"/scripts/{made['id']}"
    answers = await asyncio.gather(
        *(api.patch(path, json={"code": f"{n}", "base_version": 1}) for n in range(6)),
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert (await api.get(path)).json()["version"] == 2


async def test_rolling_back_makes_a_version(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script(parameters=[{"key": "P", "type": "password", "default": "hush"}]))
    path = f"/scripts/{made['id']}"
    await api.patch(path, json={"code": "x", "language": "shell", "parameters": [], "network": False})
    answer = await api.post(f"{path}/rollback", json={"version": 1})
    assert answer.status_code == 200
    back = answer.json()
    assert back["version"] == 3
    assert {key: back[key] for key in ("code", "language", "network", "parameters")} == {
        key: made[key] for key in ("code", "language", "network", "parameters")
    }
    versions = (await api.get(f"{path}/versions")).json()["items"]
    assert versions[0]["note"] == "Back to version 1"
    assert versions[0]["content_hash"] == versions[2]["content_hash"] != versions[1]["content_hash"]
    assert (await api.post(f"{path}/rollback", json={"version": 3})).json()["version"] == 3
    assert (await api.post(f"{path}/rollback", json={"version": 2, "note": "mine"})).json()["version"] == 4
    assert (await api.get(f"{path}/versions/4")).json()["note"] == "mine"
    missing = await api.post(f"{path}/rollback", json={"version": 9})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_version")
    for bad in ({}, {"version": 0}, {"version": "x"}, {"version": 2**31}, {"version": 1, "x": 1}):
        assert (await api.post(f"{path}/rollback", json=bad)).status_code == 422


async def test_copies(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script(tags=["t"], description="D", timeout_s=9, requirements=["rich"]))
    path = f"/scripts/{made['id']}/copy"
    first = (await api.post(path)).json()
    second = (await api.post(path, json={})).json()
    assert [first["name"], second["name"]] == ["Report copy", "Report copy 2"]
    assert first["id"] != made["id"]
    kept = ("tags", "description", "timeout_s", "requirements", "code", "language", "version")
    assert {key: first[key] for key in kept} == {key: made[key] for key in kept}
    named = await api.post(path, json={"name": "Mine"})
    assert (named.status_code, named.json()["name"]) == (201, "Mine")
    taken = await api.post(path, json={"name": "Mine"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    assert (await api.post(path, json={"name": ""})).status_code == 422
    answers = await asyncio.gather(*(api.post(path) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5


async def test_deleting_hides_and_restoring_brings_back(api: httpx.AsyncClient, script: Make) -> None:
    made = await _create(api, script(tags=["t"]))
    path = f"/scripts/{made['id']}"
    assert (await api.delete(path)).status_code == 204
    for method, where, body in (
        ("GET", path, None), ("PATCH", path, {"code": "x"}), ("DELETE", path, None), ("POST", f"{path}/copy", {}),
        ("GET", f"{path}/versions", None), ("GET", f"{path}/versions/1", None), ("GET", f"{path}/schema", None),
        ("POST", f"{path}/rollback", {"version": 1}),
    ):  # fmt: skip
        answer = await api.request(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_script")
    assert (await api.get("/scripts")).json()["items"] == []
    assert (await api.get("/tags")).json()["items"] == []
    other = await _create(api, script())
    taken = await api.post(f"{path}/restore")
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    assert (await api.get(path)).status_code == 404
    await api.delete(f"/scripts/{other['id']}")
    back = await api.post(f"{path}/restore")
    assert back.status_code == 200
    assert back.json() == made
    assert (await api.post(f"{path}/restore")).json() == made
    assert (await api.post(f"/scripts/{other['id']}/restore")).status_code == 409


async def test_listeners_are_told_after_the_commit(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    with yard.bus.subscribe("project:prj_default", "project:prj_side") as heard:
        made = await _create(api, script())
        path = f"/scripts/{made['id']}"
        await api.patch(path, json={"code": "2"})
        await api.post("/scripts", json=script())
        await api.delete(path)
        await api.post(f"{path}/restore")
        facts = {"id": made["id"], "project": "default"}
        assert heard.pending() == [
            ("project:prj_default", {"type": "script", "script": {**facts, "version": version}})
            for version in (1, 2, 2, 2)
        ]


async def test_the_index_decides_where_the_question_came_too_early(
    api: httpx.AsyncClient, script: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await _create(api, script())
    other = await _create(api, script(name="Other"))

    async def nobody(*_: Any) -> None:
        return None

    monkeypatch.setattr(repository, "holder_of", nobody)
    for method, where, body in (
        ("POST", "/scripts", script()),
        ("PATCH", f"/scripts/{other['id']}", {"name": "Report"}),
        ("POST", f"/scripts/{made['id']}/copy", {"name": "Other"}),
    ):
        answer = await api.request(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert (await api.get(f"/scripts/{other['id']}")).json() == other


async def test_other_breaches_are_not_taken_for_a_name(yard: Yard) -> None:
    body = NewScript(name="a", language="shell", code="")
    with pytest.raises(IntegrityError):
        async with yard.database.write() as session:
            await yard.scripts.add(session, "prj_nope", None, body)
