"""Object stores that triggers watch, each by the connection of that name that a run of the job would be given."""

from typing import IO, Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.connections import objects
from runyard.connections.objects import ObjectGone, ObjectTooLarge, Stored, StoreRefused
from runyard.connections.service import Connections
from runyard.db.session import Database
from runyard.jobs import repository
from runyard.jobs.errors import NoSuchTrigger
from runyard.jobs.models import JobTrigger
from runyard.jobs.watching import FileChanged, Found
from runyard.runs.errors import UploadTooLarge
from runyard.secrets import repository as kept
from runyard.secrets.precedence import ranked
from runyard.secrets.service import CONNECTION, Vault
from runyard.web.outbound import Reach


class Store:
    """One bucket."""

    def __init__(self, settings: dict[str, Any], reach: Reach) -> None:
        self._settings = settings
        self._reach = reach

    async def listed(self, begins: str, most: int) -> tuple[list[Found], bool]:
        """Return what is there, and whether there is more; raise `StoreRefused` and what keeps it from being asked."""
        stored, more = await objects.listed(self._settings, self._reach, begins, most)
        return [_found(each) for each in stored if not each.key.endswith("/")], more

    async def fetch(self, found: Found, into: IO[bytes], most: int) -> None:
        """Write a file; raise `FileChanged`, `UploadTooLarge`."""
        stored = Stored(found.path, found.size, found.version, clock.from_us(found.modified))
        try:
            await objects.fetch(self._settings, self._reach, stored, into, most)
        except ObjectGone as problem:
            raise FileChanged from problem
        except ObjectTooLarge as problem:
            raise UploadTooLarge(f"The files are larger than the {most} bytes allowed.") from problem


class Stores:
    """Finds the object store that a trigger watches."""

    def __init__(self, database: Database, connections: Connections, vault: Vault, reach: Reach) -> None:
        self._database = database
        self._connections = connections
        self._vault = vault
        self._reach = reach

    async def reached(self, trigger: JobTrigger, name: str) -> Store:
        """Return the store that a connection leads to; raise `StoreRefused`, `NoSuchTrigger`."""
        async with self._database.read() as session:
            settings = await self._settings_of(session, trigger, name)
        return Store(settings, self._reach)

    async def _settings_of(self, session: AsyncSession, trigger: JobTrigger, name: str) -> dict[str, Any]:
        job = await repository.living(session, trigger.job_id)
        if job is None:
            raise NoSuchTrigger
        stage = job.settings.get("stage") or (await self._vault.stages_of(session, job.project_id)).default
        rows = await kept.in_reach(session, job.project_id, job.target_id, CONNECTION, [name])
        order = ranked(rows, stage)
        if not order:
            where = f"the stage {stage}" if stage else "any stage"
            raise StoreRefused(f"There is no connection {name} for {where}.")
        shape = await self._connections.shape(session, order[0])
        whole = shape.whole()
        if whole["kind"] != "s3":
            raise StoreRefused(f"The connection {name} leads to no object store.")
        return whole


def _found(stored: Stored) -> Found:
    at = clock.to_us(stored.modified)
    return Found(stored.key, stored.size, at, at, stored.etag)
