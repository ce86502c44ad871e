"""Signing in and staying signed in."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import repository, token_text
from runyard.access.actors import Actors
from runyard.access.brake import Guesser, TooManyAttempts
from runyard.access.budgets import Budgets
from runyard.access.clients import Client
from runyard.access.compulsion import Compulsion
from runyard.access.first_admin import FirstAdmin, make_first_admin
from runyard.access.guesses import Guesses, forget_guesses
from runyard.access.local_login import LocalLogin
from runyard.access.models import Session, User
from runyard.access.passwords import Passwords
from runyard.access.permissions import Actor
from runyard.access.proving import Proving
from runyard.access.second_factors import SecondFactors, WrongCode
from runyard.access.tokens import AccessTokens, BadToken, DeviceTokens, RefreshTokens, fingerprint
from runyard.audit.events import Outcome, Target
from runyard.audit.record import record
from runyard.db.session import Database, after_commit
from runyard.errors import Forbidden, Unauthenticated
from runyard.live.bus import Bus
from runyard.projects.service import ProjectService
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings

logger = log.get("access")

SESSIONS_KEPT = timedelta(days=30)
TOKENS_KEPT = timedelta(days=90)


class BadCredentials(Unauthenticated):
    """The user name or the password is wrong."""


class AccountDisabled(Forbidden):
    """This account is disabled. An administrator can enable it again."""


class SessionEnded(Unauthenticated):
    """The session has ended; sign in again."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh yields; a token that is None leaves the browser's cookie as it is."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False)
    device_token: str | None = field(default=None, repr=False)
    session_id: str = ""
    owes_second_factor: bool = False


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
        sealer: Sealer | None = None,
    ) -> None:
        self._database = database
        self._settings = settings.access
        self.passwords = passwords or Passwords()
        self._access = AccessTokens(key, settings.access.access_token_s)
        self._refresh = RefreshTokens(key)
        self._devices = DeviceTokens(key, sealer.ring.older if sealer else ())
        self.budgets = Budgets(database, key)
        self.proving = Proving(database, self.passwords, self._devices, Guesses(database, key))
        self.local_login = LocalLogin(settings)
        self._compulsion = Compulsion(settings, self.local_login)
        self.actors = Actors(database, projects, bus, self._compulsion)
        self.factors = SecondFactors(database, sealer or Sealer(key), self.proving, self.actors, settings.base_url)

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

    async def login(self, username: str, password: str, client: Client, code: str | None = None) -> SignedIn:
        """Sign a user in, with the `code` of a second factor if they have one.

        Raises: BadCredentials (the same, and as slow, for an unknown user); to those who know the password
        AccountDisabled, SecondFactorNeeded, WrongCode; TooManyAttempts, SignInBusy, LocalLoginOff; what `elsewhere`
        raises.
        """
        async with self._database.read() as session:
            user = await repository.user_named(session, username)
        guesser = self.proving.guesser(username, user, client)
        try:
            user, way = await self._prove(guesser, username, password, user, client)
            if user.disabled:
                logger.warning("login.disabled", user_id=user.id, address=client.address)
                raise AccountDisabled
            proof = await self.factors.demand(user, code, guesser)
            async with self._database.write() as session:
                if proof is not None:
                    way = f"{way} and {await self.factors.use_up(session, user, proof, guesser)}"
                elsewhere = self.proving.elsewhere
                until = clock.now() + elsewhere.lasts if elsewhere and user.password_hash is None else None
                known = self._devices.is_lasting(client.device, user.id)
                signed_in = self.begin_session(session, user, client, way, known=known, until=until)
                owes = proof is None and await self._compulsion.owed(session, user)
        except (BadCredentials, Forbidden, WrongCode, TooManyAttempts) as problem:
            await self.proving.note_failure(user, client, problem)
            raise
        return replace(signed_in, owes_second_factor=owes)

    async def _prove(
        self, guesser: Guesser, username: str, password: str, user: User | None, client: Client
    ) -> tuple[User, str]:
        """Return who that is and how they have proved it: by a password that is kept here, or in a directory."""
        elsewhere = self.proving.elsewhere
        if elsewhere is None:
            self.local_login.demand()
            return await self.proving.password(guesser, password, user, client, BadCredentials), "password"
        local = user if user is not None and user.password_hash and self.local_login.is_on() else None

        async def ask() -> User | None:
            # Who has a password here is not looked for there; it only takes as long.
            return await (elsewhere.person(username, password) if local is None else elsewhere.decoy())

        found = await self.proving.password(guesser, password, local, client, BadCredentials, ask)
        return found, "ldap" if local is None else "password"

    def begin_session(
        self,
        session: AsyncSession,
        user: User,
        client: Client,
        way: str,
        *,
        known: bool = False,
        until: datetime | None = None,
    ) -> SignedIn:
        """Begin a session of somebody who has proved to be `user`, in some `way` that the audit names.

        A device that is not `known` yet is given a token of its own. Nothing keeps the session alive past `until`.
        Does not ask whether the user is disabled.
        """
        now = clock.now()
        family = self._begin(user, client, now, until)
        session.add(family)
        record(session, client.as_who(user, family.id), "login", _target(user), after={"way": way})
        logger.info("login", user_id=user.id, session_id=family.id, address=client.address)
        return SignedIn(
            self._access.issue(user.id, family.id, now),
            self._access.lifetime_s,
            self._refresh.issue(family.id, 0),
            None if known else self._devices.issue(user.id),
            family.id,
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
        ended = self.sessions_of(refresh_token, access_token)
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

    def sessions_of(self, refresh_token: str | None, access_token: str | None = None) -> set[str]:
        """Return the sessions that tokens belong to; tokens that are worth nothing belong to none."""
        found = set()
        if refresh_token and self._refresh.genuine(refresh_token):
            found.add(self._refresh.session_of(refresh_token))
        if access_token:
            with suppress(BadToken):
                found.add(self._access.read(access_token, clock.now()).session_id)
        return found

    # Oneself

    async def user_of(self, session: AsyncSession, actor: Actor) -> User:
        """Return the actor's own row; raise `SessionEnded` if it has gone."""
        user = await repository.user(session, actor.user_id)
        if user is None:
            raise SessionEnded
        return user

    async def email_of(self, actor: Actor) -> str | None:
        """Return where letters to the actor go."""
        async with self._database.read() as session:
            return (await self.user_of(session, actor)).email

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

        Raises: WrongPassword; TooManyAttempts; NotByToken; NoPassword.
        """
        async with self._database.read() as session:
            user = await self.user_of(session, actor)
        await self.proving.again(actor, user, current, client, "user.change_password")
        async with self.passwords.turn(known=True):
            hashed = await self.passwords.choose(new, "new_password")
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
        """Delete sessions, tokens, links and guesses that ended long ago; return how many sessions."""
        await forget_guesses(session, now)
        await repository.forget_tokens(session, now - TOKENS_KEPT)
        await repository.forget_links(session, now - TOKENS_KEPT)
        return await repository.forget_sessions(session, now - SESSIONS_KEPT)

    # Parts

    def _begin(self, user: User, client: Client, now: datetime, until: datetime | None) -> Session:
        session_id = ids.new("ses")
        return Session(
            id=session_id,
            user_id=user.id,
            generation=0,
            token_hash=fingerprint(self._refresh.issue(session_id, 0)),
            rotated_at=now,
            created_at=now,
            used_at=now,
            expires_at=self._expiry(now, now, until),
            ends_at=until,
            address=client.address[:64],
            user_agent=client.user_agent[:200],
        )

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
            owes_second_factor=await self._compulsion.owed(session, user),
        )

    def _rotate(self, family: Session, now: datetime) -> None:
        family.generation += 1
        family.previous_hash = family.token_hash
        family.token_hash = fingerprint(self._refresh.issue(family.id, family.generation))
        family.rotated_at = family.used_at = now
        family.expires_at = self._expiry(now, family.created_at, family.ends_at)

    def _expiry(self, now: datetime, begun: datetime, until: datetime | None) -> datetime:
        """Return when a session ends unless it is used; used or not, it ends at the longest and by `until`."""
        unused = now + timedelta(seconds=self._settings.refresh_token_s)
        longest = begun + timedelta(seconds=self._settings.longest_session_s)
        return min(unused, longest) if until is None else min(unused, longest, until)

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=self._settings.refresh_grace_s)


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)
