"""Attempts are seen to their end through troubles of ours, and told apart from troubles of the script."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runyard import clock
from runyard.engine import executor as module
from runyard.runner import Launcher, StartFailed, read_shim
from runyard.runs import repository
from runyard.runs.lifecycle import Move, on_lost
from runyard.runs.logs.files import FileWriter
from runyard.runs.repository import Token

from .yard import Running, lodgers, none_left, opened, options, place, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")
CODE = 'echo one; echo started >> "$RUNYARD_STATE_DIR/starts"; echo two; exit 3'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mending begins soon."""
    monkeypatch.setattr(module, "MEND_S", 0.01)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def seen_through(yard: Running, script_id: str, run_id: str) -> dict[str, Any]:
    """Whether a run of `CODE` ended as it would have without trouble, and ran once."""
    run = await yard.finished(run_id)
    assert (run["state"], run["exit_code"]) == ("failed", 3), run["error"]
    assert await yard.log(run_id) == "one\ntwo\n"
    assert (yard.data / "state" / script_id / "starts").read_text() == "started\n"
    await settled(yard)
    return run


async def submitted(yard: Running) -> tuple[str, str]:
    script_id = await yard.script(CODE)
    return script_id, (await yard.post(f"/scripts/{script_id}/runs"))["id"]


@pytest.mark.parametrize("event", ["run.started", "run.failed"])
async def test_the_database_is_away_at_a_change_of_state(
    yard: Running, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    write, times = repository.write_move, [1, 2]

    def shaky(connection: Any, token: Any, move: Move, **columns: Any) -> bool:
        if move.event == event and times:
            times.pop()
            raise OSError("the database is away")
        return write(connection, token, move, **columns)

    monkeypatch.setattr(repository, "write_move", shaky)
    await seen_through(yard, *await submitted(yard))
    assert not times


async def test_the_disk_is_full_while_lines_are_stored(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    append, times = FileWriter.append, [1, 2]

    def full(self: FileWriter, lines: Any) -> None:
        if times:
            times.pop()
            append(self, list(lines)[:1])
            raise OSError(28, "No space left on device")
        append(self, lines)

    monkeypatch.setattr(FileWriter, "append", full)
    await seen_through(yard, *await submitted(yard))
    assert not times


async def test_a_version_that_can_not_be_read_at_once(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = yard.yard.executor
    assert executor is not None
    version, times = executor.crew.version, [1, 2]

    async def shaky(version_id: str) -> Any:
        if times:
            times.pop()
            raise OSError("the database is away")
        return await version(version_id)

    monkeypatch.setattr(executor.crew, "version", shaky)
    await seen_through(yard, *await submitted(yard))


async def test_a_launcher_that_fails_before_it_forked(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn, times = Launcher.spawn, [1]

    async def shaky(self: Launcher, spec: Any) -> Any:
        if times:
            times.pop()
            raise OSError("no more descriptors")
        return await spawn(self, spec)

    monkeypatch.setattr(Launcher, "spawn", shaky)
    run = await seen_through(yard, *await submitted(yard))
    kinds = [event["kind"] for event in (await yard.get(f"/runs/{run['id']}/events"))["items"]]
    assert kinds == [
        *("run.queued", "run.claimed", "run.returned", "run.claimed", "run.started", "run.failed"),
    ]


async def test_a_launcher_that_fails_after_it_forked(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = Launcher.spawn

    async def shaky(self: Launcher, spec: Any) -> Any:
        await spawn(self, spec)
        raise StartFailed("the launcher died twice over this attempt")

    monkeypatch.setattr(Launcher, "spawn", shaky)
    script_id = await yard.script('echo one; until [ -e "$HOME/go" ]; do sleep 0.02; done')
    run_id = (await yard.post(f"/scripts/{script_id}/runs"))["id"]
    await yard.printed(run_id, "one")
    (yard.data / "work" / run_id / "1" / "files" / "go").touch()
    assert (await yard.finished(run_id))["state"] == "succeeded"


async def test_a_command_that_can_not_be_started(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_self: Launcher, _spec: Any) -> Any:
        raise StartFailed("no such interpreter")

    monkeypatch.setattr(Launcher, "spawn", refuse)
    run = await yard.run("true")
    assert (run["state"], run["error"]) == ("failed", {"code": "start_failed", "message": "no such interpreter"})


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(28, "No space left on device"), "workspace_failed", "No space left on device"),
        (KeyError("hunter22"), "internal_error", "the server's log has the details"),
    ],
)
async def test_a_workspace_that_can_not_be_laid_out(
    yard: Running, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, words: str
) -> None:
    spaces = yard.yard.workspaces
    prepare = spaces.prepare

    def half(*args: Any, **options: Any) -> None:
        prepare(*args, **options)
        raise error

    monkeypatch.setattr(spaces, "prepare", half)
    run = await yard.run("true")
    assert (run["state"], run["error"]["code"]) == ("failed", code)
    assert words in run["error"]["message"]
    assert "hunter22" not in run["error"]["message"]
    if code == "workspace_failed":
        # it goes as soon as that was said
        while names(yard.data / "work" / run["id"]):
            await asyncio.sleep(0.01)


async def test_one_that_was_declared_lost_meanwhile_is_ended(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = Launcher.spawn

    async def late(self: Launcher, spec: Any) -> Any:
        started = await spawn(self, spec)
        run_id, attempt, fence = spec.attempt_id.split(".")
        async with yard.yard.database.write() as session:
            token = Token(run_id, int(attempt), int(fence))
            assert await repository.apply(session, token, on_lost("by somebody else", clock.now()))
        return started

    monkeypatch.setattr(Launcher, "spawn", late)
    run_id = await yard.submit("while :; do sleep 0.05; done")
    while (await yard.get(f"/runs/{run_id}"))["state"] != "lost":
        await asyncio.sleep(0.01)
    await settled(yard)
    assert await none_left(yard.data) == {}


async def hurt(yard: Running, how: Callable[[str], None]) -> dict[str, Any]:
    """Run something endless, hurt its spool or its shim, and return the run once it is over."""
    run_id = await yard.submit("echo begun; (setsid sleep 300 &); while :; do sleep 0.05; done")
    await yard.printed(run_id, "begun")
    how(f"{yard.data}/spool/{run_id}.1.1")
    return await yard.finished(run_id)


def kill_shim(spool: str) -> None:
    shim = read_shim(spool)
    assert shim is not None
    os.kill(shim["pid"], signal.SIGKILL)


def spoil(spool: str) -> None:
    with open(f"{spool}/output", "ab") as file:  # noqa: PTH123 - one line
        file.write(b"\xff" * 4000)
    # it reads again when it hears of more
    with open(f"{spool.replace('spool/', 'work/').removesuffix('.1.1')}/1/files/more", "w"):  # noqa: PTH123
        pass


async def test_a_shim_that_was_killed_leaves_nothing_running(yard: Running) -> None:
    run = await hurt(yard, kill_shim)
    assert (run["state"], run["error"]["code"]) == ("lost", "lost")
    assert await yard.log(run["id"]) == "begun\n"
    await settled(yard)
    while lodgers(yard.data):
        await asyncio.sleep(0.01)


async def test_a_spool_that_is_damaged_ends_the_run(yard: Running) -> None:
    run_id = await yard.submit("echo begun; until [ -e more ]; do sleep 0.02; done; echo more; sleep 300")
    await yard.printed(run_id, "begun")
    spoil(f"{yard.data}/spool/{run_id}.1.1")
    run = await yard.finished(run_id)
    assert run["state"] == "lost"
    await settled(yard)
    assert await none_left(yard.data) == {}


async def test_what_was_not_started_goes_back_when_the_worker_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    async with place() as data:
        async with opened(options(data)) as yard:
            asked = asyncio.Event()

            async def never(*_: Any) -> None:
                asked.set()
                await asyncio.Event().wait()

            with monkeypatch.context() as patch:
                patch.setattr(yard.yard.environments, "ensure", never)
                patch.setattr(yard.yard.environments, "cached", lambda *_: None)
                run_id = await yard.submit("print('later')", "python")
                going = await yard.submit("echo begun; until [ -e go ]; do sleep 0.02; done")
                await yard.printed(going, "begun")
                await asked.wait()
                assert await yard.yard.stop() == 1
        async with opened(options(data)) as yard:
            (data / "work" / going / "1" / "files" / "go").touch()
            assert (await yard.finished(going))["state"] == "succeeded"
            run = await yard.finished(run_id)
            assert run["state"] == "succeeded", run
            kinds = [event["kind"] for event in (await yard.get(f"/runs/{run_id}/events"))["items"]]
            assert kinds[:4] == ["run.queued", "run.claimed", "run.returned", "run.claimed"]


async def test_a_server_s_first_words_about_itself(yard: Running) -> None:
    (worker,) = (await yard.get("/workers"))["items"]
    assert (worker["state"], worker["slots"], worker["in_use"], worker["queues"]) == ("online", 2, 0, ["default"])
    assert worker["info"]["pid"] == os.getpid()
    system = await yard.get("/system")
    assert system["default_level"] in {level["level"] for level in system["sandbox"] if level["available"]}
    home = await yard.get("/home")
    assert home["slots"] == {"total": 2, "in_use": 0}
    assert home["queue"] == {"queued": 0, "starting": 0, "running": 0}
    assert home["ever_ran"]
    assert sum(home["runs_today"].values()) == len((await yard.get("/runs", limit=500))["items"])
    assert {run["state"] for run in home["recent"]} <= {"succeeded", "failed", "lost"}
    assert home["running"] == []
    executor = yard.yard.executor
    assert executor is not None
    assert executor.live == 0
