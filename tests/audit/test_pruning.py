from datetime import timedelta

import pytest
from sqlalchemy import select, text

from runyard import clock
from runyard.access.permissions import Actor
from runyard.audit.models import AuditCheckpoint, AuditEvent
from runyard.audit.service import AuditService
from runyard.audit.trail import Trail
from runyard.audit.verify import Flaw
from runyard.db.session import Database

from .test_chain import act, check, tamper


async def prune(database: Database, trail: Trail, most: int = 1000) -> int:
    async with database.write() as session:
        return await trail.prune(session, clock.now() + timedelta(seconds=1), most)


async def test_the_chain_goes_on_from_a_checkpoint(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 6)
    assert await prune(database, trail, 4) == 4
    report = await check(database, trail)
    assert (report.flaw, report.pruned_through, report.first, report.checked) == (None, 4, 5, 3)
    await act(database, ada, 2)
    assert await prune(database, trail) == 5
    report = await check(database, trail)
    assert (report.flaw, report.pruned_through, report.checked) == (None, 9, 1)
    async with database.read() as session:
        left = (await session.scalars(select(AuditEvent))).all()
        assert len((await session.scalars(select(AuditCheckpoint))).all()) == 2
    assert [(row.action, row.actor_kind) for row in left] == [("audit.prune", "system")]


async def test_nothing_young_is_pruned(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 3)
    assert await AuditService(database, trail).sweep(timedelta(days=1)) == 0
    assert (await check(database, trail)).checked == 3


async def test_a_gap_that_is_no_checkpoint_is_found(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 6)
    await prune(database, trail, 2)
    await tamper(database, "DELETE FROM audit_events WHERE seq = 3")
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (Flaw.missing, 3)


@pytest.mark.parametrize("change", ["seq = 3", "hash = 'x'", "pruned = 1", "seal = 'x'"])
async def test_a_forged_checkpoint_is_found(database: Database, trail: Trail, ada: Actor, change: str) -> None:
    await act(database, ada, 6)
    await prune(database, trail, 2)
    async with database.engine.begin() as connection:
        await connection.execute(text(f"UPDATE audit_checkpoints SET {change}"))  # noqa: S608
    assert (await check(database, trail)).flaw is Flaw.checkpoint


async def test_a_dropped_checkpoint_is_found(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 6)
    await prune(database, trail, 2)
    await tamper(database, "DELETE FROM audit_checkpoints")
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (Flaw.missing, 1)
