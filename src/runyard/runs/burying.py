"""Removing runs: rows first, in one short transaction, files from a queue of tombstones afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, delete, exists, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.types import Instant
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.models import (
    RunAttemptRow,
    RunEventRow,
    RunInputRow,
    RunKeepRow,
    RunLabelRow,
    RunRow,
    RunSizeRow,
    RunTombstoneRow,
    RunUsageRow,
)
from runyard.scripts.models import ScriptVersion

_RUNS = cast("Table", RunRow.__table__)
_KEEPS = cast("Table", RunKeepRow.__table__)
_SIZES = cast("Table", RunSizeRow.__table__)
_TOMBS = cast("Table", RunTombstoneRow.__table__)
_VERSIONS = cast("Table", ScriptVersion.__table__)
_OVER = sorted(state.value for state in TERMINAL)
# Foreign keys remove these rows as well, but one run at a time: that is quick where it is done within the process, and
# slow where each is a query of its own.
_CHILDREN = [
    cast("Table", row.__table__)
    for row in (RunInputRow, RunLabelRow, RunAttemptRow, RunEventRow, RunUsageRow, RunSizeRow, RunKeepRow)
]


def bury(connection: Connection, run_ids: Sequence[str], at: datetime) -> list[str]:
    """Remove the rows of runs that are over and leave tombstones for their files; return which were removed."""
    over = select(_RUNS.c.id).where(_RUNS.c.id.in_(run_ids), _RUNS.c.state.in_(_OVER)).with_for_update()
    gone = list(connection.execute(over).scalars())
    if not gone:
        return []
    if connection.dialect.name != "sqlite":
        for table in _CHILDREN:
            connection.execute(delete(table).where(table.c.run_id.in_(gone)))
    connection.execute(delete(_RUNS).where(_RUNS.c.id.in_(gone)))
    connection.execute(insert(_TOMBS), [{"run_id": run_id, "buried_at": at} for run_id in gone])
    return gone


async def kept_among(session: AsyncSession, run_ids: Sequence[str]) -> set[str]:
    """Return which of these runs are on the keep-list."""
    return set((await session.execute(select(RunKeepRow.run_id).where(RunKeepRow.run_id.in_(run_ids)))).scalars())


def given_up(
    connection: Connection, project_id: str, below: str, after: str, limit: int
) -> tuple[list[str], str | None]:
    """Look at up to `limit` runs of a project, oldest first, with ids above `after` and below `below`.

    Answers those that are over and not kept, and the last one looked at; None when there were no more.
    """
    statement = (
        select(_RUNS.c.id, _RUNS.c.state)
        .where(_RUNS.c.project_id == project_id, _RUNS.c.id > after, _RUNS.c.id < below)
        .order_by(_RUNS.c.id)
        .limit(limit)
    )
    # States are looked at here: in the statement they would tempt databases to another index, and to sorting.
    found = connection.execute(statement).all()
    if not found:
        return [], None
    kept = set(connection.execute(select(_KEEPS.c.run_id).where(_KEEPS.c.project_id == project_id)).scalars())
    return [row.id for row in found if row.state in _OVER and row.id not in kept], str(found[-1].id)


def nth_newest(connection: Connection, project_id: str, place: int) -> str | None:
    """Return the id of the run at a place among a project's runs, 1 being the newest."""
    statement = select(_RUNS.c.id).where(_RUNS.c.project_id == project_id).order_by(_RUNS.c.id.desc())
    return connection.execute(statement.offset(place - 1).limit(1)).scalar_one_or_none()


def oldest_within(connection: Connection, project_id: str, most_bytes: int) -> str | None:
    """Return the oldest run up to which a project's files and logs fit, newest first; None when they all do."""
    so_far = func.sum(_SIZES.c.bytes).over(order_by=_SIZES.c.run_id.desc()).label("so_far")
    sums = select(_SIZES.c.run_id, so_far).where(_SIZES.c.project_id == project_id).subquery()
    over = select(func.max(sums.c.run_id)).where(sums.c.so_far > most_bytes)
    first_over = connection.execute(over).scalar_one_or_none()
    if first_over is None:
        return None
    newer = select(func.min(_SIZES.c.run_id)).where(_SIZES.c.project_id == project_id, _SIZES.c.run_id > first_over)
    return connection.execute(newer).scalar_one_or_none() or str(first_over)


def unmeasured(connection: Connection, project_id: str, limit: int) -> list[str]:
    """Return runs of a project that are over and whose files were not measured, newest first."""
    known = exists(select(_SIZES.c.run_id).where(_SIZES.c.run_id == _RUNS.c.id))
    statement = (
        select(_RUNS.c.id)
        .where(_RUNS.c.project_id == project_id, _RUNS.c.state.in_(_OVER), ~known)
        .order_by(_RUNS.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def note_sizes(connection: Connection, project_id: str, sizes: Sequence[tuple[str, int]]) -> None:
    """Keep how large runs are; those that are gone meanwhile are left out."""
    there = set(connection.execute(select(_RUNS.c.id).where(_RUNS.c.id.in_([run_id for run_id, _ in sizes]))).scalars())
    known = set(connection.execute(select(_SIZES.c.run_id).where(_SIZES.c.run_id.in_(there))).scalars())
    rows = [
        {"run_id": run_id, "project_id": project_id, "bytes": size}
        for run_id, size in sizes
        if run_id in there and run_id not in known
    ]
    if rows:
        connection.execute(insert(_SIZES), rows)


def graves(connection: Connection, limit: int) -> list[str]:
    """Return runs whose files are still to follow their rows."""
    return list(connection.execute(select(_TOMBS.c.run_id).order_by(_TOMBS.c.run_id).limit(limit)).scalars())


def close_graves(connection: Connection, run_ids: Sequence[str]) -> None:
    """Forget runs whose files are gone."""
    connection.execute(delete(_TOMBS).where(_TOMBS.c.run_id.in_(run_ids)))


def forget_drafts(connection: Connection, before: datetime, limit: int) -> int:
    """Drop unsaved texts that no run names any more and that were made before an instant; return how many."""
    named = exists(select(_RUNS.c.id).where(_RUNS.c.version_id == _VERSIONS.c.id))
    old = (
        select(_VERSIONS.c.id)
        .where(_VERSIONS.c.number.is_(None), _VERSIONS.c.created_at < literal(before, Instant()), ~named)
        .limit(limit)
    )
    found = list(connection.execute(old).scalars())
    if found:
        connection.execute(delete(_VERSIONS).where(_VERSIONS.c.id.in_(found)))
    return len(found)
