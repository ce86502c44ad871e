"""Idempotency keys: a submit that is sent twice makes one run."""

from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.db.prepared import Prepared
from runyard.runs.models import IdempotencyRow

_ADD = Prepared(insert(cast("Table", IdempotencyRow.__table__)).inline())


async def recall(session: AsyncSession, user_id: str, key: str) -> IdempotencyRow | None:
    """Return what an idempotency key stands for."""
    statement = select(IdempotencyRow).where(IdempotencyRow.user_id == user_id, IdempotencyRow.key == key)
    return (await session.execute(statement)).scalar_one_or_none()


def remember(connection: Connection, user_id: str, key: str, fingerprint: str, run_id: str) -> None:
    """Keep an idempotency key with the run that it made; raise IntegrityError when somebody was quicker."""
    row = {"user_id": user_id, "key": key, "fingerprint": fingerprint, "run_id": run_id, "created_at": clock.now()}
    _ADD.run(connection, row)


async def keep(session: AsyncSession, user_id: str, key: str, fingerprint: str, run_id: str) -> None:
    """Do `remember` within a session."""
    await session.run_sync(lambda sync: remember(sync.connection(), user_id, key, fingerprint, run_id))


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop idempotency keys that are older than `before`."""
    await session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < before))
