"""Triggers as they come and go over HTTP: specs, with what is Runyard's to say of them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from runyard.jobs.specs import UNTAGGED, AfterSpec, CronSpec, DateSpec, FileSpec, IntervalSpec, JobId, WebhookSpec


class Words(BaseModel):
    """A sentence in each language."""

    en: str
    zh: str


class Troubled(BaseModel):
    """What keeps the files from being seen that a trigger waits for."""

    code: str
    message: str


class Shown(BaseModel):
    """What an answer says of a trigger beside its spec; `words` and `next_at` are of those that go by time."""

    id: str
    words: Words | None = None
    next_at: datetime | None = Field(None, description="When it is due next.")
    url: str | None = Field(None, description="What a webhook is called at.")
    has_secret: bool = False
    trouble: Troubled | None = None


_ANSWERED: dict[str, frozenset[str]] = {
    "words": frozenset({"cron", "interval", "date"}),
    "next_at": frozenset({"cron", "interval", "date"}),
    "url": frozenset({"webhook"}),
    "has_secret": frozenset({"webhook"}),
    "trouble": frozenset({"file"}),
}
"""What answers say of a trigger, and of which kinds there is anything to say."""


class Named(BaseModel):
    """A trigger that comes in: with its `id` where it is there already.

    What only answers say of it may come back, and is not looked at; of another kind of trigger it is refused.
    """

    id: JobId | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_answered(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        kind = given.get("type")
        return {
            key: value
            for key, value in given.items()
            if key not in _ANSWERED or (value not in (None, False) and kind not in _ANSWERED[key])
        }


class CronIn(Named, CronSpec):
    """At local times of a zone, by a cron expression of five or six fields (seconds first) or a name such as @daily."""


class IntervalIn(Named, IntervalSpec):
    """Every so many seconds, counted from the anchor, which is when it was made unless it says so."""


class DateIn(Named, DateSpec):
    """Once."""


class WebhookIn(Named, WebhookSpec):
    """When ``POST /hooks/{trigger_id}`` is called with the right signature or token."""


class AfterIn(Named, AfterSpec):
    """When a run of another job of the project is over."""


class FileIn(Named, FileSpec):
    """When a file arrives: in a folder of this machine that an administrator allows, or in an object store."""


class CronTrigger(Shown, CronSpec):
    """At local times of a zone."""


class IntervalTrigger(Shown, IntervalSpec):
    """Every so many seconds."""


class DateTrigger(Shown, DateSpec):
    """Once."""


class WebhookTrigger(Shown, WebhookSpec):
    """When it is called; its secret is shown once, when it is made."""


class AfterTrigger(Shown, AfterSpec):
    """When a run of another job is over."""


class FileTrigger(Shown, FileSpec):
    """When a file arrives."""


TriggerIn = Annotated[
    CronIn | IntervalIn | DateIn | WebhookIn | AfterIn | FileIn, Field(discriminator="type"), UNTAGGED
]
TriggerBody = Annotated[
    CronTrigger | IntervalTrigger | DateTrigger | WebhookTrigger | AfterTrigger | FileTrigger,
    Field(discriminator="type"),
]
BODIES: dict[str, type[Shown]] = {
    "cron": CronTrigger,
    "interval": IntervalTrigger,
    "date": DateTrigger,
    "webhook": WebhookTrigger,
    "after": AfterTrigger,
    "file": FileTrigger,
}
