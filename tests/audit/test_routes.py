"""The audit as people meet it: every act of a real yard is in it, and it is shown to whom it may be."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute, iter_route_contexts

from runyard import clock, ids
from runyard.access.guards import GUARDS
from runyard.access.models import User
from runyard.access.open_routes import OPEN_ROUTES
from runyard.access.passwords import Cost, Passwords
from runyard.access.repository import folded
from runyard.api.app import make_app
from runyard.audit.acts import ACTIONS, ACTS, UNWRITTEN
from runyard.audit.origin import operation_of
from runyard.projects.models import Project, ProjectMember
from tests.engine.yard import Running, opened, options, place, plain_logs

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


def operations() -> dict[str, bool]:
    """Every operation that is not a mere read, and whether an actor's permission guards it."""
    found: dict[str, bool] = {}
    for route in iter_route_contexts(make_app(None).routes):
        original = route.original_route
        if isinstance(original, APIRoute) and set(route.methods or ()) - {"GET", "HEAD"}:
            found[operation_of(original)] = any(d.call in GUARDS for d in route.dependant.dependencies)
    return found


async def test_every_change_is_written_down_or_says_why_not() -> None:
    found = operations()
    assert len(found) > 40
    assert set(found) - set(ACTS) - set(UNWRITTEN) == set()
    assert set(ACTS) & set(UNWRITTEN) == set()
    # No line outlives its route.
    assert (set(ACTS) | set(UNWRITTEN)) - set(found) == set()
    assert all(len(reason) > 20 for reason in UNWRITTEN.values())


async def test_what_has_no_actor_writes_itself_down() -> None:
    unguarded = {operation for operation, guarded in operations().items() if not guarded}
    sso = {"logout_oidc", "logged_out_at_provider"}
    by_letter = {"ask_password_reset", "use_password_reset", "look_at_invitation", "accept_invitation", "confirm_email"}
    calls = {"call_script_source", "call_webhook"}
    assert unguarded == {"login", "refresh", "logout", "register"} | calls | sso | by_letter
    assert OPEN_ROUTES
    assert set(ACTS.values()) <= ACTIONS


async def events(yard: Running, **filters: Any) -> list[dict[str, Any]]:
    answer = await yard.client.get("/audit", params={"limit": 200, **filters})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_act_says_who_what_from_where_and_what_changed(yard: Running) -> None:
    made = await yard.client.post("/scripts", json={"name": "audited", "language": "python", "code": "print(1)"})
    script = made.json()["id"]
    change = {"name": "renamed", "code": "print(2)", "tags": ["b"]}
    await yard.client.patch(f"/scripts/{script}", json=change, headers={"User-Agent": "a browser"})
    update, create = await events(yard, object=script)
    assert (create["action"], update["action"]) == ("script.create", "script.update")
    assert update["actor"]["name"] == "admin"
    assert update["actor"]["session_id"].startswith("ses_")
    assert update["user_agent"] == "a browser"
    assert update["request_id"].startswith("req_")
    assert update["address"]
    assert update["project"] == "default"
    assert update["object"] == {"kind": "script", "id": script, "name": "renamed"}
    assert update["changes"]["name"] == ["audited", "renamed"]
    assert update["changes"]["tags"] == [[], ["b"]]
    assert update["changes"]["version"] == [1, 2]
    assert [side["bytes"] for side in update["changes"]["code"]] == [8, 8]
    assert "print" not in json.dumps(update)
    await yard.client.post(f"/scripts/{script}/rollback", json={"version": 1})
    copy = (await yard.client.post(f"/scripts/{script}/copy")).json()["id"]
    await yard.client.delete(f"/scripts/{script}")
    await yard.client.post(f"/scripts/{script}/restore")
    found = [event["action"] for event in await events(yard, object=script)]
    assert found == ["script.restore", "script.delete", "script.rollback", "script.update", "script.create"]
    assert [event["action"] for event in await events(yard, object=copy)] == ["script.copy"]


async def test_an_act_that_no_service_tells_is_told_by_its_route(yard: Running) -> None:
    made = await yard.client.post("/categories", json={"name": "Reports", "colour": "#4f5bd5"})
    assert made.status_code == 201, made.text
    category = made.json()["id"]
    await yard.client.patch(f"/categories/{category}", json={"name": "Bills"})
    await yard.client.delete(f"/categories/{category}")
    found = await events(yard, kind="category")
    assert [event["action"] for event in found] == ["category.delete", "category.update", "category.create"]
    assert found[1]["changes"] == {"name": ["Reports", "Bills"]}
    snippet = (
        await yard.client.post("/snippets", json={"prefix": "x", "title": "X", "language": "python", "body": "x"})
    ).json()
    found = await events(yard, object=snippet["id"])
    assert [event["action"] for event in found] == ["snippet.create"]


async def test_nothing_is_written_for_what_failed_or_only_asked(yard: Running) -> None:
    before = (await events(yard))[0]["seq"]
    await yard.client.patch("/scripts/scr_none", json={"name": "x"})
    await yard.client.post("/scripts", json={"name": ""})
    await yard.client.post("/scripts/analyse", json={"language": "python", "code": "x"})
    await yard.client.get("/scripts")
    assert (await events(yard))[0]["seq"] == before


async def test_signing_in_and_failing_to(yard: Running) -> None:
    await yard.client.post("/auth/login", json={"username": "admin", "password": "wrong"})
    await yard.client.post("/auth/login", json={"username": "hunter2-typed-here", "password": "wrong"})
    stranger, known = await events(yard, action="login.failed")
    assert known["object"]["name"] == "admin"
    assert (known["outcome"], known["code"], known["actor"]["kind"]) == ("refused", "bad_credentials", "stranger")
    assert stranger["object"] == {"kind": "user", "id": None, "name": None}
    assert "hunter2" not in json.dumps(await events(yard))
    assert {event["action"] for event in await events(yard, actor="admin", kind="user")} >= {"login"}


async def member(yard: Running, name: str, role: str, project: str) -> dict[str, str]:
    hashed = await Passwords(Cost(1, 64)).hash("member-pass")
    now = clock.now()
    async with yard.yard.database.write() as session:
        user = User(id=ids.new("usr"), username=name, username_key=folded(name), password_hash=hashed, created_at=now)
        session.add(user)
        await session.flush()
        session.add(ProjectMember(project_id=project, user_id=user.id, role=role, created_at=now))
    answer = await yard.client.post("/auth/login", json={"username": name, "password": "member-pass"})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_who_sees_what(yard: Running) -> None:
    async with yard.yard.database.write() as session:
        project = Project(id=ids.new("prj"), name="other", created_at=clock.now())
        session.add(project)
    boss = await member(yard, "boss", "admin", project.id)
    viewer = await member(yard, "viewer", "viewer", project.id)
    mine = {"name": "mine", "language": "shell", "code": "true", "project": "other"}
    assert (await yard.client.post("/scripts", json=mine, headers=boss)).status_code == 201
    assert (await yard.client.post("/scripts", json=mine, headers=viewer)).status_code == 403
    theirs = (await yard.client.get("/audit", headers=boss)).json()["items"]
    assert [(event["action"], event["project"]) for event in theirs] == [("script.create", "other")]
    assert (await yard.client.get("/audit", headers=viewer)).status_code == 403
    foreign = await yard.client.get("/audit", headers=boss, params={"project": "default"})
    assert foreign.status_code == 404
    assert (await yard.client.get("/audit/verify", headers=boss)).status_code == 403
    exported = await yard.client.get("/audit/export", params={"format": "json"}, headers=boss)
    assert {row["project_id"] for row in exported.json()} == {project.id}
    refused = await events(yard, outcome="refused", actor="viewer")
    assert {event["action"] for event in refused} == {"script.create"}


async def test_every_filter_narrows(yard: Running) -> None:
    body = {"name": "filtered", "language": "shell", "code": "true"}
    assert (await yard.client.post("/scripts", json=body)).status_code == 201
    everything = await events(yard)
    newest = everything[0]
    address = newest["address"]
    assert await events(yard, address="203.0.113.9") == []
    assert {e["seq"] for e in await events(yard, address=address)} == {
        e["seq"] for e in everything if e["address"] == address
    }
    assert all(e["at"] >= newest["at"] for e in await events(yard, **{"from": newest["at"]}))
    assert newest["seq"] not in {e["seq"] for e in await events(yard, to=newest["at"])}
    both = await events(yard, action=["login", "script.create"])
    assert {e["action"] for e in both} == {"login", "script.create"}
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await yard.client.get("/audit", params=params)).json()
        seen += [event["seq"] for event in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    assert len(seen) == len(set(seen)) == seen[0]


async def test_exports_are_whole_and_harmless(yard: Running) -> None:
    body = {"name": '=cmd|"/c calc"!A1', "language": "shell", "code": "true"}
    made = await yard.client.post("/scripts", json=body)
    assert made.status_code == 201, made.text
    answer = await yard.client.get("/audit/export", params={"kind": "script"})
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["object_name"] == '\'=cmd|"/c calc"!A1'
    assert not any(cell[:1] in set("=+-@") for row in rows for cell in row.values())
    assert len(rows) == len(await events(yard, kind="script"))
    parsed = (await yard.client.get("/audit/export", params={"kind": "script", "format": "json"})).json()
    assert [row["seq"] for row in parsed] == [int(row["seq"]) for row in rows]
    assert (await yard.client.get("/audit/export", params={"kind": "none", "format": "json"})).json() == []
    kinds = [event["changes"].get("kind") for event in await events(yard, action="audit.export")]
    assert kinds[:3] == [[None, "none"], [None, "script"], [None, "script"]]


async def test_an_export_says_what_was_chosen(yard: Running) -> None:
    chosen = {"action": ["login", "script.create"], "project": "default", "from": "2026-01-01T00:00:00Z"}
    assert (await yard.client.get("/audit/export", params=chosen)).status_code == 200
    (event, *_others) = await events(yard, action="audit.export")
    said = {name: after for name, (_before, after) in event["changes"].items()}
    project = (await yard.client.get("/projects/default")).json()
    assert (said["action"], said["projects"]) == (["login", "script.create"], [project["id"]])
    assert said["since"].startswith("2026-01-01")


async def test_an_archived_project_is_called_by_its_name(yard: Running) -> None:
    assert (await yard.client.post("/projects", json={"name": "Closed down"})).status_code == 201
    assert (await yard.client.delete("/projects/Closed down")).status_code == 204
    assert {event["project"] for event in await events(yard, kind="project")} == {"Closed down"}


async def test_what_stages_were_and_are_is_told(yard: Running) -> None:
    for stages in (["dev"], ["dev", "live"]):
        body = {"stages": stages, "default": "dev"}
        assert (await yard.client.put("/projects/default/stages", json=body)).status_code == 200
    second, first = await events(yard, action="stages.update")
    assert (second["project"], second["changes"]) == ("default", {"stages": [["dev"], ["dev", "live"]]})
    assert first["changes"]["stages"] == [None, ["dev"]]


async def test_the_chain_is_verified_and_says_so(yard: Running) -> None:
    for number in range(3):
        body = {"name": f"chained {number}", "language": "shell", "code": "true"}
        assert (await yard.client.post("/scripts", json=body)).status_code == 201
    verdict = (await yard.client.get("/audit/verify")).json()
    assert (verdict["intact"], verdict["flaw"]) == (True, None)
    assert verdict["checked"] == verdict["last"] > 3
    from sqlalchemy import text

    async with yard.yard.database.engine.begin() as connection:
        await connection.execute(text("UPDATE audit_events SET actor_name = 'eve' WHERE seq = 3"))
    verdict = (await yard.client.get("/audit/verify")).json()
    assert (verdict["intact"], verdict["flaw"], verdict["seq"]) == (False, "changed", 3)
    assert verdict["message"] == "Event 3 is not what it was when it was written."


async def test_alerts_are_listed(yard: Running) -> None:
    for number in range(11):
        made = await yard.client.post("/scripts", json={"name": f"gone {number}", "language": "shell", "code": "true"})
        await yard.client.delete(f"/scripts/{made.json()['id']}")
    answer = (await yard.client.get("/audit/alerts")).json()
    assert answer["whole"]
    found = answer["items"]
    assert "mass_delete" in {alert["rule"] for alert in found}
    alert = next(alert for alert in found if alert["rule"] == "mass_delete")
    assert (alert["actor"], alert["severity"], alert["project"]) == ("admin", "critical", "default")
    actions = (await yard.client.get("/audit/actions")).json()
    assert "script.update" in actions["actions"]
    assert "script" in actions["kinds"]


async def test_alerts_say_where_there_was_too_much_to_look_at(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.audit.service.MOST_LOOKED_AT", 3)
    answer = (await yard.client.get("/audit/alerts")).json()
    newest = (await yard.client.get("/audit", params={"limit": 3})).json()["items"]
    assert (answer["whole"], answer["since"]) == (False, newest[-1]["at"])
