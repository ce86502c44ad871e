"""Environments as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from runyard.environments.lifecycle import State
from runyard.environments.wants import Kind


class PackageBody(BaseModel):
    """One installed package."""

    name: str
    version: str


class ErrorBody(BaseModel):
    """Why the last build failed."""

    code: str
    message: str = Field(description="The resolver's or installer's own last words.")


class UsedByBody(BaseModel):
    """A script that uses the environment; only those that you may read."""

    script_id: str
    name: str


class EnvironmentSummary(BaseModel):
    """An environment in a list."""

    id: str
    kind: Kind
    state: State
    requirements: list[str]
    interpreter: str = Field(description='Such as "CPython 3.12.4" or "Node.js 22.1.0".')
    size_bytes: int | None
    error: ErrorBody | None
    created_at: datetime
    ready_at: datetime | None
    last_used_at: datetime | None
    build_s: float | None = Field(description="How long the last build took, in seconds.")


class EnvironmentBody(EnvironmentSummary):
    """An environment with what is in it and who uses it."""

    packages: list[PackageBody] | None = Field(description="Null until requirements have been resolved.")
    used_by: list[UsedByBody]


class LogLine(BaseModel):
    """One line of a build's log; `n` counts from 1 over all builds of this environment that the log still holds."""

    n: int
    t: datetime
    stream: str = Field(description="`system` for the platform's own notes, `stderr` and `stdout` for the tools.")
    text: str


class CleanupRequest(BaseModel):
    """Which environments to clean up."""

    unused_days: float = Field(90, ge=0, le=36_500, description="Delete those that nothing used for so many days.")


class CleanupAnswer(BaseModel):
    """What was cleaned up."""

    deleted: int
    freed_bytes: int = Field(description="The size of the removed environments.")
