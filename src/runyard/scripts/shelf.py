"""The rows that put scripts in order: categories, stars, folders, positions."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.errors import FieldError
from runyard.scripts.errors import InvalidScript
from runyard.scripts.models import Script, ScriptCategory, ScriptStar


async def categories(session: AsyncSession, project_ids: Sequence[str]) -> Sequence[tuple[ScriptCategory, int]]:
    """Return the categories of those projects in their order, each with the number of living scripts that it has."""
    counts = (
        select(Script.category_id, func.count().label("count"))
        .where(Script.deleted_at.is_(None), Script.category_id.is_not(None))
        .group_by(Script.category_id)
        .subquery()
    )
    query = (
        select(ScriptCategory, func.coalesce(counts.c.count, 0))
        .outerjoin(counts, counts.c.category_id == ScriptCategory.id)
        .where(ScriptCategory.project_id.in_(project_ids))
        .order_by(ScriptCategory.position, ScriptCategory.name)
    )
    return [(category, count) for category, count in await session.execute(query)]


async def category_id(session: AsyncSession, project_id: str, name: str | None) -> str | None:
    """Return the id of a project's category; raise `InvalidScript` if there is none of that name."""
    if name is None:
        return None
    query = select(ScriptCategory.id).where(ScriptCategory.project_id == project_id, ScriptCategory.name == name)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        sentence = f"The project has no category {name}."
        raise InvalidScript(sentence, fields=[FieldError("category", sentence, "unknown")])
    return found


async def category_names(session: AsyncSession, ids: Iterable[str | None]) -> dict[str | None, str]:
    """Return the names behind ids of categories."""
    query = select(ScriptCategory.id, ScriptCategory.name).where(
        ScriptCategory.id.in_({id_ for id_ in ids if id_ is not None})
    )
    return {id_: name for id_, name in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


async def drop_category(session: AsyncSession, category: ScriptCategory) -> None:
    """Remove a category; its scripts have none then."""
    await session.execute(update(Script).where(Script.category_id == category.id).values(category_id=None))
    await session.delete(category)


async def starred(session: AsyncSession, user_id: str, script_ids: Iterable[str]) -> set[str]:
    """Return which of those scripts the user has starred."""
    query = select(ScriptStar.script_id).where(
        ScriptStar.user_id == user_id, ScriptStar.script_id.in_(list(script_ids))
    )
    return set(await session.scalars(query))


async def star(session: AsyncSession, user_id: str, script_id: str, *, on: bool) -> None:
    """Give a script the user's star, or take it away; asking twice is fine."""
    there = await session.get(ScriptStar, (user_id, script_id))
    if on and there is None:
        session.add(ScriptStar(user_id=user_id, script_id=script_id))
    elif not on:
        await session.execute(
            delete(ScriptStar).where(ScriptStar.user_id == user_id, ScriptStar.script_id == script_id)
        )


async def folders(session: AsyncSession, project_ids: Sequence[str]) -> Sequence[tuple[str, int]]:
    """Return every folder that living scripts are in, with their number."""
    query = (
        select(Script.folder, func.count())
        .where(Script.project_id.in_(project_ids), Script.deleted_at.is_(None), Script.folder != "")
        .group_by(Script.folder)
    )
    return sorted((folder, count) for folder, count in await session.execute(query))


async def in_order(session: AsyncSession, project_id: str, folder: str | None = None) -> Sequence[Script]:
    """Return the living scripts of a project (of one folder), as people have put them, held until the end."""
    query = select(Script).where(Script.project_id == project_id, Script.deleted_at.is_(None))
    if folder is not None:
        query = query.where(Script.folder == folder)
    return (await session.scalars(query.order_by(Script.position, Script.id).with_for_update())).all()
