"""When a trigger is due, in words: an interval, one instant, or a cron expression. Pure."""

from datetime import datetime
from functools import lru_cache

from runyard.jobs.reading import reading
from runyard.jobs.recurrence.cron import parse
from runyard.jobs.words import chinese, english

_UNITS = ((86_400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒"))


@lru_cache(4096)
def of_cron(text: str) -> tuple[str, str]:
    """Return what a cron expression says, in English and Chinese."""
    said = reading(parse(text))
    return english.sentence(said), chinese.sentence(said)


def of_interval(every_s: int) -> tuple[str, str]:
    """Return what an interval says: in the largest unit of which it has whole ones."""
    size, unit, sign = next(each for each in _UNITS if every_s % each[0] == 0)
    many = every_s // size
    return (f"Every {unit}" if many == 1 else f"Every {many} {unit}s"), f"每 {many} {sign}"


def of_date(at: datetime) -> tuple[str, str]:
    """Return what a single instant says; the page tells it in the reader's own zone."""
    text = at.strftime("%Y-%m-%d %H:%M:%S %Z" if at.second else "%Y-%m-%d %H:%M %Z").strip()
    return f"Once, on {text}", f"一次，{text}"
