"""Workers and their leases, by the database's clock, on every kind of database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from runyard import clock
from runyard.db.session import Database
from runyard.workers import repository, views


def worker(id_: str = "wrk_1", **facts: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": id_,
        "host": "h",
        "version": "1",
        "slots": 2,
        "queues": ["default"],
        "info": {"pid": 1},
        "started_at": clock.now(),
        **facts,
    }


async def enlist(database: Database, row: dict[str, Any], lease_s: float = 60) -> None:
    async with database.write() as session:
        await repository.enlist(session, row, lease_s)


async def states(database: Database) -> dict[str, str]:
    async with database.read() as session:
        return {row.id: row.state for row in await repository.listed(session)}


async def test_a_worker_comes_online_new_or_known(database: Database) -> None:
    await enlist(database, worker())
    await enlist(database, worker(version="2", slots=5))
    async with database.read() as session:
        (row,) = await repository.listed(session)
        assert (row.version, row.slots, row.state) == ("2", 5, "online")
        assert await repository.online_slots(session) == 5
        assert await repository.names(session) == {"wrk_1": "wrk_1"}
        assert timedelta(seconds=59) < row.lease_until - row.heartbeat_at <= timedelta(seconds=61)


async def test_leases_are_measured_by_the_database_s_clock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await enlist(database, worker())
    # whatever the time of day is here
    monkeypatch.setattr(clock, "now", lambda: clock.EPOCH + timedelta(days=365 * 200))
    async with database.write() as session:
        assert list(await repository.expire(session)) == []
        assert await repository.online_slots(session) == 2
        await repository.beat(session, "wrk_1", 60)
    async with database.read() as session:
        (row,) = await repository.listed(session)
        assert row.heartbeat_at.year < 2100
        assert abs(await repository.database_now(session) - row.heartbeat_at) < timedelta(minutes=5)


async def test_a_lease_that_ran_out(database: Database) -> None:
    await enlist(database, worker("wrk_1"), lease_s=-1)
    await enlist(database, worker("wrk_2"))
    async with database.read() as session:
        # it counts no more, even before anybody has said so
        assert await repository.online_slots(session) == 2
    async with database.write() as session:
        assert list(await repository.expire(session)) == ["wrk_1"]
        assert list(await repository.expire(session)) == []
    assert await states(database) == {"wrk_2": "online", "wrk_1": "offline"}
    async with database.write() as session:
        await repository.beat(session, "wrk_1", 60)
    assert await states(database) == {"wrk_1": "online", "wrk_2": "online"}


async def test_one_that_left_on_purpose_keeps_its_runs_for_a_while(database: Database) -> None:
    await enlist(database, worker())
    async with database.write() as session:
        await repository.detach(session, "wrk_1", 900)
        assert list(await repository.expire(session)) == []
        assert await repository.online_slots(session) == 0
    async with database.write() as session:
        await repository.detach(session, "wrk_1", -1)
        assert list(await repository.expire(session)) == ["wrk_1"]


async def test_of_several_reapers_one_finds_a_dead_worker(database: Database) -> None:
    await enlist(database, worker(), lease_s=-1)

    async def look() -> list[str]:
        async with database.write() as session:
            return list(await repository.expire(session))

    found = await asyncio.gather(*(look() for _ in range(5)))
    assert sorted(found) == [[], [], [], [], ["wrk_1"]]


async def test_how_they_are_shown(database: Database) -> None:
    await enlist(database, worker("wrk_b"))
    await enlist(database, worker("wrk_a"), lease_s=-1)
    async with database.write() as session:
        await repository.expire(session)
    async with database.read() as session:
        shown = await views.listed(session, {"wrk_b": 2, "wrk_x": 9})
    assert [(w.id, w.state, w.in_use, w.info) for w in shown] == [
        ("wrk_b", "online", 2, {"pid": 1}),
        ("wrk_a", "offline", 0, {"pid": 1}),
    ]
