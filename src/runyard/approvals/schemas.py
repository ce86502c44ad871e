"""What the routes of approvals take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from runyard.approvals.lifecycle import State
from runyard.approvals.operations import Operation

LONGEST = 10_000
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
View = Literal["waiting", "mine", "done"]


class Body(BaseModel):
    """A request body; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class ApprovalSubject(BaseModel):
    """What a request is about."""

    kind: str
    id: str
    name: str


class ApprovalOutcome(BaseModel):
    """Why something that was agreed to was not done."""

    code: str
    message: str


class ApprovalBody(BaseModel):
    """A request for a second person's consent. `kind` is the operation, or ``script.publish`` for a review.

    `changes` are ``{field: [old, new]}``. Of a review, `revision` is the version that is asked about and `base` the one
    that is published. `may` says what the reader can do with it now.
    """

    id: str
    kind: str
    state: State
    project: str | None
    subject: ApprovalSubject
    changes: dict[str, list[Any]]
    note: str
    revision: int | None
    base: int | None
    asked_by: str | None
    asked_at: datetime
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    finished_at: datetime | None
    outcome: ApprovalOutcome | None
    may: list[Literal["approve", "reject", "withdraw", "comment"]]
    why_not: str | None = Field(None, description="Why the reader can't approve: a code.")


class EntryBody(BaseModel):
    """A comment, or what somebody has done. A comment without `thread_id` begins a thread."""

    id: str
    what: str
    by: str | None
    at: datetime
    text: str
    revision: int | None
    line: int | None
    thread_id: str | None
    resolved: bool


class ApprovalWhole(ApprovalBody):
    """A request with all that was said about it, oldest first."""

    entries: list[EntryBody]


class WaitingAnswer(BaseModel):
    """The answer in place of what was asked for: it waits for a second person."""

    approval: ApprovalBody


class WaitingCount(BaseModel):
    """How many requests wait for the reader; of many, a hundred."""

    waiting: int


class Consent(Body):
    """Consent; of a review, to the `revision` that was looked at. With `publish` it is published at once."""

    revision: Number | None = None
    reason: Text = ""
    publish: bool = False


class Rejection(Body):
    """Why it is not agreed to."""

    reason: Said


class NewComment(Body):
    """A comment on the whole, on a `line` of a revision, or an answer within a thread."""

    text: Said
    revision: Number | None = None
    line: Number | None = None
    thread_id: Annotated[str, StringConstraints(max_length=32)] | None = None


class Settlement(Body):
    """Whether a thread is settled."""

    resolved: bool


class RulesBody(Body):
    """What waits for a second person in a project: publishing scripts, and the operations named.

    A request that nobody has decided on expires after `hours`.
    """

    four_eyes: bool
    operations: list[Operation]
    hours: Annotated[int, Field(ge=1, le=24 * 90)] = 72
