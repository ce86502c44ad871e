"""Second factors: an authenticator app beside the password, and recovery codes for when it is lost."""

import base64
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import authenticator, repository
from runyard.access.actors import Actors
from runyard.access.authenticator import Proof
from runyard.access.brake import Guesser
from runyard.access.clients import Client
from runyard.access.models import RecoveryCode, SecondFactor, User
from runyard.access.permissions import Actor
from runyard.access.proving import Proving, demand_person
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database, after_commit
from runyard.errors import Conflict, FieldError, Invalid, Unauthenticated
from runyard.secrets.sealing import Sealer

logger = log.get("access")


class SecondFactorNeeded(Unauthenticated):
    """The password is right; a code of your authenticator app, or a recovery code, is needed as well."""


class WrongCode(Unauthenticated):
    """The code is wrong, or was used already."""


class WrongNewCode(Invalid):
    """The code is not what the app shows at this moment; see that the clocks agree."""

    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__(fields=[FieldError("code", (type(self).__doc__ or "").strip(), self.code)])


class SecondFactorOn(Conflict):
    """There is a second factor already; turn it off before you set up another one."""


class SecondFactorOff(Conflict):
    """No second factor is being set up, or in force."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A secret for the app, to be shown once: as text, and as the address that is drawn as a picture."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class State:
    """Whether somebody has a second factor, since when, and how many recovery codes are left."""

    confirmed_at: datetime | None
    recovery_codes: int


class SecondFactors:
    """Sets second factors up, asks for them at the door, and takes them away again."""

    def __init__(self, database: Database, sealer: Sealer, proving: Proving, actors: Actors, base_url: str) -> None:
        self._database = database
        self._sealer = sealer
        self._proving = proving
        self._actors = actors
        self._place = urlsplit(base_url).netloc

    # At the door

    async def demand(self, user: User, code: str | None, guesser: Guesser) -> Proof | None:
        """Return what proves the user's second factor, None where they have none.

        Raises: SecondFactorNeeded without a code; WrongCode; TooManyAttempts.
        """
        async with self._database.read() as session:
            factor = await session.get(SecondFactor, user.id)
            unused = await _unused(session, user.id)
        if factor is None or factor.confirmed_at is None:
            return None
        if not code:
            raise SecondFactorNeeded
        secret, now = self._open(factor), clock.now()
        proof = await self._proving.code(
            guesser,
            user,
            lambda: authenticator.proof_of(code, secret, factor.last_step, unused, user.id, now),
        )
        if proof is None:
            logger.warning("code.wrong", user_id=user.id)
            raise WrongCode
        return proof

    async def use_up(self, session: AsyncSession, user: User, proof: Proof, guesser: Guesser) -> str:
        """Have a code never be right again; return which kind it was. Raises `WrongCode` if somebody was quicker."""
        factor = await session.get(SecondFactor, user.id, with_for_update=True)
        if factor is None:
            raise WrongCode
        if proof.step is not None:
            if factor.last_step is not None and factor.last_step >= proof.step:
                raise WrongCode
            factor.last_step = proof.step
        else:
            done = await session.execute(
                update(RecoveryCode)
                .where(RecoveryCode.id == proof.recovery_id, RecoveryCode.used_at.is_(None))
                .values(used_at=clock.now())
                .returning(RecoveryCode.id)
            )
            if done.first() is None:
                raise WrongCode
        if self._sealer.outdated(factor.secret):
            factor.secret = self._seal(user.id, self._open(factor))
        await self._proving.code_was_right(session, guesser, user)
        return "app" if proof.step is not None else "recovery code"

    # One's own

    async def state(self, session: AsyncSession, user_id: str) -> State:
        """Return whether somebody has a second factor."""
        factor = await session.get(SecondFactor, user_id)
        if factor is None or factor.confirmed_at is None:
            return State(None, 0)
        return State(factor.confirmed_at, len(await _unused(session, user_id)))

    async def begin(self, actor: Actor, password: str, client: Client) -> Begun:
        """Make a secret that holds once a code of it is confirmed; one that was never confirmed is forgotten.

        Raises: WrongPassword and others of `Proving.again`; SecondFactorOn.
        """
        user = await self._again(actor, password, client, "user.begin_second_factor")
        secret = authenticator.new_secret()
        async with self._database.write() as session:
            factor = await session.get(SecondFactor, user.id, with_for_update=True)
            if factor is not None and factor.confirmed_at is not None:
                raise SecondFactorOn
            if factor is None:
                factor = SecondFactor(user_id=user.id)
                session.add(factor)
            factor.secret, factor.created_at, factor.last_step = self._seal(user.id, secret), clock.now(), None
            record(session, actor, "user.begin_second_factor", _target(user))
        account = f"{user.username} ({self._place})"
        return Begun(base64.b32encode(secret).decode(), authenticator.uri_of(secret, account))

    async def confirm(self, actor: Actor, code: str) -> list[str]:
        """Put the second factor in force, end the user's other sessions, and return the recovery codes, this once.

        Raises: NotByToken; SecondFactorOff; SecondFactorOn; WrongNewCode; TooManyAttempts.
        """
        demand_person(actor)
        now, guesser = clock.now(), ("session", actor.session_id)
        async with self._database.read() as session:
            user, factor = await session.get_one(User, actor.user_id), await self._unconfirmed(session, actor)
        secret, typed = self._open(factor), authenticator.tidied(code)
        step = await self._proving.code(guesser, user, lambda: authenticator.step_of(secret, typed, now, None))
        if step is None:
            raise WrongNewCode
        async with self._database.write() as session:
            factor = await self._unconfirmed(session, actor)
            if self._open(factor) != secret:
                raise WrongNewCode
            factor.confirmed_at, factor.last_step = now, step
            codes = await _renew(session, user.id, now)
            await repository.revoke_others(session, user.id, actor.session_id, now)
            record(session, actor, "user.confirm_second_factor", _target(user))
            after_commit(session, self._actors.forget)
            await self._proving.code_was_right(session, guesser, user)
        logger.info("second_factor.on", user_id=user.id)
        return codes

    async def new_recovery_codes(self, actor: Actor, password: str, client: Client) -> list[str]:
        """Return new recovery codes, this once; the ones before are worth nothing.

        Raises: WrongPassword and others of `Proving.again`; SecondFactorOff.
        """
        user = await self._again(actor, password, client, "user.renew_recovery_codes")
        async with self._database.write() as session:
            factor = await session.get(SecondFactor, user.id, with_for_update=True)
            if factor is None or factor.confirmed_at is None:
                raise SecondFactorOff
            codes = await _renew(session, user.id, clock.now())
            record(session, actor, "user.renew_recovery_codes", _target(user))
        return codes

    async def turn_off(self, actor: Actor, password: str, client: Client) -> None:
        """Sign in by the password alone from now on.

        Raises: WrongPassword and others of `Proving.again`; SecondFactorOff.
        """
        user = await self._again(actor, password, client, "user.drop_second_factor")
        async with self._database.write() as session:
            await _drop(session, user)
            record(session, actor, "user.drop_second_factor", _target(user))
            after_commit(session, self._actors.forget)
        logger.info("second_factor.off", user_id=user.id)

    # Somebody else's

    async def reset(self, session: AsyncSession, by: Actor, user: User) -> None:
        """Take a user's second factor away, as an administrator, and end their sessions; raise `SecondFactorOff`."""
        await take_away(session, by, user)
        after_commit(session, self._actors.forget)

    async def who_has_one(self, session: AsyncSession, user_ids: Collection[str]) -> frozenset[str]:
        """Return who of these users has a second factor."""
        query = select(SecondFactor.user_id).where(
            SecondFactor.user_id.in_(user_ids), SecondFactor.confirmed_at.is_not(None)
        )
        return frozenset(await session.scalars(query))

    # Parts

    async def _again(self, actor: Actor, password: str, client: Client, action: str) -> User:
        demand_person(actor)
        async with self._database.read() as session:
            user = await session.get_one(User, actor.user_id)
        await self._proving.again(actor, user, password, client, action, elsewhere=True)
        return user

    async def _unconfirmed(self, session: AsyncSession, actor: Actor) -> SecondFactor:
        """Return what is being set up; raise `SecondFactorOff`, `SecondFactorOn`."""
        factor = await session.get(SecondFactor, actor.user_id, with_for_update=True)
        if factor is None:
            raise SecondFactorOff
        if factor.confirmed_at is not None:
            raise SecondFactorOn
        return factor

    def _seal(self, user_id: str, secret: bytes) -> str:
        return self._sealer.seal(secret, _context(user_id))

    def _open(self, factor: SecondFactor) -> bytes:
        return self._sealer.open(factor.secret, _context(factor.user_id))


async def take_away(session: AsyncSession, by: Actor | None, user: User) -> None:
    """Take a user's second factor away, as an administrator or Runyard itself, and end their sessions.

    Raises: SecondFactorOff.
    """
    await _drop(session, user)
    await repository.revoke_others(session, user.id, "", clock.now())
    record(session, by, "user.reset_second_factor", _target(user))
    logger.info("second_factor.reset", user_id=user.id, by=by.user_id if by else None)


async def _drop(session: AsyncSession, user: User) -> None:
    factor = await session.get(SecondFactor, user.id, with_for_update=True)
    if factor is None or factor.confirmed_at is None:
        raise SecondFactorOff
    await session.delete(factor)
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    await session.flush()


async def _unused(session: AsyncSession, user_id: str) -> dict[str, str]:
    """Return the fingerprints of a user's unused recovery codes, by their ids."""
    query = select(RecoveryCode.id, RecoveryCode.code_hash)
    rows = await session.execute(query.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)))
    return dict(iter(rows))


async def _renew(session: AsyncSession, user_id: str, now: datetime) -> list[str]:
    """Replace a user's recovery codes; return the new ones."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = authenticator.new_recovery_codes()
    session.add_all(
        RecoveryCode(
            id=ids.new("rec"), user_id=user_id, code_hash=authenticator.fingerprint(user_id, code), created_at=now
        )
        for code in codes
    )
    await session.flush()
    return codes


def _context(user_id: str) -> str:
    return f"user:{user_id}:second factor"


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)
