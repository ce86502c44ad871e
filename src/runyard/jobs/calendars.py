"""Blackout calendars: kept under a name, and named by jobs or put over a whole project."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.errors import FieldError, Invalid
from runyard.ids import ProjectId
from runyard.jobs.blackouts import Stretch, stretches
from runyard.jobs.errors import (
    CalendarChanged,
    CalendarInUse,
    CalendarTaken,
    InvalidCalendar,
    InvalidJob,
    NoSuchCalendar,
)
from runyard.jobs.models import BlackoutCalendar, Job
from runyard.live.bus import Bus

if TYPE_CHECKING:
    from runyard.jobs.calendar_schemas import BlackoutChange, NewBlackout
    from runyard.jobs.specs import WindowSpec

AHEAD = 3
SOON, LATER = timedelta(days=9), timedelta(days=370)
MOST_NAMED = 5


class Calendars:
    """What people do with blackout calendars. Every method works within the session that it is given."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def find(
        self, session: AsyncSession, actor: Actor, id_: str, permission: Permission, *, lock: bool = False
    ) -> BlackoutCalendar:
        """Return a calendar for which the actor holds `permission`; raise `NoSuchCalendar`, `Forbidden`."""
        if "\0" in id_:
            raise NoSuchCalendar
        query = select(BlackoutCalendar).where(BlackoutCalendar.id == id_)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = (await session.scalars(query)).one_or_none()
        if row is None:
            raise NoSuchCalendar
        actor.demand(permission, ProjectId(row.project_id), NoSuchCalendar)
        return row

    async def page(
        self, session: AsyncSession, actor: Actor, project: str | None, after: tuple[str, str] | None, limit: int
    ) -> Sequence[BlackoutCalendar]:
        """Return up to `limit` calendars by name, beginning after the keys `after`."""
        projects = actor.projects(Permission.job_read, project)
        query = select(BlackoutCalendar).where(BlackoutCalendar.project_id.in_(projects))
        if after is not None:
            name, id_ = after
            query = query.where(
                BlackoutCalendar.name >= name, or_(BlackoutCalendar.name > name, BlackoutCalendar.id > id_)
            )
        query = query.order_by(BlackoutCalendar.name, BlackoutCalendar.id).limit(limit)
        return (await session.scalars(query)).all()

    async def users(self, session: AsyncSession, rows: Sequence[BlackoutCalendar]) -> dict[str, int]:
        """Return how many jobs each calendar concerns."""
        projects = {row.project_id for row in rows}
        jobs = await _jobs(session, projects)
        named = Counter(id_ for _project, _name, chosen in jobs for id_ in chosen)
        every = Counter(project for project, _name, _chosen in jobs)
        return {row.id: every[row.project_id] if row.whole_project else named[row.id] for row in rows}

    async def create(self, session: AsyncSession, actor: Actor, body: "NewBlackout") -> BlackoutCalendar:
        """Keep a new calendar; raise `NoSuchProject`, `CalendarTaken`, `InvalidCalendar`."""
        project_id = actor.project(body.project, Permission.job_write)
        demand_sound(body.windows, body.timezone)
        now = clock.now()
        row = BlackoutCalendar(
            id=ids.new("cal"),
            project_id=project_id,
            name=body.name,
            timezone=body.timezone,
            windows=_stored(body.windows),
            whole_project=body.whole_project,
            revision=1,
            created_at=now,
            updated_at=now,
            updated_by=actor.user_id,
        )
        session.add(row)
        await _flush(session, row.name)
        record(session, actor, "blackout.create", _target(row), after=_facts(row))
        self._tell(session, row)
        return row

    async def change(self, session: AsyncSession, actor: Actor, id_: str, body: "BlackoutChange") -> BlackoutCalendar:
        """Change what `body` names; raise `CalendarChanged` for a stale revision, and what `create` raises."""
        row = await self.find(session, actor, id_, Permission.job_write, lock=True)
        if body.revision not in {None, row.revision}:
            sentence = f"Revision {row.revision} was saved in the meantime; you were working on {body.revision}."
            raise CalendarChanged(sentence, fields=[FieldError("revision", sentence, CalendarChanged.code)])
        before = _facts(row)
        row.name = body.name or row.name
        row.timezone = body.timezone or row.timezone
        row.whole_project = row.whole_project if body.whole_project is None else body.whole_project
        row.windows = row.windows if body.windows is None else _stored(body.windows)
        if _facts(row) == before:
            return row
        demand_sound(opened(row) if body.windows is None else body.windows, row.timezone)
        row.revision, row.updated_at, row.updated_by = row.revision + 1, clock.now(), actor.user_id
        await _flush(session, row.name)
        record(session, actor, "blackout.update", _target(row), before, _facts(row))
        self._tell(session, row)
        return row

    async def delete(self, session: AsyncSession, actor: Actor, id_: str) -> None:
        """Remove a calendar; raise `CalendarInUse` while jobs name it."""
        row = await self.find(session, actor, id_, Permission.job_write, lock=True)
        jobs = await _jobs(session, {row.project_id})
        names = sorted(name for _project, name, chosen in jobs if row.id in chosen)
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            raise CalendarInUse(f"These jobs use it: {', '.join(names[:MOST_NAMED])}{more}.")
        record(session, actor, "blackout.delete", _target(row), _facts(row))
        await session.delete(row)
        await session.flush()
        self._tell(session, row)

    def _tell(self, session: AsyncSession, row: BlackoutCalendar) -> None:
        told = {"type": "job", "job": {"id": None, "project": row.project_id, "change": "blackout"}}
        after_commit(session, lambda: self._bus.publish(f"project:{row.project_id}", told))


async def demand_known(session: AsyncSession, project_id: str, chosen: Sequence[str]) -> None:
    """Raise `InvalidJob` for calendars that the project does not have."""
    if not chosen:
        return
    wanted = {id_ for id_ in chosen if "\0" not in id_}
    query = select(BlackoutCalendar.id).where(
        BlackoutCalendar.project_id == project_id, BlackoutCalendar.id.in_(wanted)
    )
    known = set(await session.scalars(query))
    sentence = "The project has no such blackout calendar."
    wrong = [n for n, id_ in enumerate(chosen) if id_ not in known]
    if wrong:
        raise InvalidJob(sentence, fields=[FieldError(f"settings.calendars.{n}", sentence, "unknown") for n in wrong])


def demand_sound(windows: "Iterable[WindowSpec]", timezone: str) -> None:
    """Raise `InvalidCalendar` for windows that end before they begin."""
    wrong = []
    for n, spec in enumerate(windows):
        try:
            spec.window(timezone)
        except Invalid as error:
            wrong.append(FieldError(f"windows.{n}", error.detail, error.code))
    if wrong:
        raise InvalidCalendar(wrong[0].message, fields=wrong)


def opened(row: BlackoutCalendar) -> "list[WindowSpec]":
    """Return the windows that a row keeps."""
    from pydantic import TypeAdapter

    from runyard.jobs.specs import WindowSpec

    found: list[WindowSpec] = TypeAdapter(list[WindowSpec]).validate_python(row.windows)
    return found


def upcoming(specs: "Iterable[WindowSpec]", timezone: str, now: datetime) -> list[Stretch]:
    """Return the next times in which nothing starts, beginning with the one that holds."""
    windows = [spec.window(timezone) for spec in specs]
    # Most come again within days; looking further takes long where there are many.
    for ahead in (SOON, LATER):
        found = stretches(windows, clock.to_us(now), clock.to_us(now + ahead))
        if len(found) >= AHEAD:
            break
    return found[:AHEAD]


async def _jobs(session: AsyncSession, projects: Iterable[str]) -> list[tuple[str, str, Sequence[str]]]:
    """Return the living jobs of some projects: project, name, and the calendars that they name."""
    query = select(Job.project_id, Job.name, Job.settings).where(
        Job.project_id.in_(set(projects)), Job.deleted_at.is_(None)
    )
    return [(project, name, settings.get("calendars", ())) for project, name, settings in await session.execute(query)]


async def _flush(session: AsyncSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        sentence = f"Another blackout calendar of this project is called {name}."
        raise CalendarTaken(sentence, fields=[FieldError("name", sentence, CalendarTaken.code)]) from error


def _stored(windows: "Iterable[WindowSpec]") -> list[dict[str, Any]]:
    return [window.model_dump(mode="json") for window in windows]


def _facts(row: BlackoutCalendar) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "timezone": row.timezone,
        "windows": row.windows,
        "whole_project": row.whole_project,
    }


def _target(row: BlackoutCalendar) -> Target:
    return Target("blackout", row.id, row.name, row.project_id)
