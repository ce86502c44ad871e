"""Whom an installation makes have a second factor before they may do anything else."""

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.identities import origins
from runyard.access.local_login import LocalLogin
from runyard.access.models import SecondFactor, User
from runyard.errors import Forbidden
from runyard.settings import Settings


class SecondFactorRequired(Forbidden):
    """A second factor is compulsory here. Set yours up first: in the page, or by `runyard second-factor`."""


class Compulsion:
    """The rule ``access.second_factor``. It is for those who sign in by a password; a provider asks for its own."""

    def __init__(self, settings: Settings, local_login: LocalLogin) -> None:
        self._rule = settings.access.second_factor
        self._by_directory = bool(settings.sso.ldap.url)
        self._local_login = local_login

    async def owed(self, session: AsyncSession, user: User) -> bool:
        """Whether a user has to set a second factor up, and has not done so yet."""
        if self._rule == "optional" or (self._rule == "administrators" and not user.is_admin):
            return False
        factor = await session.get(SecondFactor, user.id)
        if factor is not None and factor.confirmed_at is not None:
            return False
        return await self._signs_in_by_password(session, user)

    async def _signs_in_by_password(self, session: AsyncSession, user: User) -> bool:
        if user.password_hash is not None and self._local_login.is_on():
            return True
        return self._by_directory and "ldap" in (await origins(session, [user.id])).get(user.id, [])
