"""Which scripts use which environments and packages."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.environments.inventory import names_of, visible
from runyard.environments.models import Environment, EnvironmentPackage, EnvironmentUse
from runyard.environments.users import PackageUser, UsedBy
from runyard.scripts.models import Script

_MOST = 200


class ScriptUses:
    """Answers for the scripts that an actor may read."""

    async def of(self, session: AsyncSession, actor: Actor, environment_id: str) -> list[UsedBy]:
        """Return the scripts that have run in an environment, those that use it now first."""
        rows = await session.execute(
            select(Script.id, Script.name, EnvironmentUse.current, EnvironmentUse.last_used_at)
            .join(Script, Script.id == EnvironmentUse.script_id)
            .where(EnvironmentUse.environment_id == environment_id, _readable(actor))
            .order_by(EnvironmentUse.current.desc(), Script.name)
            .limit(_MOST)
        )
        return [UsedBy(*row) for row in rows]

    async def counts(self, session: AsyncSession, actor: Actor, ids: Sequence[str]) -> dict[str, int]:
        """Return how many scripts use each environment now."""
        rows = await session.execute(
            select(EnvironmentUse.environment_id, func.count())
            .join(Script, Script.id == EnvironmentUse.script_id)
            .where(EnvironmentUse.environment_id.in_(ids), EnvironmentUse.current, _readable(actor))
            .group_by(EnvironmentUse.environment_id)
        )
        return dict(iter(rows))

    async def of_package(
        self, session: AsyncSession, actor: Actor, name: str, kind: str | None, version: str | None
    ) -> list[PackageUser]:
        """Return the scripts whose present environment holds a package, by name of the script."""
        query = (
            select(
                Script.id,
                Script.name,
                Script.project_id,
                Environment.id,
                Environment.kind,
                EnvironmentPackage.version,
                EnvironmentUse.last_used_at,
            )
            .join(EnvironmentUse, EnvironmentUse.script_id == Script.id)
            .join(Environment, Environment.id == EnvironmentUse.environment_id)
            .join(EnvironmentPackage, EnvironmentPackage.environment_id == Environment.id)
            .where(
                EnvironmentPackage.name.in_(names_of(name)),
                Environment.deleted_at.is_(None),
                visible(actor),
                EnvironmentUse.current,
                _readable(actor),
            )
            .order_by(Script.name, Script.id)
        )
        if kind is not None:
            query = query.where(Environment.kind == kind)
        if version is not None:
            query = query.where(EnvironmentPackage.version == version)
        return [PackageUser(*row) for row in await session.execute(query)]


def _readable(actor: Actor) -> ColumnElement[bool]:
    return and_(Script.project_id.in_(actor.projects(Permission.script_read)), Script.deleted_at.is_(None))
