"""The queue and what was taken from it: who is next, who holds which runs, how many there are."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.types import DatabaseNow
from runyard.runs.lifecycle import ACTIVE, State
from runyard.runs.models import RunRow, is_open


class Hint(Struct, frozen=True):
    """What travels to workers of a queued run."""

    run_id: str
    queue: str
    priority: int


async def due(session: AsyncSession, limit: int) -> list[Hint]:
    """Return the queued runs that may start now, best first, as hints."""
    ready = or_(RunRow.not_before.is_(None), RunRow.not_before <= DatabaseNow())
    statement = (
        select(RunRow.id, RunRow.queue, RunRow.priority)
        .where(is_open(), RunRow.state == State.queued.value, RunRow.held == false(), ready)
        .order_by(RunRow.priority.desc(), RunRow.id)
        .limit(limit)
    )
    return [Hint(*row) for row in (await session.execute(statement))]


async def ahead_of(session: AsyncSession, run: RunRow, cap: int) -> int:
    """Return how many queued runs will be taken before this one, counted up to `cap`."""
    better = or_(
        RunRow.priority > run.priority,
        and_(RunRow.priority == run.priority, RunRow.id < run.id),
    )
    rows = (
        select(RunRow.id)
        .where(is_open(), RunRow.state == State.queued.value, RunRow.held == false(), RunRow.queue == run.queue, better)
        .limit(cap)
        .subquery()
    )
    return (await session.execute(select(func.count()).select_from(rows))).scalar_one()


async def held_by(session: AsyncSession, worker_id: str) -> Sequence[RunRow]:
    """Return the runs that a worker has claimed and not settled."""
    statement = select(RunRow).where(
        is_open(), RunRow.worker_id == worker_id, RunRow.state.in_([state.value for state in ACTIVE])
    )
    return (await session.execute(statement)).scalars().all()


async def held(session: AsyncSession) -> dict[str, int]:
    """Return how many slots of each worker are taken: live runs, without those that wait for something."""
    statement = (
        select(RunRow.worker_id, func.count())
        .where(
            is_open(),
            RunRow.state.in_([state.value for state in ACTIVE]),
            RunRow.worker_id.is_not(None),
            RunRow.waiting.is_(None),
        )
        .group_by(RunRow.worker_id)
    )
    return {str(worker): count for worker, count in (await session.execute(statement))}


async def unheard_cancels(session: AsyncSession) -> Sequence[str]:
    """Return live runs whose cancel flag is raised."""
    statement = select(RunRow.id).where(
        is_open(), RunRow.state.in_([state.value for state in ACTIVE]), RunRow.cancel_requested_at.is_not(None)
    )
    return (await session.execute(statement)).scalars().all()


async def counts(session: AsyncSession, states: Iterable[State], projects: Sequence[str] | None) -> dict[State, int]:
    """Return how many runs are in each of `states`, none of which is an end."""
    here = (is_open(), RunRow.state.in_([state.value for state in states]))
    statement = select(RunRow.state, func.count()).where(*here)
    if projects is not None:
        statement = statement.where(RunRow.project_id.in_(projects))
    found = {State(state): count for state, count in (await session.execute(statement.group_by(RunRow.state)))}
    return {state: found.get(state, 0) for state in states}
