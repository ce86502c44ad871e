"""A secret that became one later is masked in what is stored already."""

import json
from pathlib import Path
from typing import Any

import pytest

from runyard.runs import scrubbing
from runyard.runs.scrubbing import Scrubs

from .yard import Running, opened, options, place, settled

VALUE = "hunter2/secret"
KEY = "-----BEGIN KEY-----\nabcdefgh\nxy\n-----END KEY-----"
CODE = f"""
n=0; while [ $n -lt 9000 ]; do echo "line $n of a log that fills more than one chunk of its store"; n=$((n+1)); done
echo "token {VALUE}"; echo "err {VALUE}" >&2
cat <<'END'
{KEY}
END
echo last
echo '{json.dumps({"said": VALUE, VALUE: 1})}' > "$RUNYARD_OUTPUTS"
echo "::progress 50 {VALUE}"
echo "failed: {VALUE}" >&2
exit 3
"""


async def scrubbed(yard: Running, name: str, value: str) -> dict[str, Any]:
    kept = await yard.post("/secrets", {"name": name, "value": value}, 201)
    begun = await yard.post(f"/secrets/{kept['id']}/scrub")
    assert begun["state"] == "running"
    await yard.yard.scrubs.finished()
    done: dict[str, Any] = (await yard.get(f"/secrets/{kept['id']}/scrubs"))["items"][0]
    return done


async def everything(yard: Running, run_id: str) -> list[tuple[int, str, str]]:
    lines: list[tuple[int, str, str]] = []
    after = 0
    while True:
        page = await yard.lines(run_id, after=after, limit=5000)
        if not page:
            return lines
        lines += [(line["n"], line["t"], line["text"]) for line in page]
        after = page[-1]["n"]


def traces(data: Path, *values: str) -> list[str]:
    return [
        str(path.relative_to(data))
        for folder in ("logs", "")
        for path in ((data / folder).rglob("*") if folder else data.glob("runyard.db*"))
        if path.is_file() and any(value.encode() in path.read_bytes() for value in values)
    ]


async def test_logs_and_rows_are_masked_and_their_lines_stay() -> None:
    async with place() as data, opened(options(data, runs={"output_cap": 5_000_000})) as yard:
        definitions = [{"key": "GIVEN", "label": "Given", "type": "text"}]
        script_id = await yard.script(CODE, parameters=definitions)
        body = {"parameters": {"GIVEN": f"as {VALUE} was typed"}}
        run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", body))["id"])
        other = await yard.run("echo nothing of it")
        await settled(yard)
        before = await everything(yard, run["id"])
        assert f"token {VALUE}" in {text for _, _, text in before}
        first = await scrubbed(yard, "TOKEN", VALUE)
        assert (first["state"], first["total"], first["done"], first["changed"]) == ("finished", 2, 2, 1)
        assert first["note"] is None
        second = await scrubbed(yard, "KEY", KEY)
        assert (second["done"], second["changed"]) == (2, 1)
        after = await everything(yard, run["id"])
        assert [(n, t) for n, t, _ in after] == [(n, t) for n, t, _ in before]
        expected = {f"token {VALUE}": "token ***", f"err {VALUE}": "err ***", f"failed: {VALUE}": "failed: ***"}
        expected |= {f"::progress 50 {VALUE}": "::progress 50 ***"} | dict.fromkeys(KEY.split("\n"), "***")
        assert [text for _, _, text in after] == [expected.get(text, text) for _, _, text in before]
        now = await yard.get(f"/runs/{run['id']}")
        assert now["outputs"] == {"said": "***", "***": 1}
        assert now["parameters"] == {"GIVEN": "as *** was typed"}
        assert now["progress"]["message"] == "***"
        failures = json.dumps(await yard.get("/failures"))
        assert VALUE not in failures
        assert await yard.log(other["id"]) == "nothing of it\n"
        assert not list((data / "logs").glob("*.rewritten*"))
        # The code still has it, and so have the run's rows of it: a script's text is its author's to change.
        await yard.client.delete(f"/scripts/{script_id}")
        assert [path for path in traces(data, "as hunter2/secret was typed") if path] == []


async def test_one_that_was_cut_short_goes_on_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing, "BATCH", 1)
    async with place() as data:
        async with opened(options(data)) as yard:
            runs = [await yard.run(f"echo {VALUE} {n}") for n in range(3)]
            await settled(yard)
            kept = await yard.post("/secrets", {"name": "TOKEN", "value": VALUE}, 201)
            with monkeypatch.context() as patch:
                patch.setattr(Scrubs, "_start", lambda *_: None)
                await yard.post(f"/secrets/{kept['id']}/scrub")
                assert (await yard.client.post(f"/secrets/{kept['id']}/scrub")).json()["code"] == "scrub_goes_on"
        async with opened(options(data)) as yard:
            await yard.yard.scrubs.finished()
            (done,) = (await yard.get(f"/secrets/{kept['id']}/scrubs"))["items"]
            assert (done["state"], done["done"], done["changed"]) == ("finished", 3, 3)
            for n, run in enumerate(runs):
                assert await yard.log(run["id"]) == f"*** {n}\n"


async def test_what_is_too_short_or_still_goes_on() -> None:
    async with place() as data, opened(options(data)) as yard:
        kept = await yard.post("/secrets", {"name": "PIN", "value": "123"}, 201)
        answer = await yard.client.post(f"/secrets/{kept['id']}/scrub")
        assert (answer.status_code, answer.json()["code"]) == (422, "too_short_to_scrub")
        run_id = await yard.submit(f'echo {VALUE}; until [ -e "$HOME/go" ]; do sleep 0.02; done')
        await yard.printed(run_id, VALUE)
        done = await scrubbed(yard, "TOKEN", VALUE)
        assert (done["done"], done["note"]) == (0, "Not looked into, as they are still going: 1 runs.")
        (data / "work" / run_id / "1" / "files" / "go").touch()
        await yard.finished(run_id)
        await settled(yard)


async def test_every_secret_of_a_connection_is_masked_and_what_is_no_secret_stays() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabcdefgh\n-----END PRIVATE KEY-----"
    settings = {"kind": "ssh", "host": "db.example", "username": "reports", "private_key": key, "passphrase": VALUE}
    async with place() as data, opened(options(data)) as yard:
        script = f"echo 'reports:{VALUE}@db.example abc'\nprintf '%s\\n' '{key}'"
        run = await yard.run(script)
        await settled(yard)
        kept = await yard.post("/connections", {"name": "HOST", "settings": settings}, 201)
        assert (await yard.client.post(f"/secrets/{kept['id']}/scrub")).status_code == 404
        begun = await yard.post(f"/connections/{kept['id']}/scrub")
        await yard.yard.scrubs.finished()
        [done] = (await yard.get(f"/connections/{kept['id']}/scrubs"))["items"]
        assert (done["id"], done["state"], done["changed"]) == (begun["id"], "finished", 1)
        assert await yard.log(run["id"]) == "reports:***@db.example abc\n" + "***\n" * 3


async def test_a_connection_without_a_secret_to_look_for() -> None:
    async with place() as data, opened(options(data)) as yard:
        settings = {"kind": "redis", "host": "db.example", "password": "abc"}
        kept = await yard.post("/connections", {"name": "CACHE", "settings": settings}, 201)
        answer = await yard.client.post(f"/connections/{kept['id']}/scrub")
        assert (answer.status_code, answer.json()["code"]) == (422, "too_short_to_scrub")
