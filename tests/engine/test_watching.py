"""Following runs live: the log's stream, and the socket of state changes."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import websockets
from sqlalchemy import text

from runyard import clock, ids
from runyard.api import live
from runyard.runs import log_routes, log_stream

from .yard import Running, signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")
WAITING = 'echo one; echo two; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo three; exit 5'


def events(raw: str) -> Iterator[tuple[str, str | None, Any]]:
    """Yield (kind, id, data) of a stream's text."""
    for block in raw.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])


class Stream:
    """A reader of a run's stream, taken from the application's own generator: transports without a network buffer."""

    def __init__(self, yard: Running, run_id: str, attempt: int | None = None, after: int = 0) -> None:
        self._source = log_stream.follow(yard.yard.runs, yard.yard.database, yard.yard.bus, run_id, attempt, after)
        self._ready: list[tuple[str, str | None, Any]] = []

    async def next(self) -> tuple[str, str | None, Any]:
        while not self._ready:
            self._ready += events(await anext(self._source))
        return self._ready.pop(0)

    async def rest(self) -> list[tuple[str, str | None, Any]]:
        found = self._ready
        async for part in self._source:
            found += events(part)
        return found

    async def close(self) -> None:
        await self._source.aclose()  # type: ignore[attr-defined]


def go(yard: Running, run_id: str) -> None:
    (yard.data / "work" / run_id / "1" / "files" / "go").touch()


async def test_a_stream_from_the_queue_to_the_end(yard: Running) -> None:
    run_id = await yard.submit(WAITING)
    stream = Stream(yard, run_id)
    states: list[str] = []
    lines: list[str] = []
    while len(lines) < 2:
        kind, number, data = await stream.next()
        if kind == "state":
            states.append(data["state"])
        else:
            assert kind == "log"
            assert number == str(data["n"])
            lines.append(data["text"])
    assert states[-1] == "running"
    assert states == [state for state in ("queued", "starting", "running") if state in states]
    go(yard, run_id)
    rest = await stream.rest()
    assert [data["text"] for kind, _n, data in rest if kind == "log"] == ["three"]
    assert rest[-1][0] == "end"
    assert (rest[-1][2]["state"], rest[-1][2]["exit_code"]) == ("failed", 5)
    assert [data["state"] for kind, _n, data in rest if kind == "state"] == ["failed"]


async def test_a_stream_is_resumed(yard: Running) -> None:
    run = await yard.run("seq 2500")
    path = f"/runs/{run['id']}/logs/stream"
    whole = await yard.client.get(path)
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in whole.headers
    found = list(events(whole.text))
    assert [data["text"] for kind, _n, data in found if kind == "log"] == [str(n) for n in range(1, 2501)]
    assert (found[0][0], found[-1][0]) == ("state", "end")
    for headers, params, first in (
        ({"Last-Event-ID": "2498"}, {}, 2499),
        ({}, {"after": "2499"}, 2500),
        ({"Last-Event-ID": "2499"}, {"after": "1"}, 2500),
        ({"Last-Event-ID": "²"}, {"after": "2499"}, 2500),
        ({"Last-Event-ID": "9" * 5000}, {"after": "2499"}, 2500),
        ({"Last-Event-ID": "2500"}, {}, None),
        ({"Last-Event-ID": "99999"}, {}, None),
    ):
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = await yard.client.get(path, headers=raw, params=params)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        kinds = [(kind, number) for kind, number, _data in events(answer.text)]
        assert kinds[-1][0] == "end"
        logged = [int(str(number)) for kind, number in kinds if kind == "log"]
        assert logged == (list(range(first, 2501)) if first else [])


async def test_whoever_hears_nothing_looks_at_the_row(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "BREATH_S", 0.02)
    run_id = await yard.submit(WAITING)
    await yard.printed(run_id, "two")
    stream = Stream(yard, run_id)
    while (await stream.next())[2].get("text") != "two":
        pass
    # from here on no news reach it
    bus = yard.yard.bus
    monkeypatch.setattr(bus, "publish", lambda *_: None)
    go(yard, run_id)
    assert (await stream.rest())[-1][0] == "end"
    monkeypatch.undo()
    await yard.finished(run_id)


async def test_a_stream_ends_when_the_server_is_about_to_stop(yard: Running) -> None:
    run_id = await yard.submit(WAITING)
    await yard.printed(run_id, "two")
    stream = Stream(yard, run_id)
    while (await stream.next())[2].get("text") != "two":
        pass
    yard.yard.bus.farewell()
    assert await stream.rest() == []
    go(yard, run_id)
    await yard.finished(run_id)


async def test_pages_of_a_log(yard: Running) -> None:
    run = await yard.run("seq 1 120; echo err >&2")
    path = f"/runs/{run['id']}/logs"
    page = await yard.get(path, limit=50)
    assert (page["total"], page["attempt"], page["complete"], len(page["items"])) == (121, 1, True, 50)
    numbers = [line["n"] for line in page["items"]]
    while page["next_cursor"]:
        page = await yard.get(path, limit=50, after=page["next_cursor"])
        numbers += [line["n"] for line in page["items"]]
    assert numbers == list(range(1, 122))
    assert [line["n"] for line in await yard.lines(run["id"], tail=3)] == [119, 120, 121]
    assert [line["n"] for line in await yard.lines(run["id"], after=118, limit=2)] == [119, 120]
    assert await yard.lines(run["id"], after=500) == []
    assert (await yard.client.get(path, params={"attempt": 2})).json()["code"] == "no_such_attempt"
    for after in ("²", "x", "-1", "9" * 60):
        assert (await yard.client.get(path, params={"after": after})).status_code in {200, 422}
    hits = await yard.get(f"{path}/search", q="12", limit=2)
    assert [hit["n"] for hit in hits["items"]] == [12, 112]
    more = await yard.get(f"{path}/search", q="12", after=hits["next_cursor"])
    assert [hit["n"] for hit in more["items"]] == [120]
    assert more["next_cursor"] is None


@asynccontextmanager
async def served(yard: Running) -> AsyncIterator[str]:
    """Serve the yard's application on loopback."""
    config = uvicorn.Config(yard.app, port=0, lifespan="off", log_config=None, ws="websockets-sansio")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield f"ws://127.0.0.1:{listening.getsockname()[1]}/api/v1/live"
    server.should_exit = True
    await serving
    listening.close()


async def hear(socket: Any, kind: str) -> dict[str, Any]:
    while (message := json.loads(await socket.recv()))["type"] != kind:
        pass
    return dict(message)


async def test_the_socket_shows_what_changes_in_one_s_own_projects(yard: Running) -> None:
    token = await signed_in(yard.yard)
    async with served(yard) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps({"token": token}))
        assert (await hear(socket, "hello")) == {"type": "hello"}
        # somebody else's project, and things that are nobody's business
        bus = yard.yard.bus
        bus.publish("project:prj_foreign", {"type": "run", "run": {"id": "run_f", "project_id": "prj_foreign"}})
        bus.publish("project:prj_foreign", {"type": "script", "script": {"id": "scr_f", "project": "foreign"}})
        (project_id,) = (await yard.rows("select id from projects where name = 'default'"))[0]
        bus.publish(f"project:{project_id}", {"type": "secret", "run": {"id": "run_s"}})
        run_id = await yard.submit("echo '::progress 50 half'")
        states: list[str] = []
        while not states or states[-1] != "succeeded":
            message = json.loads(await socket.recv())
            if message["type"] == "progress":
                assert message["run"]["progress"]["percent"] == 50.0
                continue
            assert message["type"] == "run"
            run = message["run"]
            assert (run["id"], run["project"], run["attempt"]) == (run_id, "default", 1)
            assert "project_id" not in run
            states.append(run["state"])
        assert states == ["queued", "starting", "running", "succeeded"]
        await socket.send(json.dumps({"token": token}))
        bus.farewell()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(socket, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012


async def test_the_socket_tells_of_jobs_and_of_what_was_due(yard: Running) -> None:
    token = await signed_in(yard.yard)
    script_id = await yard.script("true")
    async with served(yard) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps({"token": token}))
        await hear(socket, "hello")
        bus = yard.yard.bus
        bus.publish("project:prj_foreign", {"type": "job", "job": {"id": "job_f", "project": "prj_foreign"}})
        bus.publish("project:prj_foreign", {"type": "slot", "slot": {"jobs": ["job_f"], "project": "prj_foreign"}})
        body = {
            "name": "told of",
            "target": {"kind": "script", "id": script_id},
            "triggers": [{"type": "interval", "every_s": 1}],
        }
        job_id = (await yard.post("/jobs", body, 201))["id"]
        told = (await hear(socket, "job"))["job"]
        assert (told["id"], told["project"]) == (job_id, "default")
        slot = (await hear(socket, "slot"))["slot"]
        assert (slot["jobs"], slot["project"]) == ([job_id], "default")
        await yard.post(f"/jobs/{job_id}/pause", {}, 200)
        assert (await hear(socket, "job"))["job"]["id"] == job_id
    assert (await yard.client.delete(f"/jobs/{job_id}")).status_code == 204


@pytest.mark.parametrize(
    "first", ["", "{", "[]", '{"token": 5}', '{"token": "x"}', b'{"token": "x"}', "[" * 50_000, "null"]
)
async def test_the_socket_takes_no_other_first_word_than_a_good_token(yard: Running, first: str | bytes) -> None:
    async with served(yard) as url, websockets.connect(url) as socket:
        await socket.send(first)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(socket, "hello")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("word", ['{"token": "x"}', b"binary", "{"])
async def test_a_bad_word_later_ends_it_too(yard: Running, word: str | bytes) -> None:
    token = await signed_in(yard.yard)
    async with served(yard) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps({"token": token}))
        await hear(socket, "hello")
        await socket.send(word)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(socket, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_runs_of_foreign_projects_are_not_there(yard: Running) -> None:
    run = await yard.run("echo mine > a")
    other = ids.new("prj")
    now = clock.to_us(clock.now())
    async with yard.yard.database.write() as session:
        columns = {row[1] for row in await session.execute(text("pragma table_info(projects)"))}
        values: dict[str, Any] = {"id": other, "name": "foreign", "created_at": now}
        required = {name: values.get(name, "") for name in columns}
        names = ", ".join(required)
        places = ", ".join(f":{name}" for name in required)
        await session.execute(text(f"insert into projects ({names}) values ({places})"), required)  # noqa: S608
        await session.execute(text("update runs set project_id = :p where id = :r"), {"p": other, "r": run["id"]})
    for path in (
        "",
        "/logs",
        "/logs/stream",
        "/logs/search?q=a",
        "/files",
        "/files/a",
        "/archive",
        "/events",
        "/attempts",
    ):
        answer = await yard.client.get(f"/runs/{run['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_run"), path
    for path in ("/cancel", "/rerun"):
        assert (await yard.client.post(f"/runs/{run['id']}{path}")).status_code == 404
    assert run["id"] not in {item["id"] for item in (await yard.get("/runs"))["items"]}
    home = await yard.get("/home")
    assert run["id"] not in {item["id"] for item in home["recent"]}


async def test_the_socket_waits_only_so_long_for_a_token(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE_S", 0.01)
    async with served(yard) as url, websockets.connect(url) as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await hear(socket, "hello")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_the_socket_says_what_was_missed(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PING_S", 0.01)
    monkeypatch.setattr(live, "RECHECK_S", 0.0)
    token = await signed_in(yard.yard)
    async with served(yard) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps({"token": token}))
        await hear(socket, "hello")
        await hear(socket, "ping")
        yard.yard.bus.miss()  # type: ignore[attr-defined]
        await hear(socket, "missed")
        project_id = (await yard.get("/projects"))["items"][0]["id"]
        yard.yard.bus.publish(f"project:{project_id}", {"type": "script", "script": {"id": "scr_1"}})
        assert (await hear(socket, "script"))["script"] == {"id": "scr_1"}
        # one whose session was ended hears nothing more
        headers = {"Authorization": f"Bearer {token}"}
        assert (await yard.client.post("/auth/logout", headers=headers)).status_code < 300
        with pytest.raises(websockets.ConnectionClosed):
            await hear(socket, "never")


async def test_one_who_leaves_without_a_word(yard: Running) -> None:
    async with served(yard) as url:
        async with websockets.connect(url):
            pass
        token = await signed_in(yard.yard)
        async with websockets.connect(url) as socket:
            await socket.send(json.dumps({"token": token}))
            await hear(socket, "hello")
        while yard.yard.bus._prefix:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)


async def test_long_logs_as_text(yard: Running) -> None:
    run = await yard.run("seq 11000")
    assert await yard.log(run["id"]) == "".join(f"{n}\n" for n in range(1, 11001))


@pytest.mark.parametrize(("content", "size", "given"), [(b"abc", 2, b"ab"), (b"abc", 5, b"abc\0\0"), (b"", 0, b"")])
async def test_a_file_is_given_as_long_as_was_said(content: bytes, size: int, given: bytes) -> None:
    assert b"".join(log_routes._exactly(io.BytesIO(content), size)) == given
