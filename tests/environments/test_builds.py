# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240
"""Builds: cancelled, watched, crashed, taken over, asked for by several."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from runyard import clock
from runyard.environments import repository, service
from runyard.environments.failures import BuildCancelled, BuildInterrupted
from runyard.environments.lifecycle import Event, State, WrongMoment, move
from runyard.environments.models import Environment
from runyard.environments.service import EnvironmentService

from .conftest import PROJECT, Yard, execute, python
from .gate import SLOW, gone, the_builder
from .registry import Registry

AGENT = """
import asyncio, sys
from pathlib import Path
from runyard.db.session import Database
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import want_for
from runyard.live.bus import LocalBus
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import EnvironmentSettings, Settings

async def main(url, data, index):
    settings = Settings(data=Path(data), environments=EnvironmentSettings(index_url=index))
    service = EnvironmentService(Database.connect(url), LocalBus(), settings, Sealer(MasterKey(bytes(32))))
    await service.recover()
    await service.ensure(want_for("python", "", ["slow"]), None, None)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_build_is_cancelled_with_all_its_processes(
    yard: Yard, environments: EnvironmentService, gate: Path
) -> None:
    asked = [asyncio.create_task(environments.ensure(python("slow"), None, PROJECT)) for _ in range(3)]
    builder = await the_builder(gate)
    [row] = await yard.rows()
    assert row.state == "building"
    async with yard.database.write() as session:
        assert (await environments.cancel(session, row.id)).id == row.id
    for task in asked:
        with pytest.raises(BuildCancelled):
            await task
    await gone(builder)
    [row] = await yard.rows()
    assert (row.state, row.error_code) == ("failed", "build_cancelled")
    assert yard.names() == []
    with pytest.raises(WrongMoment):
        async with yard.database.write() as session:
            await environments.cancel(session, row.id)
    gate.touch()
    ready = await environments.ensure(python("slow"), None, PROJECT)
    assert ready.id == row.id


async def test_a_build_that_waits_for_its_turn_is_cancelled(
    yard: Yard, environments: EnvironmentService, registry: Registry, gate: Path
) -> None:
    registry.sdist("slower", SLOW.replace("GATE", str(gate)).replace("slow", "slower"))
    others = [asyncio.create_task(environments.ensure(python(name), None, PROJECT)) for name in ("slow", "slower")]
    await yard.until(lambda row: row.state == "building" and row.requirements == ["slow"])
    await yard.until(lambda row: row.state == "building" and row.requirements == ["slower"])
    third = asyncio.create_task(environments.ensure(python("tiny"), None, PROJECT))
    waiting = await yard.until(lambda row: row.requirements == ["tiny"])
    assert waiting.state == "pending"
    async with yard.database.write() as session:
        await environments.cancel(session, waiting.id)
    with pytest.raises(BuildCancelled):
        await third
    assert (await yard.row(waiting.id)).state == "failed"
    gate.touch()
    assert len({ready.id for ready in await asyncio.gather(*others)}) == 2


async def test_a_cancel_reaches_a_builder_in_another_process(yard: Yard, gate: Path) -> None:
    builder, desk = await yard.open(), await yard.open(builder=False)
    asked = asyncio.create_task(builder.ensure(python("slow"), None, PROJECT))
    process = await the_builder(gate)
    [row] = await yard.rows()
    async with yard.database.write() as session:
        await desk.cancel(session, row.id)
    with pytest.raises(BuildCancelled):
        await asked
    await gone(process)


async def test_who_gives_up_waiting_stops_nobodys_build(
    yard: Yard, environments: EnvironmentService, gate: Path
) -> None:
    first, second = (asyncio.create_task(environments.ensure(python("slow"), None, PROJECT)) for _ in range(2))
    await the_builder(gate)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.touch()
    assert (await second).id == (await yard.rows())[0].id


async def test_a_build_that_is_stopped_with_the_server_is_due_again(yard: Yard, gate: Path) -> None:
    service = await yard.open()
    asked = asyncio.create_task(service.ensure(python("slow"), None, PROJECT))
    process = await the_builder(gate)
    await service.close()
    with pytest.raises(BuildInterrupted):
        await asked
    await gone(process)
    [row] = await yard.rows()
    assert (row.state, row.error_code, yard.names()) == ("pending", None, [])
    gate.touch()
    await yard.open()
    await yard.until(lambda row: row.state == "ready")


async def test_a_crash_in_the_middle_of_a_build_is_recovered(yard: Yard, tmp_path: Path, gate: Path) -> None:
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AGENT, f"sqlite+aiosqlite:///{tmp_path / 'test.db'}", str(yard.data), yard.registry.index
    )
    orphan = await the_builder(gate)
    agent.kill()
    await agent.wait()
    assert orphan.is_running()
    [row] = await yard.rows()
    [half] = yard.names()
    assert row.state == "building"
    assert not (yard.data / "envs" / half / ".runyard-environment.json").exists()
    assert list((yard.data / "envs" / ".scratch").iterdir())
    gate.touch()
    service = await yard.open()
    await gone(orphan)
    row = await yard.until(lambda row: row.state == "ready")
    assert row.build == 2
    assert yard.names() == [half]
    ready = await service.ensure(python("slow"), None, PROJECT)
    assert (await execute(ready, tmp_path, "main.py", "import slow; print(slow.VERSION)"))[1] == "1.0\n"
    assert not list((yard.data / "envs" / ".scratch").iterdir())


async def test_what_another_process_builds_is_left_alone(yard: Yard, gate: Path) -> None:
    first = await yard.open()
    asked = asyncio.create_task(first.ensure(python("slow"), None, PROJECT))
    process = await the_builder(gate)
    second = await yard.open()
    assert process.is_running()
    gate.touch()
    assert await asked == await second.ensure(python("slow"), None, PROJECT)
    assert [row.build for row in await yard.rows()] == [1]


async def test_a_builder_that_went_silent_is_replaced(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    async with yard.database.write() as session:
        row = await session.get(Environment, ready.id)
        assert row is not None
        # Another host took it over and was never heard of again.
        row.state, row.builder, row.build = "building", "elsewhere:1:1.00", 7
        row.lease_until = clock.now() - timedelta(seconds=1)
    later = await yard.open()
    await yard.until(lambda row: row.state == "ready")
    assert (await yard.row(ready.id)).build == 8
    assert await later.ensure(python("tiny"), None, PROJECT) == ready


async def test_a_lost_hint_is_made_up_for(
    yard: Yard, environments: EnvironmentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = await environments.ensure(python(), None, PROJECT)
    await environments.close()
    monkeypatch.setattr(service, "_LOOK_S", 0.01)
    await yard.open()
    async with yard.database.write() as session:
        await repository.apply(session, ready.id, move(Event.ask))
    await yard.until(lambda row: row.state == "ready" and row.build == 2)


async def test_the_log_is_followed_while_it_grows(yard: Yard, environments: EnvironmentService, gate: Path) -> None:
    asked = asyncio.create_task(environments.ensure(python("slow"), None, PROJECT))
    await the_builder(gate)
    [row] = await yard.rows()
    seen: list[object] = []

    async def listen() -> None:
        async for item in environments.watching.follow(row.id, 1):
            seen.append(item if isinstance(item, State) else item.n)  # noqa: PERF401 - watched while it grows

    listening = asyncio.create_task(listen())
    while State.building not in seen:
        await asyncio.sleep(0.01)
    gate.touch()
    await asked
    await listening
    lines = [item for item in seen if isinstance(item, int)]
    assert lines == list(range(2, len(lines) + 2))
    assert [item for item in seen if isinstance(item, State)] == [State.building, State.ready]
    whole = await environments.watching.log(row.id, 0, 100)
    assert whole[-1].text.startswith("Ready after ")
    assert whole[-1].n == lines[-1]
    assert await environments.watching.log(row.id, whole[-1].n, 100) == []
    assert {line.stream for line in whole} == {"system", "stderr"}


async def test_messages_tell_of_states_and_lines(yard: Yard, environments: EnvironmentService) -> None:
    with yard.bus.subscribe("environment:*") as news:
        ready = await environments.ensure(python(), None, PROJECT)
        messages = [message for _topic, message in news.pending()]
    states = [m["environment"]["state"] for m in messages if m["type"] == "environment"]
    assert states == ["pending", "building", "ready"]
    assert {m["id"] for m in messages if m["type"] == "environment_log"} == {ready.id}


async def test_a_full_data_directory_fails_the_build(yard: Yard, environments: EnvironmentService) -> None:
    envs = yard.data / "envs"
    (envs / ".scratch").rmdir()
    (envs / ".scratch").write_text("in the way")
    with pytest.raises(Exception, match="Not a directory"):
        await environments.ensure(python(), None, PROJECT)
    [row] = await yard.rows()
    assert (row.state, row.error_code) == ("failed", "install_failed")
