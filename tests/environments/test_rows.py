"""What must hold on every kind of database."""

import asyncio
from datetime import timedelta

from runyard import clock
from runyard.environments import repository
from runyard.environments.lifecycle import Event, State, move
from runyard.environments.models import Environment

from .conftest import PROJECT, Yard, python


async def test_requests_at_once_build_once(each_yard: Yard) -> None:
    services = [await each_yard.open(), await each_yard.open()]
    answers = await asyncio.gather(
        *(service.ensure(python(), None, PROJECT) for service in services for _ in range(10))
    )
    assert len({answer.id for answer in answers}) == 1
    assert [(row.state, row.build) for row in await each_yard.rows()] == [("ready", 1)]


async def test_late_builders_change_nothing(each_yard: Yard) -> None:
    ready = await (await each_yard.open()).ensure(python(), None, PROJECT)
    async with each_yard.database.write() as session:
        assert not await repository.apply(session, ready.id, move(Event.succeed))
        assert await repository.apply(session, ready.id, move(Event.ask))
        assert await repository.claim(session, ready.id, "a", 60, clock.now()) == 2
        assert await repository.claim(session, ready.id, "b", 60, clock.now()) is None
        assert not await repository.beat(session, ready.id, 1, 60)
        assert not await repository.apply(session, ready.id, move(Event.fail), token=1)
        assert await repository.beat(session, ready.id, 2, 60)
        assert await repository.unsettled(session) == [(ready.id, State.building, "a")]
        # Its lease has run out.
        assert await repository.beat(session, ready.id, 2, -1)
        assert await repository.claim(session, ready.id, "b", 60, clock.now()) == 3
        assert not await repository.apply(session, ready.id, move(Event.succeed), token=2)
        assert await repository.apply(session, ready.id, move(Event.succeed), token=3)


async def test_cancelling_unused_and_burying(each_yard: Yard) -> None:
    service = await each_yard.open()
    ready = await service.ensure(python(), None, PROJECT)
    now = clock.now()
    async with each_yard.database.write() as session:
        await repository.request_cancel(session, ready.id)
        assert not await repository.cancel_requested(session, ready.id)
        assert await repository.unused(session, now - timedelta(days=1), 10) == []
        [unused] = await repository.unused(session, now + timedelta(days=1), 10)
        assert await repository.directories(session) == [(ready.id, unused.lock_hash, False)]
        await repository.bury(session, unused, now)
    async with each_yard.database.write() as session:
        assert await repository.page(session, (), None, None, 10) == []
        assert await repository.unused(session, now + timedelta(days=1), 10) == []
        assert await repository.sharing(session, unused.lock_hash or "") == []
        await repository.forget(session, now)
        assert await repository.find(session, ready.id) is not None
        await repository.forget(session, now + timedelta(seconds=1))
        assert await session.get(Environment, ready.id, populate_existing=True) is None
