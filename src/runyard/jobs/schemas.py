"""What the jobs' routes take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from runyard.jobs.plans import JobSettings
from runyard.jobs.specs import MOST_TRIGGERS
from runyard.jobs.trigger_schemas import TriggerBody, TriggerIn
from runyard.runs.lifecycle import State
from runyard.runs.schemas import LabelName, LabelValue
from runyard.scripts.schemas import Body, Description, Name

MOST_LABELS = 20
MOST_AT_ONCE = 500
Id = Annotated[str, StringConstraints(min_length=1, max_length=32)]
SetName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=MOST_LABELS)]
Triggers = Annotated[list[TriggerIn], Field(max_length=MOST_TRIGGERS)]
Revision = Annotated[int, Field(ge=1, description="The one you worked on; 409 if the job was changed since.")]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
JobState = Literal["on", "paused", "disabled", "broken", "no_triggers"]


class TargetChoice(Body):
    """What a job runs."""

    kind: Literal["script"] = "script"
    id: Id


class NewJob(Body):
    """A saved way to run a script: `parameters` go over those of the saved `parameter_set` (its id or name)."""

    name: Name
    target: TargetChoice
    project: str = "default"
    description: Description = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameter_set: SetName | None = None
    labels: Labels = Field(default_factory=dict, description="What its runs wear.")
    settings: JobSettings = JobSettings()
    triggers: Triggers = Field(default_factory=list)
    enabled: bool = True


class JobChange(Body):
    """What is to be different. `triggers` are whole: those with their id stay what they are, those left out go.

    `parameters` and `settings` are whole too; ``***`` keeps a password that is there.
    """

    name: Name | None = None
    target: TargetChoice | None = None
    description: Description | None = None
    parameters: dict[str, Any] | None = None
    parameter_set: SetName | None = None
    labels: Labels | None = None
    settings: JobSettings | None = None
    triggers: Triggers | None = None
    enabled: bool | None = None
    revision: Revision | None = None


class CopyJob(Body):
    """What a copy is to be called; it begins switched off."""

    name: Name | None = None


class JobTarget(BaseModel):
    """What a job runs; `missing` when it was deleted, or is not there for jobs any more."""

    kind: Literal["script"]
    id: str
    name: str
    language: str | None
    missing: bool


class Paused(BaseModel):
    """Why a job starts nothing at the moment, and who or what has it so."""

    kind: str = Field(description="person, project, breaker, shadow.")
    by: str
    why: str
    since: datetime
    until: datetime | None
    whole_project: bool


class Broken(BaseModel):
    """Why a job's runs can't be started."""

    code: str
    message: str


class BreakerBody(BaseModel):
    """Where the circuit breaker stands; `failures` are those in a row."""

    state: Literal["closed", "open", "half_open"] = "closed"
    failures: int = 0
    opened_at: datetime | None = None
    trial_at: datetime | None = None


class Alert(BaseModel):
    """No run has succeeded for longer than the job allows."""

    since: datetime
    message: str


class Owner(BaseModel):
    """Whose job it is; that they are disabled does not stop it."""

    id: str
    name: str
    disabled: bool


class Next(BaseModel):
    """What is due next."""

    at: datetime
    trigger_id: str


class LastRun(BaseModel):
    """A run of the job in short."""

    run_id: str
    state: State
    at: datetime
    slot_due_at: datetime | None


class JobBody(BaseModel):
    """A job, whole. Passwords among its parameters are ``***``."""

    id: str
    project: str
    name: str
    description: str
    target: JobTarget
    parameters: dict[str, Any]
    parameter_set: str | None
    labels: dict[str, str]
    settings: JobSettings
    triggers: list[TriggerBody]
    enabled: bool
    state: JobState
    paused: Paused | None
    broken: Broken | None
    breaker: BreakerBody
    alert: Alert | None
    owner: Owner | None
    next: Next | None
    last: list[LastRun] = Field(description="The newest, newest first.")
    success_rate: float | None = Field(description="Share of the newest finished runs that succeeded, 0 to 1.")
    runs_counted: int = Field(description="Of how many runs that share is.")
    revision: int
    created_at: datetime
    updated_at: datetime
    updated_by: str | None


class SavedJob(JobBody):
    """A job that was just saved, with the secrets that were made for its webhooks: they are never shown again."""

    secrets: dict[str, str] = Field(default_factory=dict, description="By the trigger's id.")


class PauseBody(Body):
    """Why, and until when; without an end until somebody resumes it."""

    why: Why = ""
    until: AwareDatetime | None = None


class PauseMany(PauseBody):
    """Which jobs: some of them, or with `project` all of a project, present and future."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    project: str | None = None


class ResumeMany(Body):
    """Which jobs: some of them, or with `project` what was paused as a whole."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    project: str | None = None


class Changed(BaseModel):
    """The jobs that are different now; `all` when it was a whole project."""

    changed: list[str]
    all: bool


class PauseShown(Paused):
    """A pause of a project or of one of its jobs that is in force."""

    project: str
    job_id: str | None
    job_name: str | None


class Difference(BaseModel):
    """A field before and after."""

    before: Any
    after: Any


class ChangeBody(BaseModel):
    """One revision of a job."""

    revision: int
    at: datetime
    by: str
    act: str
    changes: dict[str, Difference]


class Rotated(BaseModel):
    """A webhook's new secret, shown this once."""

    secret: str
