"""Routes of what runs tell together: failures that are the same, two runs side by side, usage, batches, keeping."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.runs import comparing, failures, keeping, usage, views
from runyard.runs.batches import Batch, Batches, BatchPreview, BatchResult
from runyard.runs.comparing import Comparison
from runyard.runs.failures import Failure, FailureDetail, Wanted
from runyard.runs.schemas import Body, Run
from runyard.runs.service import RunService
from runyard.runs.usage import UsageSeries
from runyard.secrets.sealing import Sealer
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["runs"])

Runs = Annotated[RunService, Depends(provided(RunService))]
Keys = Annotated[Sealer, Depends(provided(Sealer))]
Reader = Annotated[Actor, allow(Permission.run_read)]
# What each action needs besides is asked for where it is done.
Steerer = Annotated[Actor, allow(Permission.run_cancel)]
Manager = Annotated[Actor, allow(Permission.run_manage)]


@router.get("/failures")
async def list_failures(
    actor: Reader,
    session: Reading,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64)] = None,
    script_id: Annotated[str | None, Query(max_length=32)] = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the error or of the script's name.")] = None,
    since: Annotated[datetime | None, Query(description="Seen then or later.")] = None,
) -> Page[Failure]:
    """List groups of failures, those that were seen last first."""
    which = Wanted(actor.projects(Permission.run_read, project), script_id, q, since)
    after = window.after(int, str)
    before = (clock.from_us(after[0]), after[1]) if after else None
    rows = await failures.listed(session, which, before, window.limit + 1)
    page, last = cut(rows, window.limit)
    cursor = cursor_of(clock.to_us(last.last_at), last.id) if last else None
    return Page(items=[failures.shown(row, actor) for row in page], next_cursor=cursor)


@router.get("/failures/{failure_id}")
async def get_failure(failure_id: str, actor: Reader, session: Reading, sealer: Keys) -> FailureDetail:
    """Return a group of failures: the last good run before it, and what has changed since."""
    return await failures.detail(session, actor, sealer, failure_id)


@router.get("/runs/compare", operation_id="compare_runs")
async def compare_runs(
    actor: Reader,
    session: Reading,
    runs: Runs,
    sealer: Keys,
    a: Annotated[str, Query(max_length=32)],
    b: Annotated[str, Query(max_length=32)],
) -> Comparison:
    """Set two runs side by side: code, packages, parameters, environment names, duration, memory, output."""
    one = await runs.find(session, actor, a, Permission.run_read)
    two = await runs.find(session, actor, b, Permission.run_read)
    return comparing.compare(await comparing.read(session, sealer, one), await comparing.read(session, sealer, two))


@router.get("/runs/{run_id}/usage")
async def run_usage(
    run_id: str,
    actor: Reader,
    session: Reading,
    runs: Runs,
    attempt: Annotated[int | None, Query(ge=1)] = None,
) -> UsageSeries:
    """Return what an attempt used over time; while it runs, news of it come as `usage` messages of the live socket."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    return await usage.of_attempt(session, row, attempt or row.attempt)


class Keep(Body):
    """Why a run is kept."""

    note: Annotated[str, Query(max_length=500)] = ""


@router.put("/runs/{run_id}/keep")
async def keep_run(run_id: str, body: Keep, actor: Manager, session: Transaction, runs: Runs) -> Run:
    """Keep a run, whatever the rules of retention say."""
    row = await runs.find(session, actor, run_id, Permission.run_manage)
    await keeping.keep(session, row, body.note, actor, clock.now())
    return await views.whole(session, actor, row)


@router.delete("/runs/{run_id}/keep")
async def let_run_go(run_id: str, actor: Manager, session: Transaction, runs: Runs) -> Run:
    """Let a run go the way of the others again."""
    row = await runs.find(session, actor, run_id, Permission.run_manage)
    await keeping.let_go(session, row.id)
    return await views.whole(session, actor, row)


@router.post("/runs/batch/preview")
async def preview_batch(
    body: Batch, actor: Steerer, batches: Annotated[Batches, Depends(provided(Batches))]
) -> BatchPreview:
    """Tell how many runs a batch concerns, and show the first of them."""
    return await batches.preview(actor, body)


@router.post("/runs/batch")
async def do_batch(body: Batch, actor: Steerer, batches: Annotated[Batches, Depends(provided(Batches))]) -> BatchResult:
    """Cancel, run again or delete many runs: those named, or all that a filter finds, up to a cap."""
    return await batches.do(actor, body)
