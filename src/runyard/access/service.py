"""Signing in and staying signed in."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import repository, token_text
from runyard.access.actors import Actors
from runyard.access.brake import STRANGERS, Brake, Guesser, TooManyAttempts
from runyard.access.first_admin import FirstAdmin, make_first_admin
from runyard.access.models import Session, User
from runyard.access.passwords import Passwords
from runyard.access.permissions import Actor
from runyard.access.tokens import AccessTokens, BadToken, DeviceTokens, RefreshTokens, fingerprint
from runyard.audit.events import Outcome, Target, Who
from runyard.audit.record import record
from runyard.db.session import Database, after_commit
from runyard.errors import FieldError, Forbidden, Invalid, Problem, Unauthenticated
from runyard.live.bus import Bus
from runyard.projects.service import ProjectService
from runyard.secrets.keys import MasterKey
from runyard.settings import Settings
from runyard.web.buckets import Buckets, Rate

logger = log.get("access")

SESSIONS_KEPT = timedelta(days=30)
TOKENS_KEPT = timedelta(days=90)
NOTED = Rate(burst=30, per_s=60)
"""How many failures of one address are written down: nobody fills the disk by knocking."""
NOTED_IN_ALL = Rate(burst=300, per_s=60)


class BadCredentials(Unauthenticated):
    """The user name or the password is wrong."""


class AccountDisabled(Forbidden):
    """This account is disabled. An administrator can enable it again."""


class SessionEnded(Unauthenticated):
    """The session has ended; sign in again."""


class NotByToken(Forbidden):
    """A token can't do this; sign in yourself."""


class WrongPassword(Invalid):
    """The current password is wrong."""

    def __init__(self) -> None:
        super().__init__(fields=[FieldError("current_password", "The current password is wrong.", self.code)])


def demand_person(actor: Actor) -> None:
    """Raise `NotByToken` for who comes with a token of the API: it must not live on in a password or another token."""
    if actor.token_id is not None:
        raise NotByToken


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from: its address, what it calls itself, and the device token that it carries."""

    address: str = ""
    user_agent: str = ""
    device: str | None = None
    request_id: str = ""

    def as_who(self, user: User | None = None, session_id: str = "") -> Who:
        """Return who the audit says it was: a stranger unless they have proved to be `user`."""
        return Who(
            kind="stranger" if user is None else "user",
            id=user.id if user else "",
            name=user.username if user else "",
            session_id=session_id,
            address=self.address,
            user_agent=self.user_agent,
            request_id=self.request_id,
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh yields; a token that is None leaves the browser's cookie as it is."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False)
    device_token: str | None = field(default=None, repr=False)


class AccessService:
    """Users, their sessions and who stands behind a token.

    Signing in, refreshing and changing a password run their own transactions, because a password is never computed
    while one is held.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        key: MasterKey,
        projects: ProjectService,
        passwords: Passwords | None = None,
        bus: Bus | None = None,
    ) -> None:
        self._database = database
        self._settings = settings.access
        self.passwords = passwords or Passwords()
        self._access = AccessTokens(key, settings.access.access_token_s)
        self._refresh = RefreshTokens(key)
        self._devices = DeviceTokens(key)
        self._brake, self._strangers = Brake(), Buckets(STRANGERS)
        self.actors = Actors(database, projects, bus)
        self._noted, self._noted_in_all = Buckets(NOTED), Buckets(NOTED_IN_ALL)

    # Who asks

    async def actor_of(self, token: str) -> Actor:
        """Return who holds an access token or a token of the API, and what they may do.

        Raises: BadToken for one that is forged, expired, revoked, of an ended session or of a disabled user.
        """
        if token_text.claims_to_be_one(token):
            return await self.actors.of_token(token)
        claims = self._access.read(token, clock.now())
        actor = await self.actors.of_session(claims.session_id)
        if actor.user_id != claims.user_id:
            raise BadToken
        return actor

    def forget_actors(self) -> None:
        """Have every permission looked up anew: call it once a change of users, members or sessions is committed."""
        self.actors.forget()

    # Sessions

    async def login(self, username: str, password: str, client: Client) -> SignedIn:
        """Sign a user in.

        Raises: BadCredentials (the same, and as slow, for an unknown user), AccountDisabled (to those who know the
        password), TooManyAttempts, SignInBusy.
        """
        async with self._database.read() as session:
            user = await repository.user_named(session, username)
        guesser, device = self._guesser(username, user, client)
        try:
            await self._prove(guesser, password, user, client, BadCredentials)
        except (BadCredentials, TooManyAttempts) as problem:
            await self._note_failure(user, client, problem)
            raise
        assert user is not None  # noqa: S101 - nobody proves to be an unknown user
        if user.disabled:
            logger.warning("login.disabled", user_id=user.id, address=client.address)
            await self._note_failure(user, client, AccountDisabled())
            raise AccountDisabled
        now = clock.now()
        async with self._database.write() as session:
            family = self._begin(user, client, now)
            session.add(family)
            record(session, client.as_who(user, family.id), "login", _target(user))
        logger.info("login", user_id=user.id, session_id=family.id, address=client.address)
        return SignedIn(
            self._access.issue(user.id, family.id, now),
            self._access.lifetime_s,
            self._refresh.issue(family.id, 0),
            None if device else self._devices.issue(user.id),
        )

    async def refresh(self, token: str, client: Client | None = None) -> SignedIn:
        """Exchange a refresh token for the next pair.

        The token before the present one is honoured for the grace period (parallel tabs) and yields the present one
        again; any older one of ours is a replay and ends the session. Raises: SessionEnded.
        """
        now = clock.now()
        async with self._database.write() as session:
            signed_in = await self._exchange(session, token, client or Client(), now)
        if signed_in is None:
            raise SessionEnded
        return signed_in

    async def logout(
        self, refresh_token: str | None, access_token: str | None = None, client: Client | None = None
    ) -> None:
        """End the sessions that the tokens belong to; tokens that are worth nothing end nothing."""
        now = clock.now()
        ended = set()
        if refresh_token and self._refresh.genuine(refresh_token):
            ended.add(self._refresh.session_of(refresh_token))
        if access_token:
            with suppress(BadToken):
                ended.add(self._access.read(access_token, now).session_id)
        if not ended:
            return
        async with self._database.write() as session:
            for session_id in ended:
                found = await repository.lock_session(session, session_id)
                if found is None or found[0].revoked_at is not None:
                    continue
                found[0].revoked_at = now
                user = found[1]
                who = (client or Client()).as_who(user, session_id)
                record(session, who, "logout", Target("session", session_id, user.username))
            after_commit(session, self.forget_actors)

    # Oneself

    async def user_of(self, session: AsyncSession, actor: Actor) -> User:
        """Return the actor's own row; raise `SessionEnded` if it has gone."""
        user = await repository.user(session, actor.user_id)
        if user is None:
            raise SessionEnded
        return user

    async def update(self, session: AsyncSession, actor: Actor, changes: Mapping[str, str | None]) -> User:
        """Change the actor's ``display_name``, ``language`` or ``theme``; return their row."""
        user = await self.user_of(session, actor)
        names = [name for name in ("display_name", "language", "theme") if name in changes]
        before = {name: getattr(user, name) for name in names}
        for name in names:
            setattr(user, name, changes[name])
        await session.flush()
        record(session, actor, "user.update", _target(user), before, {name: changes[name] for name in names})
        return user

    async def change_password(self, actor: Actor, current: str, new: str, client: Client) -> None:
        """Set the actor's password and end their other sessions.

        Raises: WrongPassword; TooManyAttempts; NotByToken.
        """
        demand_person(actor)
        async with self._database.read() as session:
            user = await self.user_of(session, actor)
        try:
            await self._prove(("session", actor.session_id), current, user, client, WrongPassword)
        except (WrongPassword, TooManyAttempts) as problem:
            async with self._database.write() as session:
                record(
                    session,
                    actor,
                    "user.change_password",
                    _target(user),
                    outcome=Outcome.refused,
                    code=problem.code,
                )
            raise
        async with self.passwords.turn():
            hashed = await self.passwords.hash(new)
        now = clock.now()
        async with self._database.write() as session:
            user = await self.user_of(session, actor)
            user.password_hash = hashed
            user.password_changed_at = now
            await repository.revoke_others(session, user.id, actor.session_id, now)
            record(session, actor, "user.change_password", _target(user))
            after_commit(session, self.forget_actors)
        logger.info("password.changed", user_id=actor.user_id, address=client.address)

    # The installation

    async def first_admin(self, session: AsyncSession, settings: Settings) -> FirstAdmin | None:
        """Make the user ``admin`` where there is no user yet; return what to print, or None."""
        first = await make_first_admin(session, settings, self.passwords, clock.now())
        if first is not None:
            user = await repository.user_named(session, first.username)
            assert user is not None  # noqa: S101 - just made
            record(session, None, "user.create", _target(user), after={"first": True})
        return first

    async def sweep(self, session: AsyncSession, now: datetime) -> int:
        """Delete sessions and tokens that ended long ago; return how many."""
        await repository.forget_tokens(session, now - TOKENS_KEPT)
        return await repository.forget_sessions(session, now - SESSIONS_KEPT)

    # Parts

    def _guesser(self, username: str, user: User | None, client: Client) -> tuple[Guesser, str | None]:
        """Tell under which name wrong passwords count: strangers cannot use up the tries of a known device."""
        device = self._devices.device_of(client.device, user.id) if user is not None else None
        if device is not None:
            return ("device", device), device
        return ("address", repository.folded(username), client.address), None

    async def _prove(
        self, guesser: Guesser, password: str, user: User | None, client: Client, otherwise: type[Exception]
    ) -> None:
        self._demand_patience(guesser)
        async with self.passwords.turn():
            # Asked again within the turn: guesses sent all at once count one after the other.
            self._demand_patience(guesser)
            right, renewed = await self.passwords.check(password, user.password_hash if user else None)
            if not right:
                self._brake.wrong(guesser, clock.now())
                if guesser[0] == "address":
                    self._strangers.take(guesser[1], clock.monotonic())
        if not right:
            # Never the name that was typed: people type their password there.
            logger.warning("password.wrong", user_id=user.id if user else None, address=client.address)
            raise otherwise
        self._brake.right(guesser)
        if renewed and user and user.password_hash:
            async with self._database.write() as session:
                await repository.replace_hash(session, user.id, user.password_hash, renewed)

    def _demand_patience(self, guesser: Guesser) -> None:
        """Raise `TooManyAttempts` while this guesser has to wait, or all who are strange to the account."""
        self._brake.check(guesser, clock.now())
        if guesser[0] == "address" and (wait := self._strangers.wait(guesser[1], clock.monotonic())) > 0:
            raise TooManyAttempts(timedelta(seconds=wait))

    def _begin(self, user: User, client: Client, now: datetime) -> Session:
        session_id = ids.new("ses")
        return Session(
            id=session_id,
            user_id=user.id,
            generation=0,
            token_hash=fingerprint(self._refresh.issue(session_id, 0)),
            rotated_at=now,
            created_at=now,
            used_at=now,
            expires_at=now + timedelta(seconds=self._settings.refresh_token_s),
            address=client.address[:64],
            user_agent=client.user_agent[:200],
        )

    async def _note_failure(self, user: User | None, client: Client, problem: Problem) -> None:
        """Write a failed sign-in down, within bounds; never the name that was typed."""
        at = clock.monotonic()
        if not (self._noted.take(client.address, at).allowed and self._noted_in_all.take("", at).allowed):
            logger.warning("login.failure_not_noted", address=client.address)
            return
        async with self._database.write() as session:
            target = _target(user) if user else Target("user")
            record(session, client.as_who(), "login.failed", target, outcome=Outcome.refused, code=problem.code)

    async def _exchange(self, session: AsyncSession, token: str, client: Client, now: datetime) -> SignedIn | None:
        found = await repository.lock_session(session, self._refresh.session_of(token))
        if found is None:
            return None
        family, user = found
        if family.revoked_at is not None or family.expires_at <= now or user.disabled:
            return None
        shown = fingerprint(token)
        if shown == family.token_hash:
            self._rotate(family, now)
        elif shown == family.previous_hash and now - family.rotated_at <= self._grace:
            pass
        else:
            if self._refresh.genuine(token):
                logger.warning("session.replayed", session_id=family.id, user_id=user.id)
                family.revoked_at = now
                who, target = client.as_who(user, family.id), Target("session", family.id, user.username)
                record(session, who, "session.replay", target, outcome=Outcome.refused)
                after_commit(session, self.forget_actors)
            return None
        following = self._refresh.issue(family.id, family.generation)
        return SignedIn(
            self._access.issue(user.id, family.id, now),
            self._access.lifetime_s,
            # After a change of the master key the present token can't be made again.
            following if fingerprint(following) == family.token_hash else None,
        )

    def _rotate(self, family: Session, now: datetime) -> None:
        family.generation += 1
        family.previous_hash = family.token_hash
        family.token_hash = fingerprint(self._refresh.issue(family.id, family.generation))
        family.rotated_at = family.used_at = now
        family.expires_at = now + timedelta(seconds=self._settings.refresh_token_s)

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=self._settings.refresh_grace_s)


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)
