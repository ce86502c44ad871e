"""Rows of what attempts used over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.runs import records
from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.models import RunAttemptRow, RunRow, RunUsageRow
from runyard.runs.repository import Token
from runyard.runs.series import Series, unpacked

_USAGE = cast("Table", RunUsageRow.__table__)
_DROP = delete(_USAGE).where(_USAGE.c.run_id == bindparam("the_run"), _USAGE.c.attempt == bindparam("the_attempt"))
_ADD = insert(_USAGE)


class UsagePoint(BaseModel):
    """What an attempt used in the `span_s` seconds before `at_s`, counted from its start; null was not measured."""

    at_s: float
    span_s: float
    cpu: float | None = Field(description="Processors in use: 1.0 is a whole one.")
    memory_bytes: int | None = Field(description="The most at once.")
    read_bytes: int | None
    written_bytes: int | None
    processes: int | None = Field(description="The most at once.")


class UsageSeries(BaseModel):
    """What an attempt used over time: at most 240 points, the longer the attempt the longer each."""

    attempt: int
    started_at: datetime | None
    step_s: float | None
    complete: bool = Field(description="Whether no more will come.")
    points: list[UsagePoint]


async def of_attempt(session: AsyncSession, run: RunRow, attempt: int) -> UsageSeries:
    """Return the series of an attempt; an empty one where nothing was sampled (a very short run, say)."""
    where = (RunUsageRow.run_id == run.id, RunUsageRow.attempt == attempt)
    stored = (await session.execute(select(RunUsageRow.series).where(*where))).scalar_one_or_none()
    began = (
        select(RunAttemptRow.started_at)
        .where(RunAttemptRow.run_id == run.id, RunAttemptRow.attempt == attempt)
        .order_by(RunAttemptRow.fence.desc())
        .limit(1)
    )
    series = unpacked(stored) if stored else None
    return UsageSeries(
        attempt=attempt,
        started_at=(await session.execute(began)).scalar_one_or_none(),
        step_s=series.step_s if series else None,
        complete=attempt < run.attempt or State(run.state) in TERMINAL,
        points=[shown(point.packed()) for point in series.points] if series else [],
    )


def shown(packed: Sequence[Any]) -> UsagePoint:
    """Return a point as the API shows it."""
    return UsagePoint(**dict(zip(UsagePoint.model_fields, packed, strict=True)))


def store(connection: Connection, some: Sequence[tuple[Token, Series]], at: datetime) -> None:
    """Write the series of several attempts in place of what was there; those of runs that are gone are left out."""
    there = records.there(connection, {token.run_id for token, _ in some})
    for token, series in some:
        if token.run_id not in there:
            continue
        connection.execute(_DROP, {"the_run": token.run_id, "the_attempt": token.attempt})
        row = {"run_id": token.run_id, "attempt": token.attempt, "fence": token.fence}
        connection.execute(_ADD, {**row, "series": series.packed(), "updated_at": at})
