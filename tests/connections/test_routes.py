"""Connections over HTTP, and in runs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from runyard.connections.kinds import DRIVERS
from tests.engine.test_given_secrets import traces
from tests.engine.yard import Running, opened, options, place, settled
from tests.secrets.test_secret_routes import as_role

from . import counterparts

PASSWORD = 'pa/ss "word" of the test'
SETTINGS = {"kind": "postgresql", "host": "db.example.com", "username": "me", "password": PASSWORD}


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data, fetch_allow=("127.0.0.0/8",))) as running:
        yield running


async def add(yard: Running, name: str = "WAREHOUSE", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await yard.post("/connections", {"name": name, "settings": SETTINGS, **more}, 201)
    return made


async def test_no_answer_holds_a_secret(yard: Running) -> None:
    made = await add(yard, description="of the shop")
    assert (made["kind"], made["level"], made["version"]) == ("postgresql", "project", 1)
    assert made["settings"]["host"] == "db.example.com"
    assert made["secrets_set"] == ["password"]
    path = f"/connections/{made['id']}"
    changed = await yard.client.patch(path, json={"settings": {**SETTINGS, "database": "shop"}})
    assert (changed.json()["version"], changed.json()["settings"]["database"]) == (2, "shop")
    described = await yard.client.patch(path, json={"description": "new"})
    assert (described.json()["version"], described.json()["description"]) == (2, "new")
    places = ("/connections", path, f"{path}/uses", f"{path}/scripts", "/audit", "/connections/kinds")
    answers = [changed.text, described.text, *[(await yard.client.get(where)).text for where in places]]
    assert all('ss \\"word' not in answer and "pa/ss" not in answer for answer in answers)
    assert traces(yard.data, PASSWORD) == []


async def test_secrets_that_are_left_out_stay_unless_they_would_go_elsewhere(yard: Running) -> None:
    made = await add(yard)
    path = f"/connections/{made['id']}"
    without = {name: value for name, value in SETTINGS.items() if name != "password"}
    kept = await yard.client.patch(path, json={"settings": {**without, "username": "another"}})
    assert kept.json()["secrets_set"] == ["password"]
    for elsewhere in ({"host": "evil.example"}, {"port": 1}, {"tls": "unverified"}, {"ca": "x"}):
        for answer in (
            await yard.client.patch(path, json={"settings": {**without, **elsewhere}}),
            await yard.client.post(
                "/connections/test", json={"connection_id": made["id"], "settings": {**without, **elsewhere}}
            ),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "secrets_needed")
            assert answer.json()["errors"][0]["field"] == "settings.password"
    another = await yard.client.patch(path, json={"settings": {"kind": "redis", "host": "db.example.com"}})
    assert (another.status_code, another.json()["code"]) == (409, "kind_fixed")
    gone = await yard.client.patch(path, json={"settings": {**without, "password": ""}})
    assert gone.json()["secrets_set"] == []


async def test_what_makes_no_sense_is_refused_by_field(yard: Running) -> None:
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"name": "A", "settings": {**SETTINGS, "host": "a b"}}, "settings.postgresql.host", "host"),
        ({"name": "PATH", "settings": SETTINGS}, "name", "reserved"),
        ({"name": "A", "settings": {**SETTINGS, "kind": "oracle"}}, "settings", "union_tag_invalid"),
        ({"name": "A", "settings": {"kind": "kubernetes", "url": "https://k"}}, "settings.token", "required"),
        ({"name": "A", "settings": SETTINGS, "stage": "moon"}, "stage", "stage"),
    ]
    for body, field, code in refused:
        answer = await yard.client.post("/connections", json=body)
        assert answer.status_code == 422, body
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
        assert "pa/ss" not in answer.text
    await add(yard)
    taken = await yard.client.post("/secrets", json={"name": "WAREHOUSE", "value": "x"})
    assert (taken.status_code, taken.json()["code"]) == (409, "secret_name_taken")


async def test_who_may_use_need_not_see_where_it_leads(yard: Running) -> None:
    made = await add(yard)
    everywhere = await add(yard, level="global")
    role = await yard.post("/roles", {"name": "users", "permissions": ["secret:use"]}, 201)
    await as_role(yard, "developer")
    seen = (await yard.get("/connections"))["items"]
    assert [one["settings"]["host"] for one in seen] == ["db.example.com"] * 2
    for path in (made["id"], everywhere["id"]):
        assert (await yard.client.patch(f"/connections/{path}", json={"description": "x"})).status_code == 403
        assert (await yard.client.delete(f"/connections/{path}")).status_code == 403
    assert (await yard.client.post("/connections/test", json={"settings": SETTINGS})).status_code == 403
    async with yard.yard.database.write() as session:
        await session.execute(text("UPDATE project_members SET role = :role"), {"role": role["id"]})
    yard.yard.access.forget_actors()
    blind = (await yard.get("/connections"))["items"][0]
    assert (blind["settings"], blind["secrets_set"], blind["kind"]) == (None, None, "postgresql")
    await as_role(yard, "viewer")
    assert (await yard.client.get("/connections")).status_code == 403


async def test_kinds_tell_forms_what_to_ask_for(yard: Running) -> None:
    kinds = {one["kind"]: one for one in (await yard.get("/connections/kinds"))["items"]}
    assert set(kinds) == set(DRIVERS)
    password = kinds["postgresql"]["schema"]["properties"]["password"]
    assert (password["writeOnly"], password["format"]) == (True, "password")
    assert not kinds["mongodb"]["tried"]
    assert kinds["redis"]["available"]


async def test_a_driver_that_is_not_there_is_said(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.connections.kinds.find_spec", lambda _: None)
    made = await add(yard)
    kinds = {one["kind"]: one for one in (await yard.get("/connections/kinds"))["items"]}
    assert (kinds["postgresql"]["available"], kinds["postgresql"]["extra"]) == (False, "postgres")
    assert kinds["http"]["available"]
    told = await yard.post(f"/connections/{made['id']}/test", status=200)
    assert (told["code"], "runyard[postgres]" in told["said"]) == ("driver_missing", True)


async def test_a_test_is_kept_and_written_down(yard: Running) -> None:
    with counterparts.web(lambda _: (200, {}, b"fine")) as url:
        settings = {"kind": "http", "url": url, "auth": "bearer", "token": PASSWORD}
        tried = await yard.post("/connections/test", {"settings": settings}, 200)
        assert tried["ok"], tried
        made = await add(yard, settings=settings)
        assert made["check"] is None
        told = await yard.post(f"/connections/{made['id']}/test", status=200)
        assert (told["ok"], told["server"], told["version"]) == (True, "counterpart/1", 1)
    again = await yard.post(f"/connections/{made['id']}/test", status=200)
    assert (again["ok"], again["code"]) == (False, "failed")
    kept = await yard.get(f"/connections/{made['id']}")
    assert (kept["check"]["ok"], kept["check"]["at"]) == (False, again["at"])
    events = (await yard.get("/audit", action="connection.test"))["items"]
    assert [event["changes"]["ok"] for event in events] == [[None, False], [None, True]]


CODE = """
echo "$SHOP"; echo "$SHOP_JSON"
python3 -c 'import json, os; print(json.loads(os.environ["SHOP_JSON"])["password"])'
printf '{"host": "%s"}' "${SHOP%%:*}" > "$RUNYARD_OUTPUTS"
"""


async def test_a_run_is_given_a_url_and_json_and_shows_neither_secret(yard: Running) -> None:
    made = await add(yard, "SHOP")
    production = {**SETTINGS, "host": "prod.example.com", "password": "another one"}
    await add(yard, "SHOP", stage="prod", settings=production)
    script_id = await yard.script(CODE, connections=["SHOP"])
    run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {}))["id"])
    assert run["state"] == "succeeded", await yard.log(run["id"])
    lines = (await yard.log(run["id"])).splitlines()
    assert lines[0] == "postgresql://me:***@db.example.com:5432/postgres?sslmode=verify-full"
    assert json.loads(lines[1])["password"] == "***"
    assert lines[2] == "***"
    staged = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {"stage": "prod"}))["id"])
    assert "prod.example.com" in await yard.log(staged["id"])
    uses = (await yard.get(f"/connections/{made['id']}/uses"))["items"]
    assert [use["run_id"] for use in uses] == [run["id"]]
    assert (await yard.get(f"/connections/{made['id']}/scripts"))["items"][0]["id"] == script_id
    event = (await yard.get("/audit", action="secret.use"))["items"][0]
    assert event["changes"]["connections"] == [None, ["SHOP"]]
    resolved = (await yard.get(f"/scripts/{script_id}/variables"))["items"][0]
    assert (resolved["kind"], resolved["listed"], resolved["candidates"][0]["value"]) == ("connection", True, None)
    refused = await yard.client.delete(f"/connections/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "secret_in_use")
    await settled(yard)
    assert traces(yard.data, PASSWORD) == []


async def test_a_run_without_the_connection_that_it_lists_does_not_start(yard: Running) -> None:
    run = await yard.run("true", connections=["NOWHERE"])
    assert (run["state"], run["error"]["code"]) == ("failed", "connection_missing")


async def test_names_do_not_meet(yard: Running) -> None:
    for more in ({"secrets": ["A_JSON"]}, {"variables": ["A"]}):
        body = {"name": "one", "language": "shell", "code": "", "connections": ["A"], **more}
        answer = await yard.client.post("/scripts", json=body)
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("connections.0", "duplicate")]


async def test_rotation_seals_connections_again(yard: Running) -> None:
    made = await add(yard)
    await yard.post("/keys/rotate", {"what": "data"})
    await yard.yard.rotation.finished()
    [(key, newest)] = await yard.rows(
        f"SELECT key_id, (SELECT id FROM data_keys WHERE retired_at IS NULL) FROM secrets WHERE id = '{made['id']}'"  # noqa: S608
    )
    assert key == newest
    patched = await yard.client.patch(f"/connections/{made['id']}", json={"settings": {**SETTINGS, "database": "x"}})
    assert patched.status_code == 200


async def test_what_is_shown_of_it_in_a_changed_database_leads_nowhere(yard: Running) -> None:
    """Who can write to the database can't have a password sent to a server of their own."""
    with counterparts.web(lambda _: (200, {}, b"")) as url:
        made = await add(yard, settings={"kind": "http", "url": "http://127.0.0.1:9", "auth": "bearer", "token": "x"})
        async with yard.yard.database.write() as session:
            forged = json.dumps({"kind": "http", "url": url, "auth": "bearer"})
            await session.execute(text("UPDATE secrets SET value = :forged"), {"forged": forged})
        told = await yard.post(f"/connections/{made['id']}/test", status=200)
    assert not told["ok"]
