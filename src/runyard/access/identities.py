"""Where people come from who sign in elsewhere."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import Identity, User
from runyard.errors import Conflict


class PasswordElsewhere(Conflict):
    """They sign in by single sign-on, and their password is kept there; Runyard has none to change."""


async def origins(session: AsyncSession, user_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return how each of these users may sign in elsewhere: ``oidc``, ``ldap``; who may not is left out."""
    rows = await session.execute(
        select(Identity.user_id, Identity.provider).where(Identity.user_id.in_(list(user_ids))).distinct()
    )
    found: dict[str, list[str]] = {}
    for user_id, provider in rows:
        found.setdefault(user_id, []).append(provider)
    return {user_id: sorted(providers) for user_id, providers in found.items()}


async def demand_password(session: AsyncSession, user: User) -> None:
    """Raise `PasswordElsewhere` for who has no password here because they sign in elsewhere."""
    if user.password_hash is None and await origins(session, [user.id]):
        raise PasswordElsewhere
