"""How often something is due within a stretch, found without walking through it. Pure."""

from collections.abc import Iterator

from runyard.jobs.recurrence.cron import DAY_S, Cron
from runyard.jobs.recurrence.rules import FIRST_S, LAST_S, US, AtIntervals, AtTimes, Once


def count(rule: AtTimes | AtIntervals | Once, after: int, until: int) -> int:
    """Return how many instants are due later than `after`, up to and with `until`; suppressed ones too."""
    if isinstance(rule, AtTimes):
        return _of_times(rule, max(after // US + 1, FIRST_S), min(until // US, LAST_S) + 1)
    if isinstance(rule, Once):
        return int(after < rule.at <= until)
    step = rule.every_s * US
    until = min(until, LAST_S * US)
    return max((until - rule.anchor) // step + 1, 0) - max((min(after, until) - rule.anchor) // step + 1, 0)


def second_times(rule: AtTimes | AtIntervals | Once, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches, from one instant to before another, in which a rule is suppressed: clocks were set back."""
    if not isinstance(rule, AtTimes) or rule.cron.interval_like:
        return
    # A clock that is set back repeats at most a day.
    at, stop, seen = max(start // US - DAY_S, FIRST_S), min(end // US, LAST_S), -1
    while at <= stop:
        span = rule.zone.at(at)
        begin, over = max(span.start * US, start), min((span.start + span.before - span.offset) * US, end)
        # Where a window ends soon after a change, the span after it begins with the same one.
        if begin < over and begin != seen:
            yield begin, over
        at, seen = span.end, begin


def _of_times(rule: AtTimes, start: int, stop: int) -> int:
    """Return how many there are from one second to before another."""
    found, at = 0, start
    while at < stop:
        span = rule.zone.at(at)
        end = min(span.end, stop)
        found += of_local(rule.cron, at + span.offset, end + span.offset)
        # What a gap moves to its end is one more, unless that is due anyway.
        if at == span.start and span.offset > span.before and not rule.cron.matches(at + span.offset):
            found += of_local(rule.cron, at + span.before, at + span.offset) > 0
        at = end
    return found


def of_local(cron: Cron, start: int, stop: int) -> int:
    """Return at how many local seconds an expression is due, from one to before another."""
    first, of_first = divmod(start, DAY_S)
    last, of_last = divmod(stop, DAY_S)
    minute = cron.seconds.bit_count()
    hour = cron.minutes.bit_count() * minute
    found = cron.days_between(first, last) * cron.hours.bit_count() * hour
    for day, second, sign in ((first, of_first, -1), (last, of_last, 1)):
        if second and cron.days_between(day, day + 1):
            found += sign * _before(cron, second, hour, minute)
    return found


def _before(cron: Cron, second: int, hour: int, minute: int) -> int:
    """Return how many times of a day are earlier than a second of it; `hour` and `minute` say how many each has."""
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    found = _below(cron.hours, hours) * hour
    if cron.hours >> hours & 1:
        found += _below(cron.minutes, minutes) * minute
        if cron.minutes >> minutes & 1:
            found += _below(cron.seconds, seconds)
    return found


def _below(mask: int, bit: int) -> int:
    return (mask & ((1 << bit) - 1)).bit_count()
