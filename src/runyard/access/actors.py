"""Who asks: actors made from sessions and tokens of the API, and believed for a moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from runyard import clock, log
from runyard.access import repository, token_text
from runyard.access.compulsion import Compulsion
from runyard.access.permissions import Actor, Membership, Permission, of_token
from runyard.access.tokens import BadToken
from runyard.db.session import Database
from runyard.ids import UserId
from runyard.live.bus import Bus, LocalBus
from runyard.projects.service import ProjectService

logger = log.get("access")
T = TypeVar("T")

ACTOR_S = 3.0
"""For how many seconds an actor is believed without asking the database: the reach of a change elsewhere."""
ACTORS = 4096
TOPIC = "access"
"""Where it is told that somebody's rights have changed: whoever serves a stream looks again at whom they serve."""
RECHECK_S = 10.0
"""How long whoever has a socket or a stream open is believed where nobody tells of a change: commands on the data
directory tell nobody."""
NOTED = timedelta(minutes=1)
"""How old the last use of a token may be before it is noted again."""


class _Bounds(Struct, frozen=True):
    """What a token of the API narrows its user to."""

    permissions: frozenset[Permission]
    project_ids: frozenset[str] | None


class Actors:
    """Makes actors and remembers them until `forget`, or for `ACTOR_S` at the most."""

    def __init__(
        self,
        database: Database,
        projects: ProjectService,
        bus: Bus | None = None,
        compulsion: Compulsion | None = None,
    ) -> None:
        self._database = database
        self._compulsion = compulsion
        self._projects = projects
        self.bus: Bus = bus or LocalBus()
        self._held: dict[str, tuple[Actor, float]] = {}
        self._changes = 0
        self._noting: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    async def of_session(self, session_id: str) -> Actor:
        """Return who holds a session; raise `BadToken` for an ended one and for a disabled user."""
        return self._believed(session_id) or await self._made(session_id, lambda: self._from_session(session_id))

    async def of_token(self, text: str) -> Actor:
        """Return who comes with a token of the API; raise `BadToken` for one that is not good, or no longer."""
        if not token_text.sound(text):
            raise BadToken
        key = token_text.fingerprint(text)
        return self._believed(key) or await self._made(key, lambda: self._from_token(key))

    async def again(self, actor: Actor) -> Actor:
        """Return the actor as they are now, whatever was remembered; raise `BadToken` if they may not ask any more."""
        if actor.token_id is None:
            return await self._from_session(actor.session_id)
        async with self._database.read() as session:
            row = await repository.api_token(session, actor.token_id)
        if row is None:
            raise BadToken
        return await self._from_token(row.token_hash)

    async def standing_in(self, user_id: str, token_id: str | None) -> Actor:
        """Return a user who is not there as they are now, within the token they came with; raise `BadToken`."""
        if token_id is not None:
            return await self.again(Actor(UserId(user_id), "", "", is_admin=False, token_id=token_id))
        async with self._database.read() as session:
            user = await repository.user(session, user_id)
            if user is None or user.disabled:
                raise BadToken
            places = await self._projects.memberships(session, user.id, is_admin=user.is_admin)
        return Actor(UserId(user.id), user.username, "", user.is_admin, places)

    def forget(self) -> None:
        """Have every permission looked up anew, here and elsewhere: call it once a change is committed."""
        self._drop()
        self.bus.publish(TOPIC, {"type": TOPIC})

    async def start(self) -> None:
        """Hear what other processes of this data directory change."""
        self._listening = asyncio.create_task(self._listen(), name="access.listen")

    async def close(self) -> None:
        """Stop listening, and finish noting what was used."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None
        await asyncio.gather(*self._noting, return_exceptions=True)

    # Parts

    def _believed(self, key: str) -> Actor | None:
        held = self._held.get(key)
        return held[0] if held is not None and held[1] > clock.monotonic() else None

    async def _made(self, key: str, make: Callable[[], Awaitable[Actor]]) -> Actor:
        changes = self._changes
        actor = await make()
        # What was read while somebody changed something may be out of date already.
        if changes == self._changes:
            if len(self._held) >= ACTORS:
                self._held.clear()
            self._held[key] = (actor, clock.monotonic() + ACTOR_S)
        return actor

    async def _from_session(self, session_id: str) -> Actor:
        async with self._database.read() as session:
            user = await repository.live_user(session, session_id, clock.now())
            if user is None:
                raise BadToken
            if self._compulsion is not None and await self._compulsion.owed(session, user):
                return Actor(UserId(user.id), user.username, session_id, is_admin=False, owes_second_factor=True)
            places = await self._projects.memberships(session, user.id, is_admin=user.is_admin)
        return Actor(UserId(user.id), user.username, session_id, user.is_admin, places)

    async def _from_token(self, token_hash: str) -> Actor:
        now = clock.now()
        async with self._database.read() as session:
            found = await repository.live_token(session, token_hash, now)
            if found is None:
                raise BadToken
            row, user = found
            places = await self._projects.memberships(session, user.id, is_admin=user.is_admin)
        if row.used_at is None or now - row.used_at > NOTED:
            self._note(row.id, now)
        bounds = _Bounds(
            of_token(row.permissions),
            None if row.project_ids is None else frozenset(row.project_ids),
        )
        return narrowed(Actor(UserId(user.id), user.username, "", user.is_admin, places, row.id), bounds)

    def _note(self, token_id: str, now: datetime) -> None:
        """Write down that a token was used, without having its user wait for that."""

        async def write() -> None:
            try:
                async with self._database.write() as session:
                    await repository.note_use(session, token_id, now)
            except Exception:
                logger.exception("token.use_not_noted", token_id=token_id)

        task = asyncio.get_running_loop().create_task(write(), name="access.note")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    def _drop(self) -> None:
        self._changes += 1
        self._held.clear()

    async def _listen(self) -> None:
        with self.bus.subscribe(TOPIC) as news:
            while True:
                await news.get()
                self._drop()


def narrowed(actor: Actor, bounds: _Bounds) -> Actor:
    """Return the actor within a token's bounds: never more than they hold themselves at this moment."""
    places = tuple(
        Membership(m.project_id, m.name, m.permissions & bounds.permissions)
        for m in actor.memberships
        if bounds.project_ids is None or m.project_id in bounds.project_ids
    )
    everything = bounds.project_ids is None and Permission.system_manage in bounds.permissions
    return replace(
        actor,
        is_admin=actor.is_admin and everything,
        memberships=places,
        scopes=bounds.permissions,
    )


async def leashed(
    events: AsyncIterator[T], actors: Actors, actor: Actor, holds: Callable[[Actor], Awaitable[bool]]
) -> AsyncIterator[T]:
    """Yield `events` as long as the actor may have them: they end before the first one after the right is lost.

    The database is asked only after somebody's rights have changed, and every few seconds (`RECHECK_S`).
    """
    checked = clock.monotonic()
    with actors.bus.subscribe(TOPIC) as news:
        async for event in events:
            now = clock.monotonic()
            if news.pending() or now - checked > RECHECK_S:
                checked = now
                try:
                    actor = await actors.again(actor)
                except BadToken:
                    return
                if not await holds(actor):
                    return
            yield event
