"""Who belongs to a project: people, teams, and the role that each has there."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access.actors import Actors
from runyard.access.models import Team, User
from runyard.access.permissions import EVERYBODY, Actor, NoSuchProject, Permission
from runyard.access.roles import Roles
from runyard.access.teams import Teams
from runyard.access.users import Users
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import after_commit
from runyard.errors import Conflict, Forbidden, Missing
from runyard.projects import repository
from runyard.projects.models import ProjectMember, ProjectTeam
from runyard.projects.promotions import administering
from runyard.projects.service import ProjectService

logger = log.get("projects")


class NotAMember(Missing):
    """They are not a member of this project."""

    code = "not_a_member"


class AlreadyMember(Conflict):
    """They are a member of this project already; change their role instead."""


class LastAdmin(Conflict):
    """Nobody would be left who looks after this project's members; make somebody else admin first."""


class RoleBeyondYours(Forbidden):
    """You can't give or take a role that holds more than you do yourself."""

    code = "role_beyond_yours"


class Member(Struct, frozen=True):
    """A person, and their own role in the project: its key, and its name."""

    user: User
    role: str
    role_name: str
    since: datetime


class TeamPlace(Struct, frozen=True):
    """A team, its role in the project, and of how many people it is."""

    team: Team
    role: str
    role_name: str
    people: int
    since: datetime


class Members:
    """The members of projects. Every method works within the session that it is given.

    Every change raises `NoSuchProject`, `Forbidden` without ``project:manage``, and `RoleBeyondYours`.
    """

    def __init__(self, projects: ProjectService, users: Users, teams: Teams, roles: Roles, actors: Actors) -> None:
        self._projects = projects
        self._users = users
        self._teams = teams
        self._roles = roles
        self._actors = actors

    async def people(
        self, session: AsyncSession, actor: Actor, project: str, after: str | None, limit: int
    ) -> list[Member]:
        """Return up to `limit` people who are members themselves, by username after the folded `after`."""
        place = _demand(actor, project, Permission.project_read)
        rows = await repository.members(session, place, after, limit)
        names = await self._names(session, [member.role for member, _user in rows])
        return [Member(user, member.role, names[member.role], member.created_at) for member, user in rows]

    async def teams(
        self, session: AsyncSession, actor: Actor, project: str, after: str | None, limit: int
    ) -> list[TeamPlace]:
        """Return up to `limit` teams that are members, by name after the folded `after`."""
        place = _demand(actor, project, Permission.project_read)
        rows = await repository.teams(session, place, after, limit)
        names = await self._names(session, [row.role for row, _team, _people in rows])
        return [TeamPlace(team, row.role, names[row.role], people, row.created_at) for row, team, people in rows]

    async def add(self, session: AsyncSession, actor: Actor, project: str, who: str, role: str) -> Member:
        """Make a user a member; raise `NoSuchUser`, `NoSuchRole`, `AlreadyMember`."""
        place = _demand(actor, project, Permission.project_manage)
        user = await self._users.find(session, who)
        if await session.get(ProjectMember, (place, user.id)) is not None:
            raise AlreadyMember
        return await self._give(session, actor, place, user, role)

    async def change(self, session: AsyncSession, actor: Actor, project: str, who: str, role: str) -> Member:
        """Give a member another role; raise `NotAMember`, `NoSuchRole`, `LastAdmin`."""
        place = _demand(actor, project, Permission.project_manage)
        user, member = await self._member(session, place, who)
        await self._demand_reach(session, actor, place, member.role)
        before = await self._looked_after(session, place)
        given = await self._give(session, actor, place, user, role)
        if before and not await self._looked_after(session, place):
            raise LastAdmin
        return given

    async def remove(self, session: AsyncSession, actor: Actor, project: str, who: str) -> None:
        """End a membership; people may always leave themselves. Raises: NotAMember; LastAdmin."""
        place = actor.place(project).project_id
        user, member = await self._member(session, place, who, strict=actor.may(Permission.project_manage, place))
        if user.id != actor.user_id:
            _demand(actor, project, Permission.project_manage)
            await self._demand_reach(session, actor, place, member.role)
            await demand(session, actor, Operation.member_change, _person(user, place), {"role": member.role})
        before = await self._looked_after(session, place)
        await repository.leave(session, place, user.id)
        about(_person(user, place), {"role": member.role})
        if before and not await self._looked_after(session, place):
            raise LastAdmin
        after_commit(session, self._actors.forget)
        logger.info("project.left", project_id=place, user_id=user.id, by=actor.user_id)

    async def put_team(
        self, session: AsyncSession, actor: Actor, project: str, named: str, role: str, *, anew: bool
    ) -> TeamPlace:
        """Give a team a role: a new member (`anew`), or one that has another role so far.

        Raises: NoSuchTeam; NoSuchRole; AlreadyMember; NotAMember; LastAdmin.
        """
        place = _demand(actor, project, Permission.project_manage)
        team = await self._teams.any(session, named)
        row = await session.get(ProjectTeam, (place, team.id))
        if anew and row is not None:
            raise AlreadyMember
        if not anew and row is None:
            raise NotAMember
        before = await self._looked_after(session, place)
        if row is not None:
            await self._demand_reach(session, actor, place, row.role)
        described = await self._roles.find(session, role)
        await self._demand_reach(session, actor, place, described.key)
        held = {"role": row.role if row else None}
        await demand(session, actor, Operation.member_change, _team(team, place), held, {"role": described.key})
        about(_team(team, place), *await _told(session, held, {"role": described.key}))
        if row is None:
            row = ProjectTeam(project_id=place, team_id=team.id, role=described.key, created_at=clock.now())
            session.add(row)
        row.role = described.key
        await session.flush()
        if before and not await self._looked_after(session, place):
            raise LastAdmin
        after_commit(session, self._actors.forget)
        logger.info("project.team", project_id=place, team_id=team.id, role=described.key, by=actor.user_id)
        return TeamPlace(team, row.role, described.name, await self._teams.count(session, team), row.created_at)

    async def remove_team(self, session: AsyncSession, actor: Actor, project: str, named: str) -> None:
        """End a team's membership; raise `NoSuchTeam`, `NotAMember`, `LastAdmin`."""
        place = _demand(actor, project, Permission.project_manage)
        team = await self._teams.any(session, named)
        row = await session.get(ProjectTeam, (place, team.id))
        if row is None:
            raise NotAMember
        await self._demand_reach(session, actor, place, row.role)
        await demand(session, actor, Operation.member_change, _team(team, place), {"role": row.role})
        before = await self._looked_after(session, place)
        about(_team(team, place), {"role": row.role})
        await repository.drop_team(session, place, team.id)
        if before and not await self._looked_after(session, place):
            raise LastAdmin
        after_commit(session, self._actors.forget)
        logger.info("project.team_left", project_id=place, team_id=team.id, by=actor.user_id)

    # Parts

    async def _give(self, session: AsyncSession, actor: Actor, place: str, user: User, role: str) -> Member:
        described = await self._roles.find(session, role)
        await self._demand_reach(session, actor, place, described.key)
        now = clock.now()
        held = await session.get(ProjectMember, (place, user.id))
        had, has = {"role": held.role if held else None}, {"role": described.key}
        await demand(session, actor, Operation.member_change, _person(user, place), had, has)
        about(_person(user, place), *await _told(session, had, has))
        await self._projects.join(session, place, user.id, described.key, now)
        member = await session.get_one(ProjectMember, (place, user.id))
        after_commit(session, self._actors.forget)
        logger.info("project.member", project_id=place, user_id=user.id, role=described.key, by=actor.user_id)
        return Member(user, described.key, described.name, member.created_at)

    async def _member(
        self, session: AsyncSession, place: str, who: str, *, strict: bool = True
    ) -> tuple[User, ProjectMember]:
        try:
            user = await self._users.find(session, who)
        except Missing:
            # Who may not look after members is not told whether there is such a user.
            raise (NotAMember if strict else Forbidden) from None
        member = await session.get(ProjectMember, (place, user.id))
        if member is None:
            raise NotAMember if strict else Forbidden
        return user, member

    async def _demand_reach(self, session: AsyncSession, actor: Actor, place: str, role: str) -> None:
        gives = (await self._projects.rights(session, {role}))[role] - EVERYBODY
        held = next((m.permissions for m in actor.memberships if m.project_id == place), frozenset[Permission]())
        if not gives <= held:
            raise RoleBeyondYours

    async def _looked_after(self, session: AsyncSession, place: str) -> bool:
        """Whether any enabled person holds ``project:manage`` as a member, directly or by a team."""
        # Locked, so that two admins do not dismiss one another.
        if await repository.lock(session, place) is None:
            raise NoSuchProject
        held = await repository.roles_of(session, place)
        rights = await self._projects.rights(session, {role for _user, role in held})
        return any(Permission.project_manage in rights[role] for _user, role in held)

    async def _names(self, session: AsyncSession, roles: Sequence[str]) -> dict[str, str]:
        made = await repository.role_names(session, set(roles))
        return {role: made.get(role, role) for role in roles}


def _person(user: User, place: str) -> Target:
    return Target("member", user.id, user.username, place)


def _team(team: Team, place: str) -> Target:
    return Target("member", team.id, team.name, place)


async def _told(
    session: AsyncSession, had: Mapping[str, str | None], has: Mapping[str, str | None]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return what was held and is held from now on, as the event tells it."""
    before, after = await administering(session, had["role"], has["role"])
    return {**had, **before}, {**has, **after}


def _demand(actor: Actor, project: str, permission: Permission) -> str:
    place = actor.place(project)
    if permission not in place.permissions:
        raise Forbidden
    return place.project_id
