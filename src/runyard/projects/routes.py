"""Projects over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.guards import allow
from runyard.access.permissions import ROLES, Actor, Permission, Role
from runyard.ids import ProjectId
from runyard.projects.administration import Administration
from runyard.projects.models import Project
from runyard.projects.schemas import ProjectBody, ProjectChange, ProjectCreate
from runyard.projects.service import ProjectService
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["projects"])
Projects = Annotated[ProjectService, Depends(provided(ProjectService))]
Office = Annotated[Administration, Depends(provided(Administration))]
Reader = Annotated[Actor, allow(Permission.project_read)]
Manager = Annotated[Actor, allow(Permission.project_manage)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


@router.get("/projects", operation_id="list_projects")
async def list_projects(
    actor: Reader,
    session: Reading,
    projects: Projects,
    office: Office,
    window: Paging,
    *,
    archived: Annotated[bool, Query(description="Archived ones instead; for administrators.")] = False,
) -> Page[ProjectBody]:
    """List the projects that you belong to, by name."""
    cursor = window.after(str)
    after = cursor[0] if cursor else None
    if archived:
        rows = await office.archived(session, actor, after, window.limit + 1)
    else:
        rows = await projects.page(session, actor, after, window.limit + 1)
    shown, last = cut(rows, window.limit)
    return Page(items=[_body(project, actor) for project in shown], next_cursor=cursor_of(last.name) if last else None)


@router.post("/projects", operation_id="create_project", status_code=201)
async def create_project(
    actor: Administrator, session: Transaction, office: Office, body: ProjectCreate
) -> ProjectBody:
    """Make a project; you are its first admin."""
    return _body(await office.create(session, actor, body.name, body.description), actor)


@router.get("/projects/{project}", operation_id="get_project")
async def get_project(actor: Reader, session: Reading, office: Office, project: str) -> ProjectBody:
    """Get a project by name or id."""
    return _body(await office.get(session, actor, project), actor)


@router.patch("/projects/{project}", operation_id="change_project")
async def change_project(
    actor: Manager, session: Transaction, office: Office, project: str, body: ProjectChange
) -> ProjectBody:
    """Rename, describe, archive or bring back a project."""
    changed = await office.change(
        session, actor, project, name=body.name, description=body.description, archived=body.archived
    )
    return _body(changed, actor)


@router.delete("/projects/{project}", operation_id="archive_project", status_code=204)
async def archive_project(actor: Manager, session: Transaction, office: Office, project: str) -> None:
    """Archive a project: it and all that is in it are hidden; an administrator can bring it back."""
    await office.change(session, actor, project, name=None, description=None, archived=True)


def _body(project: Project, actor: Actor) -> ProjectBody:
    held = next((m.permissions for m in actor.memberships if m.project_id == ProjectId(project.id)), frozenset())
    if not held and actor.is_admin and project.archived_at is None:
        # It was made, or brought back, by this very request.
        held = ROLES[Role.admin] & (ROLES[Role.admin] if actor.scopes is None else actor.scopes)
    return ProjectBody(
        id=project.id,
        name=project.name,
        description=project.description,
        created_at=project.created_at,
        archived_at=project.archived_at,
        permissions=sorted(held),
    )
