"""Clocks to compare with: what is due, found by walking instant by instant with `zoneinfo`, and nothing of ours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings

from runyard.jobs.recurrence.cron import parse
from runyard.jobs.recurrence.rules import AtTimes, Due
from runyard.jobs.recurrence.zones import zone

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For machines that are busy with something else."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Matches = Callable[[datetime], bool]
Seen = tuple[str, str | None]
"""Local time with its offset, and what the clock did to it."""


def rule(expression: str, name: str) -> AtTimes:
    return AtTimes(parse(expression), zone(name))


def us(text: str) -> int:
    """Microseconds of an RFC 3339 time, or of one without an offset, which is UTC."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - EPOCH) // timedelta(microseconds=1)


def at(instant: int) -> datetime:
    return EPOCH + timedelta(microseconds=instant)


def shown(due: Due) -> str:
    """Local time with the offset as an RFC 3339 reader of the zone would write it; seconds are left off when 0."""
    local = (EPOCH + timedelta(seconds=due.local)).strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00")
    sign, offset = "-" if due.offset < 0 else "+", abs(due.offset) // 60
    return f"{local}{sign}{offset // 60:02}:{offset % 60:02}"


def walked(
    matches: Matches, name: str, start: int, end: int, step_s: int, *, interval_like: bool
) -> list[tuple[int, str]]:
    """Return (microseconds, kind) of all that is due from `start` to before `end`, asking every `step_s` seconds."""
    zone_info, step, found = ZoneInfo(name), timedelta(seconds=step_s), []
    instant = at(start)
    before = (instant - step).astimezone(zone_info).replace(tzinfo=None)
    while instant < at(end):
        there = instant.astimezone(zone_info)
        local = there.replace(tzinfo=None)
        skipped = False
        missing = before + step
        while missing < local:
            skipped = skipped or matches(missing)
            missing += step
        here = matches(local)
        kind = None
        if skipped:
            kind = "merged" if here else "moved"
        elif here and there.fold:
            kind = "repeated" if interval_like else "suppressed"
        elif here:
            kind = "plain"
        if kind:
            found.append(((instant - EPOCH) // timedelta(microseconds=1), kind))
        before, instant = local, instant + step
    return found


def counted(rule: AtTimes, start: int, end: int) -> list[tuple[int, str]]:
    """Return what a rule says of the same stretch."""
    found, due = [], rule.next(start - 1)
    while due is not None and due.at < end:
        found.append((due.at, due.dst or "plain"))
        due = rule.next(due.at)
    return found


def counted_back(rule: AtTimes, start: int, end: int) -> list[tuple[int, str]]:
    """Return it from the end to the start, turned round."""
    found, due = [], rule.previous(end)
    while due is not None and due.at >= start:
        found.append((due.at, due.dst or "plain"))
        due = rule.previous(due.at)
    return found[::-1]


def times(rule: AtTimes, after: str, count: int) -> list[Seen]:
    """Return what follows an instant."""
    found: list[Seen] = []
    due = rule.next(us(after))
    while due is not None and len(found) < count:
        found.append((shown(due), due.dst))
        due = rule.next(due.at)
    return found
