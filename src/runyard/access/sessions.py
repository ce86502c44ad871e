"""Where somebody is signed in: seen and ended by themselves, and by administrators."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access.actors import Actors
from runyard.access.models import Session
from runyard.access.permissions import Actor
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.errors import Missing

logger = log.get("access")


class NoSuchSession(Missing):
    """There is no such session, or it has ended."""

    code = "no_such_session"


class Sessions:
    """Sessions that go on. Every method works within the session of the database that it is given."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    async def of(
        self, session: AsyncSession, user_id: str, now: datetime, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Session]:
        """Return up to `limit` places where a user is signed in, the last used first, beyond `after` (use and id)."""
        living = (Session.user_id == user_id, Session.revoked_at.is_(None), Session.expires_at > now)
        query = select(Session).where(*living).order_by(Session.used_at.desc(), Session.id.desc()).limit(limit)
        if after is not None:
            used_at, id_ = after
            query = query.where(or_(Session.used_at < used_at, and_(Session.used_at == used_at, Session.id < id_)))
        return (await session.scalars(query)).all()

    async def end(self, session: AsyncSession, actor: Actor, user_id: str, session_id: str) -> None:
        """Sign a user out of one place, at once; raise `NoSuchSession`."""
        row = None if "\0" in session_id else await session.get(Session, session_id[:32], with_for_update=True)
        now = clock.now()
        if row is None or row.user_id != user_id or row.revoked_at is not None or row.expires_at <= now:
            raise NoSuchSession
        row.revoked_at = now
        about = {"address": row.address, "user_agent": row.user_agent, "user": user_id}
        record(session, actor, "session.revoke", Target("session", row.id), about)
        after_commit(session, self._actors.forget)
        logger.info("session.revoked", session_id=row.id, user_id=user_id, by=actor.user_id)
