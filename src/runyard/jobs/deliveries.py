"""The rows of what arrived at a job's triggers: calls, files, runs of other jobs that ended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.jobs.models import JobDelivery, JobTrigger

LONGEST_REASON = 64
MOST_REFUSED = 10
"""How many calls without a right to one are written down, of one trigger in a minute."""
MOST_REFUSED_IN_ALL = 200
_MINUTE_S = 60.0


class Outcome(StrEnum):
    """What became of what arrived."""

    accepted = "accepted"
    """It started a run."""
    refused = "refused"
    """Whoever called had no right to, or the job starts nothing now."""
    ignored = "ignored"
    """It was not meant to start a run."""
    duplicate = "duplicate"
    """It had arrived before."""
    failed = "failed"
    """No run could be made of it."""


class Budget:
    """How much of what strangers do is written down: nobody fills a database without a right to do anything."""

    def __init__(self) -> None:
        self._minute = 0
        self._spent: Counter[str] = Counter()

    def allows(self, trigger_id: str) -> bool:
        """Whether one more may be written down of a trigger; counts it if so."""
        minute = int(clock.monotonic() // _MINUTE_S)
        if minute != self._minute:
            self._minute, self._spent = minute, Counter()
        if self._spent[trigger_id] >= MOST_REFUSED or self._spent.total() >= MOST_REFUSED_IN_ALL:
            return False
        self._spent[trigger_id] += 1
        return True


def add(
    session: AsyncSession,
    trigger: JobTrigger,
    outcome: Outcome,
    reason: str,
    *,
    kind: str,
    key: str | None = None,
    status: int | None = None,
    run_id: str | None = None,
    took_ms: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> JobDelivery:
    """Write one down; of those with the same `key` there can be only one."""
    id_ = ids.new("dlv")
    row = JobDelivery(
        id=id_,
        trigger_id=trigger.id,
        job_id=trigger.job_id,
        project_id=trigger.project_id,
        kind=kind,
        key=key or id_,
        at=clock.now(),
        outcome=outcome.value,
        reason=reason[:LONGEST_REASON],
        status=status,
        run_id=run_id,
        took_ms=took_ms,
        detail=dict(detail or {}),
    )
    session.add(row)
    return row


async def answered(session: AsyncSession, delivery_id: str, status: int, took_ms: int) -> None:
    """Write down what a call was answered with, which was not known when it was taken."""
    row = update(JobDelivery).where(JobDelivery.id == delivery_id)
    await session.execute(row.values(status=status, took_ms=took_ms))


async def by_key(session: AsyncSession, trigger_id: str, key: str) -> JobDelivery | None:
    """Return what arrived under a key."""
    query = select(JobDelivery).where(JobDelivery.trigger_id == trigger_id, JobDelivery.key == key)
    return (await session.scalars(query)).one_or_none()


async def known(session: AsyncSession, trigger_id: str, keys: Sequence[str]) -> set[str]:
    """Return which of these keys have arrived."""
    query = select(JobDelivery.key).where(JobDelivery.trigger_id == trigger_id, JobDelivery.key.in_(keys))
    return set(await session.scalars(query))


async def page(session: AsyncSession, trigger_id: str, before: str | None, limit: int) -> Sequence[JobDelivery]:
    """Return up to `limit` of a trigger, newest first, below an id."""
    query = select(JobDelivery).where(JobDelivery.trigger_id == trigger_id)
    if before is not None:
        query = query.where(JobDelivery.id < before)
    return (await session.scalars(query.order_by(JobDelivery.id.desc()).limit(limit))).all()
