"""When triggers are due: previews, the next instants of ten thousand, and what is decided of those that are due.

Processor time is measured, since nothing here waits for anything.
"""

import random
import time
from collections.abc import Callable

from bench.yard import percentile
from runyard.jobs.preview import preview
from runyard.jobs.recurrence.cron import parse
from runyard.jobs.recurrence.rules import US, AtTimes
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.slots import Plan, decide

TRIGGERS = 10_000
DUE_AT_ONCE = 1_000
ROUNDS = 7
NOW = 1_790_000_000 * US
YEAR = 366 * 86_400 * US
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
RARE = ("0 0 29 2 *", "30 2 * * *", "*/5 * * * *", "0 9 * * MON-FRI", "0 0 L * *", "0 0 15W * *", "0 12 * * 5#3")


def measure() -> dict[str, float]:
    """Return milliseconds of processor time."""
    texts = expressions(random.Random(7))
    rules = [AtTimes(parse(text), zone(name)) for text, name in texts]
    fresh, known = zip(*(previews(text, name) for text in RARE for name in ZONES), strict=True)
    hourly = [AtTimes(parse("0 * * * *"), zone(ZONES[at % len(ZONES)])) for at in range(DUE_AT_ONCE)]
    hour = NOW // (3600 * US) * 3600 * US
    every_second = AtTimes(parse("* * * * * *"), zone("Europe/Berlin"))
    return {
        "preview_fresh_ms": max(fresh),
        "preview_known_ms": max(known),
        "next_of_10000_ms": usual(lambda: [rule.next(NOW) for rule in rules]),
        "decide_1000_due_ms": usual(lambda: [decide(rule, hour - US, hour, Plan()) for rule in hourly]),
        "decide_year_asleep_ms": usual(lambda: decide(every_second, NOW, NOW + YEAR, Plan(grace_s=0))),
    }


def previews(text: str, name: str) -> tuple[float, float]:
    """Return what a preview of ten takes, in a zone that nobody has asked for and again."""

    def work() -> None:
        preview(AtTimes(parse(text), zone(name)), NOW)

    parse.cache_clear()
    zone.cache_clear()
    return spent(work), spent(work)


def expressions(chance: random.Random) -> list[tuple[str, str]]:
    """Return as many expressions as there are triggers, of the kinds that crontabs are full of, with their zones."""
    kinds: tuple[Callable[[], str], ...] = (
        lambda: f"*/{chance.choice((1, 5, 10, 15))} * * * *",
        lambda: f"{chance.randrange(60)} * * * *",
        lambda: f"{chance.randrange(60)} {chance.randrange(24)} * * *",
        lambda: f"{chance.randrange(60)} {chance.randrange(24)} * * 1-5",
        lambda: f"{chance.randrange(60)} {chance.randrange(24)} {chance.randrange(1, 29)} * *",
        lambda: f"{chance.randrange(60)} {chance.randrange(24)} L * *",
    )
    return [(chance.choice(kinds)(), chance.choice(ZONES)) for _ in range(TRIGGERS)]


def usual(work: Callable[[], object]) -> float:
    """Return the median of some rounds."""
    return percentile([spent(work) for _ in range(ROUNDS)], 0.5)


def spent(work: Callable[[], object]) -> float:
    """Return the processor's milliseconds for one piece of work."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3
