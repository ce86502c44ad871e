"""The rows of identities, of sessions at a provider, and of roles that groups have given."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import Identity, Session, User
from runyard.projects.models import ProjectMember
from runyard.sso.models import GroupGrant, ProviderSession


async def identity(session: AsyncSession, issuer: str, subject: str) -> tuple[Identity, User] | None:
    """Return who is known under a subject, held against other transactions until this one ends."""
    row = (
        await session.execute(
            select(Identity, User)
            .join(User, User.id == Identity.user_id)
            .where(Identity.issuer == issuer, Identity.subject == subject)
            .with_for_update()
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def grants(session: AsyncSession, identity_id: str) -> dict[str, str]:
    """Return the roles that an identity's groups have given, by project."""
    rows = await session.execute(
        select(GroupGrant.project_id, GroupGrant.role).where(GroupGrant.identity_id == identity_id)
    )
    return dict(iter(rows))


async def replace_grants(session: AsyncSession, identity_id: str, given: Mapping[str, str]) -> None:
    """Note what an identity's groups have given, in place of what was noted."""
    await session.execute(delete(GroupGrant).where(GroupGrant.identity_id == identity_id))
    session.add_all(GroupGrant(identity_id=identity_id, project_id=place, role=role) for place, role in given.items())
    await session.flush()


async def roles_held(session: AsyncSession, user_id: str) -> dict[str, str]:
    """Return a user's own roles, by project; those of their teams are not among them."""
    rows = await session.execute(
        select(ProjectMember.project_id, ProjectMember.role).where(ProjectMember.user_id == user_id)
    )
    return dict(iter(rows))


async def provider_session(session: AsyncSession, session_id: str) -> ProviderSession | None:
    """Return the provider's side of a session."""
    return await session.get(ProviderSession, session_id)


async def sessions_of(
    session: AsyncSession, issuer: str, subject: str | None, sid: str | None
) -> Sequence[tuple[Session, User]]:
    """Return the living sessions that came from a provider's session, or from all of a subject's."""
    query = (
        select(Session, User)
        .join(ProviderSession, ProviderSession.session_id == Session.id)
        .join(User, User.id == Session.user_id)
        .where(ProviderSession.issuer == issuer, Session.revoked_at.is_(None))
    )
    if subject is not None:
        query = query.where(ProviderSession.subject == subject)
    if sid is not None:
        query = query.where(ProviderSession.sid == sid)
    return [(one, user) for one, user in await session.execute(query)]


async def end(session: AsyncSession, session_ids: Sequence[str], now: datetime) -> None:
    """End sessions."""
    await session.execute(update(Session).where(Session.id.in_(session_ids)).values(revoked_at=now))
