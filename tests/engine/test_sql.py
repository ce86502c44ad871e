"""SQL scripts as runs: on a file of the script's own, and on a connection."""

from typing import Any

import pytest

from tests.connections.test_real_servers import PASSWORD, postgres

from .yard import opened, options, place

__all__ = ["postgres"]


async def test_a_script_keeps_a_file_of_its_own() -> None:
    async with place() as data, opened(options(data)) as yard:
        code = "CREATE TABLE IF NOT EXISTS seen (who TEXT);\nINSERT INTO seen VALUES (:WHO);\nSELECT who FROM seen"
        parameters = [{"key": "WHO", "label": "Who", "type": "text"}]
        script_id = await yard.script(code, "sql", parameters=parameters, row_limit=5)
        for who in ("ann", "o'hara; --"):
            started = await yard.post(f"/scripts/{script_id}/runs", {"parameters": {"WHO": who}})
            run = await yard.finished(started["id"])
            assert run["state"] == "succeeded", await yard.log(run["id"])
        assert run["outputs"] == [{"who": "ann"}, {"who": "o'hara; --"}]
        files = (await yard.get(f"/runs/{run['id']}/files"))["items"]
        assert [file["path"] for file in files] == ["result.csv"]
        failed = await yard.run("SELECT * FROM nowhere", "sql")
        assert (failed["state"], failed["exit_code"]) == ("failed", 1)
        assert "nowhere" in await yard.log(failed["id"])


@pytest.mark.needs_registry
@pytest.mark.timeout(600)
async def test_a_script_runs_on_a_connection(postgres: dict[str, Any]) -> None:
    async with place() as data, opened(options(data)) as yard:
        settings = {**postgres, "password": PASSWORD}
        await yard.post("/connections", {"name": "BASE", "settings": settings}, 201)
        code = "SELECT current_user AS who, :N::int * 2 AS n; SELECT 'x' AS s WHERE :N::int = 0"
        parameters = [{"key": "N", "label": "N", "type": "number"}]
        script_id = await yard.script(code, "sql", parameters=parameters, connections=["BASE"])
        run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {"parameters": {"N": 21}}))["id"])
        assert run["state"] == "succeeded", await yard.log(run["id"])
        said = await yard.log(run["id"])
        assert "On BASE (postgresql)." in said
        assert PASSWORD not in said
        got = await yard.client.get(f"/runs/{run['id']}/files/result.csv")
        assert got.text.split() == ["who,n", "guarded,42"]
        broken = await yard.run("SELECT nothing_here", "sql", connections=["BASE"])
        assert "nothing_here" in await yard.log(broken["id"])
        event = (await yard.get("/audit", action="secret.use"))["items"][0]
        assert event["changes"]["connections"] == [None, ["BASE"]]
