"""Lists of runs: whatever they are narrowed to, each page is a few short walks down indexes.

A list that filters by several states asks for each state by itself and merges: an index then gives the newest of each
in order, and nothing is ever sorted or skipped. Label rows carry project, script and state for the same reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, exists, false, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from runyard import ids
from runyard.errors import FieldError
from runyard.ids import ProjectId
from runyard.runs.errors import BadFilter
from runyard.runs.lifecycle import State
from runyard.runs.models import FailureGroupRow, RunLabelRow, RunRow
from runyard.scripts.models import Script

MOST_BRANCHES = 64
MOST_SCRIPTS = 200
FAILED = (State.failed, State.timed_out, State.lost)
FEW = 2000
"""Up to that many rows are looked at one by one where no index has the whole mix."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of runs is narrowed to; `since` and `until` are about when they were queued."""

    projects: Sequence[ProjectId]
    states: Sequence[State] = ()
    script_id: str | None = None
    labels: Sequence[tuple[str, str | None]] = ()
    text: str | None = None
    failure_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def listed(session: AsyncSession, which: Filter, before: str | None, limit: int) -> Sequence[RunRow]:
    """Return runs, newest first, with ids below `before`."""
    found = await found_ids(session, which, before, limit)
    if not found:
        return []
    statement = select(RunRow).where(RunRow.id.in_(found)).order_by(RunRow.id.desc())
    return (await session.execute(statement)).scalars().all()


async def found_ids(session: AsyncSession, which: Filter, before: str | None, limit: int) -> list[str]:
    """Return the ids of such a list."""
    if not which.projects:
        return []
    if which.text:
        return await _by_text(session, which, before, limit)
    scripts: Sequence[str] = ()
    if which.script_id is not None:
        # Whose script it is is asked once, and not of every run: a second condition would tempt databases to walk down
        # the index of the whole project.
        own = select(Script.id).where(Script.id == which.script_id, Script.project_id.in_(which.projects))
        if not (scripts := (await session.execute(own)).scalars().all()):
            return []
    if which.failure_id is not None and await _is_foreign(session, which):
        return []
    statement = await _statement(session, which, scripts, before, limit)
    return list((await session.execute(statement)).scalars())


async def _is_foreign(session: AsyncSession, which: Filter) -> bool:
    """Whether a group of failures is of another project or script, so that there is nothing to walk down for."""
    group = select(FailureGroupRow.project_id, FailureGroupRow.script_key).where(FailureGroupRow.id == which.failure_id)
    row = (await session.execute(group)).one_or_none()
    return row is not None and (
        row.project_id not in which.projects or which.script_id not in {None, row.script_key or None}
    )


async def counted(session: AsyncSession, which: Filter, cap: int) -> int:
    """Return how many runs a list has, counted up to `cap`."""
    return len(await found_ids(session, which, None, cap))


async def _by_text(session: AsyncSession, which: Filter, before: str | None, limit: int) -> list[str]:
    """Find runs by their id or by the names of their scripts, which are few."""
    assert which.text is not None  # noqa: S101 - asked for by who has one
    folded = which.text.lower()
    named = select(Script.id).where(
        Script.project_id.in_(which.projects), func.lower(Script.name).contains(folded, autoescape=True)
    )
    if which.script_id is not None:
        named = named.where(Script.id == which.script_id)
    scripts = list((await session.execute(named.order_by(Script.updated_at.desc()).limit(MOST_SCRIPTS))).scalars())
    found: set[str] = set()
    if scripts:
        statement = await _statement(session, which, scripts, before, limit)
        found.update((await session.execute(statement)).scalars())
    itself = select(RunRow.id).where(RunRow.id == which.text, *_conditions(replace(which, text=None), before))
    found.update((await session.execute(itself)).scalars())
    return sorted(found, reverse=True)[:limit]


async def _statement(
    session: AsyncSession, which: Filter, scripts: Sequence[str], before: str | None, limit: int
) -> Select[Any]:
    run = RunRow
    if which.labels:
        first, few = await _rarest(session, which, scripts)
        if few or which.failure_id is None:
            return _labelled(which, scripts, before, limit, first, few=few)
    around = _around(run.id, which, before)
    around += [_worn(run.id, *pair) for pair in which.labels]
    owners: list[ColumnElement[bool]] = [run.project_id == project for project in which.projects]
    wanted: Sequence[State] = which.states
    if which.failure_id is not None:
        # All runs of a group belong to one script, which was asked about before.
        owners = [run.failure_id == which.failure_id]
        # In a function's arms these tempt nobody to another index.
        around.append(func.coalesce(run.project_id, "").in_(which.projects))
        wanted = [state for state in which.states or FAILED if state in FAILED]
        if not wanted:
            return select(run.id).where(false())
    if scripts and which.failure_id is None:
        owners = [run.script_id == script for script in scripts]
    elif scripts:
        around.append(func.coalesce(run.script_id, "").in_(scripts))
    states = _each(run.state, wanted)
    if len(owners) * len(states) > MOST_BRANCHES:
        every = [or_(*owners), *_some(run.state, wanted), *around]
        return select(run.id).where(*every).order_by(run.id.desc()).limit(limit)
    branches = [
        select(run.id.label("id")).where(owner, *state, *around).order_by(run.id.desc()).limit(limit)
        for owner, state in product(owners, states)
    ]
    return _merged(branches, limit)


def _worn(run_id: Any, name: str, value: str | None) -> ColumnElement[bool]:
    """Return the condition that a run bears a label."""
    other = aliased(RunLabelRow)
    at = [other.run_id == run_id, other.name == name, *([] if value is None else [other.value == value])]
    return exists(select(other.run_id).where(*at))


def _labelled(
    which: Filter, scripts: Sequence[str], before: str | None, limit: int, first: tuple[str, str | None], *, few: bool
) -> Select[Any]:
    """Walk down the rows of one label; the others are looked up for each run that it finds."""
    label = RunLabelRow
    others = [pair for pair in which.labels if pair != first]
    around = _around(label.run_id, which, before)
    around += [_worn(label.run_id, *pair) for pair in others]
    if which.failure_id is not None:
        around.append(exists(select(RunRow.id).where(RunRow.id == label.run_id, RunRow.failure_id == which.failure_id)))
    named = [label.name == first[0], *([] if first[1] is None else [label.value == first[1]])]
    owners: list[ColumnElement[bool]]
    if scripts:
        owners = [label.script_id == script for script in scripts]
    else:
        owners = [label.project_id == project for project in which.projects]
    # The index orders runs below each state: without a wish each state is asked for.
    states = _each(label.state, which.states or tuple(State))
    if few or len(owners) * len(states) > MOST_BRANCHES:
        every = [or_(*owners), *named, *_some(label.state, which.states), *around]
        return select(label.run_id).where(*every).order_by(label.run_id.desc()).limit(limit)
    branches = [
        select(label.run_id.label("id"))
        .where(owner, *named, *state, *around)
        .order_by(label.run_id.desc())
        .limit(limit)
        for owner, state in product(owners, states)
    ]
    return _merged(branches, limit)


async def _rarest(session: AsyncSession, which: Filter, scripts: Sequence[str]) -> tuple[tuple[str, str | None], bool]:
    """Return the label that is worn by the fewest runs, and whether these are few enough to be looked at whole."""
    label = RunLabelRow
    pairs = list(dict.fromkeys(which.labels))
    if len(pairs) == 1 and which.failure_id is None:
        return pairs[0], False
    best, fewest = pairs[0], FEW + 1
    for pair in pairs:
        worn = [label.name == pair[0], *([] if pair[1] is None else [label.value == pair[1]])]
        owner = [label.script_id.in_(scripts)] if scripts else [label.project_id.in_(which.projects)]
        some = select(label.run_id).where(*owner, *worn, *_some(label.state, which.states)).limit(FEW + 1).subquery()
        count = (await session.execute(select(func.count()).select_from(some))).scalar_one()
        # A name is on more runs than a name with a value.
        if count < fewest or (best[1] is None and pair[1] is not None and count <= fewest):
            best, fewest = pair, count
    return best, fewest <= FEW


def _merged(branches: Sequence[Select[Any]], limit: int) -> Select[Any]:
    if len(branches) == 1:
        return branches[0]
    # Each branch is a subquery: in a compound of its own SQLite takes no limit for one part.
    parts: list[Subquery] = [branch.subquery() for branch in branches]
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    return select(every.c.id).order_by(every.c.id.desc()).limit(limit)


def _each(column: Any, states: Sequence[State]) -> list[tuple[ColumnElement[bool], ...]]:
    return [(column == state.value,) for state in dict.fromkeys(states)] or [()]


def _some(column: Any, states: Sequence[State]) -> list[ColumnElement[bool]]:
    return [column.in_([state.value for state in states])] if states else []


def _around(column: Any, which: Filter, before: str | None) -> list[ColumnElement[bool]]:
    """Return bounds of ids: those of a page, and those of a time."""
    found: list[ColumnElement[bool]] = []
    tops = [before] if before is not None else []
    if which.until is not None:
        tops.append(ids.floor("run", which.until))
    if tops:
        found.append(column < min(tops))
    if which.since is not None:
        found.append(column >= ids.floor("run", which.since))
    return found


def _conditions(which: Filter, before: str | None) -> list[ColumnElement[bool]]:
    """Return a filter as plain conditions, for a run that is looked up by its id."""
    found = [RunRow.project_id.in_(which.projects), *_some(RunRow.state, which.states)]
    found += _around(RunRow.id, which, before)
    if which.script_id is not None:
        found.append(RunRow.script_id == which.script_id)
    if which.failure_id is not None:
        found.append(RunRow.failure_id == which.failure_id)
    for name, value in which.labels:
        label = and_(RunLabelRow.run_id == RunRow.id, RunLabelRow.name == name)
        found.append(exists().where(label if value is None else and_(label, RunLabelRow.value == value)))
    return found


def aware(at: datetime | None) -> datetime | None:
    """Return an instant that names no zone as one of UTC."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


def label_of(text: str) -> tuple[str, str | None]:
    """Return the name, and the value if there is one, of a label in a filter; raise `BadFilter`."""
    name, found, value = text.partition("=")
    if not name:
        raise BadFilter(fields=[FieldError("label", "Write name or name=value.", "label")])
    return name, value if found else None
