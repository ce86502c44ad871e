"""How a job wants to be run, as the API has it and as its row keeps it. Pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from runyard.jobs.slots import CatchUp, Overlap, Plan
from runyard.scripts.policy import Backoff, Outcome, Priority, Queue, ResourceLimits, Retries, RetryDelay, RetryOn
from runyard.scripts.schemas import Timeout
from runyard.secrets.schemas import StageName

MOST_CAUGHT_UP = 1000
MOST_ACTIVE = 1000
MOST_CALENDARS = 20
DAY_S = 86_400


class Retry(BaseModel):
    """What happens after an attempt that did not succeed, instead of what the script says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retries: Retries = 0
    retry_delay_s: RetryDelay = 10.0
    backoff: Backoff = Backoff.fixed
    retry_on: RetryOn = (Outcome.failed, Outcome.timed_out)


class Breaker(BaseModel):
    """Pauses a job that fails again and again, until a trial succeeds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failures: Annotated[int, Field(ge=1, le=1000, description="So many in a row pause the job.")] = 5
    reset_s: Annotated[
        int | None,
        Field(ge=1, le=31 * DAY_S, description="After so many seconds one due slot runs as a trial; null: never."),
    ] = 3600


class JobSettings(BaseModel):
    """How a job is run, and what becomes of its due slots; null leaves it to the script."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: Queue | None = None
    priority: Priority | None = None
    timeout_s: Timeout | None = None
    limits: ResourceLimits | None = None
    stage: StageName | None = None
    retry: Retry | None = None
    overlap: Annotated[Overlap, Field(description="What becomes of a slot while `max_active` runs are active.")] = (
        Overlap.queue
    )
    max_active: Annotated[int, Field(ge=1, le=MOST_ACTIVE, description="Counts unless `overlap` is allow.")] = 1
    catch_up: Annotated[
        CatchUp, Field(description="What becomes of slots that nobody decided in their grace time.")
    ] = CatchUp.latest
    catch_up_most: Annotated[int, Field(ge=1, le=MOST_CAUGHT_UP, description="How many `all` catches up.")] = 10
    grace_s: Annotated[int, Field(ge=1, le=31 * DAY_S, description="How late a slot may start and be in time.")] = 60
    calendars: Annotated[
        tuple[str, ...], Field(max_length=MOST_CALENDARS, description="Ids of blackout calendars.")
    ] = ()
    breaker: Breaker | None = None
    alert_after_s: Annotated[
        int | None, Field(ge=60, le=366 * DAY_S, description="Mark the job when it had no success for so long.")
    ] = None

    @property
    def plan(self) -> Plan:
        """What its slots are decided by."""
        return Plan(self.grace_s, self.catch_up, self.catch_up_most, self.overlap)
