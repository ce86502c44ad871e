"""Jobs over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.jobs import views
from runyard.jobs.expressions import Expressions
from runyard.jobs.health import JobState
from runyard.jobs.listing import FAR, Listed, Sort
from runyard.jobs.models import Job, JobChange
from runyard.jobs.schemas import ChangeBody, CopyJob, JobBody, NewJob, Rotated, SavedJob
from runyard.jobs.schemas import JobChange as ChangedJob
from runyard.jobs.service import JobService
from runyard.jobs.triggers import Saved, demand_readable
from runyard.runs.listing import label_of
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import BadCursor, Page, Paging, Window, cursor_of, cut

router = APIRouter(tags=["jobs"])
Jobs = Annotated[JobService, Depends(provided(JobService))]
Expressing = Annotated[Expressions, Depends(provided(Expressions))]
Reader = Annotated[Actor, allow(Permission.job_read)]
Writer = Annotated[Actor, allow(Permission.job_write)]
FAR_US = clock.to_us(FAR)
LATEST_US = clock.to_us(datetime.max.replace(tzinfo=UTC))
LARGEST_NUMBER = 2**31 - 1
Id = Annotated[str, StringConstraints(max_length=32, pattern=r"^[^\x00]*$")]
Kinds = Literal["cron", "interval", "date", "webhook", "after", "file"]


async def _new(_actor: Writer, expressions: Expressing, body: NewJob) -> NewJob:
    # Before the transaction: a process works on it, and nobody else is to wait for that.
    await demand_readable(expressions, body.triggers)
    return body


async def _change(_actor: Writer, expressions: Expressing, body: ChangedJob) -> ChangedJob:
    await demand_readable(expressions, body.triggers or [])
    return body


@router.get("/jobs", operation_id="list_jobs")
async def list_jobs(
    actor: Reader,
    session: Reading,
    jobs: Jobs,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64, description="A project's name.")] = None,
    q: Annotated[str, Query(max_length=200, description="Words to find in the names of jobs and scripts.")] = "",
    state: Annotated[JobState | None, Query()] = None,
    target_id: Annotated[Id | None, Query(description="Only those that run this script.")] = None,
    source_id: Annotated[Id | None, Query(description="Only those that run after this job.")] = None,
    trigger: Annotated[Kinds | None, Query(description="Only those with such a trigger.")] = None,
    label: Annotated[
        list[str] | None, Query(max_length=20, description="name or name=value; all are demanded.")
    ] = None,
    sort: Annotated[Sort, Query()] = "name",
) -> Page[JobBody]:
    """List jobs by name, by when they are due next, or the last changed first; all conditions hold at once."""
    found = await jobs.page(
        session,
        actor,
        project=project,
        query=q,
        state=state,
        target_id=target_id,
        source_id=source_id,
        trigger=trigger,
        labels=[label_of(each.replace("\0", "")) for each in label or []],
        sort=sort,
        after=_after(window, sort),
        limit=window.limit + 1,
    )
    rows, last = cut(found, window.limit)
    return Page(
        items=await views.bodies(session, actor, [row.job for row in rows]),
        next_cursor=None if last is None else _cursor(last, sort),
    )


@router.post("/jobs", status_code=201, operation_id="create_job")
async def create_job(
    actor: Writer, body: Annotated[NewJob, Depends(_new)], session: Transaction, jobs: Jobs
) -> SavedJob:
    """Save a job. The secrets of its webhooks are in this answer, and nowhere else."""
    return await _saved(session, actor, *await jobs.create(session, actor, body))


@router.get("/jobs/{job_id}", operation_id="get_job")
async def get_job(actor: Reader, session: Reading, jobs: Jobs, job_id: str) -> JobBody:
    """Return a job."""
    return await jobs.get(session, actor, job_id)


@router.patch("/jobs/{job_id}", operation_id="change_job")
async def change_job(
    actor: Writer, body: Annotated[ChangedJob, Depends(_change)], session: Transaction, jobs: Jobs, job_id: str
) -> SavedJob:
    """Change what the body names. Triggers that stay the same keep their ids and their ledger."""
    return await _saved(session, actor, *await jobs.change(session, actor, job_id, body))


@router.delete("/jobs/{job_id}", status_code=204, operation_id="delete_job")
async def delete_job(actor: Writer, session: Transaction, jobs: Jobs, job_id: str) -> None:
    """Delete a job; its runs and the ledger of its slots stay."""
    await jobs.delete(session, actor, job_id)


@router.post("/jobs/{job_id}/copy", status_code=201, operation_id="copy_job")
async def copy_job(
    actor: Writer, session: Transaction, jobs: Jobs, job_id: str, body: CopyJob | None = None
) -> SavedJob:
    """Make a job like this one, which begins switched off."""
    name = None if body is None else body.name
    return await _saved(session, actor, *await jobs.copy(session, actor, job_id, name))


@router.get("/jobs/{job_id}/changes", operation_id="list_job_changes")
async def list_changes(actor: Reader, session: Reading, jobs: Jobs, job_id: str, window: Paging) -> Page[ChangeBody]:
    """List what was done to a job, newest first."""
    after = window.after(int)
    before = max(0, min(after[0], LARGEST_NUMBER)) if after else None
    rows, last = cut(await jobs.changes(session, actor, job_id, before, window.limit + 1), window.limit)
    return Page(items=[_told(row) for row in rows], next_cursor=None if last is None else cursor_of(last.revision))


@router.post("/triggers/secret/{trigger_id}/rotate", operation_id="rotate_trigger_secret")
async def rotate(actor: Writer, session: Transaction, jobs: Jobs, trigger_id: str) -> Rotated:
    """Give a webhook another secret, which is in this answer and nowhere else."""
    return Rotated(secret=await jobs.rotate(session, actor, trigger_id))


async def _saved(session: AsyncSession, actor: Actor, job: Job, saved: Saved) -> SavedJob:
    [body] = await views.bodies(session, actor, [job])
    return SavedJob(**dict(body), secrets=saved.secrets)


def _told(row: JobChange) -> ChangeBody:
    return ChangeBody(revision=row.revision, at=row.at, by=row.by_name, act=row.act, changes=row.changes)


def _after(window: Window, sort: Sort) -> tuple[object, str] | None:
    if sort == "name":
        keys = window.after(str, str)
        return None if keys is None else (keys[0], keys[1])
    keys = window.after(int, str)
    if keys is None:
        return None
    if not 0 <= keys[0] <= LATEST_US:
        raise BadCursor
    return clock.from_us(keys[0]), keys[1]


def _cursor(last: Listed, sort: Sort) -> str:
    if sort == "name":
        return cursor_of(last.job.name_key, last.job.id)
    return cursor_of(clock.to_us(last.next_at if sort == "next" else last.job.updated_at), last.job.id)
