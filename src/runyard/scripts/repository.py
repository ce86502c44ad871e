"""The rows of scripts, versions and tags."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from msgspec import Struct
from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import User
from runyard.access.repository import folded
from runyard.db.prepared import Prepared
from runyard.scripts.models import (
    Script,
    ScriptCategory,
    ScriptEntry,
    ScriptPublication,
    ScriptRunModule,
    ScriptStar,
    ScriptTag,
    ScriptText,
    ScriptVersion,
)
from runyard.scripts.modules import Module
from runyard.scripts.policy import Policy

Sort = Literal["updated", "name", "position"]
Rows = Select[Script, float | None, bool]


class Listed(Struct, frozen=True):
    """A script in a list, with what its version says of it."""

    script: Script
    timeout_s: float | None
    network: bool


class Filter(Struct, frozen=True):
    """Which scripts a list shows: all conditions hold at once. `terms` are folded words, `tags` are all demanded.

    A `folder` has all below it too; an empty one is where scripts without a folder are.
    """

    project_ids: Sequence[str]
    terms: Sequence[str] = ()
    language: str | None = None
    tags: Sequence[str] = ()
    kind: str | None = None
    folder: str | None = None
    category: str | None = None
    starred_by: str | None = None
    owner: str | None = None


_SCRIPTS = cast("Table", Script.__table__)
_STANDING = Prepared(
    select(
        _SCRIPTS.c.project_id,
        func.coalesce(_SCRIPTS.c.published_id, _SCRIPTS.c.version_id).label("version_id"),
        _SCRIPTS.c.name,
        _SCRIPTS.c.gated,
    ).where(_SCRIPTS.c.id == bindparam("the_script"), _SCRIPTS.c.deleted_at.is_(None))
)


def standing(connection: Connection, script_id: str) -> Any:
    """Return project_id, name and gated of a script that is not deleted and the version_id that runs take, or None."""
    # PostgreSQL refuses to even look for a NUL.
    return None if "\0" in script_id else _STANDING.one(connection, {"the_script": script_id})


async def living(session: AsyncSession, script_id: str, *, lock: bool = False) -> Script | None:
    """Return the script of that id unless it is deleted; with `lock`, hold it until the transaction ends."""
    script = await any_state(session, script_id, lock=lock)
    return None if script is None or script.deleted_at is not None else script


async def any_state(session: AsyncSession, script_id: str, *, lock: bool = False) -> Script | None:
    """Return the script of that id, deleted or not."""
    if "\0" in script_id:
        # PostgreSQL refuses to even look for it.
        return None
    query = select(Script).where(Script.id == script_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def page(
    session: AsyncSession, wanted: Filter, sort: Sort, after: tuple[Any, str] | None, limit: int
) -> list[Listed]:
    """Return up to `limit` living scripts: newest change first, by name or as put, beginning after the keys `after`."""
    rows = select(Script, ScriptVersion.timeout_s, ScriptVersion.network)
    query = _chosen(rows.join(ScriptVersion, ScriptVersion.id == Script.version_id), wanted).limit(limit)
    if sort == "updated":
        query = query.order_by(Script.updated_at.desc(), Script.id.desc())
        if after is not None:
            at, id_ = after
            query = query.where(
                Script.updated_at <= at, or_(Script.updated_at < at, and_(Script.updated_at == at, Script.id < id_))
            )
    elif sort == "position":
        query = query.order_by(Script.position, Script.id)
        if after is not None:
            place, id_ = after
            query = query.where(
                Script.position >= place,
                or_(Script.position > place, and_(Script.position == place, Script.id > id_)),
            )
    else:
        query = query.order_by(Script.name_key, Script.id)
        if after is not None:
            name, id_ = after
            query = query.where(
                Script.name_key >= name,
                or_(Script.name_key > name, and_(Script.name_key == name, Script.id > id_)),
            )
    return [Listed(script, timeout_s, network) for script, timeout_s, network in await session.execute(query)]


def _chosen(query: Rows, wanted: Filter) -> Rows:
    query = query.where(Script.project_id.in_(wanted.project_ids), Script.deleted_at.is_(None))
    if wanted.language is not None:
        query = query.where(Script.language == wanted.language)
    if wanted.kind is not None:
        query = query.where(Script.kind == wanted.kind)
    if wanted.folder == "":
        query = query.where(Script.folder == "")
    elif wanted.folder is not None:
        # What stands between "ops/" and "ops0" begins with "ops/": a range, which an index serves.
        below = and_(Script.folder > f"{wanted.folder}/", Script.folder < f"{wanted.folder}0")
        query = query.where(or_(Script.folder == wanted.folder, below))
    if wanted.category is not None:
        named = select(ScriptCategory.id).where(ScriptCategory.name == wanted.category)
        query = query.where(Script.category_id.in_(named))
    query = _whose(query, wanted)
    for tag in wanted.tags:
        query = query.where(Script.id.in_(select(ScriptTag.script_id).where(ScriptTag.tag == tag)))
    if wanted.terms:
        query = query.join(ScriptText, ScriptText.script_id == Script.id)
        for term in wanted.terms:
            query = query.where(ScriptText.folded.contains(term, autoescape=True))
    return query


def _whose(query: Rows, wanted: Filter) -> Rows:
    if wanted.owner is not None:
        query = query.where(
            Script.owner_id == select(User.id).where(User.username_key == folded(wanted.owner)).scalar_subquery()
        )
    if wanted.starred_by is not None:
        starred = select(ScriptStar.script_id).where(ScriptStar.user_id == wanted.starred_by)
        query = query.where(Script.id.in_(starred))
    return query


async def version(session: AsyncSession, version_id: str) -> ScriptVersion | None:
    """Return the version of that id."""
    return await session.get(ScriptVersion, version_id)


async def version_number(session: AsyncSession, script_id: str, number: int) -> ScriptVersion | None:
    """Return a script's version of that number."""
    query = select(ScriptVersion).where(ScriptVersion.script_id == script_id, ScriptVersion.number == number)
    return (await session.scalars(query)).one_or_none()


async def versions(session: AsyncSession, script_id: str, before: int | None, limit: int) -> Sequence[ScriptVersion]:
    """Return up to `limit` versions of a script, newest first, below the number `before`; drafts are not among them."""
    query = select(ScriptVersion).where(ScriptVersion.script_id == script_id, ScriptVersion.number.is_not(None))
    if before is not None:
        query = query.where(ScriptVersion.number < before)
    return (await session.scalars(query.order_by(ScriptVersion.number.desc()).limit(limit))).all()


async def same_draft(
    session: AsyncSession, project_id: str, script_id: str | None, author_id: str, name: str, content_hash: str
) -> ScriptVersion | None:
    """Return a draft that this author has run before with exactly this content."""
    query = select(ScriptVersion).where(
        ScriptVersion.project_id == project_id,
        ScriptVersion.content_hash == content_hash,
        ScriptVersion.number.is_(None),
        ScriptVersion.script_id.is_(None) if script_id is None else ScriptVersion.script_id == script_id,
        ScriptVersion.author_id == author_id,
        ScriptVersion.draft_name == name,
    )
    return (await session.scalars(query.limit(1))).one_or_none()


async def ever_published(session: AsyncSession, version_id: str) -> bool:
    """Whether a version is or was the published one."""
    query = select(ScriptPublication.id).where(ScriptPublication.version_id == version_id)
    return (await session.execute(query.limit(1))).first() is not None


async def names(session: AsyncSession, project_id: str) -> set[str]:
    """Return the names of a project's living scripts."""
    query = select(Script.name).where(Script.project_id == project_id, Script.deleted_at.is_(None))
    return set(await session.scalars(query))


async def holder_of(session: AsyncSession, project_id: str, name: str) -> str | None:
    """Return the id of the living script that has this name."""
    query = select(Script.id).where(Script.project_id == project_id, Script.live_name == name)
    return (await session.scalars(query)).one_or_none()


async def none_ever(session: AsyncSession) -> bool:
    """Whether no script was ever made, deleted ones included."""
    return (await session.scalars(select(Script.id).limit(1))).one_or_none() is None


async def tags_of(session: AsyncSession, script_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags of each of those scripts, in alphabetical order."""
    ids = list(script_ids)
    found: dict[str, list[str]] = {id_: [] for id_ in ids}
    query = select(ScriptTag.script_id, ScriptTag.tag).where(ScriptTag.script_id.in_(ids))
    for script_id, tag in await session.execute(query):
        found[script_id].append(tag)
    return {id_: sorted(tags) for id_, tags in found.items()}


async def tag_counts(session: AsyncSession, project_ids: Sequence[str]) -> Sequence[tuple[str, int]]:
    """Return every tag that living scripts of those projects have, and how many have it."""
    query = (
        select(ScriptTag.tag, func.count())
        .join(Script, Script.id == ScriptTag.script_id)
        .where(Script.project_id.in_(project_ids), Script.deleted_at.is_(None))
        .group_by(ScriptTag.tag)
    )
    return sorted((tag, count) for tag, count in await session.execute(query))


async def set_tags(session: AsyncSession, script_id: str, tags: Iterable[str]) -> None:
    """Give a script exactly these tags."""
    await session.execute(delete(ScriptTag).where(ScriptTag.script_id == script_id))
    session.add_all(ScriptTag(script_id=script_id, tag=tag) for tag in tags)
    await session.flush()


async def set_text(session: AsyncSession, script_id: str, folded: str) -> None:
    """Keep the text that a script is found by."""
    row = await session.get(ScriptText, script_id)
    if row is None:
        session.add(ScriptText(script_id=script_id, folded=folded))
    else:
        row.folded = folded


async def set_entries(session: AsyncSession, script_id: str, policy: Policy) -> None:
    """Keep which secrets and variables a script lists."""
    await session.execute(delete(ScriptEntry).where(ScriptEntry.script_id == script_id))
    listed = (
        ("secret", policy.secrets),
        ("variable", policy.variables),
        ("connection", policy.connections),
    )
    session.add_all(ScriptEntry(script_id=script_id, kind=kind, name=name) for kind, names in listed for name in names)
    await session.flush()


async def usernames(session: AsyncSession, user_ids: Iterable[str | None]) -> dict[str | None, str]:
    """Return the usernames behind those ids."""
    query = select(User.id, User.username).where(User.id.in_({id_ for id_ in user_ids if id_ is not None}))
    return {id_: username for id_, username in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


async def disabled(session: AsyncSession, user_ids: Iterable[str | None]) -> set[str | None]:
    """Return which of those users are disabled."""
    wanted = {id_ for id_ in user_ids if id_ is not None}
    return set(await session.scalars(select(User.id).where(User.id.in_(wanted), User.disabled)))


async def module_versions(session: AsyncSession, project_id: str, language: str) -> Sequence[str]:
    """Return the versions that runs take of all modules of a project's library that are in `language`."""
    taken = func.coalesce(Script.published_id, Script.version_id)
    query = select(taken).where(
        taken != "",
        Script.project_id == project_id,
        Script.deleted_at.is_(None),
        Script.language == language,
        Script.kind == "module",
    )
    return (await session.scalars(query.order_by(Script.id))).all()


async def keep_modules(session: AsyncSession, run_id: str, version_ids: Sequence[str]) -> None:
    """Note which modules a run takes along, under the names that they have now."""
    named = (
        select(Script.name, ScriptVersion.id)
        .join(Script, Script.id == ScriptVersion.script_id)
        .where(ScriptVersion.id.in_(version_ids))
    )
    for name, version_id in (await session.execute(named)).all():
        session.add(ScriptRunModule(run_id=run_id, version_id=version_id, name=name))


def take_modules(connection: Connection, run_id: str, version_ids: Sequence[str]) -> None:
    """Do `keep_modules` over a plain connection."""
    named = (
        select(literal(run_id), ScriptVersion.id, Script.name)
        .join(Script, Script.id == ScriptVersion.script_id)
        .where(ScriptVersion.id.in_(version_ids))
    )
    connection.execute(insert(ScriptRunModule).from_select(["run_id", "version_id", "name"], named))


async def copy_modules(session: AsyncSession, from_run: str, to_run: str) -> None:
    """Have a re-run take the same modules."""
    for row in (await session.scalars(select(ScriptRunModule).where(ScriptRunModule.run_id == from_run))).all():
        session.add(ScriptRunModule(run_id=to_run, version_id=row.version_id, name=row.name))


async def run_modules(session: AsyncSession, run_id: str) -> list[Module]:
    """Return the modules that a run takes along."""
    query = (
        select(ScriptRunModule.name, ScriptVersion.code, ScriptVersion.id)
        .join(ScriptVersion, ScriptRunModule.version_id == ScriptVersion.id)
        .where(ScriptRunModule.run_id == run_id)
        .order_by(ScriptRunModule.name)
    )
    return [Module(name, code, version_id) for name, code, version_id in await session.execute(query)]


async def all_of(session: AsyncSession, project_id: str, limit: int) -> Sequence[Script]:
    """Return the living scripts and modules of a project by name, up to `limit`."""
    query = select(Script).where(Script.project_id == project_id, Script.deleted_at.is_(None))
    return (await session.scalars(query.order_by(Script.name_key, Script.id).limit(limit))).all()
