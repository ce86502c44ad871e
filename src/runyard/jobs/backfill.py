"""Which instants of a stretch are filled up: those at which triggers were due, up to so many. Pure."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal

from msgspec import Struct

from runyard import clock
from runyard.jobs.recurrence.rules import Due
from runyard.jobs.slots import Recurrence

MOST = 1000
Order = Literal["oldest", "newest"]


class Wanted(Struct, frozen=True):
    """A stretch, both ends included, and how many of its instants in which order; None of `trigger_ids` is all."""

    since: datetime
    until: datetime
    trigger_ids: Sequence[str] | None = None
    most: int = 100
    order: Order = "oldest"


class Item(Struct, frozen=True):
    """An instant at which a trigger was due, in microseconds, and what became of it if that is known."""

    trigger_id: str
    due_at: int
    had: str | None = None


def choose(rules: Mapping[str, Recurrence | None], wanted: Wanted, now: datetime) -> tuple[list[Item], bool]:
    """Return the instants of all triggers in order, and whether there are more of them; nothing later than `now`.

    Those that stand for no run, because a clock was set back, are left out.
    """
    first, last = clock.to_us(wanted.since), clock.to_us(min(wanted.until, now))
    newest = wanted.order == "newest"
    every = [
        _instants(trigger_id, rule, first, last, newest=newest)
        for trigger_id, rule in rules.items()
        if rule is not None
    ]
    merged = heapq.merge(*every, key=lambda item: item.due_at, reverse=newest)
    found = list(islice(merged, wanted.most + 1))
    return found[: wanted.most], len(found) > wanted.most


def _instants(trigger_id: str, rule: Recurrence, first: int, last: int, *, newest: bool) -> Iterator[Item]:
    due: Due | None = rule.previous(last + 1) if newest else rule.next(first - 1)
    while due is not None and first <= due.at <= last:
        if due.fires:
            yield Item(trigger_id, due.at)
        due = rule.previous(due.at) if newest else rule.next(due.at)
