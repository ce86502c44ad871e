"""A brake on guessing: after some wrong passwords, the same guesser waits, each time longer. Pure."""

from datetime import datetime, timedelta

from msgspec import Struct

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


STRANGERS = Rate(burst=50, per_s=864)
"""Wrong passwords for one account from all unknown devices together: 5,000 a day, 50 of them at once."""
STRANGE_CODES = Rate(burst=10, per_s=8640)
"""Wrong codes for one account from all unknown devices together: 100 a day; three in a million are right."""


class Tries(Struct, frozen=True):
    """What is known of a guesser: how many wrong guesses there were, until when they wait, and when the last one was.

    Of all strangers to an account together, `until` is when all that they may do at once is there again.
    """

    wrong: int
    until: datetime
    last: datetime


def one_more(before: Tries | None, now: datetime) -> Tries:
    """Count a guesser's wrong guess: from the sixth in a row on the wait is 1, 2, 4 … seconds, at most 15 minutes."""
    wrong = 1 if before is None or now - before.last > FORGOTTEN else before.wrong + 1
    return Tries(wrong, now + delay(wrong), now)


def patience(tries: Tries | None, now: datetime) -> timedelta:
    """Return how long a guesser still has to wait; zero and less is not at all."""
    # Who has free tries left waits for nothing, though the clocks of two machines differ a little.
    return tries.until - now if tries is not None and tries.wrong >= FREE else timedelta(0)


def one_spent(before: Tries | None, rate: Rate, now: datetime) -> Tries:
    """Count a wrong guess of a stranger towards what all strangers may do.

    What several processes let pass at the same moment is owed: over a day it is never more than the rate says.
    """
    full = now if before is None else max(now, before.until)
    return Tries(before.wrong + 1 if before else 1, full + _costs(rate), now)


def patience_of_all(tries: Tries | None, rate: Rate, now: datetime) -> timedelta:
    """Return how long every stranger has to wait until there is another guess; zero and less is not at all."""
    return tries.until - now - (rate.burst - 1) * _costs(rate) if tries is not None else timedelta(0)


def delay(wrong: int) -> timedelta:
    """Return how long to wait after that many wrong passwords in a row."""
    over = wrong - FREE
    return timedelta(0) if over < 0 else min(LONGEST, timedelta(seconds=2 ** min(over, 20)))


def _costs(rate: Rate) -> timedelta:
    return timedelta(seconds=rate.per_s / rate.burst)
