"""The rows of users, sessions and tokens of the API."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import ApiToken, Invitation, MailLink, Session, User


def folded(username: str) -> str:
    """Return the form under which a username is unique: compatibility characters and case make no difference."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username.strip()).casefold())[:128]


async def any_user(session: AsyncSession) -> bool:
    """Whether there is any user yet."""
    return await session.scalar(select(User.id).limit(1)) is not None


async def user_named(session: AsyncSession, username: str) -> User | None:
    """Return the user of that name, however it is spelt."""
    return (await session.scalars(select(User).where(User.username_key == folded(username)))).one_or_none()


async def user(session: AsyncSession, user_id: str) -> User | None:
    """Return a user."""
    return await session.get(User, user_id)


async def lock_session(session: AsyncSession, session_id: str) -> tuple[Session, User] | None:
    """Return a session and its user, held against other transactions until this one ends."""
    row = (
        await session.execute(
            select(Session, User).join(User).where(Session.id == session_id).with_for_update(of=Session)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def live_user(session: AsyncSession, session_id: str, now: datetime) -> User | None:
    """Return the user of a session that is neither revoked nor expired, unless they are disabled."""
    return (
        await session.scalars(
            select(User)
            .join(Session)
            .where(
                Session.id == session_id,
                Session.revoked_at.is_(None),
                Session.expires_at > now,
                User.disabled.is_(False),
            )
        )
    ).one_or_none()


async def replace_hash(session: AsyncSession, user_id: str, old: str, new: str) -> None:
    """Keep the same password under a new hash, unless it was changed meanwhile."""
    await session.execute(update(User).where(User.id == user_id, User.password_hash == old).values(password_hash=new))


async def revoke(session: AsyncSession, session_id: str, now: datetime) -> None:
    """End one session."""
    await session.execute(
        update(Session).where(Session.id == session_id, Session.revoked_at.is_(None)).values(revoked_at=now)
    )


async def revoke_others(session: AsyncSession, user_id: str, kept: str, now: datetime) -> None:
    """End every session of a user but one."""
    await session.execute(
        update(Session)
        .where(Session.user_id == user_id, Session.id != kept, Session.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def forget_sessions(session: AsyncSession, ended_before: datetime) -> int:
    """Delete sessions that expired or were revoked before an instant; return how many."""
    done = await session.execute(
        delete(Session)
        .where(or_(Session.expires_at < ended_before, Session.revoked_at < ended_before))
        .returning(Session.id)
    )
    return len(done.all())


async def live_token(session: AsyncSession, token_hash: str, now: datetime) -> tuple[ApiToken, User] | None:
    """Return a token that is neither revoked nor expired, and its user unless they are disabled."""
    row = (
        await session.execute(
            select(ApiToken, User)
            .join(User, User.id == ApiToken.user_id)
            .where(
                ApiToken.token_hash == token_hash,
                ApiToken.revoked_at.is_(None),
                or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
                User.disabled.is_(False),
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def api_token(session: AsyncSession, token_id: str) -> ApiToken | None:
    """Return a token, whatever became of it."""
    return await session.get(ApiToken, token_id)


async def note_use(session: AsyncSession, token_id: str, now: datetime) -> None:
    """Write down when a token was used last."""
    await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=now))


async def forget_tokens(session: AsyncSession, ended_before: datetime) -> int:
    """Delete tokens that expired or were revoked before an instant; return how many."""
    done = await session.execute(
        delete(ApiToken)
        .where(or_(ApiToken.expires_at < ended_before, ApiToken.revoked_at < ended_before))
        .returning(ApiToken.id)
    )
    return len(done.all())


async def users_at(session: AsyncSession, email: str, limit: int) -> Sequence[User]:
    """Return enabled users with a password whose mail address that is."""
    wanted = (User.email_key == email_key(email), User.disabled.is_(False), User.password_hash.is_not(None))
    return (await session.scalars(select(User).where(*wanted).order_by(User.id).limit(limit))).all()


async def link(session: AsyncSession, token_hash: str, kind: str) -> MailLink | None:
    """Return a link that was sent by mail, held against other transactions, whatever became of it."""
    query = select(MailLink).where(MailLink.token_hash == token_hash, MailLink.kind == kind)
    return (await session.scalars(query.with_for_update())).one_or_none()


async def drop_links(session: AsyncSession, user_id: str, kind: str) -> None:
    """Forget a user's links of a kind."""
    await session.execute(delete(MailLink).where(MailLink.user_id == user_id, MailLink.kind == kind))


async def invitation(session: AsyncSession, token_hash: str) -> Invitation | None:
    """Return the invitation of a link, held against other transactions, whatever became of it."""
    query = select(Invitation).where(Invitation.token_hash == token_hash)
    return (await session.scalars(query.with_for_update())).one_or_none()


async def forget_links(session: AsyncSession, ended_before: datetime) -> None:
    """Delete links and invitations that expired before an instant."""
    await session.execute(delete(MailLink).where(MailLink.expires_at < ended_before))
    await session.execute(delete(Invitation).where(Invitation.expires_at < ended_before))


def email_key(email: str) -> str:
    """Return the form under which a mail address is found."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()[:254]
