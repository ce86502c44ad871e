# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240
"""What people do with environments: rebuild, delete, clean up."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from runyard import clock
from runyard.db.session import Database
from runyard.environments import repository
from runyard.environments.failures import EnvironmentInUse, NoSuchEnvironment
from runyard.environments.lifecycle import WrongMoment
from runyard.environments.service import EnvironmentService

from .conftest import PROJECT, Yard, pins, python
from .gate import the_builder
from .registry import Registry


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
