"""Removing runs: rows first, in one short transaction, files from a queue of tombstones afterwards."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import cast

from msgspec import Struct
from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.among import among, listed
from runyard.db.base import Base
from runyard.db.prepared import Prepared
from runyard.db.types import Instant
from runyard.runs import records
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.models import RunKeepRow, RunRow, RunSizeRow, RunTombstoneRow
from runyard.scripts.models import ScriptVersion

_RUNS = cast("Table", RunRow.__table__)
_KEEPS = cast("Table", RunKeepRow.__table__)
_SIZES = cast("Table", RunSizeRow.__table__)
_TOMBS = cast("Table", RunTombstoneRow.__table__)
_VERSIONS = cast("Table", ScriptVersion.__table__)
_OVER = frozenset(state.value for state in TERMINAL)
_SEEK = text("SET LOCAL enable_seqscan = off")


def bury(connection: Connection, run_ids: Sequence[str], at: datetime) -> list[str]:
    """Remove the rows of runs that are over and not kept, and leave tombstones for their files.

    Returns which were removed. It takes a fixed number of statements, however many runs there are.
    """
    dialect = connection.dialect.name
    last = _rites(dialect)
    if dialect == "postgresql":
        # Each table has an index by runs; for many of them the planner would rather read all of it.
        connection.execute(_SEEK)
    these = {"these": listed(run_ids, dialect)}
    # States are looked at here: in the statement they would tempt databases to walk over all runs of a state.
    over = [row.id for row in last.found.run(connection, these) if row.state in _OVER]
    # Asked when runs are locked: who puts one on the list meanwhile has done so before, or finds it gone.
    kept = {row.run_id for row in last.kept.run(connection, these)}
    if gone := [run_id for run_id in over if run_id not in kept]:
        these = {"these": listed(gone, dialect)}
        last.tombs.run(connection, these | {"the_time": at})
        for belongings in last.belongings:
            belongings.run(connection, these)
        last.runs.run(connection, these)
    return gone


class _Rites(Struct, frozen=True):
    found: Prepared
    kept: Prepared
    tombs: Prepared
    belongings: tuple[Prepared, ...]
    runs: Prepared


@cache
def _rites(dialect: str) -> _Rites:
    # Foreign keys would remove these rows for each run by itself, and table by table: that takes several times as long.
    belongings = [
        key.parent
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is _RUNS.c.id and key.ondelete == "CASCADE"
    ]
    left = select(_RUNS.c.id, bindparam("the_time", type_=Instant())).where(among(_RUNS.c.id, "these", dialect))
    return _Rites(
        found=Prepared(select(_RUNS.c.id, _RUNS.c.state).where(among(_RUNS.c.id, "these", dialect)).with_for_update()),
        kept=Prepared(select(_KEEPS.c.run_id).where(among(_KEEPS.c.run_id, "these", dialect))),
        tombs=Prepared(insert(_TOMBS).from_select(["run_id", "buried_at"], left)),
        belongings=tuple(Prepared(delete(key.table).where(among(key, "these", dialect))) for key in belongings),
        runs=Prepared(delete(_RUNS).where(among(_RUNS.c.id, "these", dialect))),
    )


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
    last = str(found[-1].id)
    # Nor are those that are kept, which are few.
    around = (_KEEPS.c.project_id == project_id, _KEEPS.c.run_id > after, _KEEPS.c.run_id <= last)
    kept = set(connection.execute(select(_KEEPS.c.run_id).where(*around)).scalars())
    return [row.id for row in found if row.state in _OVER and row.id not in kept], last


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
        .where(_RUNS.c.project_id == project_id, _RUNS.c.state.in_(sorted(_OVER)), ~known)
        .order_by(_RUNS.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def note_sizes(connection: Connection, project_id: str, sizes: Sequence[tuple[str, int]]) -> None:
    """Keep how large runs are; those that are gone meanwhile are left out."""
    there = records.there(connection, [run_id for run_id, _ in sizes])
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
