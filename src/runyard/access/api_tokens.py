"""Tokens of the API: keys for programs, each narrower than its maker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import token_text
from runyard.access.actors import Actors
from runyard.access.models import ApiToken, User
from runyard.access.permissions import Actor, Permission, of_token
from runyard.access.proving import demand_person
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import after_commit
from runyard.errors import FieldError, Forbidden, Invalid, Missing
from runyard.ids import ProjectId

logger = log.get("access")


class NoSuchToken(Missing):
    """There is no token of that id."""

    code = "no_such_token"


class InvalidToken(Invalid):
    """Such a token can't be made."""


class TokenBeyondYours(Forbidden):
    """A token can't hold what you don't hold yourself."""

    code = "token_beyond_yours"


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token's row and its text, which nobody can tell a second time."""

    row: ApiToken
    text: str = field(repr=False)


class ApiTokens:
    """The tokens of users. Every method works within the session that it is given."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    async def page(
        self, session: AsyncSession, actor: Actor, before: str | None, limit: int, *, everybody: bool
    ) -> Sequence[tuple[ApiToken, User]]:
        """Return up to `limit` tokens of the actor's (everybody's for administrators), newest first below `before`.

        Revoked ones are left out.
        """
        if everybody and not actor.is_admin:
            raise Forbidden
        query = (
            select(ApiToken, User)
            .join(User, User.id == ApiToken.user_id)
            .where(ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(ApiToken.id < before)
        if not everybody:
            query = query.where(ApiToken.user_id == actor.user_id)
        return [(token, user) for token, user in await session.execute(query)]

    async def create(
        self,
        session: AsyncSession,
        actor: Actor,
        name: str,
        permissions: Sequence[Permission],
        projects: Sequence[str] | None,
        expires_at: datetime | None,
    ) -> MadeToken:
        """Make a token of the actor's, for some projects (by name or id) or for all of theirs.

        Raises: NotByToken; NoSuchProject; TokenBeyondYours; InvalidToken.
        """
        demand_person(actor)
        now = clock.now()
        if expires_at is not None and expires_at <= now:
            message = "This instant is over already."
            raise InvalidToken(message, fields=[FieldError("expires_at", message, "past")])
        wanted = of_token(permissions)
        places = None if projects is None else sorted({actor.place(named).project_id for named in projects})
        beyond = sorted(permission for permission in wanted if not _held(actor, permission, places))
        if beyond:
            raise TokenBeyondYours(f"You don't hold {', '.join(beyond)} there yourself.")
        text = token_text.make()
        row = ApiToken(
            id=ids.new("tok"),
            user_id=actor.user_id,
            name=name,
            hint=token_text.hint(text),
            token_hash=token_text.fingerprint(text),
            permissions=sorted(wanted),
            project_ids=places,
            created_at=now,
            expires_at=expires_at,
        )
        session.add(row)
        await session.flush()
        facts = {"name": row.name, "permissions": row.permissions, "projects": places, "expires_at": expires_at}
        about(Target("token", row.id, row.name), after=facts)
        logger.info("token.created", token_id=row.id, user_id=actor.user_id)
        return MadeToken(row, text)

    async def revoke(self, session: AsyncSession, actor: Actor, token_id: str) -> None:
        """Have a token be worth nothing from now on: one's own, or anybody's for administrators; `NoSuchToken`."""
        row = await session.get(ApiToken, token_id)
        if row is None or row.revoked_at is not None or not (actor.is_admin or row.user_id == actor.user_id):
            raise NoSuchToken
        about(Target("token", row.id, row.name), {"owner": row.user_id})
        row.revoked_at = clock.now()
        await session.flush()
        after_commit(session, self._actors.forget)
        logger.info("token.revoked", token_id=row.id, by=actor.user_id)


def _held(actor: Actor, permission: Permission, places: Sequence[ProjectId] | None) -> bool:
    """Whether the actor holds a permission in one of the projects at least."""
    if permission is Permission.system_manage:
        return actor.is_admin and places is None
    if places is None:
        return actor.may(permission)
    return any(actor.may(permission, place) for place in places)
