"""The calendar of jobs, and the forecast of how busy they will keep workers."""

import asyncio
import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.errors import FieldError, Invalid
from runyard.jobs import calendar_rows, pausing, repository
from runyard.jobs.blackouts import Stretch, stretches
from runyard.jobs.calendar import HOUR_S, LONGEST_S, QUARTER_S, Cells, Mark, cell_s, hourly, marks
from runyard.jobs.calendar_rows import Past, Timed
from runyard.jobs.forecast import COUNTED, HOUR, LONGEST_HOURS, Hour, Load, forecast, typical
from runyard.jobs.plans import JobSettings
from runyard.jobs.recurrence.rules import US
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.slots import Outcome, Overlap, Recurrence
from runyard.jobs.specs import (
    CronSpec,
    DateSpec,
    DateWindow,
    HourWindow,
    InstantWindow,
    IntervalSpec,
    WindowSpec,
    spec_of,
)
from runyard.runs import spans

if TYPE_CHECKING:
    from runyard.jobs.models import BlackoutCalendar, Job, JobPause

MOST_TRIGGERS = 20_000
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 12, 30, tzinfo=UTC)
"""Nothing is due before or after."""
_WINDOWS: TypeAdapter[list[DateWindow | HourWindow | InstantWindow]] = TypeAdapter(list[WindowSpec])
_LOOKED_BACK_S = 24 * HOUR_S
"""So long before a forecast's first hour what starts then may still go on."""
_OF_RULES = ("type", "cron", "timezone", "every_s", "anchor", "at")
"""What of a trigger says by what times it is due."""


class BadStretch(Invalid):
    """The times that are asked for make no stretch that can be shown."""


class Shown(Struct, frozen=True):
    """One thing on a calendar: a mark of what is to come, or what became of something."""

    job_id: str
    job_name: str
    trigger_id: str | None
    mark: Mark | None = None
    past: Past | None = None


class Asked(Struct, frozen=True):
    """What part of a calendar is asked for, on the clock of which zone."""

    start: datetime
    end: datetime
    timezone: str
    most: int

    @property
    def cells(self) -> Cells:
        """How what is dense is told together."""
        return Cells(zone(self.timezone), cell_s(clock.to_us(self.start), clock.to_us(self.end)))


class Coming(Struct, frozen=True):
    """A trigger with its rule and what may keep it from firing."""

    trigger: Timed
    rule: Recurrence
    pauses: tuple[Stretch, ...]
    blackouts: tuple[Stretch, ...]


async def calendar(
    session: AsyncSession, project_ids: Sequence[str], job_id: str | None, asked: Asked
) -> tuple[list[Shown], bool]:
    """Return what was due and what will be, in order, and whether there is more than was asked for.

    Raises: BadStretch.
    """
    demand_stretch(asked.start, asked.end)
    now = await repository.database_now(session)
    found: list[Shown] = []
    coming: list[Shown] = []
    if asked.end > now:
        rows = await _coming(session, project_ids, job_id, max(now, asked.start), asked.end, asked.most + 1)
        begin = max(clock.to_us(now) + 1, clock.to_us(asked.start))
        coming = await asyncio.to_thread(_marked, rows, begin, clock.to_us(asked.end), asked.cells, asked.most + 1)
    if asked.start < now:
        found = await _past(session, project_ids, job_id, asked, min(now, asked.end))
    capped = len(found) + len(coming) > asked.most
    if capped:
        # Neither side hides the other; of the past the newest stay.
        half = asked.most // 2
        keep = max(half, asked.most - len(coming))
        found = found[-keep:] if len(found) > keep else found
        coming = coming[: asked.most - len(found)]
    return [*found, *coming], capped


async def busy(
    session: AsyncSession, project_ids: Sequence[str], start: datetime, end: datetime
) -> tuple[list[Hour], bool]:
    """Return how busy the hours from one instant to another will be, and whether not all triggers were counted.

    Jobs that are broken start nothing.

    Raises: BadStretch, also for hours that are past.
    """
    demand_stretch(start, end, LONGEST_HOURS * HOUR_S)
    first = clock.to_us(start) // HOUR * HOUR
    hours = -(-(clock.to_us(end) - first) // HOUR)
    now = await repository.database_now(session)
    rows = await _coming(session, project_ids, None, now, end, MOST_TRIGGERS + 1)
    capped = len(rows) > MOST_TRIGGERS
    rows = [row for row in rows[:MOST_TRIGGERS] if not row.trigger.broken]
    took = await spans.durations(session, (row.trigger.job_id for row in rows), COUNTED)
    usual = {job_id: typical(some) for job_id, some in took.items()}
    longest = min(int(max(usual.values(), default=0)) + 1, _LOOKED_BACK_S) * US
    begin = max(clock.to_us(now) + 1, first - longest)
    loads = _loads(rows, usual, begin, clock.to_us(end))
    return await asyncio.to_thread(forecast, loads, first, hours), capped


def demand_stretch(start: datetime, end: datetime, longest_s: int = LONGEST_S) -> None:
    """Raise `BadStretch` unless something may be due from one instant to another, and not too much."""
    sentence = ""
    if end <= start:
        sentence = "It ends before it begins."
    elif not EARLIEST <= start < end <= LATEST:
        sentence = "Nothing is due before 1970 or after 2100."
    elif (end - start).total_seconds() > longest_s:
        sentence = f"At most {longest_s // 86_400} days are shown at once."
    if sentence:
        raise BadStretch(sentence, fields=[FieldError("to", sentence, BadStretch.code)])


async def _coming(
    session: AsyncSession, project_ids: Sequence[str], job_id: str | None, start: datetime, end: datetime, most: int
) -> list[Coming]:
    now = await repository.database_now(session)
    # Those that are due before others are all that may be shown, unless what is asked for begins later.
    wanted = most if start <= now else MOST_TRIGGERS + 1
    rows = await calendar_rows.timed(session, project_ids, job_id, end, wanted)
    pauses = await calendar_rows.pauses(session, project_ids, now)
    calendars = await calendar_rows.calendars(session, project_ids)
    bars = Bars(pauses, calendars, clock.to_us(now), clock.to_us(end))
    # Reading thousands of them takes long enough for others to notice.
    return await asyncio.to_thread(_ruled, rows, bars)


def _ruled(rows: Iterable[Timed], bars: "Bars") -> list[Coming]:
    found = []
    for row in rows:
        spec = spec_of(row.spec)
        if isinstance(spec, CronSpec | IntervalSpec | DateSpec):
            found.append(Coming(row, spec.rule(row.made_at), bars.pauses(row), bars.blackouts(row)))
    return found


async def rules_of(
    session: AsyncSession, job: "Job", start: int, end: int
) -> list[tuple[Recurrence, tuple[Stretch, ...]]]:
    """Return by what rules a job is due that are switched on, each with the blackouts in which it does not fire."""
    rows = (await repository.triggers_of(session, [job.id]))[job.id]
    bars = Bars([], await calendar_rows.calendars(session, [job.project_id]), start, end)
    found = []
    for row in rows:
        spec = spec_of(row.spec)
        if row.enabled and isinstance(spec, CronSpec | IntervalSpec | DateSpec):
            timed = Timed(row.id, job.id, job.name, job.project_id, row.spec, row.created_at, job.settings)
            found.append((spec.rule(row.created_at), bars.blackouts(timed)))
    return found


class Bars:
    """What keeps jobs from firing, worked out once for all that share it."""

    def __init__(
        self, pauses: Iterable["JobPause"], calendars: Iterable["BlackoutCalendar"], start: int, end: int
    ) -> None:
        self._pauses: dict[str, list[JobPause]] = {}
        for pause in pauses:
            self._pauses.setdefault(pause.job_id or pause.project_id, []).append(pause)
        self._calendars = list(calendars)
        self._start, self._end = start, end
        self._known: dict[tuple[str, ...], tuple[Stretch, ...]] = {}

    def pauses(self, row: Timed) -> tuple[Stretch, ...]:
        """Return when a job is paused, by itself or with its project."""
        some = [*self._pauses.get(row.job_id, ()), *self._pauses.get(row.project_id, ())]
        return tuple(pausing.stretches(some))

    def blackouts(self, row: Timed) -> tuple[Stretch, ...]:
        """Return when nothing may start of a job."""
        own = set(row.settings.get("calendars") or ())
        some = [
            one for one in self._calendars if one.project_id == row.project_id and (one.whole_project or one.id in own)
        ]
        key = tuple(one.id for one in some)
        if key not in self._known:
            windows = [each.window(one.timezone) for one in some for each in _WINDOWS.validate_python(one.windows)]
            self._known[key] = tuple(stretches(windows, self._start, self._end))
        return self._known[key]


def _marked(rows: Sequence[Coming], start: int, end: int, cells: Cells, most: int) -> list[Shown]:
    """Return the first of all marks, in order."""

    def of_one(row: Coming) -> Iterator[tuple[int, str, Mark, Timed]]:
        for mark in marks(row.rule, start, end, cells, pauses=row.pauses, blackouts=row.blackouts):
            told = mark
            if row.trigger.broken and mark.outcome is Outcome.fired:
                told = replace(mark, outcome=Outcome.skipped)
            yield mark.at, row.trigger.id, told, row.trigger

    merged = heapq.merge(*(of_one(row) for row in rows), key=lambda one: one[:2])
    return [
        Shown(trigger.job_id, trigger.job_name, trigger.id, mark=mark)
        for _at, _id, mark, trigger in islice(merged, most)
    ]


async def _past(
    session: AsyncSession, project_ids: Sequence[str], job_id: str | None, asked: Asked, end: datetime
) -> list[Shown]:
    cells = asked.cells
    start_s = clock.to_us(asked.start) // US
    part_s = min(cells.long_s, HOUR_S) if cells.long_s != QUARTER_S else QUARTER_S
    rows = await calendar_rows.past(
        session,
        project_ids,
        job_id,
        asked.start,
        end,
        part_s=part_s,
        shift_s=cells.zone.at(start_s).offset,
        most=asked.most + 1,
    )
    joined: dict[tuple[object, ...], Past] = {}
    for row in reversed(rows):
        cell = cells.end(clock.to_us(row.at))
        key = (cell, row.job_id, row.trigger_id, row.outcome, row.name, row.run_state)
        known = joined.get(key)
        joined[key] = row if known is None else _with(known, row)
    return [Shown(row.job_id, row.job_name, row.trigger_id, past=row) for row in joined.values()]


def _with(first: Past, later: Past) -> Past:
    return replace(
        first,
        until=max(first.until, later.until),
        count=first.count + later.count,
        run_id=max(filter(None, (first.run_id, later.run_id)), default=None),
    )


def _loads(rows: Sequence[Coming], usual: dict[str, float], start: int, end: int) -> Iterator[Load]:
    """Yield what is to start, trigger by trigger; those that are due by the same times are worked out once."""
    known: dict[tuple[object, ...], tuple[Mark, ...]] = {}
    for row in rows:
        spec = row.trigger.spec
        anchor = None if spec.get("type") == "cron" or spec.get("anchor") else row.trigger.made_at
        key = (*map(spec.get, _OF_RULES), anchor, row.pauses, row.blackouts)
        if key not in known:
            known[key] = tuple(hourly(row.rule, start, end, pauses=row.pauses, blackouts=row.blackouts))
        settings = JobSettings.model_validate(row.trigger.settings)
        at_once = None if settings.overlap is Overlap.allow else settings.max_active
        yield Load(known[key], usual.get(row.trigger.job_id, 0.0), at_once)
