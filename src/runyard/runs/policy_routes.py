"""Routes of what is laid down about runs: projects' policies, and the limits of the whole yard."""

from typing import Annotated

from fastapi import APIRouter, Depends

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.errors import Forbidden
from runyard.runs.policies import Policies, RunPolicy, YardLimits
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["runs"])

Rules = Annotated[Policies, Depends(provided(Policies))]
Reader = Annotated[Actor, allow(Permission.run_read)]
Manager = Annotated[Actor, allow(Permission.run_manage)]


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
async def run_limits(actor: Reader, session: Reading, rules: Rules) -> YardLimits:
    """Return how many runs go at once in the whole installation, and in each queue."""
    del actor
    return await rules.of_yard(session)


@router.put("/run-limits")
async def set_run_limits(body: YardLimits, actor: Manager, session: Transaction, rules: Rules) -> YardLimits:
    """Lay down how many runs go at once in the whole installation, and in each queue; for administrators."""
    if not actor.is_admin:
        raise Forbidden
    return await rules.set_yard(session, actor, body)
