"""Who may do what: permissions, the roles that bundle them, and the actor who holds them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from runyard.errors import Forbidden, Missing
from runyard.ids import ProjectId, UserId


class Permission(StrEnum):
    """One thing that may be allowed. ``self:`` is everybody's, ``system:`` belongs to the installation."""

    self_read = "self:read"
    self_manage = "self:manage"
    project_read = "project:read"
    project_manage = "project:manage"
    approval_decide = "approval:decide"
    script_read = "script:read"
    script_write = "script:write"
    script_review = "script:review"
    run_read = "run:read"
    run_submit = "run:submit"
    run_cancel = "run:cancel"
    run_manage = "run:manage"
    job_read = "job:read"
    job_write = "job:write"
    environment_read = "environment:read"
    environment_manage = "environment:manage"
    system_read = "system:read"
    system_manage = "system:manage"
    audit_read = "audit:read"
    secret_use = "secret:use"  # noqa: S105 - a permission, not a secret
    secret_manage = "secret:manage"  # noqa: S105 - another
    connection_read = "connection:read"


class Role(StrEnum):
    """The built-in roles within a project."""

    admin = "admin"
    developer = "developer"
    viewer = "viewer"


EVERYBODY = frozenset({Permission.self_read, Permission.self_manage})
"""What nobody needs a project for; a token of the API holds the second only if it says so."""
INSTALLATION = frozenset({Permission.system_manage})
"""What no role in a project gives: only administrators of the installation hold it."""
GRANTABLE = frozenset(Permission) - EVERYBODY - INSTALLATION
"""What a role in a project may consist of."""
LISTED = frozenset({Permission.project_read, Permission.script_read, Permission.run_read, Permission.job_read})
"""What guards lists that show to everybody what is theirs: to whom belongs to no project, nothing."""

_MEMBER = EVERYBODY | {Permission.project_read}
_VIEWER = _MEMBER | {
    Permission.script_read,
    Permission.run_read,
    Permission.job_read,
    Permission.environment_read,
    Permission.system_read,
}
_DEVELOPER = _VIEWER | {
    Permission.script_write,
    Permission.script_review,
    Permission.run_submit,
    Permission.run_cancel,
    Permission.job_write,
    Permission.secret_use,
    Permission.connection_read,
}
ROLES: dict[Role, frozenset[Permission]] = {
    Role.viewer: _VIEWER,
    Role.developer: _DEVELOPER,
    Role.admin: EVERYBODY | GRANTABLE,
}


def of_role(named: Iterable[str]) -> frozenset[Permission]:
    """Return what a role of these permissions gives: to change a thing is to see it too.

    Names that this version does not know, and what no role may give, are left out.
    """
    return _MEMBER | closed(frozenset(Permission(name) for name in named if name in _NAMES) & GRANTABLE)


def of_token(named: Iterable[str]) -> frozenset[Permission]:
    """Return all that a token of these permissions could ever allow: to change a thing is to see it too."""
    return closed(Permission(name) for name in named if name in _NAMES) | {Permission.self_read}


def closed(permissions: Iterable[Permission]) -> frozenset[Permission]:
    """Return permissions with the reading of whatever they let be changed."""
    chosen = frozenset(permissions)
    reading = {f"{permission.partition(':')[0]}:read" for permission in chosen}
    return chosen | {Permission(name) for name in reading if name in _NAMES}


_NAMES = frozenset(permission.value for permission in Permission)


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
    """Who asks: a user and the projects where they may do something. Foreign projects do not exist for them.

    Who comes with a token of the API has its `token_id`, and in `scopes` all that the token could ever allow;
    `is_admin` and `memberships` are narrowed to that already. Who `owes_second_factor` holds nothing, and may set
    one up.
    """

    user_id: UserId
    username: str
    session_id: str
    is_admin: bool
    memberships: tuple[Membership, ...] = field(default=())
    token_id: str | None = None
    scopes: frozenset[Permission] | None = None
    owes_second_factor: bool = False
    _by_id: dict[ProjectId, Membership] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, Membership] = field(init=False, repr=False, compare=False)
    _anywhere: frozenset[Permission] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Looked up with every request, made once for many.
        object.__setattr__(self, "_by_id", {m.project_id: m for m in self.memberships})
        object.__setattr__(self, "_by_name", {m.name: m for m in self.memberships})
        held = frozenset[Permission]().union(*{m.permissions for m in self.memberships})
        object.__setattr__(self, "_anywhere", held)

    def may(self, permission: Permission, project_id: ProjectId | None = None) -> bool:
        """Whether the permission is held in that project, or in any when none is named; oneself is everybody's."""
        if permission in EVERYBODY:
            return permission is Permission.self_read or self.scopes is None or permission in self.scopes
        if permission in INSTALLATION:
            return self.is_admin
        if project_id is None:
            return permission in self._anywhere
        place = self._by_id.get(project_id)
        return place is not None and permission in place.permissions

    def passes(self, permission: Permission, *, names_something: bool) -> bool:
        """Whether a guard lets the actor on to a service, which decides about the very thing.

        A request that names a thing in its path must be told that a foreign one is missing, not that it is forbidden.
        """
        if self.scopes is not None and permission not in self.scopes:
            return False
        if self.may(permission):
            return True
        return permission in GRANTABLE and (names_something or permission in LISTED)

    def projects(self, permission: Permission, name: str | None = None) -> tuple[ProjectId, ...]:
        """Return the projects that lists may show, narrowed to one by `name`; raise `NoSuchProject`."""
        if name is None:
            return tuple(m.project_id for m in self.memberships if permission in m.permissions)
        place = self._by_name.get(name)
        if place is None:
            raise NoSuchProject
        return (place.project_id,) if permission in place.permissions else ()

    def project(self, name: str, permission: Permission) -> ProjectId:
        """Return the id of the named project if the permission is held there; raise otherwise."""
        place = self._by_name.get(name)
        if place is None:
            raise NoSuchProject
        if permission not in place.permissions:
            raise Forbidden
        return place.project_id

    def place(self, named: str) -> Membership:
        """Return their place in the project of that name or id; raise `NoSuchProject`."""
        place = self._by_name.get(named) or self._by_id.get(ProjectId(named))
        if place is None:
            raise NoSuchProject
        return place

    def demand(self, permission: Permission, project_id: ProjectId, otherwise: type[Missing]) -> None:
        """Raise `otherwise` for a foreign project (its ids never answer) and `Forbidden` for a lacking right."""
        if project_id not in self._by_id:
            raise otherwise
        if not self.may(permission, project_id):
            raise Forbidden

    def project_name(self, project_id: ProjectId) -> str:
        """Return the name of a project of theirs."""
        return self._by_id[project_id].name
