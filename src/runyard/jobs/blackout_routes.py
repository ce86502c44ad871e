"""Blackout calendars over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.ids import ProjectId
from runyard.jobs.calendar_schemas import BlackoutBody, BlackoutChange, NewBlackout, Shut
from runyard.jobs.calendars import Calendars, opened, upcoming
from runyard.jobs.models import BlackoutCalendar
from runyard.jobs.routes import Reader, Writer
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(prefix="/blackouts", tags=["jobs"])
Service = Annotated[Calendars, Depends(provided(Calendars))]


@router.get("", operation_id="list_blackouts")
async def list_blackouts(
    actor: Reader,
    session: Reading,
    calendars: Service,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64, description="A project's name.")] = None,
) -> Page[BlackoutBody]:
    """List blackout calendars by name."""
    after = window.after(str, str)
    found = await calendars.page(session, actor, project, (after[0], after[1]) if after else None, window.limit + 1)
    rows, last = cut(found, window.limit)
    return Page(
        items=await _bodies(session, calendars, actor, rows),
        next_cursor=None if last is None else cursor_of(last.name, last.id),
    )


@router.post("", status_code=201, operation_id="create_blackout")
async def create_blackout(actor: Writer, session: Transaction, calendars: Service, body: NewBlackout) -> BlackoutBody:
    """Keep a calendar of times in which nothing may start."""
    return (await _bodies(session, calendars, actor, [await calendars.create(session, actor, body)]))[0]


@router.get("/{blackout_id}", operation_id="get_blackout")
async def get_blackout(actor: Reader, session: Reading, calendars: Service, blackout_id: str) -> BlackoutBody:
    """Return a blackout calendar."""
    row = await calendars.find(session, actor, blackout_id, Permission.job_read)
    return (await _bodies(session, calendars, actor, [row]))[0]


@router.patch("/{blackout_id}", operation_id="change_blackout")
async def change_blackout(
    actor: Writer, session: Transaction, calendars: Service, blackout_id: str, body: BlackoutChange
) -> BlackoutBody:
    """Change what the body names; it holds from now on, and what was decided stays as it was."""
    row = await calendars.change(session, actor, blackout_id, body)
    return (await _bodies(session, calendars, actor, [row]))[0]


@router.delete("/{blackout_id}", status_code=204, operation_id="delete_blackout")
async def delete_blackout(actor: Writer, session: Transaction, calendars: Service, blackout_id: str) -> None:
    """Delete a calendar; refused while jobs name it."""
    await calendars.delete(session, actor, blackout_id)


async def _bodies(
    session: AsyncSession, calendars: Calendars, actor: Actor, rows: Sequence[BlackoutCalendar]
) -> list[BlackoutBody]:
    users, now = await calendars.users(session, rows), clock.now()
    made = []
    for row in rows:
        windows = opened(row)
        ahead = upcoming(windows, row.timezone, now)
        made.append(
            BlackoutBody(
                id=row.id,
                project=actor.project_name(ProjectId(row.project_id)),
                name=row.name,
                timezone=row.timezone,
                windows=windows,
                whole_project=row.whole_project,
                used_by=users[row.id],
                next=[Shut(start=clock.from_us(x.start), end=clock.from_us(x.end), name=x.name) for x in ahead],
                revision=row.revision,
                updated_at=row.updated_at,
            )
        )
    return made
