"""The rows of snippets."""

from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import User
from runyard.editor.models import Snippet


async def visible(
    session: AsyncSession, user_id: str, project_ids: Sequence[str], after: tuple[str, str] | None, limit: int
) -> Sequence[tuple[Snippet, str | None]]:
    """Return one's own snippets and those shared with the projects, by prefix and id, each with its owner's name."""
    statement = (
        select(Snippet, User.username)
        .outerjoin(User, User.id == Snippet.owner_id)
        .where(
            or_(and_(Snippet.owner_id == user_id, Snippet.project_id.is_(None)), Snippet.project_id.in_(project_ids))
        )
        .order_by(Snippet.prefix, Snippet.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(Snippet.prefix, Snippet.id) > after)
    return [(snippet, name) for snippet, name in (await session.execute(statement))]


async def find(session: AsyncSession, id_: str) -> tuple[Snippet, str | None] | None:
    """Return a snippet with its owner's name."""
    statement = select(Snippet, User.username).outerjoin(User, User.id == Snippet.owner_id).where(Snippet.id == id_)
    row = (await session.execute(statement)).first()
    return None if row is None else (row[0], row[1])


async def count(session: AsyncSession, owner_id: str) -> int:
    """Return how many snippets somebody owns."""
    statement = select(func.count()).select_from(Snippet).where(Snippet.owner_id == owner_id)
    return (await session.execute(statement)).scalar_one()
