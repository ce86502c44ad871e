"""Roles that an installation makes of named permissions, beside the built-in ones."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.actors import Actors
from runyard.access.models import CustomRole
from runyard.access.permissions import EVERYBODY, GRANTABLE, ROLES, Permission, Role, of_role
from runyard.access.repository import folded
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import after_commit
from runyard.errors import Conflict, FieldError, Forbidden, Invalid, Missing
from runyard.projects import promotions
from runyard.projects.models import ProjectMember, ProjectTeam

logger = log.get("access")


class NoSuchRole(Missing):
    """There is no role of that name or id."""

    code = "no_such_role"


class RoleNameTaken(Conflict):
    """There is a role of that name already."""


class RoleInUse(Conflict):
    """Somebody holds this role; give them another one first."""


class BuiltInRole(Forbidden):
    """Built-in roles stay as they are; make one of your own."""


class InvalidRole(Invalid):
    """A role can't be made of that."""


class Described(Struct, frozen=True):
    """A role as people see it; `key` is what members hold it by: a built-in one's name, else its id."""

    key: str
    name: str
    description: str
    permissions: frozenset[Permission]
    built_in: bool


_ABOUT = {
    Role.admin: "Everything in the project, its members included.",
    Role.developer: "Writes and reviews scripts, runs them and cancels runs.",
    Role.viewer: "Looks at everything and changes nothing.",
}
BUILT_IN = tuple(Described(role.value, role.value, _ABOUT[role], ROLES[role] - EVERYBODY, True) for role in Role)


class Roles:
    """The roles of an installation. Every method works within the session that it is given."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    async def listed(self, session: AsyncSession) -> list[Described]:
        """Return the built-in roles, then the others by name."""
        rows = await session.scalars(select(CustomRole).order_by(CustomRole.name_key))
        return [*BUILT_IN, *(_described(row) for row in rows)]

    async def find(self, session: AsyncSession, named: str) -> Described:
        """Return the role of that name or id; raise `NoSuchRole`."""
        found = next((role for role in BUILT_IN if role.key == named), None)
        return found or _described(await self._row(session, named))

    async def create(
        self, session: AsyncSession, name: str, description: str, permissions: Sequence[Permission]
    ) -> Described:
        """Make a role; raise `RoleNameTaken`, `InvalidRole`."""
        now = clock.now()
        row = CustomRole(id=ids.new("rol"), description=description, created_at=now, updated_at=now)
        row.permissions = _granted(permissions)
        session.add(row)
        await self._named(session, row, name)
        about(_target(row), after=_facts(row))
        logger.info("role.created", role_id=row.id)
        return _described(row)

    async def change(
        self,
        session: AsyncSession,
        named: str,
        *,
        name: str | None,
        description: str | None,
        permissions: Sequence[Permission] | None,
    ) -> Described:
        """Change what is not None; whoever holds the role holds what it gives now, at once.

        Raises: NoSuchRole; BuiltInRole; RoleNameTaken; InvalidRole.
        """
        row = await self._own(session, named)
        before, looked_after = _facts(row), Permission.project_manage in row.permissions
        if description is not None:
            row.description = description
        if permissions is not None:
            row.permissions = _granted(permissions)
            if Permission.project_manage in row.permissions and not looked_after:
                await promotions.by_role(session, row)
        row.updated_at = clock.now()
        await self._named(session, row, name or row.name)
        about(_target(row), before, _facts(row))
        after_commit(session, self._actors.forget)
        logger.info("role.changed", role_id=row.id)
        return _described(row)

    async def delete(self, session: AsyncSession, named: str) -> None:
        """Delete a role that nobody holds; raise `NoSuchRole`, `BuiltInRole`, `RoleInUse`."""
        row = await self._own(session, named)
        for table in (ProjectMember, ProjectTeam):
            if (await session.execute(select(table.role).where(table.role == row.id).limit(1))).first():
                raise RoleInUse
        about(_target(row), _facts(row))
        await session.delete(row)
        after_commit(session, self._actors.forget)
        logger.info("role.deleted", role_id=row.id)

    async def _own(self, session: AsyncSession, named: str) -> CustomRole:
        if named in ROLES:
            raise BuiltInRole
        return await self._row(session, named)

    async def _row(self, session: AsyncSession, named: str) -> CustomRole:
        row = await session.get(CustomRole, named[:32])
        if row is None:
            by_name = select(CustomRole).where(CustomRole.name_key == folded(named))
            row = (await session.scalars(by_name)).one_or_none()
        if row is None:
            raise NoSuchRole
        return row

    async def _named(self, session: AsyncSession, row: CustomRole, name: str) -> None:
        row.name, row.name_key = name, folded(name)
        if row.name_key in ROLES:
            raise RoleNameTaken
        try:
            await session.flush()
        except IntegrityError as error:
            raise RoleNameTaken from error


def _granted(permissions: Sequence[Permission]) -> list[str]:
    wrong = sorted(set(permissions) - GRANTABLE)
    if wrong:
        fields = [FieldError("permissions", f"{name} is not given by roles.", "not_grantable") for name in wrong]
        raise InvalidRole(fields=fields)
    # As it will be held: to change a thing is to see it too.
    return sorted(of_role(permissions) - EVERYBODY)


def _described(row: CustomRole) -> Described:
    return Described(row.id, row.name, row.description, of_role(row.permissions) - EVERYBODY, False)


def _target(row: CustomRole) -> Target:
    return Target("role", row.id, row.name)


def _facts(row: CustomRole) -> dict[str, object]:
    return {"name": row.name, "description": row.description, "permissions": list(row.permissions)}
