"""The rows of projects and members."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import CustomRole, Team, TeamMember, User
from runyard.projects.models import Project, ProjectMember, ProjectTeam


class Holding(NamedTuple):
    """One role of somebody in one project, held directly or through a team."""

    project_id: str
    name: str
    role: str


async def by_name(session: AsyncSession, name: str) -> Project | None:
    """Return the project of that name."""
    return (await session.scalars(select(Project).where(Project.name == name))).one_or_none()


async def named(session: AsyncSession, text: str) -> Project | None:
    """Return the project of that id or name, archived or not."""
    both = (await session.scalars(select(Project).where(or_(Project.id == text, Project.name == text)))).all()
    return next((project for project in both if project.name == text), both[0] if both else None)


async def lock(session: AsyncSession, project_id: str) -> Project | None:
    """Return a project, held against other transactions until this one ends."""
    return (await session.scalars(select(Project).where(Project.id == project_id).with_for_update())).one_or_none()


async def page(
    session: AsyncSession, ids: Sequence[str], after: str | None, limit: int, *, archived: bool = False
) -> Sequence[Project]:
    """Return up to `limit` projects in the order of their names, beginning after the name `after`.

    Those of `ids`, or all that are `archived`.
    """
    query = select(Project).order_by(Project.name).limit(limit)
    query = query.where(Project.archived_at.is_not(None) if archived else Project.id.in_(ids))
    if after is not None:
        query = query.where(Project.name > after)
    return (await session.scalars(query)).all()


async def every(session: AsyncSession, *, archived: bool = True) -> Sequence[tuple[str, str]]:
    """Return id and name of every project, or of those that are not archived, by name."""
    query = select(Project.id, Project.name).order_by(Project.name)
    if not archived:
        query = query.where(Project.archived_at.is_(None))
    return [(id_, name) for id_, name in await session.execute(query)]


async def names(session: AsyncSession, ids: set[str]) -> dict[str, str]:
    """Return the names of projects, archived or not, by their ids."""
    rows = await session.execute(select(Project.id, Project.name).where(Project.id.in_(ids)))
    return dict(iter(rows))


async def of_user(session: AsyncSession, user_id: str) -> Sequence[Holding]:
    """Return every role that a user holds, directly and through teams, in living projects, by name."""
    direct = select(ProjectMember.project_id, ProjectMember.role).where(ProjectMember.user_id == user_id)
    joined = (
        select(ProjectTeam.project_id, ProjectTeam.role)
        .join(TeamMember, TeamMember.team_id == ProjectTeam.team_id)
        .where(TeamMember.user_id == user_id)
    )
    held = union_all(direct, joined).subquery()
    rows = await session.execute(
        select(Project.id, Project.name, held.c.role)
        .join(held, held.c.project_id == Project.id)
        .where(Project.archived_at.is_(None))
        .order_by(Project.name)
    )
    return [Holding(*row) for row in rows]


async def permissions_of(session: AsyncSession, role_ids: set[str]) -> dict[str, list[str]]:
    """Return what roles that are not built in consist of, by their ids."""
    if not role_ids:
        return {}
    rows = await session.execute(select(CustomRole.id, CustomRole.permissions).where(CustomRole.id.in_(role_ids)))
    return dict(iter(rows))


async def role_names(session: AsyncSession, role_ids: set[str]) -> dict[str, str]:
    """Return the names of roles that are not built in, by their ids."""
    rows = await session.execute(select(CustomRole.id, CustomRole.name).where(CustomRole.id.in_(role_ids)))
    return dict(iter(rows))


async def members(
    session: AsyncSession, project_id: str, after: str | None, limit: int
) -> Sequence[tuple[ProjectMember, User]]:
    """Return up to `limit` people who are members of a project themselves, by username after the folded `after`."""
    query = (
        select(ProjectMember, User)
        .join(User, User.id == ProjectMember.user_id)
        .where(ProjectMember.project_id == project_id)
        .order_by(User.username_key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(User.username_key > after)
    return [(member, user) for member, user in await session.execute(query)]


async def teams(
    session: AsyncSession, project_id: str, after: str | None, limit: int
) -> Sequence[tuple[ProjectTeam, Team, int]]:
    """Return up to `limit` teams that are members of a project, by name after `after`, and how many people each is."""
    people = select(TeamMember.team_id, func.count().label("people")).group_by(TeamMember.team_id).subquery()
    query = (
        select(ProjectTeam, Team, func.coalesce(people.c.people, 0))
        .join(Team, Team.id == ProjectTeam.team_id)
        .outerjoin(people, people.c.team_id == Team.id)
        .where(ProjectTeam.project_id == project_id)
        .order_by(Team.name_key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Team.name_key > after)
    return [(place, team, count) for place, team, count in await session.execute(query)]


async def roles_of(session: AsyncSession, project_id: str) -> set[tuple[str, str]]:
    """Return (user, role) of all enabled people of a project, directly or by a team."""
    direct = select(ProjectMember.user_id, ProjectMember.role).where(ProjectMember.project_id == project_id)
    joined = (
        select(TeamMember.user_id, ProjectTeam.role)
        .join(ProjectTeam, ProjectTeam.team_id == TeamMember.team_id)
        .where(ProjectTeam.project_id == project_id)
    )
    held = union_all(direct, joined).subquery()
    rows = await session.execute(
        select(held.c.user_id, held.c.role).join(User, User.id == held.c.user_id).where(User.disabled.is_(False))
    )
    return {(user_id, role) for user_id, role in rows}


async def leave(session: AsyncSession, project_id: str, user_id: str) -> bool:
    """End a direct membership; whether there was one."""
    done = await session.execute(
        delete(ProjectMember)
        .where(ProjectMember.project_id == project_id, ProjectMember.user_id == user_id)
        .returning(ProjectMember.user_id)
    )
    return done.first() is not None


async def drop_team(session: AsyncSession, project_id: str, team_id: str) -> bool:
    """End a team's membership; whether there was one."""
    done = await session.execute(
        delete(ProjectTeam)
        .where(ProjectTeam.project_id == project_id, ProjectTeam.team_id == team_id)
        .returning(ProjectTeam.team_id)
    )
    return done.first() is not None


async def counts(session: AsyncSession, project_ids: Sequence[str]) -> dict[str, int]:
    """Return how many direct members each project has."""
    rows = await session.execute(
        select(ProjectMember.project_id, func.count())
        .where(ProjectMember.project_id.in_(project_ids))
        .group_by(ProjectMember.project_id)
    )
    return dict(iter(rows))


async def archive(session: AsyncSession, project: Project, at: datetime | None) -> None:
    """Hide a project, or bring it back."""
    project.archived_at = at
    await session.flush()
