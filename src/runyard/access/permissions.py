"""Who may do what: permissions, the roles that bundle them, and the actor who holds them. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from runyard.errors import Forbidden, Missing
from runyard.ids import ProjectId, UserId


class Permission(StrEnum):
    """One thing that may be allowed. ``self:`` is everybody's, ``system:`` belongs to the installation."""

    self_manage = "self:manage"
    project_read = "project:read"
    script_read = "script:read"
    script_write = "script:write"
    run_read = "run:read"
    run_submit = "run:submit"
    run_cancel = "run:cancel"
    run_manage = "run:manage"
    environment_read = "environment:read"
    environment_manage = "environment:manage"
    system_read = "system:read"


class Role(StrEnum):
    """The built-in roles within a project."""

    admin = "admin"
    developer = "developer"
    viewer = "viewer"


_VIEWER = frozenset(
    {
        Permission.self_manage,
        Permission.project_read,
        Permission.script_read,
        Permission.run_read,
        Permission.environment_read,
        Permission.system_read,
    }
)
_DEVELOPER = _VIEWER | {Permission.script_write, Permission.run_submit, Permission.run_cancel}
ROLES: dict[Role, frozenset[Permission]] = {
    Role.viewer: _VIEWER,
    Role.developer: _DEVELOPER,
    Role.admin: frozenset(Permission),
}


class NoSuchProject(Missing):
    """There is no project of that name."""


@dataclass(frozen=True, slots=True)
class Membership:
    """An actor's place in one project."""

    project_id: ProjectId
    name: str
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user and the projects where they may do something. Foreign projects do not exist for them."""

    user_id: UserId
    username: str
    session_id: str
    is_admin: bool
    memberships: tuple[Membership, ...] = field(default=())

    def may(self, permission: Permission, project_id: ProjectId | None = None) -> bool:
        """Whether the permission is held in that project, or in any when none is named; oneself is everybody's."""
        if permission is Permission.self_manage:
            return True
        return any(
            permission in m.permissions and (project_id is None or m.project_id == project_id) for m in self.memberships
        )

    def projects(self, permission: Permission, name: str | None = None) -> tuple[ProjectId, ...]:
        """Return the projects that lists may show, narrowed to one by `name`; raise `NoSuchProject`."""
        found = tuple(m.project_id for m in self.memberships if permission in m.permissions and name in (None, m.name))
        if name is not None and not found and not any(m.name == name for m in self.memberships):
            raise NoSuchProject
        return found

    def project(self, name: str, permission: Permission) -> ProjectId:
        """Return the id of the named project if the permission is held there; raise otherwise."""
        for membership in self.memberships:
            if membership.name == name:
                if permission not in membership.permissions:
                    raise Forbidden
                return membership.project_id
        raise NoSuchProject

    def demand(self, permission: Permission, project_id: ProjectId, otherwise: type[Missing]) -> None:
        """Raise `otherwise` for a foreign project (its ids never answer) and `Forbidden` for a lacking right."""
        if not any(m.project_id == project_id for m in self.memberships):
            raise otherwise
        if not self.may(permission, project_id):
            raise Forbidden

    def project_name(self, project_id: ProjectId) -> str:
        """Return the name of a project of theirs."""
        return next(m.name for m in self.memberships if m.project_id == project_id)
