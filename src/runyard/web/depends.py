"""What routes ask for on their signature: a service, a reading session, a transaction."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from runyard.db.session import Database

T = TypeVar("T")


def provide(state: object, *services: object) -> None:
    """Make `services` available to `provided`, by their type, on an application's state."""
    table: dict[type, object] = getattr(state, "provided", {})
    table.update({type(service): service for service in services})
    state.provided = table  # type: ignore[attr-defined]


def provided(kind: type[T]) -> Callable[[HTTPConnection], Coroutine[Any, Any, T]]:
    """Return a dependency that answers the application's one `kind`."""

    # A plain function would be called in another thread.
    async def find(connection: HTTPConnection) -> T:
        return cast("T", connection.app.state.provided[kind])

    return find


async def _read(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    database: Database = connection.app.state.provided[Database]
    async with database.read() as session:
        yield session


async def _write(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    database: Database = connection.app.state.provided[Database]
    async with database.write() as session:
        yield session


Reading = Annotated[AsyncSession, Depends(_read, scope="function")]
"""A session for reading, closed before the answer is sent."""

Transaction = Annotated[AsyncSession, Depends(_write, scope="function")]
"""One transaction, committed before the answer is sent. Do nothing slow while holding it."""
