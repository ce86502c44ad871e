"""What can be done with projects."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.access.permissions import ROLES, Actor, Membership, Permission, Role
from runyard.ids import ProjectId
from runyard.projects import repository
from runyard.projects.models import Project, ProjectMember

DEFAULT = "default"
"""The project that things belong to when nobody names one."""


class ProjectService:
    """Projects and their members."""

    async def ensure_default(self, session: AsyncSession, now: datetime) -> Project:
        """Return the default project, made when it is not there yet."""
        project = await repository.by_name(session, DEFAULT)
        if project is None:
            project = Project(id=ids.new("prj"), name=DEFAULT, description="", created_at=now)
            session.add(project)
            await session.flush()
        return project

    async def page(self, session: AsyncSession, actor: Actor, after: str | None, limit: int) -> Sequence[Project]:
        """Return up to `limit` projects that the actor may read, by name, beginning after the name `after`."""
        return await repository.page(session, actor.projects(Permission.project_read), after, limit)

    async def memberships(self, session: AsyncSession, user_id: str, *, is_admin: bool) -> tuple[Membership, ...]:
        """Return where a user may do what; an administrator holds every permission in every project."""
        if is_admin:
            everything = ROLES[Role.admin]
            return tuple(Membership(ProjectId(id_), name, everything) for id_, name in await repository.every(session))
        return tuple(
            # A role that this version does not know grants nothing.
            Membership(ProjectId(id_), name, ROLES[Role(role)] if role in ROLES else frozenset())
            for id_, name, role in await repository.of_user(session, user_id)
        )

    async def join(self, session: AsyncSession, project_id: str, user_id: str, role: Role, now: datetime) -> None:
        """Give a user a role in a project, in place of the one they had there."""
        member = await session.get(ProjectMember, (project_id, user_id))
        if member is None:
            session.add(ProjectMember(project_id=project_id, user_id=user_id, role=role.value, created_at=now))
        else:
            member.role = role.value
        await session.flush()
