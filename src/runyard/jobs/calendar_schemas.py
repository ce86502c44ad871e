"""What the routes of blackout calendars and of previews take and give."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from runyard.jobs.preview import AHEAD
from runyard.jobs.recurrence.rules import Dst
from runyard.jobs.schemas import Revision
from runyard.jobs.specs import MOST_WINDOWS, UNTAGGED, WindowSpec, Zone
from runyard.jobs.trigger_schemas import CronIn, DateIn, IntervalIn, Words
from runyard.scripts.schemas import Body, Name

MOST_PREVIEWED = 50
Windows = Annotated[list[WindowSpec], Field(max_length=MOST_WINDOWS)]
Timed = Annotated[CronIn | IntervalIn | DateIn, Field(discriminator="type"), UNTAGGED]


class NewBlackout(Body):
    """Times in which nothing may start: for the jobs that name the calendar, or for the `whole_project`."""

    name: Name
    project: str = "default"
    timezone: Zone = "UTC"
    windows: Windows = Field(default_factory=list)
    whole_project: bool = False


class BlackoutChange(Body):
    """What is to be different; `windows` are whole."""

    name: Name | None = None
    timezone: Zone | None = None
    windows: Windows | None = None
    whole_project: bool | None = None
    revision: Revision | None = None


class Shut(BaseModel):
    """A time in which nothing starts."""

    start: datetime
    end: datetime
    name: str


class BlackoutBody(BaseModel):
    """A blackout calendar, with the next times in which nothing starts."""

    id: str
    project: str
    name: str
    timezone: str
    windows: list[WindowSpec]
    whole_project: bool
    used_by: int = Field(description="How many jobs it concerns.")
    next: list[Shut]
    revision: int
    updated_at: datetime


class PreviewBody(Body):
    """A trigger that goes by time, and how many of its times are asked for."""

    trigger: Timed
    after: AwareDatetime | None = None
    count: Annotated[int, Field(ge=1, le=MOST_PREVIEWED)] = AHEAD


class Time(BaseModel):
    """One time at which it is due; `local` is what its clock shows."""

    at: datetime
    local: datetime
    fires: bool
    dst: Dst | None = Field(description="What a clock that is set does to it.")
    note: Words


class Preview(BaseModel):
    """What a trigger says; `reading` is a cron expression as data."""

    words: Words
    reading: dict[str, Any] | None
    times: list[Time]
