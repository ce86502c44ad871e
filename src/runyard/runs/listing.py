"""Lists of runs: whatever they are narrowed to, each page is a few short walks down indexes.

A list that filters by several states asks for each state by itself and merges: an index then gives the newest of each
in order, and nothing is ever sorted or skipped. Label rows carry project, script and state for the same reason.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.errors import FieldError
from runyard.ids import ProjectId
from runyard.runs import records
from runyard.runs.errors import BadFilter
from runyard.runs.lifecycle import State
from runyard.runs.models import FailureGroupRow, RunLabelRow, RunRow
from runyard.runs.walking import FAILED, Shape, walks
from runyard.scripts.models import Script

MOST_SCRIPTS = 200
FEW = 2000
"""Up to that many rows are looked at one by one where no index has the whole mix."""

_OWN = select(Script.id).where(
    Script.id == bindparam("the_script"), Script.project_id.in_(bindparam("the_projects", expanding=True))
)


class Filter(Struct, frozen=True):
    """What a list of runs is narrowed to; `since` and `until` are about when they were queued."""

    projects: Sequence[ProjectId]
    states: Sequence[State] = ()
    script_id: str | None = None
    labels: Sequence[tuple[str, str | None]] = ()
    text: str | None = None
    failure_id: str | None = None
    job_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def listed(session: AsyncSession, which: Filter, before: str | None, limit: int) -> Sequence[RunRow]:
    """Return runs, newest first, with ids below `before`."""
    found = await found_ids(session, which, before, limit)
    if not found:
        return []
    return await records.rows_of(session, found)


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
        own = {"the_script": which.script_id, "the_projects": which.projects}
        if not (scripts := (await session.execute(_OWN, own)).scalars().all()):
            return []
    if which.failure_id is not None and await _is_foreign(session, which):
        return []
    return await _walked(session, which, scripts, before, limit)


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
        found.update(await _walked(session, which, scripts, before, limit))
    itself = select(RunRow.id).where(RunRow.id == which.text, *_conditions(replace(which, text=None), before))
    found.update((await session.execute(itself)).scalars())
    return sorted(found, reverse=True)[:limit]


async def _walked(
    session: AsyncSession, which: Filter, scripts: Sequence[str], before: str | None, limit: int
) -> list[str]:
    if which.failure_id is not None and which.states and not set(which.states) & set(FAILED):
        return []
    labels = list(dict.fromkeys(which.labels))
    first, few = await _rarest(session, which, scripts) if labels else (None, False)
    if first is not None:
        labels.sort(key=lambda pair: pair != first)
    top, bottom = bounds(which, before)
    values: dict[str, Any] = {"most": limit, "failure": which.failure_id, "top": top, "bottom": bottom}
    values["job"] = which.job_id
    values |= {f"project_{n}": project for n, project in enumerate(which.projects)}
    values |= {f"script_{n}": script for n, script in enumerate(scripts)}
    for n, (name, value) in enumerate(labels):
        values |= {f"name_{n}": name, f"value_{n}": value}
    shape = Shape(
        projects=len(which.projects),
        scripts=len(scripts),
        states=tuple(dict.fromkeys(which.states)),
        labels=tuple(value is not None for _, value in labels),
        few=few,
        failure=which.failure_id is not None,
        job=which.job_id is not None,
        top=top is not None,
        bottom=bottom is not None,
    )
    found: list[str] = []
    connection = await session.connection()
    for statement in walks(shape):
        found += (await connection.execute(statement, values)).scalars()
    return sorted(found, reverse=True)[:limit]


async def _rarest(session: AsyncSession, which: Filter, scripts: Sequence[str]) -> tuple[tuple[str, str | None], bool]:
    """Return the label that is worn by the fewest runs, and whether these are few enough to be looked at whole."""
    label = RunLabelRow
    pairs = list(dict.fromkeys(which.labels))
    if len(pairs) == 1 and which.failure_id is None and which.job_id is None:
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


def bounds(which: Filter, before: str | None) -> tuple[str | None, str | None]:
    """Return below which id, and from which on, runs are asked for: those of a page, and those of a time."""
    tops = [before] if before is not None else []
    if which.until is not None:
        tops.append(ids.floor("run", which.until))
    return min(tops, default=None), ids.floor("run", which.since) if which.since is not None else None


def _some(column: Any, states: Sequence[State]) -> list[ColumnElement[bool]]:
    return [column.in_([state.value for state in states])] if states else []


def _conditions(which: Filter, before: str | None) -> list[ColumnElement[bool]]:
    """Return a filter as plain conditions, for a run that is looked up by its id."""
    found = [RunRow.project_id.in_(which.projects), *_some(RunRow.state, which.states)]
    top, bottom = bounds(which, before)
    found += [] if top is None else [RunRow.id < top]
    found += [] if bottom is None else [RunRow.id >= bottom]
    if which.script_id is not None:
        found.append(RunRow.script_id == which.script_id)
    if which.failure_id is not None:
        found.append(RunRow.failure_id == which.failure_id)
    if which.job_id is not None:
        found.append(RunRow.job_id == which.job_id)
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
