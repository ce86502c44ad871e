"""The users of an installation, looked after by its administrators."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import repository
from runyard.access.actors import Actors
from runyard.access.identities import demand_password
from runyard.access.models import Session, User
from runyard.access.passwords import Passwords
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import Database, after_commit
from runyard.errors import Conflict, Missing

logger = log.get("access")


class NoSuchUser(Missing):
    """There is no user of that name or id."""

    code = "no_such_user"


class UsernameTaken(Conflict):
    """There is a user of that name already."""


class LastAdministrator(Conflict):
    """They are the last administrator who can sign in; make somebody else one first."""


@dataclass(frozen=True, slots=True)
class Made:
    """A user, and the password that was made up for them, to be shown once."""

    user: User
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a user; None leaves it as it is, and an empty address takes it away."""

    display_name: str | None = None
    email: str | None = None
    is_admin: bool | None = None
    disabled: bool | None = None


class Users:
    """Users as administrators see them.

    Making one and giving a new password run their own transactions: a password is never computed while one is held.
    """

    def __init__(self, database: Database, passwords: Passwords, actors: Actors) -> None:
        self._database = database
        self._passwords = passwords
        self._actors = actors

    async def page(
        self, session: AsyncSession, query: str, *, disabled: bool | None, after: str | None, limit: int
    ) -> Sequence[User]:
        """Return up to `limit` users by name, beginning after the folded name `after`."""
        wanted: list[ColumnElement[bool]] = []
        if query:
            like = f"%{_literal(repository.folded(query))}%"
            wanted.append(
                or_(
                    User.username_key.like(like, escape="\\"),
                    func.lower(User.display_name).like(f"%{_literal(query.lower())}%", escape="\\"),
                    User.email_key.like(f"%{_literal(repository.email_key(query))}%", escape="\\"),
                )
            )
        if disabled is not None:
            wanted.append(User.disabled.is_(disabled))
        if after is not None:
            wanted.append(User.username_key > after)
        return (await session.scalars(select(User).where(*wanted).order_by(User.username_key).limit(limit))).all()

    async def seen(self, session: AsyncSession, user_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when each of them last renewed or began a session."""
        rows = await session.execute(
            select(Session.user_id, func.max(Session.used_at))
            .where(Session.user_id.in_(user_ids))
            .group_by(Session.user_id)
        )
        return dict(iter(rows))

    async def find(self, session: AsyncSession, named: str) -> User:
        """Return the user of that id or name, however it is spelt; raise `NoSuchUser`."""
        user = await repository.user(session, named[:32]) or await repository.user_named(session, named)
        if user is None:
            raise NoSuchUser
        return user

    async def create(
        self,
        username: str,
        password: str | None,
        *,
        display_name: str = "",
        email: str | None = None,
        is_admin: bool = False,
    ) -> Made:
        """Add a user, with a password made up if none is given; raise `UsernameTaken`."""
        given = password or invented()
        async with self._passwords.turn(known=True):
            hashed = await self._passwords.choose(given)
        now = clock.now()
        user = User(
            id=ids.new("usr"),
            username=username,
            username_key=repository.folded(username),
            password_hash=hashed,
            display_name=display_name,
            email=email,
            email_key=repository.email_key(email) if email else None,
            is_admin=is_admin,
            created_at=now,
            password_changed_at=now,
        )
        try:
            async with self._database.write() as session:
                session.add(user)
                about(_target(user), after={"username": username, "is_admin": is_admin})
        except IntegrityError as error:
            raise UsernameTaken from error
        logger.info("user.created", user_id=user.id, is_admin=is_admin)
        return Made(user, None if password else given)

    async def change(self, session: AsyncSession, named: str, changes: Changes) -> User:
        """Change what a user is; who is disabled is signed out everywhere at once, and their tokens are worth nothing.

        What they own goes on as it is. Raises: NoSuchUser; LastAdministrator.
        """
        user = await self.find(session, named)
        before = _facts(user)
        loses = (changes.is_admin is False and user.is_admin) or (changes.disabled is True and user.is_admin)
        if loses and not user.disabled:
            await self._demand_another(session, user)
        if changes.display_name is not None:
            user.display_name = changes.display_name
        if changes.email is not None:
            set_email(user, changes.email or None)
        if changes.is_admin is not None:
            user.is_admin = changes.is_admin
        if changes.disabled is not None:
            user.disabled = changes.disabled
            if changes.disabled:
                await repository.revoke_others(session, user.id, "", clock.now())
        await session.flush()
        about(_target(user), before, _facts(user))
        after_commit(session, self._actors.forget)
        logger.info("user.changed", user_id=user.id, is_admin=user.is_admin, disabled=user.disabled)
        return user

    async def new_password(self, named: str, password: str | None) -> Made:
        """Give a user another password, made up if none is given, and end their sessions.

        Raises: NoSuchUser; PasswordElsewhere.
        """
        async with self._database.read() as session:
            user = await self.find(session, named)
            await demand_password(session, user)
            user_id = user.id
        given = password or invented()
        async with self._passwords.turn(known=True):
            hashed = await self._passwords.choose(given)
        now = clock.now()
        async with self._database.write() as session:
            user = await self.find(session, user_id)
            user.password_hash, user.password_changed_at = hashed, now
            about(_target(user))
            await repository.revoke_others(session, user.id, "", now)
            after_commit(session, self._actors.forget)
        logger.info("user.password_reset", user_id=user.id)
        return Made(user, None if password else given)

    async def _demand_another(self, session: AsyncSession, user: User) -> None:
        # Locked, so that two administrators do not dismiss one another.
        rows = await session.scalars(select(User.id).where(User.is_admin, User.disabled.is_(False)).with_for_update())
        if set(rows) <= {user.id}:
            raise LastAdministrator


def set_email(user: User, email: str | None) -> None:
    """Set a user's address that is known to be theirs."""
    user.email = email
    user.email_key = repository.email_key(email) if email else None


def invented() -> str:
    """Return a password that nobody has to think up."""
    return secrets.token_urlsafe(15)


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)


def _facts(user: User) -> dict[str, object]:
    return {name: getattr(user, name) for name in ("display_name", "email", "is_admin", "disabled")}


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
