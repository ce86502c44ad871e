"""How often somebody has guessed: kept in the database, so that all processes of an installation share one budget."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, cast

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.brake import (
    FORGOTTEN,
    KEPT,
    STRANGE_CODES,
    STRANGERS,
    Guesser,
    TooManyAttempts,
    Tries,
    one_more,
    one_spent,
    patience,
    patience_of_all,
)
from runyard.access.models import Guess
from runyard.db.session import Database
from runyard.secrets.keys import MasterKey

T = TypeVar("T")
What = Literal["password", "code"]

_GUESSES = cast("Table", Guess.__table__)
_RATES = {"password": STRANGERS, "code": STRANGE_CODES}
_TRIM_EVERY = 1000
"""After how many wrong guesses it is seen to that there are not too many rows."""


class Guesses:
    """Counts wrong guesses of each guesser, and of all strangers to an account together.

    Names are kept as fingerprints under a key: people type passwords where a name belongs.
    """

    def __init__(self, database: Database, key: MasterKey) -> None:
        self._database = database
        self._key = key.derive("guesses")
        self._counted = 0

    async def demand_patience(self, what: What, guesser: Guesser) -> bool:
        """Raise `TooManyAttempts` while a guesser has to wait; tell whether there is anything to forget of them."""
        names, now = self._names(what, guesser), clock.now()
        known = await self._database.look(lambda connection: _known(connection, names))
        _demand(what, names, known, now)
        return names[0] in known

    async def wrong(self, what: What, guesser: Guesser) -> None:
        """Count a wrong guess."""
        names = self._names(what, guesser)

        def count(connection: Connection) -> None:
            _count(connection, what, names, locked(connection, names), clock.now())
            self._trim(connection)

        await self._database.transact(count)

    async def tried(self, what: What, guesser: Guesser, find: Callable[[], T | None]) -> T | None:
        """Return what `find` finds, and count it if that is nothing; raise `TooManyAttempts`.

        Nobody else guesses in between, in whichever process: so `find` must be quick, and touch nothing shared.
        """
        names = self._names(what, guesser)

        def work(connection: Connection) -> T | None:
            known, now = locked(connection, names), clock.now()
            _demand(what, names, known, now)
            found = find()
            if found is None:
                _count(connection, what, names, known, now)
                self._trim(connection)
            return found

        return await self._database.transact(work)

    async def right(self, session: AsyncSession, what: What, guesser: Guesser) -> None:
        """Forget a guesser who knew it; what strangers have used up stays so."""
        await session.execute(delete(Guess).where(Guess.name == self._names(what, guesser)[0]))

    def _names(self, what: What, guesser: Guesser) -> tuple[str, ...]:
        """Return under which names a guess counts: the guesser's, and that of all strangers to the account."""
        own = self._fingerprint(what, *guesser)
        return (own, self._fingerprint(what, "strangers", guesser[1])) if guesser[0] == "address" else (own,)

    def _fingerprint(self, *parts: str) -> str:
        return fingerprint(self._key, *parts)

    def _trim(self, connection: Connection) -> None:
        """See to it now and then that whoever invents names does not fill the disk."""
        self._counted += 1
        if self._counted % _TRIM_EVERY == 0:
            trimmed(connection)


def fingerprint(key: bytes, *parts: str) -> str:
    """Return under which name a row is kept."""
    return hmac.new(key, "\0".join(parts).encode("utf-8", "replace"), "sha256").hexdigest()


async def forget_guesses(session: AsyncSession, now: datetime) -> None:
    """Delete what is known of those who have guessed nothing for a day."""
    await session.execute(delete(Guess).where(Guess.last < now - FORGOTTEN))


def _demand(what: What, names: Sequence[str], known: dict[str, Tries], now: datetime) -> None:
    wait = patience(known.get(names[0]), now)
    for strangers in names[1:]:
        wait = max(wait, patience_of_all(known.get(strangers), _RATES[what], now))
    if wait > timedelta(0):
        raise TooManyAttempts(wait)


def _count(connection: Connection, what: What, names: Sequence[str], known: dict[str, Tries], now: datetime) -> None:
    counted = {names[0]: one_more(known.get(names[0]), now)}
    counted |= {name: one_spent(known.get(name), _RATES[what], now) for name in names[1:]}
    put(connection, counted)


def put(connection: Connection, counted: Mapping[str, Tries]) -> None:
    """Write down what is known by now, in rows that are `locked`."""
    for name, tries in counted.items():
        facts = {"wrong": tries.wrong, "until": tries.until, "last": tries.last}
        connection.execute(update(_GUESSES).where(_GUESSES.c.name == name).values(facts))


def trimmed(connection: Connection) -> None:
    """Delete the oldest rows of too many."""
    oldest_kept = select(_GUESSES.c.last).order_by(_GUESSES.c.last.desc()).offset(KEPT).limit(1)
    connection.execute(delete(_GUESSES).where(_GUESSES.c.last <= oldest_kept.scalar_subquery()))


def _known(connection: Connection, names: Sequence[str], *, locked: bool = False) -> dict[str, Tries]:
    # In one order, so that two who lock the same rows never wait for each other.
    query = select(_GUESSES).where(_GUESSES.c.name.in_(names)).order_by(_GUESSES.c.name)
    rows = connection.execute(query.with_for_update() if locked else query)
    return {row.name: Tries(row.wrong, row.until, row.last) for row in rows}


def locked(connection: Connection, names: Sequence[str]) -> dict[str, Tries]:
    """Return what is known, held against other processes until the transaction ends; there is a row for each then."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_once
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_once  # type: ignore[assignment]
    never: dict[str, Any] = {"wrong": 0, "until": clock.EPOCH, "last": clock.EPOCH}
    fresh = [{"name": name, **never} for name in sorted(names)]
    connection.execute(insert_once(_GUESSES).on_conflict_do_nothing(), fresh)
    return _known(connection, names, locked=True)
