"""Who comes to look after a project, told beside the act by which they do: a new team, a role that grows.

What is done to a member says so in its own event, by `administering`.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import CustomRole, Team, User
from runyard.access.permissions import Permission
from runyard.audit.events import Target
from runyard.audit.record import beside
from runyard.projects import repository
from runyard.projects.models import ProjectMember, ProjectTeam
from runyard.projects.service import ProjectService

PROMOTED = "member.promote"
FACT = "administers"
"""Under this name events say whether somebody may look after a project's members."""
_projects = ProjectService()


async def administering(session: AsyncSession, *roles: str | None) -> list[dict[str, object]]:
    """Return for each role whether it looks after a project, as a fact of an event; no role does not."""
    rights = await _projects.rights(session, {role for role in roles if role is not None})
    return [{FACT: role is not None and Permission.project_manage in rights[role]} for role in roles]


async def by_team(session: AsyncSession, team: Team, user: User) -> None:
    """Write down of what projects somebody becomes an administrator who is about to join a team."""
    held = await repository.of_user(session, user.id)
    given = (await session.execute(select(ProjectTeam.project_id, ProjectTeam.role).filter_by(team_id=team.id))).all()
    rights = await _projects.rights(session, {one.role for one in held} | {role for _, role in given})
    already = {one.project_id for one in held if Permission.project_manage in rights[one.role]}
    places = [place for place, role in given if Permission.project_manage in rights[role] and place not in already]
    _tell(session, [Target("member", user.id, user.username, place) for place in places], f"team {team.name}")


async def by_role(session: AsyncSession, role: CustomRole) -> None:
    """Write down who becomes an administrator of what because a role of theirs looks after projects from now on."""
    people = await session.execute(
        select(ProjectMember.project_id, User.id, User.username)
        .join(User, User.id == ProjectMember.user_id)
        .where(ProjectMember.role == role.id)
        .order_by(User.username_key, ProjectMember.project_id)
    )
    teams = await session.execute(
        select(ProjectTeam.project_id, Team.id, Team.name)
        .join(Team, Team.id == ProjectTeam.team_id)
        .where(ProjectTeam.role == role.id)
        .order_by(Team.name_key, ProjectTeam.project_id)
    )
    found = [Target("member", id_, name, place) for place, id_, name in [*people, *teams]]
    _tell(session, found, f"role {role.name}")


def _tell(session: AsyncSession, targets: Sequence[Target], by: str) -> None:
    for target in targets:
        beside(session, PROMOTED, target, {FACT: False}, {FACT: True, "by": by})
