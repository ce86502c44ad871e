"""Routes of runs: submit, see, steer."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.runs import intake, listing, records, views
from runyard.runs.lifecycle import State
from runyard.runs.schemas import Accepted, Attempt, Event, Items, Run, RunSummary, Submit, SubmitAny
from runyard.runs.service import RunService
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["runs"])

Runs = Annotated[RunService, Depends(provided(RunService))]
Reader = Annotated[Actor, allow(Permission.run_read)]
Submitter = Annotated[Actor, allow(Permission.run_submit)]
Canceller = Annotated[Actor, allow(Permission.run_cancel)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Client = Annotated[str | None, Header(alias="X-Runyard-Client", max_length=20)]


def _body(shape: type) -> dict[str, Any]:
    """Describe a submit for OpenAPI: JSON, or multipart with files."""
    ref = {"$ref": f"#/components/schemas/{shape.__name__}"}
    form = {
        "type": "object",
        "properties": {
            "payload": {"type": "string", "description": f"The JSON of `{shape.__name__}`."},
            "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    }
    content = {"application/json": {"schema": ref}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"content": content}}


def _kind(client: str | None) -> str:
    return {"cli": "cli", "page": "manual"}.get(client or "", "api")


@router.post("/scripts/{script_id}/runs", status_code=202, openapi_extra=_body(Submit))
async def submit(
    script_id: str, request: Request, actor: Submitter, runs: Runs, key: Key = None, client: Client = None
) -> Accepted:
    """Run a saved script. Files arrive in its workspace by base name."""
    async with intake.received(request, runs.most_files) as taken:
        body = taken.read(Submit)
        return await runs.submit(actor, script_id, body, taken.uploads, key=key, kind=_kind(client))


@router.post("/runs", status_code=202, openapi_extra=_body(SubmitAny))
async def submit_any(
    request: Request, actor: Submitter, runs: Runs, key: Key = None, client: Client = None
) -> Accepted:
    """Run a saved script, or an unsaved text as an unlisted draft version."""
    async with intake.received(request, runs.most_files) as taken:
        body = taken.read(SubmitAny)
        return await runs.submit_any(actor, body, taken.uploads, key=key, kind=_kind(client))


@router.get("/runs")
async def listed(
    actor: Reader,
    session: Reading,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[list[State] | None, Query()] = None,
    script_id: Annotated[str | None, Query(max_length=32)] = None,
    label: Annotated[list[str] | None, Query(description="`name` or `name=value`; several must all hold.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the script's name, or a run's id.")] = None,
    failure_id: Annotated[str | None, Query(max_length=32, description="A group of failures.")] = None,
    job_id: Annotated[str | None, Query(max_length=32, description="The runs of a job.")] = None,
    since: Annotated[datetime | None, Query(description="Queued then or later.")] = None,
    until: Annotated[datetime | None, Query(description="Queued before.")] = None,
) -> Page[RunSummary]:
    """List runs, newest first."""
    which = listing.Filter(
        projects=actor.projects(Permission.run_read, project),
        states=state or (),
        script_id=script_id,
        labels=[listing.label_of(text) for text in label or ()],
        text=q,
        failure_id=failure_id,
        job_id=job_id,
        since=listing.aware(since),
        until=listing.aware(until),
    )
    after = window.after(str)
    rows = await listing.listed(session, which, after[0] if after else None, window.limit + 1)
    page, last = cut(rows, window.limit)
    items = await views.summaries(session, actor, page)
    return Page(items=items, next_cursor=cursor_of(last.id) if last else None)


@router.get("/runs/latest")
async def latest(
    actor: Reader, session: Reading, script_id: Annotated[list[str], Query(max_length=100)]
) -> Items[RunSummary]:
    """Return the newest run of each of these scripts."""
    rows = await records.latest_of(session, actor.projects(Permission.run_read), script_id)
    return Items(items=await views.summaries(session, actor, rows))


@router.get("/runs/{run_id}")
async def get(run_id: str, actor: Reader, session: Reading, runs: Runs) -> Run:
    """Return a run, whole."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    return await views.whole(session, actor, row)


@router.post("/runs/{run_id}/cancel", status_code=202)
async def cancel(run_id: str, actor: Canceller, session: Transaction, runs: Runs) -> Run:
    """Cancel a run: its whole process tree ends, politely, then by force."""
    row = await runs.cancel(session, actor, run_id)
    return await views.whole(session, actor, row)


@router.post("/runs/{run_id}/rerun", status_code=202)
async def rerun(run_id: str, actor: Submitter, runs: Runs, key: Key = None) -> Accepted:
    """Run again as it was: same code version, same lock, same inputs."""
    return await runs.rerun(actor, run_id, key=key)


@router.get("/runs/{run_id}/attempts")
async def attempts(run_id: str, actor: Reader, session: Reading, runs: Runs) -> Items[Attempt]:
    """List a run's attempts, oldest first."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    return Items(items=await views.attempts(session, row.id))


@router.get("/runs/{run_id}/events")
async def events(run_id: str, actor: Reader, session: Reading, runs: Runs, window: Paging) -> Page[Event]:
    """List a run's journal, oldest first."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    after = window.after(int)
    found = await views.events(session, row.id, after[0] if after else 0, window.limit + 1)
    page, last = cut(found, window.limit)
    return Page(items=list(page), next_cursor=cursor_of(last.id) if last else None)
