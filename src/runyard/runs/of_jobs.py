"""What became of the runs of jobs: a few statements for as many jobs as a list shows, each short walks down indexes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.runs.lifecycle import State
from runyard.runs.models import RunInputRow, RunRow

AT_ONCE = 100
"""Of how many jobs one statement asks: SQLite takes up to 500 parts."""
COUNTED = (State.succeeded.value, State.failed.value, State.timed_out.value, State.lost.value)
"""The ends that say something about how well a job does: whoever cancels a run has their reasons."""


async def newest(
    session: AsyncSession, job_ids: Sequence[str], most: int
) -> dict[str, list[tuple[str, str, datetime, datetime | None]]]:
    """Return the newest runs of each job, newest first: id, state, when it was queued, for which slot."""
    found: dict[str, list[tuple[str, str, datetime, datetime | None]]] = {id_: [] for id_ in job_ids}
    for some in _parts(job_ids):
        runs = union_all(*(_walk(_newest(id_, most)) for id_ in some)).subquery()
        query = select(runs, RunInputRow.slot_due_at).join(RunInputRow, RunInputRow.run_id == runs.c.id)
        for job_id, run_id, state, at, due_at in await session.execute(query.order_by(runs.c.id.desc())):
            found[job_id].append((run_id, state, at, due_at))
    return found


async def counts(session: AsyncSession, job_ids: Sequence[str], most: int) -> dict[str, tuple[int, int]]:
    """Return of each job's newest finished runs how many there are, up to `most`, and how many succeeded."""
    found: dict[str, tuple[int, int]] = {}
    for some in _parts(job_ids):
        for job_id, every, good in await session.execute(union_all(*(_counted(id_, most) for id_ in some))):
            found[job_id] = (every, good or 0)
    return found


async def last_successes(session: AsyncSession, job_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when a run of each job last succeeded; those where none ever did are left out."""
    found: dict[str, datetime] = {}
    for some in _parts(job_ids):
        walks = (
            _walk(
                select(RunRow.job_id, RunRow.finished_at)
                .where(RunRow.job_id == id_, RunRow.finished_at.is_not(None), RunRow.state == State.succeeded.value)
                .order_by(RunRow.finished_at.desc())
                .limit(1)
            )
            for id_ in some
        )
        found |= {job_id: at for job_id, at in await session.execute(union_all(*walks))}  # noqa: C416
    return found


def _parts(job_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (job_ids[start : start + AT_ONCE] for start in range(0, len(job_ids), AT_ONCE))


def _newest(job_id: str, most: int) -> Select[*tuple[Any, ...]]:
    columns = (RunRow.job_id, RunRow.id, RunRow.state, RunRow.queued_at)
    return select(*columns).where(RunRow.job_id == job_id).order_by(RunRow.id.desc()).limit(most)


def _counted(job_id: str, most: int) -> Select[*tuple[Any, ...]]:
    ends = (
        select(RunRow.state)
        .where(RunRow.job_id == job_id, RunRow.finished_at.is_not(None), RunRow.state.in_(COUNTED))
        .order_by(RunRow.finished_at.desc())
        .limit(most)
        .subquery()
    )
    good = func.sum(case((ends.c.state == State.succeeded.value, 1), else_=0))
    return select(literal(job_id), func.count(), good).select_from(ends)


def _walk(part: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    # A part of a union that has an end of its own has to stand within another.
    return select(part.subquery())
