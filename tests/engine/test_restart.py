"""What a worker finds when it comes back, in one process."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from runyard.engine import executor as module
from runyard.engine.attempt import Attempt
from runyard.engine.naming import parse_attempt_id
from runyard.engine.states import StateLocks
from runyard.runner import claim_unstarted
from runyard.runs.repository import Token

from .yard import Running, lodgers, opened, options, place, settled

WAITING = 'echo begun; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo end; exit 4'


async def begun(yard: Running, code: str = WAITING) -> str:
    run_id = await yard.submit(code)
    await yard.printed(run_id, "begun")
    return run_id


def go(data: Path, run_id: str) -> None:
    (data / "work" / run_id / "1" / "files" / "go").touch()


async def test_runs_are_adopted_with_their_place_and_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEND_S", 0.01)
    async with place() as data:
        async with opened(options(data, slots=1)) as yard:
            run_id = await begun(yard)
        adopt, times = Attempt._adopt, [1]

        async def shaky(self: Attempt) -> None:
            if times:
                times.pop()
                raise OSError("the database is away")
            await adopt(self)

        monkeypatch.setattr(Attempt, "_adopt", shaky)
        async with opened(options(data, slots=1)) as yard:
            second = await yard.submit("echo second")
            waiting = (await yard.get(f"/runs/{second}"))["waiting_for"]
            assert waiting == {"code": "slots", "message": "1 of 1 slots are taken."}
            go(data, run_id)
            run = await yard.finished(run_id)
            assert (run["state"], run["exit_code"]) == ("failed", 4)
            assert await yard.log(run_id) == "begun\nend\n"
            assert (await yard.finished(second))["state"] == "succeeded"
            await settled(yard)


async def test_an_adopted_run_can_be_cancelled() -> None:
    async with place() as data:
        async with opened(options(data)) as yard:
            run_id = await begun(yard)
        async with opened(options(data)) as yard:
            await yard.cancel(run_id)
            assert (await yard.finished(run_id))["state"] == "cancelled"
            await settled(yard)


async def test_spools_that_nobody_asks_about_are_buried() -> None:
    async with place() as data:
        async with opened(options(data)) as yard:
            orphan = await begun(yard)
        for name in ("run_x.1.1", "nonsense", "a.b.c", f"{orphan}.1.9"):
            (data / "spool" / name).mkdir()
        (data / "spool" / "file").touch()
        async with opened(options(data)) as yard:
            assert yard.spools() == ["file", f"{orphan}.1.1"]
        # its run is said to be over meanwhile
        async with opened(options(data), frozenset({"api"})) as yard, yard.yard.database.write() as session:
            await session.execute(text("UPDATE runs SET state = 'lost'"))
        assert lodgers(data)
        async with opened(options(data)) as yard:
            assert yard.spools() == ["file"]
            assert (await yard.get(f"/runs/{orphan}"))["state"] == "lost"
        assert lodgers(data) == {}


async def test_one_whose_spool_was_declared_dead_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with place() as data:
        async with opened(options(data)) as yard:
            stop = asyncio.Event()

            async def never(_self: Any, spec: Any) -> None:
                stop.set()
                await asyncio.Event().wait()

            with monkeypatch.context() as patch:
                patch.setattr("runyard.runner.Launcher.spawn", never)
                run_id = await yard.submit("echo ran")
                await stop.wait()
        assert claim_unstarted(data / "spool" / f"{run_id}.1.1")
        async with opened(options(data)) as yard:
            assert (await yard.finished(run_id))["state"] == "succeeded"
            assert await yard.log(run_id) == "ran\n"
            kinds = [event["kind"] for event in (await yard.get(f"/runs/{run_id}/events"))["items"]]
            assert kinds.count("run.returned") == 1


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("run_1.1.2", Token("run_1", 1, 2)),
        ("run_1.1", None),
        ("run_1.x.2", None),
        ("", None),
        ("run_1.1.2.3", None),
    ],
)
def test_names_of_spools(name: str, token: Token | None) -> None:
    assert parse_attempt_id(name) == token


async def test_state_directories_are_lent_in_turn() -> None:
    locks = StateLocks()
    assert locks.try_take("scr", "a")
    assert locks.try_take("scr", "a")
    assert not locks.try_take("scr", "b")
    assert locks.try_take("other", "b")
    waiting = [asyncio.create_task(locks.take("scr", name)) for name in ("b", "c", "d")]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    locks.release("scr", "not the holder")
    locks.release("scr", "a")
    await waiting[1]
    assert not waiting[2].done()
    locks.release("scr", "c")
    await waiting[2]
    locks.release("scr", "d")
    locks.release("scr", "d")
