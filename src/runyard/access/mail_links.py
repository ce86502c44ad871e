"""Links sent by mail: a new password for who has forgotten theirs, and an address to be shown to be one's own."""

import asyncio
import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import letters, repository
from runyard.access.actors import Actors
from runyard.access.budgets import Budgets
from runyard.access.clients import Client
from runyard.access.models import MailLink, User
from runyard.access.passwords import Passwords
from runyard.access.permissions import Actor
from runyard.access.proving import Proving, demand_person
from runyard.access.tokens import fingerprint
from runyard.access.users import set_email
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database, after_commit
from runyard.errors import Conflict, Missing, TooMany
from runyard.mail.post import Post
from runyard.settings import Settings
from runyard.web.addresses import counted_as
from runyard.web.buckets import Rate
from runyard.web.throttle import TooManyRequests

logger = log.get("access")

ASKED = Rate(burst=20, per_s=3600)
"""How often one address may ask for letters."""
WRITTEN = Rate(burst=3, per_s=3600)
"""How many letters of a kind one user is sent, whoever asks for them."""
ACCOUNTS = 5
"""How many users of one mail address are written to."""
AT_ONCE = 50
ADDRESS_FOR = timedelta(days=1)


class MailNotSetUp(Conflict):
    """This installation sends no mail; ask an administrator for a new password."""


class LinkSpent(Missing):
    """This link is not valid, or no longer; ask for a new one."""

    code = "link_spent"


class MailLinks:
    """Sends links and takes them back. What is mailed is never stored: only its hash is."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        passwords: Passwords,
        proving: Proving,
        actors: Actors,
        post: Post,
        budgets: Budgets,
    ) -> None:
        self._database = database
        self._settings = settings
        self._passwords = passwords
        self._proving = proving
        self._actors = actors
        self.post = post
        self._budgets = budgets
        self._going: set[asyncio.Task[None]] = set()

    # A forgotten password

    async def ask(self, named: str, client: Client) -> None:
        """Have a link for a new password sent to whoever has that user name or mail address.

        Neither the answer nor its time tells whether there is such a user. Raises: MailNotSetUp; TooManyRequests;
        TooMany.
        """
        if not self.post.is_set_up:
            raise MailNotSetUp
        await self._budgets.spend({("asked", counted_as(client.address)): ASKED})
        if len(self._going) >= AT_ONCE:
            raise TooMany
        task = asyncio.get_running_loop().create_task(self._write_to(named, client), name="access.forgotten")
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def use(self, token: str, password: str, client: Client) -> None:
        """Set a new password by a link, and end all of the user's sessions; raise `LinkSpent`."""
        async with self._database.read() as session:
            await self._valid(session, token, "reset")
        async with self._passwords.turn():
            hashed = await self._passwords.choose(password)
        now = clock.now()
        async with self._database.write() as session:
            link, user = await self._valid(session, token, "reset")
            user.password_hash, user.password_changed_at = hashed, now
            await repository.drop_links(session, user.id, "reset")
            await repository.revoke_others(session, user.id, "", now)
            record(session, client.as_who(user), "user.reset_password", _target(user), after={"way": "mail"})
            after_commit(session, self._actors.forget)
            self._send(session, "changed", user, link.email)
        logger.info("password.reset_by_mail", user_id=user.id, address=client.address)

    # One's own address

    async def change_address(self, actor: Actor, password: str, email: str | None, client: Client) -> bool:
        """Change one's mail address; true says that it holds once a link sent there is opened.

        Raises: WrongPassword and others of `Proving.again`; TooManyRequests.
        """
        demand_person(actor)
        async with self._database.read() as session:
            user = await session.get_one(User, actor.user_id)
        await self._proving.again(actor, user, password, client, "user.change_email")
        confirmed = email is None or not self.post.is_set_up
        if not confirmed:
            await self._budgets.spend({("address", user.id): WRITTEN})
        async with self._database.write() as session:
            user = await session.get_one(User, actor.user_id)
            await repository.drop_links(session, user.id, "address")
            if email is not None and not confirmed:
                self._issue(session, "address", user, email, clock.now() + ADDRESS_FOR)
                record(session, actor, "user.change_email", _target(user), after={"asked_for": email})
            else:
                self._move(session, user, email)
                record(session, actor, "user.change_email", _target(user), after={"email": email})
        return not confirmed

    async def confirm_address(self, token: str, client: Client) -> None:
        """Take up the address that a link was sent to; raise `LinkSpent`."""
        async with self._database.write() as session:
            link, user = await self._valid(session, token, "address")
            self._move(session, user, link.email)
            await repository.drop_links(session, user.id, "address")
            record(session, client.as_who(user), "user.confirm_email", _target(user), after={"email": link.email})
        logger.info("email.confirmed", user_id=user.id)

    async def finished(self) -> None:
        """Wait until whoever asked so far has been written to."""
        await asyncio.gather(*self._going, return_exceptions=True)

    # Parts

    async def _write_to(self, named: str, client: Client) -> None:
        try:
            async with self._database.read() as session:
                meant = [user.id for user in await self._meant(session, named)]
            for user_id in meant:
                with suppress(TooManyRequests):
                    await self._budgets.spend({("reset", user_id): WRITTEN})
                    await self._write_reset(user_id, client)
        except Exception:
            logger.exception("password.letter_failed")

    async def _write_reset(self, user_id: str, client: Client) -> None:
        async with self._database.write() as session:
            user = await session.get_one(User, user_id)
            if user.email is None or user.disabled:
                return
            expires = clock.now() + timedelta(seconds=self._settings.access.reset_link_s)
            self._issue(session, "reset", user, user.email, expires)
            record(session, client.as_who(), "user.ask_reset", _target(user))

    async def _meant(self, session: AsyncSession, named: str) -> list[User]:
        user = await repository.user_named(session, named)
        if user is not None:
            can = user.email is not None and user.password_hash is not None and not user.disabled
            return [user] if can else []
        return list(await repository.users_at(session, named, ACCOUNTS)) if "@" in named else []

    async def _valid(self, session: AsyncSession, token: str, kind: str) -> tuple[MailLink, User]:
        link = await repository.link(session, fingerprint(token), kind)
        if link is None or link.used_at is not None or link.expires_at <= clock.now():
            raise LinkSpent
        user = await repository.user(session, link.user_id)
        if user is None or user.disabled:
            raise LinkSpent
        return link, user

    def _issue(self, session: AsyncSession, kind: str, user: User, email: str, expires: datetime) -> None:
        token, now = secrets.token_urlsafe(32), clock.now()
        made = MailLink(id=ids.new("lnk"), user_id=user.id, kind=kind, token_hash=fingerprint(token), email=email)
        made.created_at, made.expires_at = now, expires
        session.add(made)
        # Behind a #, so that no server and no other page is told of it.
        page = {"reset": "reset-password", "address": "confirm-email"}[kind]
        self._send(
            session,
            kind,
            user,
            email,
            link=f"{self._settings.base_url}/{page}#{token}",
            until=letters.spelt(expires),
        )

    def _move(self, session: AsyncSession, user: User, email: str | None) -> None:
        """Change where letters to a user go, and tell the address before."""
        before = user.email
        set_email(user, email)
        if before and before != email and self.post.is_set_up:
            self._send(session, "moved", user, before)

    def _send(self, session: AsyncSession, kind: str, user: User, to: str, **words: str) -> None:
        place = self._settings.base_url
        letter = letters.letter(kind, user.language, to, place, name=user.username, **words)
        self.post.send_after(session, letter)


def _target(user: User) -> Target:
    return Target("user", user.id, user.username)
