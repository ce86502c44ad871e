"""What the audit looks like from outside."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class AuditActor(BaseModel):
    """Who acted. A stranger (at the sign-in) and Runyard itself have no id."""

    kind: Literal["user", "system", "stranger"]
    id: str | None
    name: str | None
    token_id: str | None
    session_id: str | None


class AuditObject(BaseModel):
    """What was acted on, as it was called then."""

    kind: str
    id: str | None
    name: str | None


class AuditEntry(BaseModel):
    """One act. `changes` has before and after of every field that differs; what is secret is `***`."""

    id: str
    seq: int
    at: datetime
    actor: AuditActor
    address: str | None
    user_agent: str | None
    request_id: str | None
    action: str
    object: AuditObject
    project: str | None = Field(description="The project's name, or its id if it has gone.")
    outcome: Literal["ok", "refused"]
    code: str | None
    changes: dict[str, list[Any]]
    hash: str


class AuditVerdict(BaseModel):
    """What verifying the chain found: `intact`, or the first event at which something is wrong."""

    intact: bool
    checked: int
    first: int
    last: int
    pruned_through: int
    flaw: str | None
    seq: int | None
    message: str
    at: datetime


class AuditAlert(BaseModel):
    """Something out of the ordinary in what was done lately."""

    rule: str
    severity: Literal["warning", "critical"]
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    actor: str | None
    address: str | None
    about: str | None = Field(description="What the last of the events acted on, as it was called then.")
    project: str | None
    action: list[str]


class AuditAlerts(BaseModel):
    """All alerts of the time that was looked at."""

    items: list[AuditAlert]
    since: datetime = Field(description="From when on events were looked at.")
    whole: bool = Field(description="Whether that is the whole last day; else there were too many events for it.")


class AuditActions(BaseModel):
    """Every action and kind of object that events may have, for filters."""

    actions: list[str]
    kinds: list[str]
