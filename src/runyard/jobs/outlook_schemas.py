"""What the routes of the calendar and of the forecast answer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from runyard.jobs.slots import Outcome
from runyard.runs.lifecycle import State


class CalendarItem(BaseModel):
    """What is due, or was, within one cell of a calendar and shares what becomes or became of it."""

    job_id: str
    job_name: str
    trigger_id: str | None = Field(description="Null for runs that no due time started, such as by a webhook.")
    at: datetime
    until: datetime = Field(description="The last of them.")
    count: int
    kind: Literal["due", "ran", "slot"] = Field(
        description="due: to come; ran: runs; slot: a due time of the past that started none."
    )
    outcome: Outcome | None = Field(
        None, description="Of what is to come: null where it is to fire, `skipped` while the job is broken."
    )
    name: str = Field("", description="Of the blackout window, or of what paused it.")
    run_id: str | None = Field(None, description="The run; the newest where there are several.")
    run_state: State | None = None


class Calendar(BaseModel):
    """What is on a calendar, in order; `capped` where more is than was asked for."""

    items: list[CalendarItem]
    capped: bool


class ForecastHour(BaseModel):
    """One hour that is to come: how many runs start in it, and how busy workers will be."""

    at: datetime
    runs: int
    busy_s: float = Field(description="How long the runs that start in it take in all, as they usually do.")
    slots_used: float = Field(description="Worker-hours spent in it, also on what started before.")


class Forecast(BaseModel):
    """How busy hours will be, beside how many runs the workers that are there can hold at once."""

    hours: list[ForecastHour]
    capacity_slots: int
    capped: bool = Field(description="Whether there are more triggers than were counted.")
