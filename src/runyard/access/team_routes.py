"""Teams and roles over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from runyard.access.guards import allow
from runyard.access.models import Team, TeamMember, User
from runyard.access.people_schemas import (
    PermissionBody,
    RoleBody,
    RoleChange,
    RoleCreate,
    TeamBody,
    TeamChange,
    TeamCreate,
    TeamDetail,
    TeamMemberBody,
    TeamProject,
    WhoBody,
)
from runyard.access.permissions import EVERYBODY, GRANTABLE, Actor, Permission
from runyard.access.repository import folded
from runyard.access.roles import Described, Roles
from runyard.access.teams import Teams
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation
from runyard.audit.events import Target
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut, sliced

router = APIRouter(tags=["teams and roles"])
RoleBook = Annotated[Roles, Depends(provided(Roles))]
TeamBook = Annotated[Teams, Depends(provided(Teams))]
Administrator = Annotated[Actor, allow(Permission.system_manage)]
Anybody = Annotated[Actor, allow(Permission.self_read)]


@router.get("/permissions", operation_id="list_permissions")
async def list_permissions(_actor: Anybody) -> Page[PermissionBody]:
    """List the permissions that roles and tokens are made of."""
    items = [PermissionBody(name=name, grantable=name in GRANTABLE) for name in Permission if name not in EVERYBODY]
    return Page(items=items)


@router.get("/roles", operation_id="list_roles")
async def list_roles(_actor: Anybody, session: Reading, roles: RoleBook, window: Paging) -> Page[RoleBody]:
    """List the built-in roles, then those of this installation by name."""
    shown, cursor = sliced(await roles.listed(session), window, _place, 2)
    return Page(items=[_role(role) for role in shown], next_cursor=cursor)


@router.post("/roles", operation_id="create_role", status_code=201)
async def create_role(_actor: Administrator, session: Transaction, roles: RoleBook, body: RoleCreate) -> RoleBody:
    """Make a role of permissions."""
    return _role(await roles.create(session, body.name, body.description, body.permissions))


@router.get("/roles/{role}", operation_id="get_role")
async def get_role(_actor: Anybody, session: Reading, roles: RoleBook, role: str) -> RoleBody:
    """Get a role by name or id."""
    return _role(await roles.find(session, role))


@router.patch("/roles/{role}", operation_id="change_role")
async def change_role(
    actor: Administrator, session: Transaction, roles: RoleBook, role: str, body: RoleChange
) -> RoleBody:
    """Change a role; who holds it holds at once what it gives now."""
    before = await roles.find(session, role)
    if body.permissions is not None:
        target, held = Target("role", before.key, before.name), {"permissions": sorted(before.permissions)}
        await demand(
            session, actor, Operation.member_change, target, held, {"permissions": sorted(set(body.permissions))}
        )
    changed = await roles.change(
        session, role, name=body.name, description=body.description, permissions=body.permissions
    )
    return _role(changed)


@router.delete("/roles/{role}", operation_id="delete_role", status_code=204)
async def delete_role(_actor: Administrator, session: Transaction, roles: RoleBook, role: str) -> None:
    """Delete a role that nobody holds."""
    await roles.delete(session, role)


@router.get("/teams", operation_id="list_teams")
async def list_teams(actor: Anybody, session: Reading, teams: TeamBook, window: Paging) -> Page[TeamBody]:
    """List teams by name: yours, or all for administrators."""
    after = window.after(str)
    shown, last = cut(await teams.page(session, actor, after[0] if after else None, window.limit + 1), window.limit)
    items = [_team(team, people) for team, people in shown]
    return Page(items=items, next_cursor=cursor_of(last[0].name_key) if last else None)


@router.post("/teams", operation_id="create_team", status_code=201)
async def create_team(_actor: Administrator, session: Transaction, teams: TeamBook, body: TeamCreate) -> TeamBody:
    """Make a team."""
    return _team(await teams.create(session, body.name, body.description), 0)


@router.get("/teams/{team}", operation_id="get_team")
async def get_team(actor: Anybody, session: Reading, teams: TeamBook, roles: RoleBook, team: str) -> TeamDetail:
    """Get a team by name or id, with its roles in the projects that you see."""
    row = await teams.find(session, actor, team)
    names = {role.key: role.name for role in await roles.listed(session)}
    places = [
        TeamProject(id=project.id, name=project.name, role=names.get(role, role))
        for project, role in await teams.projects(session, actor, row)
    ]
    people = await teams.count(session, row)
    return TeamDetail(**_team(row, people).model_dump(), projects=places)


@router.patch("/teams/{team}", operation_id="change_team")
async def change_team(
    _actor: Administrator, session: Transaction, teams: TeamBook, team: str, body: TeamChange
) -> TeamBody:
    """Rename or describe a team."""
    row = await teams.change(session, team, body.name, body.description)
    return _team(row, await teams.count(session, row))


@router.delete("/teams/{team}", operation_id="delete_team", status_code=204)
async def delete_team(_actor: Administrator, session: Transaction, teams: TeamBook, team: str) -> None:
    """Delete a team; what its people held through it ends at once."""
    await teams.delete(session, team)


@router.get("/teams/{team}/members", operation_id="list_team_members")
async def list_team_members(
    actor: Anybody, session: Reading, teams: TeamBook, window: Paging, team: str
) -> Page[TeamMemberBody]:
    """List who is in a team, by username."""
    after, row = window.after(str), await teams.find(session, actor, team)
    shown, last = cut(await teams.people(session, row, after[0] if after else None, window.limit + 1), window.limit)
    items = [_member(member, user) for member, user in shown]
    return Page(items=items, next_cursor=cursor_of(last[1].username_key) if last else None)


@router.post("/teams/{team}/members", operation_id="add_team_member", status_code=201)
async def add_team_member(
    actor: Administrator, session: Transaction, teams: TeamBook, team: str, body: WhoBody
) -> TeamMemberBody:
    """Put a user into a team."""
    row, member, user = await teams.add(session, team, body.who)
    target = Target("team", row.id, row.name)
    await demand(session, actor, Operation.member_change, target, after={"member": user.username})
    return _member(member, user)


@router.delete("/teams/{team}/members/{user}", operation_id="remove_team_member", status_code=204)
async def remove_team_member(
    _actor: Administrator, session: Transaction, teams: TeamBook, team: str, user: str
) -> None:
    """Take a user out of a team."""
    await teams.remove(session, team, user)


def _place(role: Described) -> tuple[str, str]:
    """Where a role stands in their list."""
    return ("0" if role.built_in else "1", folded(role.name))


def _role(role: Described) -> RoleBody:
    return RoleBody(
        id=role.key,
        name=role.name,
        description=role.description,
        permissions=sorted(role.permissions),
        built_in=role.built_in,
    )


def _team(team: Team, people: int) -> TeamBody:
    return TeamBody(
        id=team.id, name=team.name, description=team.description, members=people, created_at=team.created_at
    )


def _member(member: TeamMember, user: User) -> TeamMemberBody:
    return TeamMemberBody(
        user_id=user.id,
        username=user.username,
        display_name=user.display_name,
        disabled=user.disabled,
        added_at=member.created_at,
    )
