"""Triggers and blackout windows as the API takes and gives them, and the rules that they stand for. Pure.

Secrets of webhooks are not part of a spec: they are made here, shown once, and kept sealed.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from runyard import clock
from runyard.errors import Invalid
from runyard.jobs.blackouts import Dates, Hours, Stretch, Window
from runyard.jobs.recurrence.cron import parse
from runyard.jobs.recurrence.problems import CronMalformed, ZoneUnknown
from runyard.jobs.recurrence.rules import LONGEST_INTERVAL_S, AtIntervals, AtTimes, Once
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.slots import Recurrence

MOST_TRIGGERS = 50
MOST_WINDOWS = 500
MOST_MAPPED = 100
LONGEST_EXPRESSION = 1000


def _cron(text: str) -> str:
    try:
        parse(text)
    except CronMalformed as error:
        raise PydanticCustomError("cron", "{why}", {"why": error.detail}) from None
    return text


def _zone(name: str) -> str:
    try:
        zone(name)
    except ZoneUnknown as error:
        raise PydanticCustomError("timezone", "{why}", {"why": error.detail}) from None
    return name


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL characters can't be kept.")
    return text


CronText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_cron)]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
JobId = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_without_nul)]
Mapping = Annotated[
    dict[str, Expression],
    Field(max_length=MOST_MAPPED, description="Parameters by expression over what arrived."),
]


_NO_TAG, _BAD_TAG = "union_tag_not_found", "union_tag_invalid"


def _untagged(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False)
        told = [
            InitErrorDetails(
                type=PydanticCustomError(item["type"], "{said}", {"said": _said(item, value)}),
                loc=_place(item, value),
                input=item["input"],
            )
            for item in found
        ]
        raise ValidationError.from_exception_data(error.title, told) from None


def _place(item: Any, value: Any) -> tuple[int | str, ...]:
    place: tuple[int | str, ...] = item["loc"]
    if item["type"] in {_NO_TAG, _BAD_TAG}:
        return (*place, "type")
    return place[1:] if place[:1] == (_type(value),) else place


def _said(item: Any, value: Any) -> str:
    if item["type"] == _NO_TAG:
        return "The type is missing."
    if item["type"] == _BAD_TAG:
        return f"The type is none of {str(item['ctx']['expected_tags']).replace(chr(39), '')}."
    if item["type"] == "extra_forbidden":
        return f"What is of the type {_type(value)} has no such field."
    return str(item["msg"])


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else None


UNTAGGED = WrapValidator(_untagged)
"""Has errors name the field that is wrong, and not the kind of thing that it is a field of besides."""


class Spec(BaseModel):
    """One trigger; `enabled: false` keeps it without it being due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    note: Note = ""


class CronSpec(Spec):
    """At local times of a zone, by a cron expression of five or six fields (seconds first) or a name such as @daily."""

    type: Literal["cron"]
    cron: CronText
    timezone: Zone = "UTC"

    def rule(self, _since: datetime) -> Recurrence:
        """Return when it is due."""
        return AtTimes(parse(self.cron), zone(self.timezone))


class IntervalSpec(Spec):
    """Every so many seconds, counted from the anchor, which is when it was made unless it says so."""

    type: Literal["interval"]
    every_s: Annotated[int, Field(strict=True, ge=1, le=LONGEST_INTERVAL_S)]
    anchor: AwareDatetime | None = None

    def rule(self, since: datetime) -> Recurrence:
        """Return when it is due; `since` is when it was made."""
        return AtIntervals(self.every_s, clock.to_us(self.anchor or since))


class DateSpec(Spec):
    """Once."""

    type: Literal["date"]
    at: AwareDatetime

    def rule(self, _since: datetime) -> Recurrence:
        """Return when it is due."""
        return Once(clock.to_us(self.at))


class WebhookSpec(Spec):
    """When ``POST /hooks/{trigger_id}`` is called with the right signature or token."""

    type: Literal["webhook"]
    auth: Literal["hmac", "token"] = "hmac"
    mapping: Mapping = Field(default_factory=dict)
    condition: Expression | None = Field(None, description="Starts a run only where this is true of what arrived.")
    wait_s: Annotated[
        int | None, Field(ge=1, le=300, description="Answer with the outputs, waiting so long; null: at once.")
    ] = None


class AfterSpec(Spec):
    """When a run of another job of the project is over."""

    type: Literal["after"]
    job_id: JobId
    on: Literal["success", "failure", "any"] = "success"
    mapping: Mapping = Field(default_factory=dict)


class FileSpec(Spec):
    """When a file arrives: in a folder of this machine that an administrator allows, or in an object store."""

    type: Literal["file"]
    folder: Annotated[str, StringConstraints(max_length=1000)] | None = Field(None, description="An absolute path.")
    connection: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Name of a connection to an object store, instead of a folder."
    )
    glob: Annotated[str, StringConstraints(min_length=1, max_length=500)] = "*"
    every_s: Annotated[int, Field(ge=5, le=86_400, description="How often it is looked for.")] = 30
    settle_s: Annotated[
        int, Field(ge=0, le=86_400, description="How long a file must not have changed to count as whole.")
    ] = 10
    mapping: Mapping = Field(default_factory=dict)


TimeSpec = CronSpec | IntervalSpec | DateSpec
TriggerSpec = Annotated[
    CronSpec | IntervalSpec | DateSpec | WebhookSpec | AfterSpec | FileSpec, Field(discriminator="type"), UNTAGGED
]
_ANY: TypeAdapter[Any] = TypeAdapter(TriggerSpec)


def spec_of(stored: dict[str, Any]) -> CronSpec | IntervalSpec | DateSpec | WebhookSpec | AfterSpec | FileSpec:
    """Return the spec that a row keeps."""
    found: CronSpec | IntervalSpec | DateSpec | WebhookSpec | AfterSpec | FileSpec = _ANY.validate_python(stored)
    return found


class DateWindow(BaseModel):
    """Whole days, from one date up to and with another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["dates"]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    first: date
    last: date

    def window(self, timezone: str) -> Window:
        """Return it on the clock of a zone; raise `BlackoutMalformed`."""
        return Dates(self.name, self.first, self.last, zone(timezone))


class HourWindow(BaseModel):
    """Hours of chosen weekdays (0 is Sunday); from 22:00 to 06:00 they lead into the next day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["hours"]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    start: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    end: Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]

    def window(self, timezone: str) -> Window:
        """Return it on the clock of a zone."""
        mask = sum(1 << day for day in set(self.weekdays))
        return Hours(self.name, mask, _second(self.start), _second(self.end), zone(timezone))


class InstantWindow(BaseModel):
    """From one instant until before another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["between"]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    start: AwareDatetime
    end: AwareDatetime

    def window(self, _timezone: str) -> Window:
        """Return it; raise `WindowEmpty`."""
        if self.end <= self.start:
            raise WindowEmpty
        return Stretch(clock.to_us(self.start), clock.to_us(self.end), self.name)


class WindowEmpty(Invalid):
    """The window ends before it begins."""


WindowSpec = Annotated[DateWindow | HourWindow | InstantWindow, Field(discriminator="type"), UNTAGGED]


def _second(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60
