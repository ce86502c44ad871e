"""Rows of workers. Leases are measured by the database's clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.types import DatabaseNow
from runyard.workers.models import WorkerRow

ONLINE, DETACHED, OFFLINE = "online", "detached", "offline"


def _until(lease_s: float) -> Any:
    return DatabaseNow() + literal(int(lease_s * 1_000_000), BigInteger)


async def database_now(session: AsyncSession) -> datetime:
    """Return the database's present instant."""
    return (await session.execute(select(DatabaseNow()))).scalar_one()


async def enlist(session: AsyncSession, worker: Mapping[str, Any], lease_s: float) -> None:
    """Write a worker that has come online, new or known."""
    values = {**worker, "state": ONLINE, "heartbeat_at": DatabaseNow(), "lease_until": _until(lease_s)}
    changed = await session.execute(
        update(WorkerRow).where(WorkerRow.id == worker["id"]).values(**values).returning(WorkerRow.id)
    )
    if changed.first() is None:
        await session.execute(insert(WorkerRow).values(**values))


async def beat(session: AsyncSession, worker_id: str, lease_s: float) -> None:
    """Renew a worker's lease."""
    await session.execute(
        update(WorkerRow)
        .where(WorkerRow.id == worker_id)
        .values(state=ONLINE, heartbeat_at=DatabaseNow(), lease_until=_until(lease_s))
    )


async def detach(session: AsyncSession, worker_id: str, lease_s: float) -> None:
    """Note that a worker has stopped on purpose while its runs go on; they stay its own for `lease_s`."""
    await session.execute(
        update(WorkerRow)
        .where(WorkerRow.id == worker_id)
        .values(state=DETACHED, heartbeat_at=DatabaseNow(), lease_until=_until(lease_s))
    )


async def expire(session: AsyncSession) -> Sequence[str]:
    """Mark workers whose lease has run out as offline; return their ids."""
    statement = (
        update(WorkerRow)
        .where(WorkerRow.state != OFFLINE, WorkerRow.lease_until < DatabaseNow())
        .values(state=OFFLINE)
        .returning(WorkerRow.id)
    )
    return (await session.execute(statement)).scalars().all()


async def listed(session: AsyncSession) -> Sequence[WorkerRow]:
    """Return every worker, online ones first."""
    statement = select(WorkerRow).order_by(WorkerRow.state != ONLINE, WorkerRow.name).limit(1000)
    return (await session.execute(statement)).scalars().all()


async def names(session: AsyncSession) -> dict[str, str]:
    """Return names by id."""
    return dict((await session.execute(select(WorkerRow.id, WorkerRow.name))).all())


async def online_queues(session: AsyncSession) -> frozenset[str]:
    """Return the queues that workers which are online serve."""
    statement = select(WorkerRow.queues).where(WorkerRow.state == ONLINE, WorkerRow.lease_until >= DatabaseNow())
    return frozenset(queue for queues in (await session.execute(statement)).scalars() for queue in queues)


async def online_slots(session: AsyncSession) -> int:
    """Return how many runs the workers that are online can hold at once."""
    statement = select(func.coalesce(func.sum(WorkerRow.slots), 0)).where(
        WorkerRow.state == ONLINE, WorkerRow.lease_until >= DatabaseNow()
    )
    return (await session.execute(statement)).scalar_one()
