"""Making, changing and archiving projects."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.actors import Actors
from runyard.access.permissions import Actor, NoSuchProject, Permission, Role
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import after_commit
from runyard.errors import Conflict, Forbidden
from runyard.ids import ProjectId
from runyard.projects import repository
from runyard.projects.models import Project
from runyard.projects.service import DEFAULT, ProjectService

logger = log.get("projects")


class ProjectNameTaken(Conflict):
    """There is a project of that name already, perhaps an archived one."""


class DefaultProject(Conflict):
    """The default project keeps its name and can't be archived: requests that name no project mean it."""


class Administration:
    """Projects as those see them who look after them. Every method works within the session that it is given."""

    def __init__(self, projects: ProjectService, actors: Actors) -> None:
        self._projects = projects
        self._actors = actors

    async def archived(self, session: AsyncSession, actor: Actor, after: str | None, limit: int) -> Sequence[Project]:
        """Return up to `limit` archived projects by name; only administrators of the installation see them."""
        if not actor.is_admin:
            raise Forbidden
        return await repository.page(session, (), after, limit, archived=True)

    async def get(self, session: AsyncSession, actor: Actor, named: str) -> Project:
        """Return the project of that name or id; raise `NoSuchProject`."""
        return await self._find(session, actor, named, Permission.project_read)

    async def create(self, session: AsyncSession, actor: Actor, name: str, description: str) -> Project:
        """Make a project with the actor as its first admin; raise `ProjectNameTaken`."""
        now = clock.now()
        project = Project(id=ids.new("prj"), description=description, created_at=now)
        session.add(project)
        await _named(session, project, name)
        await self._projects.join(session, project.id, actor.user_id, Role.admin, now)
        about(_target(project), after={"name": name, "description": description})
        after_commit(session, self._actors.forget)
        logger.info("project.created", project_id=project.id, by=actor.user_id)
        return project

    async def change(
        self,
        session: AsyncSession,
        actor: Actor,
        named: str,
        *,
        name: str | None,
        description: str | None,
        archived: bool | None,
    ) -> Project:
        """Rename, describe, archive or bring back a project; an archived one is found by administrators only.

        Raises: NoSuchProject; Forbidden; ProjectNameTaken; DefaultProject.
        """
        project = await self._find(session, actor, named, Permission.project_manage, hidden=actor.is_admin)
        before = _facts(project)
        renamed = name is not None and name != project.name
        if project.name == DEFAULT and (renamed or archived):
            raise DefaultProject
        if description is not None:
            project.description = description
        if archived is not None and archived != (project.archived_at is not None):
            await repository.archive(session, project, clock.now() if archived else None)
        await _named(session, project, name or project.name)
        about(_target(project), before, _facts(project))
        after_commit(session, self._actors.forget)
        logger.info("project.changed", project_id=project.id, archived=project.archived_at is not None)
        return project

    async def _find(
        self, session: AsyncSession, actor: Actor, named: str, permission: Permission, *, hidden: bool = False
    ) -> Project:
        found = await repository.named(session, named)
        if found is None or (found.archived_at is not None and not hidden):
            raise NoSuchProject
        if found.archived_at is None:
            actor.demand(permission, ProjectId(found.id), NoSuchProject)
        return found


def _target(project: Project) -> Target:
    return Target("project", project.id, project.name, project.id)


def _facts(project: Project) -> dict[str, object]:
    return {
        "name": project.name,
        "description": project.description,
        "archived": project.archived_at is not None,
    }


async def _named(session: AsyncSession, project: Project, name: str) -> None:
    project.name = name
    try:
        await session.flush()
    except IntegrityError as error:
        raise ProjectNameTaken from error
