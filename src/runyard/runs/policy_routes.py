"""Routes of what is laid down about runs: projects' policies, and the limits of the whole yard."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.runs.archive import Archive, Archives
from runyard.runs.errors import NoSuchArchive
from runyard.runs.policies import Policies, RunPolicy, YardLimits
from runyard.runs.schemas import Items
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["runs"])

Rules = Annotated[Policies, Depends(provided(Policies))]
Reader = Annotated[Actor, allow(Permission.run_read)]
Manager = Annotated[Actor, allow(Permission.run_manage)]
SystemReader = Annotated[Actor, allow(Permission.system_read)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


@router.get("/projects/{project}/run-policy")
async def run_policy(project: str, actor: Reader, session: Reading, rules: Rules) -> RunPolicy:
    """Return what a project lays down about its runs."""
    return await rules.of_project(session, actor, project)


@router.put("/projects/{project}/run-policy")
async def set_run_policy(
    project: str, body: RunPolicy, actor: Manager, session: Transaction, rules: Rules
) -> RunPolicy:
    """Lay down how many runs of a project go at once, what submits may ask for, and how long runs are kept."""
    return await rules.set_project(session, actor, project, body)


@router.get("/run-limits")
async def run_limits(actor: SystemReader, session: Reading, rules: Rules) -> YardLimits:
    """Return how many runs go at once in the whole installation, and in each queue."""
    del actor
    return await rules.of_yard(session)


@router.put("/run-limits")
async def set_run_limits(body: YardLimits, actor: Administrator, session: Transaction, rules: Rules) -> YardLimits:
    """Lay down how many runs go at once in the whole installation, and in each queue; for administrators."""
    return await rules.set_yard(session, actor, body)


@router.get("/projects/{project}/run-archives")
async def run_archives(
    project: str, actor: Reader, archives: Annotated[Archives, Depends(provided(Archives))]
) -> Items[Archive]:
    """List the files of a project's removed runs, newest month first."""
    project_id = actor.project(project, Permission.run_read)
    return Items(items=await asyncio.to_thread(archives.listed, project_id))


@router.get("/projects/{project}/run-archives/{name}", response_class=FileResponse)
async def run_archive(
    project: str, name: str, actor: Reader, archives: Annotated[Archives, Depends(provided(Archives))]
) -> FileResponse:
    """Download removed runs: gzipped JSON, one run a line."""
    path = archives.path(actor.project(project, Permission.run_read), name)
    if path is None:
        raise NoSuchArchive
    return FileResponse(path, media_type="application/gzip", filename=f"{project}-{name}")
