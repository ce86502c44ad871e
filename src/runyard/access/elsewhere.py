"""A directory that knows passwords which are not kept here: what signing in asks of it."""

from datetime import timedelta
from typing import Protocol

from runyard.access.models import User


class Elsewhere(Protocol):
    """Who knows people by name and password, beside Runyard itself."""

    @property
    def lasts(self) -> timedelta:
        """How long a session lasts before they have to be asked again."""

    async def person(self, username: str, password: str) -> User | None:
        """Return the user whose name and password are known there; None if they are not."""

    async def again(self, user: User, password: str) -> bool:
        """Whether a password is that of a user who has come from there."""

    async def decoy(self) -> None:
        """Take as long as looking for somebody who is not there."""
