"""Runs of jobs, as jobs ask for them: which are under way, and which are over without their job having heard of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Connection, Table, false, func, select, true, update

from runyard.db.among import among, listed
from runyard.live.bus import Bus
from runyard.runs.lifecycle import State
from runyard.runs.models import RunAttemptRow, RunRow, is_open

_RUNS = cast("Table", RunRow.__table__)
_ATTEMPTS = cast("Table", RunAttemptRow.__table__)
TOPIC = "job-runs"


def over(bus: Bus) -> None:
    """Tell who follows the runs of jobs that one is over."""
    bus.publish(TOPIC, {"type": "over"})


class Over(Struct, frozen=True):
    """A run of a job that is over."""

    id: str
    job_id: str
    state: State
    finished_at: datetime
    attempt: int
    trigger_kind: str


def any_unheard(connection: Connection) -> bool:
    """Whether there are any."""
    some = select(_RUNS.c.id).where(_RUNS.c.watched == true(), _RUNS.c.finished_at.is_not(None)).limit(1)
    return connection.execute(some).first() is not None


def unheard(connection: Connection, limit: int) -> list[Over]:
    """Return runs of jobs that are over and that nobody was told of, in the order in which they ended."""
    columns = ("id", "job_id", "state", "finished_at", "attempt", "trigger_kind")
    statement = (
        select(*(_RUNS.c[name] for name in columns))
        .where(_RUNS.c.watched == true(), _RUNS.c.finished_at.is_not(None))
        .order_by(_RUNS.c.finished_at, _RUNS.c.id)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    return [Over(row[0], row[1], State(row[2]), *row[3:]) for row in connection.execute(statement)]


def heard(connection: Connection, run_ids: Sequence[str]) -> int:
    """Note that the jobs of these runs were told of their end; return for how many that was news."""
    dialect = connection.dialect.name
    statement = update(_RUNS).where(among(_RUNS.c.id, "these", dialect), _RUNS.c.watched == true())
    return connection.execute(statement.values(watched=false()), {"these": listed(run_ids, dialect)}).rowcount


def active(connection: Connection, job_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return how many runs of each job are not over, and the first of them."""
    if not job_ids:
        return {}
    dialect = connection.dialect.name
    statement = (
        select(_RUNS.c.job_id, func.count(), func.min(_RUNS.c.id))
        .where(among(_RUNS.c.job_id, "jobs", dialect), is_open())
        .group_by(_RUNS.c.job_id)
    )
    rows = connection.execute(statement, {"jobs": listed(job_ids, dialect)})
    return {job_id: (count, first) for job_id, count, first in rows}


def outputs(connection: Connection, run_id: str, attempt: int) -> tuple[Any, str | None]:
    """Return what an attempt returned, and the code of its error."""
    statement = (
        select(_ATTEMPTS.c.outputs, _ATTEMPTS.c.error_code)
        .where(_ATTEMPTS.c.run_id == run_id, _ATTEMPTS.c.attempt == attempt)
        .order_by(_ATTEMPTS.c.fence.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return (row[0], row[1]) if row is not None else (None, None)
