"""Read-only aggregates over runs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, case, func, literal_column, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.insights.schemas import Broke, HourCount, Rate
from runyard.runs.lifecycle import State
from runyard.runs.models import FailureGroupRow, RunAttemptRow, RunRow
from runyard.scripts.models import Script

HOUR_US = 3_600_000_000
BAD = (State.failed.value, State.timed_out.value, State.lost.value)
FINISHED = (State.succeeded.value, *BAD)
MOST_BROKE = 8


async def states_since(session: AsyncSession, projects: Sequence[str], since: datetime) -> dict[str, int]:
    """Return how many runs queued since then are in each state."""
    statement = (
        select(RunRow.state, func.count())
        .where(RunRow.project_id.in_(projects), RunRow.id >= ids.floor("run", since))
        .group_by(RunRow.state)
    )
    return dict((await session.execute(statement)).all())


async def hours(session: AsyncSession, projects: Sequence[str], now: datetime, count: int = 24) -> list[HourCount]:
    """Return the last `count` hours, oldest first, hours without runs included."""
    top = now.replace(minute=0, second=0, microsecond=0)
    since = top - timedelta(hours=count - 1)
    # Both operands are whole numbers, so the databases divide without a remainder.
    hour = type_coerce(RunRow.queued_at, BigInteger).op("/")(literal_column(str(HOUR_US)))
    statement = (
        select(
            hour.label("hour"),
            func.sum(case((RunRow.state == State.succeeded.value, 1), else_=0)),
            func.sum(case((RunRow.state.in_(BAD), 1), else_=0)),
            func.count(),
        )
        .where(RunRow.project_id.in_(projects), RunRow.id >= ids.floor("run", since))
        .group_by(hour)
    )
    found = {int(h): (int(good), int(bad), int(all_)) for h, good, bad, all_ in await session.execute(statement)}
    result = []
    for step in range(count):
        start = since + timedelta(hours=step)
        good, bad, every = found.get(clock.to_us(start) // HOUR_US, (0, 0, 0))
        result.append(HourCount(hour=start, succeeded=good, failed=bad, other=every - good - bad))
    return result


async def rate(session: AsyncSession, projects: Sequence[str], since: datetime, until: datetime) -> Rate:
    """Return the success rate of runs queued in [since, until)."""
    statement = (
        select(RunRow.state, func.count())
        .where(
            RunRow.project_id.in_(projects),
            RunRow.id >= ids.floor("run", since),
            RunRow.id < ids.floor("run", until),
            RunRow.state.in_(FINISHED),
        )
        .group_by(RunRow.state)
    )
    counts = dict((await session.execute(statement)).all())
    finished = sum(counts.values())
    good = counts.get(State.succeeded.value, 0)
    return Rate(rate=good / finished if finished else None, finished=finished)


async def broke(session: AsyncSession, projects: Sequence[str], since: datetime) -> list[Broke]:
    """Return what failed since then, most recent first: failures that are the same are one, as everywhere."""
    newest = func.max(RunRow.id)
    groups = (
        select(
            RunRow.script_id,
            RunRow.script_name,
            RunRow.error_code,
            RunRow.failure_id,
            func.count().label("count"),
            func.min(RunRow.queued_at).label("first_at"),
            func.max(RunRow.queued_at).label("last_at"),
            newest.label("run_id"),
        )
        .where(RunRow.project_id.in_(projects), RunRow.id >= ids.floor("run", since), RunRow.state.in_(BAD))
        .group_by(RunRow.script_id, RunRow.script_name, RunRow.error_code, RunRow.failure_id)
        .order_by(newest.desc())
        .limit(MOST_BROKE)
    )
    rows = (await session.execute(groups)).all()
    messages = select(RunAttemptRow.run_id, RunAttemptRow.error_message).where(
        RunAttemptRow.run_id.in_([row.run_id for row in rows])
    )
    said = dict((await session.execute(messages.order_by(RunAttemptRow.fence))).all()) if rows else {}
    titles = select(FailureGroupRow.id, FailureGroupRow.title).where(
        FailureGroupRow.id.in_([row.failure_id for row in rows if row.failure_id])
    )
    titled = dict((await session.execute(titles)).all()) if rows else {}
    return [
        Broke(
            script_id=row.script_id,
            script_name=row.script_name,
            error_code=row.error_code or "unknown",
            message=said.get(row.run_id) or "",
            failure_id=row.failure_id,
            title=titled.get(row.failure_id),
            count=row.count,
            first_at=row.first_at,
            last_at=row.last_at,
            last_run_id=row.run_id,
        )
        for row in rows
    ]


async def ever_ran(session: AsyncSession, projects: Sequence[str]) -> bool:
    """Whether any run was ever made."""
    statement = select(RunRow.id).where(RunRow.project_id.in_(projects)).limit(1)
    return (await session.execute(statement)).first() is not None


async def scripts(session: AsyncSession, projects: Sequence[str]) -> int:
    """Return how many living scripts there are."""
    statement = (
        select(func.count()).select_from(Script).where(Script.project_id.in_(projects), Script.deleted_at.is_(None))
    )
    return (await session.execute(statement)).scalar_one()
