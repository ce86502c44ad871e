"""What environments hold and who has used them, as rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from packaging.utils import canonicalize_name
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.environments.lifecycle import State
from runyard.environments.models import Environment, EnvironmentPackage, EnvironmentUse

_LONGEST_NAME, _LONGEST_VERSION = 214, 200


def names_of(package: str) -> tuple[str, ...]:
    """Return how a package that somebody names may be written in rows: as it is, and in Python's normal form."""
    name = package.strip()
    return tuple(dict.fromkeys((name, canonicalize_name(name))))


def holding(package: str) -> Select[str]:
    """Return the query for the ids of environments that hold a package."""
    return select(EnvironmentPackage.environment_id).where(EnvironmentPackage.name.in_(names_of(package)))


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which an actor may see an environment.

    Projects share environments that were built from the installation's sources: it is seen where it was used. An
    administrator sees all of those.
    """
    projects = actor.projects(Permission.environment_read)
    own = Environment.project_id.in_(projects)
    if actor.is_admin:
        return or_(Environment.project_id.is_(None), own)
    used = select(EnvironmentUse.environment_id).where(EnvironmentUse.project_id.in_(projects))
    shared = or_(Environment.id.in_(used), Environment.trial_of.in_(used))
    return or_(own, and_(Environment.project_id.is_(None), shared))


async def shows(session: AsyncSession, actor: Actor, id_: str) -> bool:
    """Whether an actor may see an environment, even one that is deleted."""
    query = select(Environment.id).where(Environment.id == id_, visible(actor))
    return (await session.execute(query)).first() is not None


async def projects_of(session: AsyncSession, id_: str) -> set[str]:
    """Return the projects that have used an environment."""
    query = select(EnvironmentUse.project_id).where(EnvironmentUse.environment_id == id_).distinct()
    return set(await session.scalars(query))


async def put_packages(session: AsyncSession, id_: str, packages: Iterable[dict[str, Any]]) -> None:
    """Write down what an environment holds, in place of what it held."""
    await session.execute(delete(EnvironmentPackage).where(EnvironmentPackage.environment_id == id_))
    rows = {
        (package["name"][:_LONGEST_NAME], package["version"][:_LONGEST_VERSION]): {"environment_id": id_}
        for package in packages
    }
    if rows:
        values = [{**row, "name": name, "version": version} for (name, version), row in rows.items()]
        await session.execute(insert(EnvironmentPackage), values)


async def unlisted(session: AsyncSession) -> Sequence[tuple[str, list[dict[str, Any]]]]:
    """Return id and packages of ready environments whose packages have no rows."""
    rows = await session.execute(
        select(Environment.id, Environment.packages).where(
            Environment.deleted_at.is_(None),
            Environment.state == State.ready.value,
            ~exists().where(EnvironmentPackage.environment_id == Environment.id),
        )
    )
    return [(id_, packages) for id_, packages in rows if packages]


async def note_use(
    session: AsyncSession, id_: str, script_id: str, project_id: str, now: datetime, *, current: bool
) -> None:
    """Note that a script has run in an environment, and whether that is the one it uses by itself now.

    For a draft, and for a build that is waited for, the project stands in the script's place.
    """
    values: dict[str, Any] = {"last_used_at": now, **({"current": True} if current else {})}
    if current:
        await session.execute(
            update(EnvironmentUse)
            .where(EnvironmentUse.script_id == script_id, EnvironmentUse.current, EnvironmentUse.environment_id != id_)
            .values(current=False)
        )
    again = (
        update(EnvironmentUse)
        .where(EnvironmentUse.environment_id == id_, EnvironmentUse.script_id == script_id)
        .values(**values)
        .returning(EnvironmentUse.script_id)
    )
    if (await session.execute(again)).first() is not None:
        return
    try:
        async with session.begin_nested():
            session.add(
                EnvironmentUse(
                    environment_id=id_, script_id=script_id, project_id=project_id, current=current, last_used_at=now
                )
            )
    except IntegrityError:
        # Another process has noted the same in the meantime.
        await session.execute(again)


async def packages(
    session: AsyncSession, actor: Actor, query: str | None, after: tuple[str, str] | None, limit: int
) -> Sequence[tuple[str, str, int]]:
    """Return up to `limit` packages as kind, name and how many environments hold them, by name, after `after`."""
    name, kind = EnvironmentPackage.name, Environment.kind
    statement = (
        select(kind, name, func.count(Environment.id.distinct()))
        .join(Environment, Environment.id == EnvironmentPackage.environment_id)
        .where(Environment.deleted_at.is_(None), visible(actor))
        .group_by(name, kind)
        .order_by(name, kind)
        .limit(limit)
    )
    if query:
        statement = statement.where(name.icontains(query, autoescape=True))
    if after is not None:
        statement = statement.where(or_(name > after[0], (name == after[0]) & (kind > after[1])))
    return [(kind_, name_, count) for kind_, name_, count in await session.execute(statement)]


async def versions(
    session: AsyncSession, actor: Actor, named: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[str]]:
    """Return the versions that environments hold of packages, which are named by kind and name."""
    wanted = set(named)
    rows = await session.execute(
        select(Environment.kind, EnvironmentPackage.name, EnvironmentPackage.version)
        .join(Environment, Environment.id == EnvironmentPackage.environment_id)
        .where(
            Environment.deleted_at.is_(None),
            visible(actor),
            EnvironmentPackage.name.in_(sorted({name for _kind, name in wanted})),
        )
        .distinct()
    )
    found: dict[tuple[str, str], list[str]] = {key: [] for key in wanted}
    for kind, name, version in rows:
        if (kind, name) in found:
            found[kind, name].append(version)
    return found
