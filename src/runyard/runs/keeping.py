"""The keep-list: runs that stay, whatever the rules of retention say."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.runs import records
from runyard.runs.errors import NoSuchRun
from runyard.runs.models import RunKeepRow, RunRow


async def of(session: AsyncSession, run_id: str) -> RunKeepRow | None:
    """Return why a run is kept, or None."""
    return (await session.execute(select(RunKeepRow).where(RunKeepRow.run_id == run_id))).scalar_one_or_none()


async def keep(session: AsyncSession, run: RunRow, note: str, actor: Actor, at: datetime) -> None:
    """Put a run on the list, or change its note; raise `NoSuchRun` when it was removed meanwhile."""
    if not await session.run_sync(lambda sync: records.there(sync.connection(), [run.id])):
        raise NoSuchRun
    values = {"note": note, "kept_by": actor.user_id, "kept_by_name": actor.username, "kept_at": at}
    changed = await session.execute(
        update(RunKeepRow).where(RunKeepRow.run_id == run.id).values(**values).returning(RunKeepRow.run_id)
    )
    if changed.first() is None:
        await session.execute(insert(RunKeepRow), [{"run_id": run.id, "project_id": run.project_id, **values}])


async def let_go(session: AsyncSession, run_id: str) -> None:
    """Take a run off the list."""
    await session.execute(delete(RunKeepRow).where(RunKeepRow.run_id == run_id))
