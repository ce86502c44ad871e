# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240
"""What people do with environments, and what a crash leaves."""

import asyncio
import contextlib
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from runyard import clock
from runyard.db.session import Database
from runyard.environments import repository, service
from runyard.environments.failures import BuildCancelled, BuildInterrupted, EnvironmentInUse, NoSuchEnvironment
from runyard.environments.lifecycle import Event, State, WrongMoment, move
from runyard.environments.models import Environment
from runyard.environments.service import EnvironmentService

from .conftest import PROJECT, Yard, execute, pins, python
from .registry import Registry

# A build backend that answers what it is at once, and builds only once the file GATE is there.
SLOW = """
import os, time, zipfile
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = Path(folder) / "slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name

def build_wheel(folder, settings=None, metadata=None):
    Path("GATE.pid").write_text(str(os.getpid()))
    print("waiting at the gate", flush=True)
    while not Path("GATE").exists():
        time.sleep(0.02)
    with zipfile.ZipFile(Path(folder) / "slow-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("slow.py", "VERSION = '1.0'\\n")
        wheel.writestr("slow-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n")
        wheel.writestr("slow-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        names = ("slow.py", "slow-1.0.dist-info/METADATA", "slow-1.0.dist-info/WHEEL", "slow-1.0.dist-info/RECORD")
        wheel.writestr("slow-1.0.dist-info/RECORD", "".join(f"{name},,\\n" for name in names))
    return "slow-1.0-py3-none-any.whl"
"""

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


@pytest.fixture
def gate(registry: Registry, tmp_path: Path) -> Path:
    """A file that lets builds of the package ``slow`` pass; beside it the builder leaves its process id."""
    gate = tmp_path / "gate"
    registry.sdist("slow", SLOW.replace("GATE", str(gate)))
    return gate


async def the_builder(gate: Path) -> psutil.Process:
    """Wait until a builder stands at the gate."""
    note = gate.with_name("gate.pid")
    while True:
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int(note.read_text()))
            note.unlink()
            return process
        await asyncio.sleep(0.02)


async def gone(process: psutil.Process) -> None:
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.02)


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


async def test_rebuilding_keeps_the_lock(yard: Yard, environments: EnvironmentService, registry: Registry) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    marker = ready.read_only[0] / "marker"
    ready.read_only[0].chmod(0o755)
    marker.touch()
    registry.wheel("tiny", "2.0")
    async with yard.database.write() as session:
        assert (await environments.rebuild(session, ready.id)).state == "pending"
    assert environments.cached(python("tiny")) is None
    assert await environments.ensure(python("tiny"), None, PROJECT) == ready
    row = await yard.row(ready.id)
    assert (row.build, pins(row)) == (2, [("tiny", "1.0")])
    assert not marker.exists()
    assert list((yard.data / "envs" / ".aside").iterdir()) == []


async def test_a_rebuilding_that_fails_leaves_the_old_one(yard: Yard, registry: Registry) -> None:
    service = await yard.open()
    ready = await service.ensure(python("tiny"), None, PROJECT)
    await service.close()
    broken = await yard.open(settings=yard.settings(build_timeout_s=0.05))
    async with yard.database.write() as session:
        await broken.rebuild(session, ready.id)
    row = await yard.until(lambda row: row.state == "failed")
    assert row.error_code == "build_timed_out"
    assert (ready.read_only[0] / "bin" / "python").exists()
    assert await (await yard.open()).ensure(python("tiny"), None, PROJECT) == ready


async def test_a_retry_by_button(yard: Yard, environments: EnvironmentService, registry: Registry) -> None:
    with pytest.raises(Exception, match="late"):
        await environments.ensure(python("late"), None, PROJECT)
    [row] = await yard.rows()
    registry.wheel("late")
    async with yard.database.write() as session:
        await environments.rebuild(session, row.id)
    assert (await yard.until(lambda row: row.state == "ready")).error_code is None


async def test_a_desk_that_does_not_build_has_a_builder_do_it(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python(), None, PROJECT)
    desk = await yard.open(builder=False)
    async with yard.database.write() as session:
        await desk.rebuild(session, ready.id)
    await yard.until(lambda row: row.state == "ready" and row.build == 2)


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


async def test_deleting(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    with environments.hold(ready.id):
        for refused in (environments.delete, environments.rebuild):
            with pytest.raises(EnvironmentInUse):
                async with yard.database.write() as session:
                    await refused(session, ready.id)
    assert await environments.ensure(python("tiny"), None, PROJECT) == ready
    async with yard.database.write() as session:
        await environments.delete(session, ready.id)
    assert environments.cached(python("tiny")) is None
    await environments.close()
    assert yard.names() == []
    assert not (yard.data / "envs" / ".logs" / f"{ready.id}.log").exists()
    assert await yard.rows() == []
    with pytest.raises(NoSuchEnvironment):
        async with yard.database.read() as session:
            await environments.get(session, ready.id)


async def test_a_run_that_took_it_at_the_last_moment_keeps_the_directory(yard: Yard) -> None:
    live: set[str] = set()

    async def in_use(_session: object, id_: str) -> bool:
        return id_ in live

    service = await yard.open(in_use=in_use)
    ready = await service.ensure(python(), None, PROJECT)
    async with yard.database.write() as session:
        await service.delete(session, ready.id)
        held = service.hold(ready.id)
        held.__enter__()
    await service.close()
    assert len(yard.names()) == 1
    live.add(ready.id)
    await yard.open(in_use=in_use)
    assert len(yard.names()) == 1
    live.clear()
    held.__exit__(None, None, None)
    await yard.open(in_use=in_use)
    assert yard.names() == []


async def test_a_run_known_to_the_rows_keeps_an_environment_too(yard: Yard) -> None:
    live: set[str] = set()

    async def in_use(_session: object, id_: str) -> bool:
        return id_ in live

    service = await yard.open(in_use=in_use)
    ready = await service.ensure(python(), None, PROJECT)
    live.add(ready.id)
    with pytest.raises(EnvironmentInUse):
        async with yard.database.write() as session:
            await service.delete(session, ready.id)
    async with yard.database.write() as session:
        assert await service.clean_up(session, 0) == (0, 0)


async def test_a_shared_directory_stays_while_one_needs_it(yard: Yard, environments: EnvironmentService) -> None:
    first = await environments.ensure(python("tiny"), None, PROJECT)
    second = await environments.ensure(python("tiny>=1"), None, PROJECT)
    with environments.hold(second.id), pytest.raises(EnvironmentInUse):
        async with yard.database.write() as session:
            await environments.rebuild(session, first.id)
    with environments.hold(second.id):
        async with yard.database.write() as session:
            await environments.delete(session, first.id)
        await environments.close()
        assert len(yard.names()) == 1
    assert await environments.ensure(python("tiny>=1"), None, PROJECT) == second


async def test_an_unsettled_one_can_not_be_deleted(yard: Yard, environments: EnvironmentService, gate: Path) -> None:
    asked = asyncio.create_task(environments.ensure(python("slow"), None, PROJECT))
    await the_builder(gate)
    [row] = await yard.rows()
    with pytest.raises(WrongMoment, match="cancel it first"):
        async with yard.database.write() as session:
            await environments.delete(session, row.id)
    with pytest.raises(WrongMoment):
        async with yard.database.write() as session:
            await environments.rebuild(session, row.id)
    gate.touch()
    await asked


async def used_days_ago(database: Database, id_: str, days: float) -> None:
    async with database.write() as session:
        await repository.touch(session, id_, clock.now() - timedelta(days=days))


async def test_cleaning_up_what_is_unused(yard: Yard) -> None:
    service = await yard.open()
    old = await service.ensure(python("tiny"), None, PROJECT)
    new = await service.ensure(python(), None, PROJECT)
    held = await service.ensure(python("tiny", code="# /// script\n# dependencies=['tiny>0']\n# ///\n"), None, PROJECT)
    for ready in (old, held):
        await used_days_ago(yard.database, ready.id, 40)
    # Memory knows better than rows that are written once an hour.
    assert service.cached(python("tiny")) is old
    async with yard.database.write() as session:
        assert await service.clean_up(session, 30) == (0, 0)
    await service.close()
    later = await yard.open()
    with later.hold(held.id):
        async with yard.database.write() as session:
            deleted, freed = await later.clean_up(session, 30)
    assert deleted == 1
    # Its directory is shared with the held one.
    assert freed == 0
    async with yard.database.write() as session:
        deleted, freed = await later.clean_up(session, 30)
    assert deleted == 1
    assert freed > 1000
    await later.close()
    assert [row.id for row in await yard.rows()] == [new.id]
    assert len(yard.names()) == 1


async def test_the_sweep_forgets_what_was_deleted_long_ago(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python(), None, PROJECT)
    async with yard.database.write() as session:
        await environments.delete(session, ready.id)
    assert await environments.sweep() == (0, 0)
    assert (await yard.row(ready.id)).deleted_at is not None
    async with yard.database.write() as session:
        await repository.bury(session, await yard.row(ready.id), clock.now() - timedelta(days=91))
    await environments.sweep()
    async with yard.database.read() as session:
        assert await repository.find(session, ready.id) is None


async def test_uses_are_written_once_an_hour(yard: Yard) -> None:
    service = await yard.open()
    ready = await service.ensure(python(), None, PROJECT)
    await used_days_ago(yard.database, ready.id, 3)
    await service.close()
    later = await yard.open()
    await later.ensure(python(), None, PROJECT)
    while (clock.now() - ((await yard.row(ready.id)).last_used_at or clock.EPOCH)).days:
        await asyncio.sleep(0.01)
    first = (await yard.row(ready.id)).last_used_at
    for _ in range(100):
        later.cached(python())
    await later.close()
    assert (await yard.row(ready.id)).last_used_at == first


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
