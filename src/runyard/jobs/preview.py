"""The next times of a trigger, with what clocks that are set do to them. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from msgspec import Struct

from runyard.clock import from_us
from runyard.jobs.recurrence.rules import Dst, Due, Rule
from runyard.jobs.words.slots import Language, note

AHEAD = 10


class Upcoming(Struct, frozen=True):
    """One time at which a trigger is due; `local` and `wanted` are what its clock shows."""

    at: datetime
    local: datetime
    fires: bool
    dst: Dst | None = None
    wanted: datetime | None = None
    """The first local time that does not exist and is made up for here; without an offset, as it has none."""

    def note(self, language: Language) -> str:
        """Return what the clock does to it, in words; empty where it does nothing."""
        if self.dst is None:
            return ""
        wanted = self.wanted or self.local
        return note(self.dst, _clock(self.local), _clock(wanted), language)


def preview(rule: Rule, after: int, most: int = AHEAD) -> list[Upcoming]:
    """Return the next times that fire, as many as asked for, and between them those that a clock suppresses."""
    found: list[Upcoming] = []
    left = most
    for due in _from(rule, after):
        found.append(_shown(due))
        left -= due.fires
        if left <= 0:
            break
    return found


def _from(rule: Rule, after: int) -> Iterator[Due]:
    due = rule.next(after)
    while due is not None:
        yield due
        due = rule.next(due.at)


def _shown(due: Due) -> Upcoming:
    at = from_us(due.at)
    wanted = None if due.wanted is None else datetime(1970, 1, 1) + timedelta(seconds=due.wanted)  # noqa: DTZ001
    return Upcoming(at, at.astimezone(timezone(timedelta(seconds=due.offset))), due.fires, due.dst, wanted)


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")
