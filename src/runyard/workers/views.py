"""Workers as the API shows them."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.workers import repository
from runyard.workers.schemas import Worker


async def listed(session: AsyncSession, in_use: Mapping[str, int]) -> list[Worker]:
    """Return every worker, with how many runs each holds by `in_use`."""
    return [
        Worker(
            id=row.id,
            name=row.name,
            host=row.host,
            version=row.version,
            state=row.state,
            slots=row.slots,
            in_use=in_use.get(row.id, 0),
            queues=row.queues,
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            info=row.info,
        )
        for row in await repository.listed(session)
    ]
