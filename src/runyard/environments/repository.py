"""The rows of environments. Leases are measured by the database's clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from runyard.access.permissions import Actor
from runyard.db.types import DatabaseNow
from runyard.environments import inventory
from runyard.environments.lifecycle import UNSETTLED, Move, State
from runyard.environments.models import Environment

_US = 1_000_000


async def find(session: AsyncSession, id_: str) -> Environment | None:
    """Return the environment of that id, deleted ones too, as it stands in the database now."""
    return await session.get(Environment, id_, populate_existing=True)


async def find_with_lock(session: AsyncSession, id_: str) -> Environment | None:
    """Return the environment of that id with the text of its lock."""
    return await session.get(Environment, id_, options=[undefer(Environment.lock_text)], populate_existing=True)


async def current(session: AsyncSession, request_hash: str) -> Environment | None:
    """Return the environment that answers a request now."""
    return (await session.scalars(select(Environment).where(Environment.current == request_hash))).one_or_none()


async def page(
    session: AsyncSession,
    states: Sequence[State],
    kind: str | None,
    before: str | None,
    limit: int,
    *,
    package: str | None = None,
    actor: Actor | None = None,
) -> Sequence[Environment]:
    """Return up to `limit` environments, newest first, beginning after the id `before`.

    Only those that hold `package`, if one is named. Only those that `actor` may see; None stands for
    everything.
    """
    query = select(Environment).where(Environment.deleted_at.is_(None)).order_by(Environment.id.desc()).limit(limit)
    if package is not None:
        query = query.where(Environment.id.in_(inventory.holding(package)))
    if actor is not None:
        query = query.where(inventory.visible(actor))
    if states:
        query = query.where(Environment.state.in_([state.value for state in states]))
    if kind is not None:
        query = query.where(Environment.kind == kind)
    if before is not None:
        query = query.where(Environment.id < before)
    return (await session.scalars(query)).all()


async def trial(session: AsyncSession, id_: str) -> str | None:
    """Return the id of the newest trial upgrade of an environment."""
    query = select(Environment.id).where(Environment.trial_of == id_, Environment.deleted_at.is_(None))
    return await session.scalar(query.order_by(Environment.id.desc()).limit(1))


async def apply(session: AsyncSession, id_: str, move: Move, *, token: int | None = None, **values: Any) -> bool:
    """Make a decided move if the row still allows it; the only writer of `state` besides `claim`.

    `token` is the number of the build that the writer owns: another one's moves change nothing.
    """
    statement = update(Environment).where(
        Environment.id == id_, Environment.state.in_([state.value for state in move.sources])
    )
    if token is not None:
        statement = statement.where(Environment.build == token)
    changed = await session.execute(statement.values(state=move.target.value, **values).returning(Environment.id))
    return changed.first() is not None


async def claim(session: AsyncSession, id_: str, builder: str, lease_s: float, now: datetime) -> int | None:
    """Take a due build, or one whose builder has gone silent; return its number, or None if another has it."""
    taken = await session.execute(
        update(Environment)
        .where(Environment.id == id_, Environment.deleted_at.is_(None), _is_due())
        .values(
            state=State.building.value,
            build=Environment.build + 1,
            builder=builder,
            lease_until=_until(lease_s),
            cancel_requested=False,
            started_at=now,
            error_code=None,
            error_message=None,
        )
        .returning(Environment.build)
    )
    return taken.scalar_one_or_none()


async def beat(session: AsyncSession, id_: str, token: int, lease_s: float) -> bool:
    """Renew a builder's lease; False if it is not theirs any more."""
    changed = await session.execute(
        update(Environment)
        .where(Environment.id == id_, Environment.build == token, Environment.state == State.building.value)
        .values(lease_until=_until(lease_s))
        .returning(Environment.id)
    )
    return changed.first() is not None


async def request_cancel(session: AsyncSession, id_: str) -> None:
    """Ask whoever builds to stop."""
    await session.execute(
        update(Environment)
        .where(Environment.id == id_, Environment.state == State.building.value)
        .values(cancel_requested=True)
    )


async def cancel_requested(session: AsyncSession, id_: str) -> bool:
    """Whether whoever builds has been asked to stop."""
    return bool(await session.scalar(select(Environment.cancel_requested).where(Environment.id == id_)))


async def unsettled(session: AsyncSession) -> Sequence[tuple[str, str, str | None]]:
    """Return id, state and builder of what is due or being built."""
    rows = await session.execute(
        select(Environment.id, Environment.state, Environment.builder).where(
            Environment.deleted_at.is_(None), Environment.state.in_([state.value for state in UNSETTLED])
        )
    )
    return [(id_, state, builder) for id_, state, builder in rows]


async def due(session: AsyncSession) -> Sequence[str]:
    """Return the ids of what nobody builds though it is to be built."""
    return (await session.scalars(select(Environment.id).where(Environment.deleted_at.is_(None), _is_due()))).all()


async def sharing(session: AsyncSession, lock_hash: str) -> Sequence[str]:
    """Return the ids of the environments that are not deleted and stand in one directory."""
    query = select(Environment.id).where(Environment.lock_hash == lock_hash, Environment.deleted_at.is_(None))
    return (await session.scalars(query)).all()


async def directories(session: AsyncSession) -> Sequence[tuple[str, str, bool]]:
    """Return id, directory and whether it was deleted, of every environment that was ever built."""
    rows = await session.execute(
        select(Environment.id, Environment.lock_hash, Environment.deleted_at).where(Environment.lock_hash.is_not(None))
    )
    return [(id_, name, deleted_at is not None) for id_, name, deleted_at in rows if name is not None]


async def unused(session: AsyncSession, before: datetime, limit: int) -> Sequence[Environment]:
    """Return settled environments that nothing has used since `before`, the longest unused first."""
    last = func.coalesce(Environment.last_used_at, Environment.created_at)
    query = (
        select(Environment)
        .where(Environment.deleted_at.is_(None), last < literal(before, Environment.created_at.type))
        .where(Environment.state.in_([State.ready.value, State.failed.value]))
        .order_by(last, Environment.id)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def bury(session: AsyncSession, row: Environment, now: datetime) -> None:
    """Delete an environment; one that was ever built leaves its lock behind for the runs that were pinned to it."""
    if row.lock_hash is None:
        await session.execute(delete(Environment).where(Environment.id == row.id))
    else:
        await session.execute(update(Environment).where(Environment.id == row.id).values(deleted_at=now, current=None))


async def exhume(session: AsyncSession, id_: str) -> None:
    """Undo a deletion, for a run that is pinned to this very lock."""
    await session.execute(update(Environment).where(Environment.id == id_).values(deleted_at=None))


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop for good what was deleted before that instant."""
    await session.execute(delete(Environment).where(Environment.deleted_at < before))


async def touch(session: AsyncSession, id_: str, now: datetime) -> None:
    """Note a use."""
    await session.execute(update(Environment).where(Environment.id == id_).values(last_used_at=now))


def _is_due() -> ColumnElement[bool]:
    return or_(
        Environment.state == State.pending.value,
        (Environment.state == State.building.value) & (Environment.lease_until < DatabaseNow()),
    )


def _until(lease_s: float) -> Any:
    return DatabaseNow() + literal(int(lease_s * _US), BigInteger)
