"""How new people come in: by an invitation, or by themselves where the installation allows it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import letters, repository
from runyard.access.budgets import Budgets
from runyard.access.clients import Client
from runyard.access.mail_links import LinkSpent
from runyard.access.models import Invitation, User
from runyard.access.passwords import Passwords
from runyard.access.permissions import ROLES, Actor
from runyard.access.roles import NoSuchRole, Roles
from runyard.access.tokens import fingerprint
from runyard.access.users import UsernameTaken, set_email
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.errors import Forbidden, Missing
from runyard.mail.post import Post
from runyard.projects import repository as projects_repository
from runyard.projects.models import Project
from runyard.projects.promotions import administering
from runyard.projects.service import DEFAULT, ProjectService
from runyard.settings import Settings
from runyard.web.addresses import counted_as
from runyard.web.buckets import Rate

logger = log.get("access")

REGISTERED = Rate(burst=5, per_s=3600)
"""How many users one address may make."""
REGISTERED_IN_ALL = Rate(burst=100, per_s=3600)


class NoSuchInvitation(Missing):
    """There is no such invitation, or it is over."""

    code = "no_such_invitation"


class RegistrationClosed(Forbidden):
    """Nobody registers by themselves here; ask an administrator for an invitation."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody says of themselves when they come in."""

    username: str
    password: str = field(repr=False)
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation, the link that opens it, told this once, and whether it was mailed."""

    row: Invitation
    link: str = field(repr=False)
    mailed: bool


class Arrivals:
    """Invitations and registration. Passwords are never computed while a transaction is held."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        passwords: Passwords,
        projects: ProjectService,
        roles: Roles,
        post: Post,
        budgets: Budgets,
    ) -> None:
        self._database = database
        self._settings = settings
        self._passwords = passwords
        self._projects = projects
        self._roles = roles
        self._post = post
        self._budgets = budgets

    @property
    def open_to_all(self) -> bool:
        """Whether people may register by themselves."""
        return self._settings.access.registration

    # Invitations

    async def invite(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        email: str | None,
        places: Sequence[tuple[str, str]],
        is_admin: bool,
        days: float | None,
    ) -> Invited:
        """Make an invitation to come in, with a role in each of some projects, named by name or id.

        It is mailed where there is an address and mail is set up. Raises: NoSuchProject; NoSuchRole.
        """
        given = []
        for project, role in places:
            given.append([actor.place(project).project_id, (await self._roles.find(session, role)).key])
        token, now = secrets.token_urlsafe(32), clock.now()
        row = Invitation(
            id=ids.new("inv"),
            token_hash=fingerprint(token),
            email=email,
            is_admin=is_admin,
            places=given,
            created_by=actor.user_id,
            created_at=now,
            expires_at=now + timedelta(days=days or self._settings.access.invitation_days),
        )
        session.add(row)
        await session.flush()
        facts = {"email": email, "is_admin": is_admin, "projects": given, "expires_at": row.expires_at}
        record(session, actor, "invitation.create", _target(row), after=facts)
        link, place = f"{self._settings.base_url}/invitation#{token}", self._settings.base_url
        mailed = email is not None and self._post.is_set_up
        if email is not None and mailed:
            inviter = await session.get_one(User, actor.user_id)
            words = {"inviter": inviter.display_name or inviter.username, "link": link}
            until = letters.spelt(row.expires_at)
            letter = letters.letter("invitation", inviter.language, email, place, until=until, **words)
            self._post.send_after(session, letter)
        logger.info("invitation.made", invitation_id=row.id, by=actor.user_id)
        return Invited(row, link, mailed)

    async def page(
        self, session: AsyncSession, now: datetime, after: str | None, limit: int
    ) -> Sequence[tuple[Invitation, User]]:
        """Return invitations that are still open and who made them, the newest first, beginning after an id."""
        query = select(Invitation, User).join(User, User.id == Invitation.created_by).where(*_open(now))
        if after is not None:
            query = query.where(Invitation.id < after)
        rows = await session.execute(query.order_by(Invitation.id.desc()).limit(limit))
        return [(row, user) for row, user in rows]

    async def revoke(self, session: AsyncSession, actor: Actor, invitation_id: str) -> None:
        """Have a link open nothing any more; raise `NoSuchInvitation`."""
        query = select(Invitation).where(Invitation.id == invitation_id[:32], *_open(clock.now()))
        row = None if "\0" in invitation_id else (await session.scalars(query.with_for_update())).one_or_none()
        if row is None:
            raise NoSuchInvitation
        row.revoked_at = clock.now()
        record(session, actor, "invitation.revoke", _target(row), {"email": row.email})
        logger.info("invitation.revoked", invitation_id=row.id, by=actor.user_id)

    async def look(self, session: AsyncSession, token: str) -> tuple[Invitation, User]:
        """Return what a link invites to, and who invites; raise `LinkSpent`.

        An invitation is worth nothing once its maker may not make one any more.
        """
        row = await repository.invitation(session, fingerprint(token))
        now = clock.now()
        if row is None or row.revoked_at is not None or row.accepted_at is not None or row.expires_at <= now:
            raise LinkSpent
        inviter = await repository.user(session, row.created_by)
        if inviter is None or inviter.disabled or not inviter.is_admin:
            raise LinkSpent
        return row, inviter

    async def accept(self, token: str, newcomer: Newcomer, client: Client) -> User:
        """Make the user that a link invites; raise `LinkSpent`, `UsernameTaken`."""
        async with self._database.read() as session:
            await self.look(session, token)
        user = await self._made(newcomer)
        try:
            async with self._database.write() as session:
                row, _inviter = await self.look(session, token)
                user.is_admin = row.is_admin
                set_email(user, row.email)
                session.add(user)
                await session.flush()
                for project_id, role in row.places:
                    await self._join(session, project_id, role, user, client)
                row.accepted_at, row.accepted_by = clock.now(), user.id
                facts = {"user": user.username, "is_admin": user.is_admin, "projects": row.places}
                record(session, client.as_who(user), "invitation.accept", _target(row), after=facts)
        except IntegrityError as error:
            raise UsernameTaken from error
        logger.info("invitation.accepted", invitation_id=row.id, user_id=user.id)
        return user

    # By themselves

    async def register(self, newcomer: Newcomer, client: Client) -> User:
        """Make a user of whoever asks; raise `RegistrationClosed`, `UsernameTaken`, `TooManyRequests`.

        Names that are taken count as well, so that nobody tries them all; passwords that won't do don't.
        """
        if not self.open_to_all:
            raise RegistrationClosed
        await self._passwords.demand_uncommon(newcomer.password)
        address = counted_as(client.address)
        await self._budgets.spend({("registered", address): REGISTERED, ("registered in all",): REGISTERED_IN_ALL})
        user = await self._made(newcomer)
        try:
            async with self._database.write() as session:
                session.add(user)
                await session.flush()
                await self._welcome(session, user, client)
                record(session, client.as_who(user), "user.register", Target("user", user.id, user.username))
        except IntegrityError as error:
            raise UsernameTaken from error
        logger.info("user.registered", user_id=user.id, address=client.address)
        return user

    # Parts

    async def _made(self, newcomer: Newcomer) -> User:
        async with self._passwords.turn():
            hashed = await self._passwords.choose(newcomer.password)
        now = clock.now()
        return User(
            id=ids.new("usr"),
            username=newcomer.username,
            username_key=repository.folded(newcomer.username),
            password_hash=hashed,
            display_name=newcomer.display_name,
            is_admin=False,
            created_at=now,
            password_changed_at=now,
        )

    async def _welcome(self, session: AsyncSession, user: User, client: Client) -> None:
        """Give somebody new their role in the default project, where the settings name one."""
        role = self._settings.access.registration_role
        project = await projects_repository.by_name(session, DEFAULT) if role else None
        if project is not None:
            try:
                key = (await self._roles.find(session, role)).key
            except NoSuchRole:
                logger.error("registration.no_such_role", role=role)  # noqa: TRY400 - a setting is wrong, no code is
                return
            await self._join(session, project.id, key, user, client)

    async def _join(self, session: AsyncSession, project_id: str, role: str, user: User, client: Client) -> None:
        """Make somebody a member, unless the project or the role went away meanwhile."""
        project = await session.get(Project, project_id)
        there = role in ROLES or bool(await projects_repository.role_names(session, {role}))
        if project is None or not there:
            logger.warning("invitation.place_gone", project_id=project_id, role=role)
            return
        await self._projects.join(session, project_id, user.id, role, clock.now())
        before, after = await administering(session, None, role)
        target = Target("member", user.id, user.username, project_id)
        held, given = {"role": None, **before}, {"role": role, **after}
        record(session, client.as_who(user), "member.add", target, held, given)


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Invitation.revoked_at.is_(None), Invitation.accepted_at.is_(None), Invitation.expires_at > now)


def _target(row: Invitation) -> Target:
    return Target("invitation", row.id, row.email or "")
