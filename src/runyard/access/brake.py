"""A brake on guessing: after some wrong passwords, the same guesser waits, each time longer. Pure; in memory."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from runyard.errors import TooMany
from runyard.web.buckets import Rate

FREE = 5
"""Wrong passwords in a row before the first wait."""
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)
"""After this long without a try a guesser starts afresh."""
KEPT = 20_000
"""How many guessers are remembered at the most."""

Guesser = tuple[str, ...]


class TooManyAttempts(TooMany):
    """Too many wrong tries; wait a little before the next one."""

    def __init__(self, wait: timedelta) -> None:
        self.retry_after_s = max(1, -(-wait // timedelta(seconds=1)))
        super().__init__(f"Too many wrong tries. Try again in {self.retry_after_s} seconds.")


@dataclass(slots=True)
class _Record:
    wrong: int
    until: datetime
    last: datetime


STRANGERS = Rate(burst=50, per_s=864)
"""Wrong passwords for one account from all unknown devices together: 5,000 a day, 50 of them at once."""
STRANGE_CODES = Rate(burst=10, per_s=8640)
"""Wrong codes for one account from all unknown devices together: 100 a day; three in a million are right."""


class Brake:
    """Counts wrong passwords per guesser; a right one forgets them."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._records: OrderedDict[Guesser, _Record] = OrderedDict()

    def check(self, guesser: Guesser, now: datetime) -> None:
        """Raise `TooManyAttempts` while the guesser has to wait."""
        record = self._records.get(guesser)
        if record is not None and now < record.until:
            raise TooManyAttempts(record.until - now)

    def wrong(self, guesser: Guesser, now: datetime) -> None:
        """Count a wrong password: from the sixth in a row on the wait is 1, 2, 4 … seconds, at most 15 minutes."""
        record = self._records.pop(guesser, None)
        wrong = 1 if record is None or now - record.last > FORGOTTEN else record.wrong + 1
        self._records[guesser] = _Record(wrong, now + delay(wrong), now)
        while len(self._records) > self._kept:
            self._records.popitem(last=False)

    def right(self, guesser: Guesser) -> None:
        """Forget a guesser who knew the password."""
        self._records.pop(guesser, None)

    def __len__(self) -> int:
        return len(self._records)


def delay(wrong: int) -> timedelta:
    """Return how long to wait after that many wrong passwords in a row."""
    over = wrong - FREE
    return timedelta(0) if over < 0 else min(LONGEST, timedelta(seconds=2 ** min(over, 20)))
