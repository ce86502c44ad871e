"""What the runs' routes take and give."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from runyard.runs.lifecycle import State
from runyard.scripts.policy import Priority, Queue, ResourceLimits
from runyard.scripts.schemas import Draft
from runyard.secrets.schemas import StageName

T = TypeVar("T")
Timeout = Annotated[float, Field(gt=0, le=31 * 86_400, description="Seconds.")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-/]{1,64}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200)]


class Body(BaseModel):
    """A request body; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class Submit(Body):
    """How a saved script is to be run; `parameters` go over those of the saved `parameter_set` (its id or name)."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    parameter_set: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    timeout_s: Timeout | None = None
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=20)
    priority: Priority | None = None
    queue: Queue | None = None
    limits: ResourceLimits | None = None
    stage: StageName | None = Field(None, description="Which values of secrets and variables it is given.")
    environment_id: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        None, description="Run in this very environment, such as a trial upgrade, instead of the one that is wanted."
    )
    unpublished: bool = Field(
        default=False, description="Take the newest version, though another one is published; for who may change it."
    )


class SubmitAny(Submit):
    """A run of a saved script or of a draft; exactly one of the two."""

    script_id: str | None = None
    draft: Draft | None = None
    project: str = "default"


class Accepted(BaseModel):
    """A run that is in the queue for good."""

    id: str
    state: State


class RunError(BaseModel):
    """Why a run did not succeed."""

    code: str
    message: str


class Waiting(BaseModel):
    """What a run waits for: a stable code and a sentence."""

    code: str
    message: str


class Trigger(BaseModel):
    """What started the run, and who."""

    kind: str
    by: str | None


class Stage(BaseModel):
    """A part of the work; it ended when the next one began."""

    name: str
    started_at: datetime
    finished_at: datetime | None


class Progress(BaseModel):
    """What the script last said of itself."""

    percent: float | None
    message: str
    at: datetime
    stages: list[Stage] = Field(default_factory=list, description="What it went through, in order.")


class Usage(BaseModel):
    """What an attempt used; null where it was not measured."""

    wall_s: float | None = None
    cpu_s: float | None = None
    memory_peak_mb: float | None = None
    read_mb: float | None = None
    written_mb: float | None = None
    output_bytes: int | None = None
    output_dropped_bytes: int | None = None


class RunSummary(BaseModel):
    """A run as lists show it."""

    id: str
    project: str
    script_id: str | None
    script_name: str
    language: str
    version: int | None
    draft: bool
    state: State
    attempt: int
    priority: int
    queue: str
    trigger: Trigger
    labels: dict[str, str]
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    error_code: str | None
    failure_id: str | None = Field(description="The group of failures that it belongs to.")
    job_id: str | None = Field(description="The job that it is a run of.")
    trigger_id: str | None = Field(description="The trigger of the job that started it.")
    slot_due_at: datetime | None = Field(description="When it was due; it started later than that.")
    waiting_for: Waiting | None


class Kept(BaseModel):
    """A run that stays, whatever the rules of retention say."""

    at: datetime
    by: str
    note: str


class Run(RunSummary):
    """A run, whole."""

    parameters: dict[str, Any]
    uploads: list[str]
    timeout_s: float | None
    cancel_requested_at: datetime | None
    outputs: Any
    error: RunError | None
    usage: Usage
    isolation: dict[str, Any] | None
    environment_id: str | None
    progress: Progress | None
    rerun_of: str | None
    worker: str | None
    not_before: datetime | None
    limits: ResourceLimits | None = Field(description="What the submit asked for.")
    retries: int = Field(description="How often it may be tried again.")
    kept: Kept | None
    stage: str | None = Field(description="What the submit or the script says; null leaves it to the project.")


class Event(BaseModel):
    """One line of a run's journal."""

    id: int
    attempt: int
    at: datetime
    kind: str
    data: dict[str, Any]


class Attempt(BaseModel):
    """One attempt of a run."""

    attempt: int
    state: State
    worker: str
    claimed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    error: RunError | None
    usage: Usage
    isolation: dict[str, Any] | None
    progress: Progress | None


class Items(BaseModel, Generic[T]):
    """A short list that is given whole."""

    items: list[T]


class LogLine(BaseModel):
    """One line of output: its number (from 1), when it was printed, where, and its text."""

    n: int
    t: datetime
    stream: Literal["stdout", "stderr", "system"]
    text: str


class LogPage(BaseModel):
    """Lines in order. `next_cursor` continues after the last one; null when the end of what exists was reached."""

    items: list[LogLine]
    next_cursor: str | None
    total: int
    attempt: int
    complete: bool


class LogHit(BaseModel):
    """A line that matches a search."""

    n: int
    text: str


class LogHits(BaseModel):
    """Matches in order; `scanned` is the last line looked at, `next_cursor` null when all were."""

    items: list[LogHit]
    next_cursor: str | None
    scanned: int
    total: int


class RunFile(BaseModel):
    """An entry of a run's workspace; `size` in bytes."""

    path: str
    kind: Literal["file", "dir", "other"]
    size: int
    modified_at: datetime
    uploaded: bool
    media_type: str
