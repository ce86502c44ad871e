"""The members of projects over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.projects.members import Member, Members, TeamPlace
from runyard.projects.schemas import MemberBody, MemberCreate, ProjectTeamBody, ProjectTeamCreate, RoleChoice
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(prefix="/projects/{project}", tags=["projects"])
Register = Annotated[Members, Depends(provided(Members))]
Reader = Annotated[Actor, allow(Permission.project_read)]
Manager = Annotated[Actor, allow(Permission.project_manage)]


@router.get("/members", operation_id="list_members")
async def list_members(
    actor: Reader, session: Reading, members: Register, window: Paging, project: str
) -> Page[MemberBody]:
    """List who is a member themselves, by username; whoever belongs by a team is listed there."""
    after = window.after(str)
    rows = await members.people(session, actor, project, after[0] if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    return Page(items=[_member(row) for row in shown], next_cursor=cursor_of(last.user.username_key) if last else None)


@router.post("/members", operation_id="add_member", status_code=201)
async def add_member(
    actor: Manager, session: Transaction, members: Register, project: str, body: MemberCreate
) -> MemberBody:
    """Make a user a member with a role."""
    return _member(await members.add(session, actor, project, body.who, body.role))


@router.patch("/members/{user}", operation_id="change_member")
async def change_member(
    actor: Manager, session: Transaction, members: Register, project: str, user: str, body: RoleChoice
) -> MemberBody:
    """Give a member another role; it holds at once."""
    return _member(await members.change(session, actor, project, user, body.role))


@router.delete("/members/{user}", operation_id="remove_member", status_code=204)
async def remove_member(actor: Manager, session: Transaction, members: Register, project: str, user: str) -> None:
    """End a membership, at once. You may always leave; the last admin may not."""
    await members.remove(session, actor, project, user)


@router.get("/teams", operation_id="list_project_teams")
async def list_project_teams(
    actor: Reader, session: Reading, members: Register, window: Paging, project: str
) -> Page[ProjectTeamBody]:
    """List the teams that are members, by name."""
    after = window.after(str)
    rows = await members.teams(session, actor, project, after[0] if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    return Page(items=[_team(row) for row in shown], next_cursor=cursor_of(last.team.name_key) if last else None)


@router.post("/teams", operation_id="add_project_team", status_code=201)
async def add_project_team(
    actor: Manager, session: Transaction, members: Register, project: str, body: ProjectTeamCreate
) -> ProjectTeamBody:
    """Make a team a member with a role that all its people hold."""
    return _team(await members.put_team(session, actor, project, body.team, body.role, anew=True))


@router.patch("/teams/{team}", operation_id="change_project_team")
async def change_project_team(
    actor: Manager, session: Transaction, members: Register, project: str, team: str, body: RoleChoice
) -> ProjectTeamBody:
    """Give a team another role; it holds at once."""
    return _team(await members.put_team(session, actor, project, team, body.role, anew=False))


@router.delete("/teams/{team}", operation_id="remove_project_team", status_code=204)
async def remove_project_team(actor: Manager, session: Transaction, members: Register, project: str, team: str) -> None:
    """End a team's membership, at once."""
    await members.remove_team(session, actor, project, team)


def _member(member: Member) -> MemberBody:
    return MemberBody(
        user_id=member.user.id,
        username=member.user.username,
        display_name=member.user.display_name,
        disabled=member.user.disabled,
        role=member.role_name,
        role_id=member.role,
        added_at=member.since,
    )


def _team(place: TeamPlace) -> ProjectTeamBody:
    return ProjectTeamBody(
        team_id=place.team.id,
        name=place.team.name,
        members=place.people,
        role=place.role_name,
        role_id=place.role,
        added_at=place.since,
    )
