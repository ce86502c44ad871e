"""Secrets and variables that scripts list: given by name, kept nowhere in plain, and shown nowhere."""

import asyncio
import base64
import json
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runyard.db import migrate

from .yard import Running, opened, options, place, settled

VALUE = 's3cr3t/"val\'ue"+é'
CODE = """
echo "token=$TOKEN url=$URL"
printf '%s' "$TOKEN" | base64
printf '%s' "$TOKEN" | head -c 6; sleep 0.05; printf '%s' "$TOKEN" | tail -c +7; echo
echo "::progress 10 $TOKEN"
printf '{"said": "%s"}' "$URL" > "$RUNYARD_OUTPUTS"
"""


async def secret(yard: Running, name: str, value: str, **more: Any) -> Any:
    return await yard.post("/secrets", {"name": name, "value": value, **more}, 201)


def traces(data: Path, value: str) -> list[str]:
    """Files below a data directory, whatever their kind, in which a value can be found in any usual form."""
    raw = value.encode()
    forms = {
        raw,
        raw.hex().encode(),
        json.dumps(value)[1:-1].encode(),
        quote(value, safe="").encode(),
        value.encode("utf-16-le"),
        base64.b64encode(raw).rstrip(b"="),
        base64.b64encode(b"x" + raw)[2:-4],
        base64.b64encode(b"xx" + raw)[3:-4],
    }
    return [
        str(path)
        for path in data.rglob("*")
        if path.is_file() and not path.is_symlink() and any(form in path.read_bytes() for form in forms)
    ]


async def test_a_listed_secret_arrives_by_name_and_is_seen_nowhere() -> None:
    async with place() as data:
        async with opened(options(data)) as yard:
            kept = await secret(yard, "TOKEN", VALUE, description="of the registry")
            assert "value" not in kept
            variable = {"name": "URL", "value": "https://example.com/"}
            assert (await yard.post("/variables", variable, 201))["value"] == variable["value"]
            script_id = await yard.script(CODE, secrets=["TOKEN"], variables=["URL"])
            run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {}))["id"])
            assert run["state"] == "succeeded"
            said = await yard.log(run["id"])
            assert said == "token=*** url=https://example.com/\n***\n***\n::progress 10 ***\n"
            assert run["progress"]["message"] == "***"
            assert run["outputs"] == {"said": "https://example.com/"}
            uses = (await yard.get(f"/secrets/{kept['id']}/uses"))["items"]
            assert [(use["run_id"], use["attempt"], use["version"]) for use in uses] == [(run["id"], 1, 1)]
            assert (await yard.get(f"/secrets/{kept['id']}"))["last_used"]["run_id"] == run["id"]
            users = (await yard.get(f"/secrets/{kept['id']}/scripts"))["items"]
            assert [user["id"] for user in users] == [script_id]
            await settled(yard)
            # While everything still runs, with the write-ahead log beside the database.
            assert traces(data, VALUE) == []
            assert await yard.rows("SELECT sealed FROM run_attempts WHERE sealed IS NOT NULL") == []
        assert traces(data, VALUE) == []


async def test_a_stolen_database_without_the_master_key_tells_nothing(tmp_path: Path) -> None:
    async with place() as data, opened(options(data)) as yard:
        await secret(yard, "TOKEN", VALUE)
        await secret(yard, "TOKEN", VALUE, stage="prod")
        stolen = tmp_path / "stolen"
        stolen.mkdir()
        for path in data.glob("runyard.db*"):
            (stolen / path.name).write_bytes(path.read_bytes())
        assert {path.name for path in stolen.iterdir()} >= {"runyard.db", "runyard.db-wal"}
        assert traces(stolen, VALUE) == []
        # Nothing that is in it opens it either.
        database = sqlite3.connect(stolen / "runyard.db")
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        master = (data / "master.key").read_text().strip()
        dump = "\n".join(str(row) for table in tables for row in database.execute(f"SELECT * FROM {table}"))  # noqa: S608
        database.close()
        assert master not in dump
        assert "rs2." in dump


async def test_a_backup_does_not_hold_the_master_key() -> None:
    async with place() as data, opened(options(data)) as yard:
        await secret(yard, "TOKEN", VALUE)
        backup = await migrate.back_up_sqlite(yard.yard.settings.sqlalchemy_url)
        assert backup is not None
        master = (data / "master.key").read_text().strip()
        held = backup.read_bytes()
        assert master.encode() not in held
        assert base64.b64decode(master) not in held
        assert traces(data, VALUE) == []


async def test_a_missing_one_fails_the_start_with_a_sentence() -> None:
    async with place() as data, opened(options(data)) as yard:
        await secret(yard, "TOKEN", VALUE, stage="prod")
        script_id = await yard.script("echo never", secrets=["TOKEN"])
        run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {"stage": "dev"}))["id"])
        assert run["state"] == "failed"
        sentence = "The script lists the secret TOKEN, and there is none of that name for the stage dev."
        assert run["error"] == {"code": "secret_missing", "message": sentence}
        run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {"stage": "prod"}))["id"])
        assert run["state"] == "succeeded"
        answer = await yard.client.post(f"/scripts/{script_id}/runs", json={"stage": "moon"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "stage"
        other = await yard.script("echo never", variables=["URL"])
        run = await yard.finished((await yard.post(f"/scripts/{other}/runs", {}))["id"])
        assert run["error"]["code"] == "variable_missing"
        await settled(yard)


async def test_the_nearest_value_for_the_stage_wins() -> None:
    async with place() as data, opened(options(data)) as yard:
        script_id = await yard.script('echo "$WHERE"', variables=["WHERE"])

        async def says(**more: Any) -> str:
            run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", more))["id"])
            return (await yard.log(run["id"])).strip()

        async def add(value: str, **more: Any) -> None:
            await yard.post("/variables", {"name": "WHERE", "value": value, **more}, 201)

        await add("everywhere", level="global")
        assert await says() == "everywhere"
        await add("everywhere prod", level="global", stage="prod")
        assert await says(stage="prod") == "everywhere prod"
        await add("project")
        # A nearer place counts for more than a stage.
        assert await says(stage="prod") == "project"
        await add("project prod", stage="prod")
        assert await says(stage="prod") == "project prod"
        assert await says(stage="dev") == "project"
        await add("script", script_id=script_id)
        assert await says(stage="prod") == "script"
        await add("script dev", script_id=script_id, stage="dev")
        assert await says() == "script"
        body = {"stages": ["dev", "prod"], "default": "dev"}
        assert (await yard.client.put("/projects/default/stages", json=body)).status_code == 200
        assert await says() == "script dev"
        shown = await yard.get(f"/scripts/{script_id}/variables")
        assert (shown["stage"], shown["decided_by"], shown["stages"]) == ("dev", "project", ["dev", "prod"])
        (item,) = shown["items"]
        assert [(one["value"], one["why"]) for one in item["candidates"]] == [
            ("script dev", "wins"),
            ("script", "stage"),
            ("project", "nearer"),
            ("everywhere", "nearer"),
            ("everywhere prod", "other_stage"),
            ("project prod", "other_stage"),
        ]
        assert (await yard.client.patch(f"/scripts/{script_id}", json={"stage": "prod"})).status_code == 200
        assert await says() == "script"
        run = await yard.get("/runs", limit=1)
        assert (await yard.get(f"/runs/{run['items'][0]['id']}"))["stage"] == "prod"
        await settled(yard)


async def test_after_a_restart_the_output_is_still_masked() -> None:
    code = 'echo begun; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo "$TOKEN"'
    async with place() as data:
        async with opened(options(data)) as yard:
            kept = await secret(yard, "TOKEN", VALUE)
            script_id = await yard.script(code, secrets=["TOKEN"])
            run_id = (await yard.post(f"/scripts/{script_id}/runs", {}))["id"]
            await yard.printed(run_id, "begun")
            # What it was given counts, not what there is now.
            answer = await yard.client.patch(f"/secrets/{kept['id']}", json={"value": "another value"})
            assert (answer.status_code, answer.json()["version"]) == (200, 2)
            assert (await yard.client.delete(f"/secrets/{kept['id']}?force=true")).status_code == 204
        async with opened(options(data)) as yard:
            (data / "work" / run_id / "1" / "files" / "go").touch()
            assert (await yard.finished(run_id))["state"] == "succeeded"
            assert await yard.log(run_id) == "begun\n***\n"
            await settled(yard)
            assert await yard.rows("SELECT sealed FROM run_attempts WHERE sealed IS NOT NULL") == []


async def test_the_value_is_on_no_command_line() -> None:
    code = 'echo begun; until [ -e "$HOME/go" ]; do sleep 0.02; done'
    async with place() as data, opened(options(data)) as yard:
        await secret(yard, "TOKEN", VALUE)
        script_id = await yard.script(code, secrets=["TOKEN"])
        run_id = (await yard.post(f"/scripts/{script_id}/runs", {}))["id"]
        await yard.printed(run_id, "begun")
        lines = await asyncio.to_thread(lambda: [_read(path) for path in Path("/proc").glob("[0-9]*/cmdline")])
        assert any(str(data).encode() in line for line in lines)
        assert not any(VALUE.encode() in line for line in lines)
        assert traces(data, VALUE) == []
        (data / "work" / run_id / "1" / "files" / "go").touch()
        await yard.finished(run_id)
        await settled(yard)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
