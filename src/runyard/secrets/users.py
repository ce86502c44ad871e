"""What secrets need to know of scripts, which are a floor above."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.secrets.models import Entry


class User(Struct, frozen=True):
    """A script that lists a name."""

    id: str
    name: str
    project_id: str


class SecretUsers(Protocol):
    """Answers for scripts."""

    async def demand(self, session: AsyncSession, actor: Actor, script_id: str) -> str:
        """Return the project of a living script; raise what a foreign or unknown id raises."""

    async def names(self, session: AsyncSession, script_ids: Sequence[str]) -> dict[str | None, str]:
        """Return the names of scripts."""

    async def of(self, session: AsyncSession, entry: Entry) -> Sequence[User]:
        """Return the living scripts within reach of a value that list its name."""
