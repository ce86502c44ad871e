"""Projects over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.projects.models import Project
from runyard.projects.schemas import ProjectBody
from runyard.projects.service import ProjectService
from runyard.web.depends import Reading, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["projects"])
Projects = Annotated[ProjectService, Depends(provided(ProjectService))]


@router.get("/projects", operation_id="list_projects")
async def list_projects(
    actor: Annotated[Actor, allow(Permission.project_read)], session: Reading, projects: Projects, window: Paging
) -> Page[ProjectBody]:
    """List the projects that you belong to, by name."""
    after = window.after(str)
    rows = await projects.page(session, actor, after[0] if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    return Page(items=[_body(project, actor) for project in shown], next_cursor=cursor_of(last.name) if last else None)


def _body(project: Project, actor: Actor) -> ProjectBody:
    held = next(m.permissions for m in actor.memberships if m.project_id == project.id)
    return ProjectBody(
        id=project.id,
        name=project.name,
        description=project.description,
        created_at=project.created_at,
        permissions=sorted(held),
    )
