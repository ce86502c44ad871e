"""Pausing and resuming jobs over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.permissions import Actor
from runyard.ids import ProjectId
from runyard.jobs import repository, views
from runyard.jobs.holding import JobPauses
from runyard.jobs.models import JobPause
from runyard.jobs.routes import Reader, Writer
from runyard.jobs.schemas import Changed, JobBody, PauseBody, PauseMany, PauseShown, ResumeMany
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["jobs"])
Pauses = Annotated[JobPauses, Depends(provided(JobPauses))]


@router.get("/jobs/pauses", operation_id="list_job_pauses")
async def list_pauses(
    actor: Reader,
    session: Reading,
    pauses: Pauses,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64, description="A project's name.")] = None,
) -> Page[PauseShown]:
    """List the pauses that are in force, of jobs and of whole projects, the newest first."""
    after = window.after(str)
    found = await pauses.open(session, actor, project, after[0] if after else None, window.limit + 1)
    rows, last = cut(found, window.limit)
    names = await repository.names_of(session, {row.job_id for row in rows if row.job_id is not None})
    return Page(
        items=[_shown(row, names, actor) for row in rows],
        next_cursor=None if last is None else cursor_of(last.id),
    )


@router.post("/jobs/pause", operation_id="pause_jobs")
async def pause_jobs(actor: Writer, session: Transaction, pauses: Pauses, body: PauseMany) -> Changed:
    """Pause some jobs; or with `project` all that it has, and will have until it is resumed."""
    return Changed(changed=await pauses.pause_many(session, actor, body), all=body.ids is None)


@router.post("/jobs/resume", operation_id="resume_jobs")
async def resume_jobs(actor: Writer, session: Transaction, pauses: Pauses, body: ResumeMany) -> Changed:
    """Have some jobs go on; or with `project` end the pause of the whole project, those of single jobs stay."""
    return Changed(changed=await pauses.resume_many(session, actor, body), all=body.ids is None)


@router.post("/jobs/{job_id}/pause", operation_id="pause_job")
async def pause_job(
    actor: Writer, session: Transaction, pauses: Pauses, job_id: str, body: PauseBody | None = None
) -> JobBody:
    """Have a job start nothing for a while; what is due meanwhile stands in its ledger as paused."""
    job = await pauses.pause(session, actor, job_id, body or PauseBody())
    return (await views.bodies(session, actor, [job]))[0]


@router.post("/jobs/{job_id}/resume", operation_id="resume_job")
async def resume_job(actor: Writer, session: Transaction, pauses: Pauses, job_id: str) -> JobBody:
    """Have a job go on; its circuit breaker is closed."""
    job = await pauses.resume(session, actor, job_id)
    return (await views.bodies(session, actor, [job]))[0]


def _shown(row: JobPause, names: dict[str, str], actor: Actor) -> PauseShown:
    return PauseShown(
        **dict(views.paused_of(row)),
        project=actor.project_name(ProjectId(row.project_id)),
        job_id=row.job_id,
        job_name=names.get(row.job_id or ""),
    )
