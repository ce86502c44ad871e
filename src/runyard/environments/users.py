"""Who uses environments: asked here, answered by a room above that knows scripts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor


class UsedBy(Struct, frozen=True):
    """A script that has run in an environment; `current` if that is the one it uses now."""

    script_id: str
    name: str
    current: bool
    last_used_at: datetime


class PackageUser(Struct, frozen=True):
    """A script whose present environment holds a package."""

    script_id: str
    name: str
    project_id: str
    environment_id: str
    kind: str
    version: str
    last_used_at: datetime


class Users(Protocol):
    """Answers for the scripts that an actor may read."""

    async def of(self, session: AsyncSession, actor: Actor, environment_id: str) -> list[UsedBy]:
        """Return the scripts that have run in an environment, those that use it now first."""

    async def counts(self, session: AsyncSession, actor: Actor, ids: Sequence[str]) -> dict[str, int]:
        """Return how many scripts use each environment now."""

    async def of_package(
        self, session: AsyncSession, actor: Actor, name: str, kind: str | None, version: str | None
    ) -> list[PackageUser]:
        """Return the scripts whose present environment holds a package, by name of the script."""


class Nobody:
    """Stands where no scripts are known."""

    async def of(self, _session: AsyncSession, _actor: Actor, _environment_id: str) -> list[UsedBy]:
        """Return none."""
        return []

    async def counts(self, _session: AsyncSession, _actor: Actor, _ids: Sequence[str]) -> dict[str, int]:
        """Return none."""
        return {}

    async def of_package(
        self, _session: AsyncSession, _actor: Actor, _name: str, _kind: str | None, _version: str | None
    ) -> list[PackageUser]:
        """Return none."""
        return []
