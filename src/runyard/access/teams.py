"""Teams: named groups of users that are given roles in projects as one."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.actors import Actors
from runyard.access.models import Team, TeamMember, User
from runyard.access.permissions import Actor
from runyard.access.repository import folded
from runyard.access.users import Users
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import after_commit
from runyard.errors import Conflict, Missing
from runyard.projects import promotions
from runyard.projects.models import Project, ProjectTeam

logger = log.get("access")


class NoSuchTeam(Missing):
    """There is no team of that name or id."""

    code = "no_such_team"


class TeamNameTaken(Conflict):
    """There is a team of that name already."""


class NotInTeam(Missing):
    """They are not in this team."""

    code = "not_in_team"


class Teams:
    """The teams of an installation. Administrators see all, everybody else those that they are in."""

    def __init__(self, users: Users, actors: Actors) -> None:
        self._users = users
        self._actors = actors

    async def page(
        self, session: AsyncSession, actor: Actor, after: str | None, limit: int
    ) -> Sequence[tuple[Team, int]]:
        """Return up to `limit` teams that the actor sees, by name after `after`, and how many people each is."""
        people = select(TeamMember.team_id, func.count().label("people")).group_by(TeamMember.team_id).subquery()
        query = (
            select(Team, func.coalesce(people.c.people, 0))
            .outerjoin(people, people.c.team_id == Team.id)
            .order_by(Team.name_key)
            .limit(limit)
        )
        if not actor.is_admin:
            query = query.where(Team.id.in_(_teams_of(actor)))
        if after is not None:
            query = query.where(Team.name_key > after)
        return [(team, count) for team, count in await session.execute(query)]

    async def find(self, session: AsyncSession, actor: Actor, named: str) -> Team:
        """Return the team of that name or id if the actor sees it; raise `NoSuchTeam`."""
        team = await self.any(session, named)
        if not actor.is_admin and team.id not in (await session.scalars(_teams_of(actor))).all():
            raise NoSuchTeam
        return team

    async def any(self, session: AsyncSession, named: str) -> Team:
        """Return the team of that name or id, whoever asks; raise `NoSuchTeam`."""
        team = await session.get(Team, named[:32])
        if team is None:
            team = (await session.scalars(select(Team).where(Team.name_key == folded(named)))).one_or_none()
        if team is None:
            raise NoSuchTeam
        return team

    async def people(
        self, session: AsyncSession, team: Team, after: str | None, limit: int
    ) -> Sequence[tuple[TeamMember, User]]:
        """Return up to `limit` people of a team, by username after the folded `after`."""
        query = (
            select(TeamMember, User)
            .join(User, User.id == TeamMember.user_id)
            .where(TeamMember.team_id == team.id)
            .order_by(User.username_key)
            .limit(limit)
        )
        if after is not None:
            query = query.where(User.username_key > after)
        return [(member, user) for member, user in await session.execute(query)]

    async def count(self, session: AsyncSession, team: Team) -> int:
        """Return of how many people a team is."""
        query = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team.id)
        return (await session.execute(query)).scalar_one()

    async def projects(self, session: AsyncSession, actor: Actor, team: Team) -> Sequence[tuple[Project, str]]:
        """Return the projects that the actor sees and that a team has a role in, by name, with that role's key."""
        rows = await session.execute(
            select(Project, ProjectTeam.role)
            .join(ProjectTeam, ProjectTeam.project_id == Project.id)
            .where(ProjectTeam.team_id == team.id, Project.id.in_([m.project_id for m in actor.memberships]))
            .order_by(Project.name)
        )
        return [(project, role) for project, role in rows]

    async def create(self, session: AsyncSession, name: str, description: str) -> Team:
        """Make a team; raise `TeamNameTaken`."""
        team = Team(id=ids.new("tea"), description=description, created_at=clock.now())
        session.add(team)
        await _named(session, team, name)
        about(Target("team", team.id, team.name), after={"name": name})
        logger.info("team.created", team_id=team.id)
        return team

    async def change(self, session: AsyncSession, named: str, name: str | None, description: str | None) -> Team:
        """Rename or describe a team; raise `NoSuchTeam`, `TeamNameTaken`."""
        team = await self.any(session, named)
        before = {"name": team.name, "description": team.description}
        if description is not None:
            team.description = description
        await _named(session, team, name or team.name)
        after = {"name": team.name, "description": team.description}
        about(Target("team", team.id, team.name), before, after)
        logger.info("team.changed", team_id=team.id)
        return team

    async def delete(self, session: AsyncSession, named: str) -> None:
        """Delete a team; what its people held through it ends at once. Raises: NoSuchTeam."""
        team = await self.any(session, named)
        about(Target("team", team.id, team.name))
        await session.delete(team)
        after_commit(session, self._actors.forget)
        logger.info("team.deleted", team_id=team.id)

    async def add(self, session: AsyncSession, named: str, who: str) -> tuple[Team, TeamMember, User]:
        """Put a user into a team; who is in it stays. Raises: NoSuchTeam; NoSuchUser."""
        team = await self.any(session, named)
        user = await self._users.find(session, who)
        about(Target("team", team.id, team.name), after={"person": user.username})
        member = await session.get(TeamMember, (team.id, user.id))
        if member is None:
            await promotions.by_team(session, team, user)
            member = TeamMember(team_id=team.id, user_id=user.id, created_at=clock.now())
            session.add(member)
            await session.flush()
            after_commit(session, self._actors.forget)
            logger.info("team.joined", team_id=team.id, user_id=user.id)
        return team, member, user

    async def remove(self, session: AsyncSession, named: str, who: str) -> None:
        """Take a user out of a team; raise `NoSuchTeam`, `NotInTeam`."""
        team = await self.any(session, named)
        user = await self._users.find(session, who)
        about(Target("team", team.id, team.name), {"person": user.username})
        done = await session.execute(
            delete(TeamMember)
            .where(TeamMember.team_id == team.id, TeamMember.user_id == user.id)
            .returning(TeamMember.user_id)
        )
        if done.first() is None:
            raise NotInTeam
        after_commit(session, self._actors.forget)
        logger.info("team.left", team_id=team.id, user_id=user.id)


def _teams_of(actor: Actor) -> Select[str]:
    return select(TeamMember.team_id).where(TeamMember.user_id == actor.user_id)


async def _named(session: AsyncSession, team: Team, name: str) -> None:
    team.name, team.name_key = name, folded(name)
    try:
        await session.flush()
    except IntegrityError as error:
        raise TeamNameTaken from error
