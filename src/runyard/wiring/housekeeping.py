"""What is thrown away once a day, when it has been kept for as long as the settings say."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from runyard import clock
from runyard.access.service import AccessService
from runyard.approvals.service import Approvals
from runyard.audit.service import AuditService
from runyard.db.session import Database
from runyard.secrets.repository import forget_uses
from runyard.secrets.rotation import Rotation
from runyard.settings import Settings

USES = 500


class Housekeeping:
    """The daily duties that are nobody's own service."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        access: AccessService,
        audit: AuditService,
        rotation: Rotation,
        approvals: Approvals,
    ) -> None:
        self._settings = settings
        self._database = database
        self._access = access
        self._audit = audit
        self._rotation = rotation
        self._approvals = approvals

    @property
    def duties(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What is to be done, in this order."""
        return (self.sweep_sessions, self.prune_audit, self.sweep_secrets, self.sweep_approvals)

    async def sweep_sessions(self) -> None:
        """Forget sessions that are over."""
        async with self._database.write() as session:
            await self._access.sweep(session, clock.now())

    async def prune_audit(self) -> None:
        """Drop what the audit need not keep any longer."""
        await self._audit.sweep(timedelta(days=self._settings.retention.audit_days))

    async def sweep_secrets(self) -> None:
        """Seal with the newest key what was left, and forget old uses."""
        await self._rotation.catch_up()
        before = clock.now() - timedelta(days=self._settings.keys.uses_days)
        more = True
        while more:
            async with self._database.write() as session:
                more = await forget_uses(session, before, USES) == USES

    async def sweep_approvals(self) -> None:
        """End requests that nobody answered in time."""
        async with self._database.write() as session:
            await self._approvals.sweep(session, clock.now())
