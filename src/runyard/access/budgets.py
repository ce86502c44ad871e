"""What may be done only so often: counted in the database, one budget for all processes of an installation."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection

from runyard import clock
from runyard.access.brake import Guesser, one_spent, patience_of_all
from runyard.access.guesses import fingerprint, locked, put, trimmed
from runyard.db.session import Database
from runyard.secrets.keys import MasterKey
from runyard.web.buckets import Rate
from runyard.web.throttle import TooManyRequests

_TRIM_EVERY = 1000
"""After how many acts it is seen to that there are not too many rows."""


class Budgets:
    """Token buckets that a restart does not fill again; names are kept as fingerprints under a key."""

    def __init__(self, database: Database, key: MasterKey) -> None:
        self._database = database
        self._key = key.derive("budgets")
        self._counted = 0

    async def spend(self, rates: Mapping[Guesser, Rate]) -> None:
        """Take one from each budget, or from none: raise `TooManyRequests` while one of them is empty."""
        named = {fingerprint(self._key, *name): rate for name, rate in rates.items()}

        def work(connection: Connection) -> None:
            known, now = locked(connection, tuple(named)), clock.now()
            wait = max(patience_of_all(known[name], rate, now) for name, rate in named.items())
            if wait > timedelta(0):
                raise TooManyRequests(wait.total_seconds())
            put(connection, {name: one_spent(known[name], rate, now) for name, rate in named.items()})
            self._counted += 1
            if self._counted % _TRIM_EVERY == 0:
                trimmed(connection)

        await self._database.transact(work)
