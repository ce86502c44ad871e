"""The rows of slots: what became of each due instant. They are added and prolonged, and never rewritten."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.prepared import Prepared
from runyard.jobs.models import JobDelivery, JobPause, JobSlot, JobTrigger

_SLOTS = cast("Table", JobSlot.__table__)
_DELIVERIES = cast("Table", JobDelivery.__table__)
_PAUSES = cast("Table", JobPause.__table__)
ALIKE = ("outcome", "reason", "name", "detail", "stood_for_by", "run_id")
"""What neighbours have in common that are one row."""
PRUNED = 1000

_ADD = Prepared(insert(_SLOTS).inline())
_BEFORE = Prepared(
    select(_SLOTS)
    .where(_SLOTS.c.trigger_id == bindparam("the_trigger"), _SLOTS.c.due_from < bindparam("the_time"))
    .order_by(_SLOTS.c.due_from.desc())
    .limit(1)
)
_EXTEND = Prepared(
    update(_SLOTS)
    .where(_SLOTS.c.trigger_id == bindparam("the_trigger"), _SLOTS.c.due_from == bindparam("the_start"))
    .values(due_to=bindparam("the_end"), count=_SLOTS.c.count + bindparam("more"), decided_at=bindparam("the_time"))
)


class Which(Struct, frozen=True):
    """Which slots of a job are asked for: those that touch the stretch from `since` to before `until`."""

    job_id: str
    outcomes: Sequence[str] = ()
    trigger_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def last_before(connection: Connection, trigger_id: str, at: datetime) -> Any:
    """Return a trigger's last row that begins before an instant, or None."""
    return _BEFORE.one(connection, {"the_trigger": trigger_id, "the_time": at})


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert slots; each trigger has one at an instant, and a second one raises IntegrityError."""
    _ADD.many(connection, rows)


def extend(connection: Connection, last: Any, row: dict[str, Any]) -> None:
    """Have the last row of a trigger hold its neighbour too."""
    values = {"the_trigger": last.trigger_id, "the_start": last.due_from, "the_end": row["due_to"]}
    _EXTEND.run(connection, {**values, "more": row["count"], "the_time": row["decided_at"]})


def is_alike(last: Any, row: dict[str, Any]) -> bool:
    """Whether a row says the same as the one before it, stored or not yet, and started nothing."""
    before = last if isinstance(last, dict) else {name: getattr(last, name) for name in ALIKE}
    return row["outcome"] != "fired" and all(before[name] == row[name] for name in ALIKE)


async def page(
    session: AsyncSession, which: Which, before: tuple[datetime, str] | None, limit: int
) -> Sequence[JobSlot]:
    """Return slots of a job, newest first, below the keys `before`."""
    slot = JobSlot
    query = select(slot).where(slot.job_id == which.job_id)
    if which.outcomes:
        query = query.where(slot.outcome.in_(which.outcomes))
    if which.trigger_id is not None:
        query = query.where(slot.trigger_id == which.trigger_id)
    if which.until is not None:
        query = query.where(slot.due_from < which.until)
    if which.since is not None:
        # Of each trigger at most one row reaches over from before.
        query = query.where(slot.due_to >= which.since, slot.due_from >= await _lowest(session, which, which.since))
    if before is not None:
        query = query.where(tuple_(slot.due_from, slot.trigger_id) < tuple_(*before))
    query = query.order_by(slot.due_from.desc(), slot.trigger_id.desc()).limit(limit)
    return (await session.scalars(query)).all()


async def _lowest(session: AsyncSession, which: Which, since: datetime) -> datetime:
    triggers = [which.trigger_id] if which.trigger_id is not None else await _triggers(session, which.job_id)
    rows = await session.run_sync(lambda sync: [last_before(sync.connection(), each, since) for each in triggers])
    return min((row.due_from for row in rows if row is not None and row.due_to >= since), default=since)


async def _triggers(session: AsyncSession, job_id: str) -> Iterable[str]:
    # Deleted ones too: their ledger stays.
    return (await session.scalars(select(JobTrigger.id).where(JobTrigger.job_id == job_id))).all()


async def at(session: AsyncSession, trigger_id: str, due_at: datetime) -> JobSlot | None:
    """Return the row that tells what became of an instant, or None."""
    query = (
        select(JobSlot)
        .where(JobSlot.trigger_id == trigger_id, JobSlot.due_from <= due_at)
        .order_by(JobSlot.due_from.desc())
        .limit(1)
    )
    row = (await session.scalars(query)).first()
    return row if row is not None and row.due_to >= due_at else None


async def between(session: AsyncSession, trigger_id: str, since: datetime, until: datetime) -> Sequence[JobSlot]:
    """Return a trigger's rows that touch a stretch, in order."""
    first = await session.run_sync(lambda sync: last_before(sync.connection(), trigger_id, since))
    query = select(JobSlot).where(
        JobSlot.trigger_id == trigger_id,
        JobSlot.due_from >= (first.due_from if first is not None else since),
        JobSlot.due_from <= until,
        JobSlot.due_to >= since,
    )
    return (await session.scalars(query.order_by(JobSlot.due_from))).all()


def prune(connection: Connection, before: datetime) -> int:
    """Remove some of the slots, deliveries and pauses that are older; return how many, 0 when there are none left."""
    keys = (_SLOTS.c.trigger_id, _SLOTS.c.due_from)
    old = select(*keys).where(_SLOTS.c.due_to < before).limit(PRUNED)
    gone = connection.execute(delete(_SLOTS).where(tuple_(*keys).in_(old))).rowcount
    calls = select(_DELIVERIES.c.id).where(_DELIVERIES.c.at < before).limit(PRUNED)
    gone += connection.execute(delete(_DELIVERIES).where(_DELIVERIES.c.id.in_(calls))).rowcount
    over = select(_PAUSES.c.id).where(_PAUSES.c.until_at < before).limit(PRUNED)
    return gone + connection.execute(delete(_PAUSES).where(_PAUSES.c.id.in_(over))).rowcount
