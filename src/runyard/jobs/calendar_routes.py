"""The calendar of jobs and the forecast over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.jobs import outlook
from runyard.jobs.outlook import Asked, Shown
from runyard.jobs.outlook_schemas import Calendar, CalendarItem, Forecast, ForecastHour
from runyard.jobs.slots import Outcome
from runyard.jobs.specs import Zone
from runyard.web.depends import Reading
from runyard.workers import repository as workers

router = APIRouter(tags=["jobs"])
Reader = Annotated[Actor, allow(Permission.job_read)]
Project = Annotated[str | None, Query(max_length=64, description="A project's name.")]
MOST = 5000


@router.get("/jobs/calendar", operation_id="get_job_calendar")
async def calendar(
    actor: Reader,
    session: Reading,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to", description="At most 400 days later.")],
    project: Project = None,
    job_id: Annotated[str | None, Query(max_length=32, pattern=r"^[^\x00]*$")] = None,
    timezone: Annotated[Zone, Query(description="Whose days and hours what is dense is told by.")] = "UTC",
    most: Annotated[int, Query(ge=1, le=MOST, description="How many items.")] = 2000,
) -> Calendar:
    """Return what was due and what became of it, and what will be: dense triggers by the quarter, the hour or the day.

    Up to a day and a half is told by quarters of an hour, up to ten days by hours, anything longer by days.
    """
    projects = actor.projects(Permission.job_read, project)
    found, capped = await outlook.calendar(session, projects, job_id, Asked(start, end, timezone, most))
    return Calendar(items=[_item(one) for one in found], capped=capped)


@router.get("/jobs/forecast", operation_id="get_job_forecast")
async def forecast(
    actor: Reader,
    session: Reading,
    start: Annotated[AwareDatetime | None, Query(alias="from", description="Now by default.")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="A day later; at most 31 days.")] = None,
    project: Project = None,
) -> Forecast:
    """Return how busy the hours to come will be: a run takes as long as the median of the last 20 of its job."""
    begin = start or clock.now()
    projects = actor.projects(Permission.job_read, project)
    hours, capped = await outlook.busy(session, projects, begin, end or begin + timedelta(days=1))
    return Forecast(
        hours=[
            ForecastHour(
                at=clock.from_us(hour.at),
                runs=hour.runs,
                busy_s=round(hour.busy_s, 3),
                slots_used=round(hour.slots_used, 4),
            )
            for hour in hours
        ],
        capacity_slots=await workers.online_slots(session),
        capped=capped,
    )


def _item(one: Shown) -> CalendarItem:
    whose = {"job_id": one.job_id, "job_name": one.job_name, "trigger_id": one.trigger_id}
    if one.mark is not None:
        return CalendarItem(
            **whose,
            at=clock.from_us(one.mark.at),
            until=clock.from_us(one.mark.until),
            count=one.mark.count,
            kind="due",
            outcome=None if one.mark.outcome is Outcome.fired else one.mark.outcome,
            name=one.mark.name,
        )
    row = one.past
    if row is None:
        raise AssertionError("unreachable")
    return CalendarItem(
        **whose,
        at=row.at,
        until=row.until,
        count=row.count,
        kind="ran" if row.outcome in {None, Outcome.fired} else "slot",
        outcome=None if row.outcome is None else Outcome(row.outcome),
        name=row.name,
        run_id=row.run_id,
        run_state=row.run_state,
    )
