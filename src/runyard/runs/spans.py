"""Runs of jobs for whoever lays them out over time: when they were queued, how they stand, how long they took."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.runs.lifecycle import State
from runyard.runs.models import RunRow

AT_ONCE = 100
"""Of how many jobs one statement asks."""
_OVER = (State.succeeded.value, State.failed.value, State.timed_out.value)
"""The ends of runs that went on for as long as they wanted, or as they may."""


def states() -> Subquery:
    """Return runs as something to join: `id` and `state`."""
    return select(RunRow.id.label("id"), RunRow.state.label("state")).subquery("states")


def queued(project_ids: Sequence[str], job_id: str | None, start: datetime, end: datetime) -> Subquery:
    """Return the runs of jobs, or of one, that were queued from one instant to before another: `id`, `job_id`, `at`."""
    return (
        select(RunRow.id.label("id"), RunRow.job_id.label("job_id"), RunRow.queued_at.label("at"))
        .where(
            RunRow.project_id.in_(project_ids),
            RunRow.job_id.is_not(None) if job_id is None else RunRow.job_id == job_id,
            RunRow.id >= ids.floor("run", start),
            RunRow.id < ids.floor("run", end),
        )
        .subquery("queued")
    )


async def durations(session: AsyncSession, job_ids: Iterable[str], most: int) -> dict[str, list[float]]:
    """Return how many seconds the newest finished runs of each job took, up to `most` of each."""
    wanted = sorted(set(job_ids))
    found: dict[str, list[float]] = {id_: [] for id_ in wanted}
    for begin in range(0, len(wanted), AT_ONCE):
        # A part of a union that has an end of its own has to stand within another.
        parts = [select(_took(id_, most).subquery()) for id_ in wanted[begin : begin + AT_ONCE]]
        for job_id, began, ended in await session.execute(union_all(*parts)):
            found[job_id].append(max((ended - began).total_seconds(), 0.0))
    return found


def _took(job_id: str, most: int) -> Select[*tuple[Any, ...]]:
    return (
        select(RunRow.job_id, RunRow.started_at, RunRow.finished_at)
        .where(
            RunRow.job_id == job_id,
            RunRow.finished_at.is_not(None),
            RunRow.started_at.is_not(None),
            RunRow.state.in_(_OVER),
        )
        .order_by(RunRow.finished_at.desc())
        .limit(most)
    )
