"""Runs of jobs that somebody asks for, over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from pydantic import AwareDatetime, BaseModel, Field

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.jobs.backfill import MOST, Order, Wanted
from runyard.jobs.running import Filled, JobRuns
from runyard.jobs.slots import Outcome
from runyard.jobs.specs import MOST_TRIGGERS, JobId
from runyard.runs.schemas import Accepted, Body
from runyard.web.depends import provided

router = APIRouter(tags=["jobs"])
Running = Annotated[JobRuns, Depends(provided(JobRuns))]
Submitter = Annotated[Actor, allow(Permission.run_submit)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Client = Annotated[str | None, Header(alias="X-Runyard-Client", max_length=20)]
KINDS = {"cli": "cli", "page": "manual"}


class RunNow(Body):
    """What a run is given; `parameters` go over those of the job."""

    parameters: dict[str, Any] = Field(default_factory=dict)


class PastSlot(Body):
    """An instant at which a trigger was due."""

    trigger_id: JobId
    due_at: AwareDatetime


class Backfill(Body):
    """A stretch, both ends included: a run for each instant at which the job was due, `most` at the most."""

    since: Annotated[AwareDatetime, Field(alias="from")]
    until: Annotated[AwareDatetime, Field(alias="to")]
    trigger_ids: Annotated[list[JobId] | None, Field(max_length=MOST_TRIGGERS)] = None
    most: Annotated[int, Field(ge=1, le=MOST)] = 100
    dry_run: bool = False
    order: Order = "oldest"


class Fill(BaseModel):
    """An instant at which a trigger was due; `had` is what became of it, null where nobody was there to decide."""

    trigger_id: str
    due_at: datetime
    had: Outcome | None


class BackfillPreview(BaseModel):
    """What a backfill would start; `capped` where there is more than it may be at once."""

    count: int
    capped: bool
    items: list[Fill]


class FillRun(BaseModel):
    """A run that was started for an instant."""

    id: str
    due_at: datetime


class Backfilled(BaseModel):
    """What a backfill has started."""

    count: int
    capped: bool
    runs: list[FillRun]


@router.post("/jobs/{job_id}/runs", status_code=202, operation_id="run_job")
async def run_job(
    actor: Submitter, running: Running, job_id: str, body: RunNow | None = None, key: Key = None, client: Client = None
) -> Accepted:
    """Run a job now, also while it is paused."""
    parameters = {} if body is None else body.parameters
    return await running.now(actor, job_id, parameters, key=key, kind=KINDS.get(client or "", "job"))


@router.post("/jobs/{job_id}/slots/run", status_code=202, operation_id="run_job_slot")
async def run_slot(actor: Submitter, running: Running, job_id: str, body: PastSlot) -> Accepted:
    """Run a job for an instant that is past; what the ledger tells of it stays."""
    return await running.for_slot(actor, job_id, body.trigger_id, body.due_at)


@router.post(
    "/jobs/{job_id}/backfill",
    status_code=202,
    operation_id="backfill_job",
    responses={200: {"model": BackfillPreview, "description": "What a dry run would start."}},
)
async def backfill(
    actor: Submitter, running: Running, response: Response, job_id: str, body: Backfill
) -> BackfillPreview | Backfilled:
    """Run a job for each instant of a stretch at which it was due; a dry run only tells which these are."""
    wanted = Wanted(body.since, body.until, body.trigger_ids, body.most, body.order)
    filled = await running.fill(actor, job_id, wanted, dry_run=body.dry_run)
    if body.dry_run:
        response.status_code = 200
        return _preview(filled)
    runs = [
        FillRun(id=run.id, due_at=clock.from_us(item.due_at))
        for run, item in zip(filled.runs, filled.items, strict=True)
    ]
    return Backfilled(count=len(runs), capped=filled.capped, runs=runs)


def _preview(filled: Filled) -> BackfillPreview:
    items = [
        Fill(
            trigger_id=item.trigger_id,
            due_at=clock.from_us(item.due_at),
            had=Outcome(item.had) if item.had is not None else None,
        )
        for item in filled.items
    ]
    return BackfillPreview(count=len(items), capped=filled.capped, items=items)
