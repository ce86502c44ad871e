"""What is kept of a run, as it is read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.audit.events import SYSTEM, Who
from runyard.db.among import among, listed
from runyard.db.prepared import Prepared
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.models import RunAttemptRow, RunEventRow, RunInputRow, RunLabelRow, RunRow
from runyard.runs.newruns import OfJob
from runyard.runs.repository import Token
from runyard.scripts.models import Script

_RUNS = cast("Table", RunRow.__table__)
_LABELS = cast("Table", RunLabelRow.__table__)
_GIVEN = cast("Table", RunInputRow.__table__)

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


def there(connection: Connection, run_ids: Collection[str]) -> set[str]:
    """Return which of these runs there are, and keep them from being removed until the transaction ends.

    For who adds to a run that may be over: databases do not look after it everywhere.
    """
    statement = select(_RUNS.c.id).where(_RUNS.c.id.in_(run_ids)).order_by(_RUNS.c.id)
    return set(connection.execute(statement.with_for_update(read=True, key_share=True)).scalars())


async def submitter_of(session: AsyncSession, run_id: str) -> Who:
    """Return whose run it is, as the audit names people."""
    query = select(RunRow.created_by, RunRow.created_by_name).where(RunRow.id == run_id)
    row = (await session.execute(query)).one_or_none()
    return SYSTEM if row is None or row.created_by is None else Who(id=row.created_by, name=row.created_by_name)


async def inputs_of(session: AsyncSession, run_id: str) -> RunInputRow:
    """Return what a run was given."""
    return (await session.execute(select(RunInputRow).where(RunInputRow.run_id == run_id))).scalar_one()


async def rows_of(session: AsyncSession, run_ids: Sequence[str]) -> Sequence[RunRow]:
    """Return the rows of several runs, newest first, to be read only: nothing keeps track of them."""
    connection = await session.connection()
    dialect = connection.dialect.name
    rows = (await connection.execute(_rows(dialect), {"these": listed(run_ids, dialect)})).all()
    return cast("Sequence[RunRow]", rows)


async def labels_of(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the labels of several runs."""
    labels: dict[str, dict[str, str]] = {run_id: {} for run_id in run_ids}
    if run_ids:
        connection = await session.connection()
        dialect = connection.dialect.name
        for run_id, name, value in await connection.execute(_labels(dialect), {"these": listed(run_ids, dialect)}):
            labels[run_id][name] = value
    return labels


def of_job(row: RunRow, inputs: RunInputRow) -> OfJob | None:
    """Return what a run's job told it, for another run as it was."""
    if row.job_id is None:
        return None
    return OfJob(
        id=row.job_id,
        limit=row.job_limit,
        trigger_id=inputs.trigger_id,
        due_at=inputs.slot_due_at,
        timezone=inputs.timezone,
        retry=inputs.retry,
    )


async def slots_of(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, tuple[str | None, datetime | None]]:
    """Return the trigger that started each of these runs, and the instant at which it was due."""
    if not run_ids:
        return {}
    connection = await session.connection()
    dialect = connection.dialect.name
    rows = await connection.execute(_slots(dialect), {"these": listed(run_ids, dialect)})
    return {run_id: (trigger_id, due_at) for run_id, trigger_id, due_at in rows}


@cache
def _slots(dialect: str) -> Select[Any]:
    columns = (_GIVEN.c.run_id, _GIVEN.c.trigger_id, _GIVEN.c.slot_due_at)
    return select(*columns).where(among(_GIVEN.c.run_id, "these", dialect))


@cache
def _rows(dialect: str) -> Select[Any]:
    return select(_RUNS).where(among(_RUNS.c.id, "these", dialect)).order_by(_RUNS.c.id.desc())


@cache
def _labels(dialect: str) -> Select[Any]:
    columns = (_LABELS.c.run_id, _LABELS.c.name, _LABELS.c.value)
    return select(*columns).where(among(_LABELS.c.run_id, "these", dialect))


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


async def copy_of(session: AsyncSession, token: Token) -> str | None:
    """Return an attempt's sealed copy of the secrets that it was given; None once it is settled."""
    return await session.scalar(
        select(RunAttemptRow.sealed).where(
            RunAttemptRow.run_id == token.run_id,
            RunAttemptRow.attempt == token.attempt,
            RunAttemptRow.fence == token.fence,
        )
    )


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
    # One look into an index for each script; grouped, databases read all runs of all of them.
    newest = select(func.max(RunRow.id)).where(RunRow.script_id == Script.id).scalar_subquery()
    theirs = select(newest).where(Script.id.in_(script_ids), Script.project_id.in_(projects))
    found = [run_id for run_id in (await session.execute(theirs)).scalars() if run_id is not None]
    return await rows_of(session, found)


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
