"""Projects, who may do what in them, and the default one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.access.permissions import ROLES, Actor, Membership, Permission, Role, of_role
from runyard.ids import ProjectId
from runyard.projects import repository
from runyard.projects.models import Project, ProjectMember

DEFAULT = "default"
"""The project that things belong to when nobody names one."""


class ProjectService:
    """Projects and the rights in them."""

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
        """Return where a user may do what: all that their roles there give, their own and their teams'.

        An administrator holds every permission in every project. Archived projects are nobody's.
        """
        if is_admin:
            everything = ROLES[Role.admin]
            living = await repository.every(session, archived=False)
            return tuple(Membership(ProjectId(id_), name, everything) for id_, name in living)
        held = await repository.of_user(session, user_id)
        rights = await self.rights(session, {holding.role for holding in held})
        places: dict[str, tuple[str, frozenset[Permission]]] = {}
        for holding in held:
            _name, so_far = places.get(holding.project_id, ("", frozenset[Permission]()))
            places[holding.project_id] = (holding.name, so_far | rights[holding.role])
        return tuple(Membership(ProjectId(id_), name, permissions) for id_, (name, permissions) in places.items())

    async def rights(self, session: AsyncSession, roles: set[str]) -> dict[str, frozenset[Permission]]:
        """Return what each role gives, by the name of a built-in one or the id of another; an unknown one nothing."""
        made = await repository.permissions_of(session, {role for role in roles if role not in ROLES})
        return {
            role: ROLES[Role(role)] if role in ROLES else of_role(made[role]) if role in made else frozenset()
            for role in roles
        }

    async def join(self, session: AsyncSession, project_id: str, user_id: str, role: str, now: datetime) -> None:
        """Give a user a role in a project, in place of the one they had there."""
        member = await session.get(ProjectMember, (project_id, user_id))
        if member is None:
            session.add(ProjectMember(project_id=project_id, user_id=user_id, role=str(role), created_at=now))
        else:
            member.role = str(role)
        await session.flush()
