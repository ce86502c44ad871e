"""What is kept of a run, as it is read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.prepared import Prepared
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.models import RunAttemptRow, RunEventRow, RunInputRow, RunLabelRow, RunRow

_RUNS = cast("Table", RunRow.__table__)

_GLIMPSE = Prepared(
    select(
        *(_RUNS.c[name] for name in ("id", "project_id", "state", "attempt", "exit_code", "started_at", "finished_at"))
    ).where(_RUNS.c.id == bindparam("the_run"))
)


def glimpse(connection: Connection, run_id: str) -> Any:
    """Return where a run stands (id, project_id, state, attempt, exit_code, times), or None: for whoever follows it."""
    return None if "\0" in run_id else _GLIMPSE.one(connection, {"the_run": run_id})


async def get(session: AsyncSession, run_id: str) -> RunRow | None:
    """Return a run's row."""
    if "\0" in run_id:
        # PostgreSQL refuses to even look for it.
        return None
    return (await session.execute(select(RunRow).where(RunRow.id == run_id))).scalar_one_or_none()


async def inputs_of(session: AsyncSession, run_id: str) -> RunInputRow:
    """Return what a run was given."""
    return (await session.execute(select(RunInputRow).where(RunInputRow.run_id == run_id))).scalar_one()


async def labels_of(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the labels of several runs."""
    labels: dict[str, dict[str, str]] = {run_id: {} for run_id in run_ids}
    if run_ids:
        for row in (await session.execute(select(RunLabelRow).where(RunLabelRow.run_id.in_(run_ids)))).scalars():
            labels[row.run_id][row.name] = row.value
    return labels


async def attempts_of(session: AsyncSession, run_id: str) -> Sequence[RunAttemptRow]:
    """Return a run's attempts, oldest first."""
    order = (RunAttemptRow.attempt, RunAttemptRow.fence)
    statement = select(RunAttemptRow).where(RunAttemptRow.run_id == run_id).order_by(*order)
    return (await session.execute(statement)).scalars().all()


async def latest_attempt(session: AsyncSession, run: RunRow) -> RunAttemptRow | None:
    """Return the attempt that the run's row speaks of."""
    statement = select(RunAttemptRow).where(
        RunAttemptRow.run_id == run.id, RunAttemptRow.attempt == run.attempt, RunAttemptRow.fence == run.fence
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def events_of(session: AsyncSession, run_id: str, after: int, limit: int) -> Sequence[RunEventRow]:
    """Return up to `limit` lines of a run's journal after `after`, in order."""
    statement = (
        select(RunEventRow)
        .where(RunEventRow.run_id == run_id, RunEventRow.id > after)
        .order_by(RunEventRow.id)
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def latest_of(session: AsyncSession, projects: Sequence[str], script_ids: Sequence[str]) -> Sequence[RunRow]:
    """Return the newest run of each script."""
    newest = (
        select(func.max(RunRow.id))
        .where(RunRow.script_id.in_(script_ids), RunRow.project_id.in_(projects))
        .group_by(RunRow.script_id)
    )
    return (await session.execute(select(RunRow).where(RunRow.id.in_(newest)))).scalars().all()


async def finished_before(session: AsyncSession, at: datetime, after: str, limit: int) -> Sequence[str]:
    """Return ids above `after` of runs that ended before `at`, oldest first."""
    statement = (
        select(RunRow.id)
        .where(
            RunRow.id > after,
            RunRow.state.in_([state.value for state in TERMINAL]),
            RunRow.finished_at < at,
        )
        .order_by(RunRow.id)
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()
