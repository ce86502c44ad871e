"""The rows of projects and members."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.projects.models import Project, ProjectMember


async def by_name(session: AsyncSession, name: str) -> Project | None:
    """Return the project of that name."""
    return (await session.scalars(select(Project).where(Project.name == name))).one_or_none()


async def page(session: AsyncSession, ids: Sequence[str], after: str | None, limit: int) -> Sequence[Project]:
    """Return up to `limit` of those projects in the order of their names, beginning after the name `after`."""
    query = select(Project).where(Project.id.in_(ids)).order_by(Project.name).limit(limit)
    if after is not None:
        query = query.where(Project.name > after)
    return (await session.scalars(query)).all()


async def every(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Return id and name of every project, by name."""
    rows = await session.execute(select(Project.id, Project.name).order_by(Project.name))
    return [(id_, name) for id_, name in rows]


async def of_user(session: AsyncSession, user_id: str) -> Sequence[tuple[str, str, str]]:
    """Return id, name and role of every project that a user belongs to, by name."""
    rows = await session.execute(
        select(Project.id, Project.name, ProjectMember.role)
        .join(ProjectMember, ProjectMember.project_id == Project.id)
        .where(ProjectMember.user_id == user_id)
        .order_by(Project.name)
    )
    return [(id_, name, role) for id_, name, role in rows]
