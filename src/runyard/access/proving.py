"""Proving to be somebody by a password or a code, with a brake on guessing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access import repository
from runyard.access.brake import Guesser, TooManyAttempts
from runyard.access.clients import Client
from runyard.access.elsewhere import Elsewhere
from runyard.access.guesses import Guesses
from runyard.access.identities import origins
from runyard.access.models import User
from runyard.access.passwords import WAITING, Passwords, SignInBusy
from runyard.access.permissions import Actor
from runyard.access.tokens import DeviceTokens
from runyard.audit.events import Outcome, Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.errors import Conflict, FieldError, Forbidden, Invalid, Problem
from runyard.web.buckets import Buckets, Rate

logger = log.get("access")
T = TypeVar("T")
Ask = Callable[[], Awaitable[User | None]]

NOTED = Rate(burst=30, per_s=60)
"""How many failures of one address are written down: nobody fills the disk by knocking."""
NOTED_IN_ALL = Rate(burst=300, per_s=60)


class NotByToken(Forbidden):
    """A token can't do this; sign in yourself."""


class WrongPassword(Invalid):
    """The current password is wrong."""

    def __init__(self) -> None:
        super().__init__(fields=[FieldError("current_password", "The current password is wrong.", self.code)])


class NoPassword(Conflict):
    """You have no password here: whoever signs you in looks after that."""


def demand_person(actor: Actor) -> None:
    """Raise `NotByToken` for who comes with a token of the API: it must not live on in a password or another token."""
    if actor.token_id is not None:
        raise NotByToken


class Proving:
    """Checks passwords and codes; guesses are slowed, and strangers never use up the tries of a known device."""

    def __init__(self, database: Database, passwords: Passwords, devices: DeviceTokens, guesses: Guesses) -> None:
        self._database = database
        self._passwords = passwords
        self._devices = devices
        self._guesses = guesses
        self.elsewhere: Elsewhere | None = None
        self._asking, self._waiting = asyncio.Lock(), 0
        self._noted, self._noted_in_all = Buckets(NOTED), Buckets(NOTED_IN_ALL)

    def guesser(self, username: str, user: User | None, client: Client) -> Guesser:
        """Tell under which name wrong guesses count."""
        device = self._devices.device_of(client.device, user.id) if user is not None else None
        if device is not None:
            return ("device", device)
        return ("address", repository.folded(username), client.address)

    async def password(
        self,
        guesser: Guesser,
        password: str,
        user: User | None,
        client: Client,
        otherwise: type[Exception],
        ask: Ask | None = None,
    ) -> User:
        """Return the user whose password it is: `user` by what is kept here, else whom `ask` finds elsewhere.

        Raises: `otherwise`; TooManyAttempts; SignInBusy; and what `ask` raises, which counts as no guess.
        """
        await self._guesses.demand_patience("password", guesser)
        async with self._passwords.turn(known=guesser[0] != "address"):
            # Asked again within the turn: guesses sent all at once count one after the other.
            to_forget = await self._guesses.demand_patience("password", guesser)
            right, renewed = await self._passwords.check(password, user.password_hash if user else None)
            if not right and ask is None:
                await self._guesses.wrong("password", guesser)
        found = user if right else None
        if not right and ask is not None:
            found = await self._elsewhere(guesser, ask)
        if found is None:
            # Never the name that was typed: people type their password there.
            logger.warning("password.wrong", user_id=user.id if user else None, address=client.address)
            raise otherwise
        if to_forget or renewed:
            async with self._database.write() as session:
                await self._guesses.right(session, "password", guesser)
                if renewed and user and user.password_hash:
                    await repository.replace_hash(session, user.id, user.password_hash, renewed)
        return found

    async def _elsewhere(self, guesser: Guesser, ask: Ask) -> User | None:
        if self._waiting >= WAITING:
            raise SignInBusy
        self._waiting += 1
        try:
            # In turn, as passwords that are kept here: guesses sent all at once count one after the other.
            async with self._asking:
                await self._guesses.demand_patience("password", guesser)
                found = await ask()
                if found is None:
                    await self._guesses.wrong("password", guesser)
                return found
        finally:
            self._waiting -= 1

    async def again(
        self, actor: Actor, user: User, password: str, client: Client, action: str, *, elsewhere: bool = False
    ) -> None:
        """Have somebody who is signed in prove it again, before they do what the audit calls `action`.

        With `elsewhere` a password that the directory knows will do as well.

        Raises: NotByToken; NoPassword; WrongPassword; TooManyAttempts; SignInBusy.
        """
        demand_person(actor)
        ask: Ask | None = None
        local: User | None = user
        if user.password_hash is None:
            if not elsewhere:
                raise NoPassword
            ask, local = await self._asking_elsewhere(user, password), None
        try:
            await self.password(("session", actor.session_id), password, local, client, WrongPassword, ask)
        except (WrongPassword, TooManyAttempts) as problem:
            async with self._database.write() as session:
                record(session, actor, action, _target(user), outcome=Outcome.refused, code=problem.code)
            raise

    async def _asking_elsewhere(self, user: User, password: str) -> Ask:
        """Return what asks the directory that signs a user in; raise `NoPassword` for who types no password here."""
        elsewhere = self.elsewhere
        async with self._database.read() as session:
            known = "ldap" in (await origins(session, [user.id])).get(user.id, [])
        if elsewhere is None or not known:
            raise NoPassword

        async def ask() -> User | None:
            return user if await elsewhere.again(user, password) else None

        return ask

    async def code(self, guesser: Guesser, user: User, find: Callable[[], T | None]) -> T | None:
        """Return what `find` makes of a code, and None for a wrong one, which counts; raise `TooManyAttempts`.

        Nobody guesses in between, so that guesses sent all at once count one after the other. Not to be called within
        a transaction.
        """
        return await self._guesses.tried("code", _of_codes(guesser, user), find)

    async def code_was_right(self, session: AsyncSession, guesser: Guesser, user: User) -> None:
        """Forget the wrong codes before a right one, with the transaction that uses it up."""
        await self._guesses.right(session, "code", _of_codes(guesser, user))

    async def note_failure(self, user: User | None, client: Client, problem: Problem) -> None:
        """Write a failed sign-in down, within bounds; never the name that was typed."""
        at = clock.monotonic()
        if not (self._noted.take(client.address, at).allowed and self._noted_in_all.take("", at).allowed):
            logger.warning("login.failure_not_noted", address=client.address)
            return
        async with self._database.write() as session:
            target = _target(user) if user else Target("user")
            record(session, client.as_who(), "login.failed", target, outcome=Outcome.refused, code=problem.code)


def _of_codes(guesser: Guesser, user: User) -> Guesser:
    """Return under which name wrong codes count: apart from passwords, which whoever guesses codes knows already."""
    return ("address", user.id, guesser[-1], "code") if guesser[0] == "address" else (*guesser, "code")


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)
