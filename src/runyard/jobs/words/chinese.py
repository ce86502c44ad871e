"""Cron expressions in Chinese. Pure."""

import re
from collections.abc import Iterable

from runyard.jobs.reading import Reading, Special, Values

WEEKDAYS = ("周日", "周一", "周二", "周三", "周四", "周五", "周六")
NUMBERS = ("", "一", "二", "三", "四", "五")
WEEK = (1, 2, 3, 4, 5, 6, 0)
SECOND, MINUTE, HOUR = ("秒", "秒"), ("分", "分钟"), ("点", "小时")
"""Each unit as a point of time and as a length of it."""
_BESIDE = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9])|(?<=[0-9])(?=[\u4e00-\u9fff])")
"""Where a character and a digit stand side by side."""


def sentence(said: Reading) -> str:
    """Return what an expression says, as a phrase without a full stop: from the months down to the seconds."""
    months = _months(said)
    days = _days(said, yearly=bool(months))
    if not days and said.times:
        days = "每天"
    if months and said.weekdays and not _of_month(said):
        months += "的"
    text = (" " if said.times else "，").join(part for part in (months + days, _times(said)) if part)
    return _BESIDE.sub(" ", text).replace("） ", "）")


def _times(said: Reading) -> str:
    if said.times:
        return "、".join(_clock(second, with_seconds=said.with_seconds) for second in said.times)
    hours = "" if said.hours.kind == "all" else _counted(HOUR, said.hours)
    if said.minutes.kind == "all":
        minutes = "" if said.with_seconds and said.seconds.kind != "list" else "每分钟"
    else:
        minutes = _counted(MINUTE, said.minutes)
        if not said.minutes.even and (not said.hours.even or not hours):
            minutes = f"每小时的{minutes}"
    seconds = _counted(SECOND, said.seconds) if said.with_seconds else ""
    return "，".join(part for part in (hours, minutes, seconds) if part)


def _counted(unit: tuple[str, str], values: Values) -> str:
    point, length = unit
    if values.kind == "all":
        return f"每{length}"
    if values.kind == "list":
        text = f"{_runs(values)} {point}"
        return text if unit is HOUR else f"第 {text}"
    if values.even:
        since = f"（从 {values.low} {point}起）" if values.low else ""
        return f"每 {values.step} {length}{since}"
    return f"{values.low} 至 {values.high} {point}之间每 {values.step} {length}"


def _runs(values: Values) -> str:
    found = []
    for first, last in values.runs:
        found += [f"{first} 至 {last}"] if last > first + 1 else [str(value) for value in range(first, last + 1)]
    return "、".join(found)


def _days(said: Reading, *, yearly: bool) -> str:
    by_day, by_weekday = _of_month(said), _of_week(said)
    every = "" if yearly else "每月"
    if by_day and by_weekday:
        return f"{every}{by_day}{'，或' if said.join == 'or' else '，且当天为'}{by_weekday}"
    if by_day:
        return every + by_day
    if said.special_weekdays and not said.weekdays:
        return every + by_weekday
    return f"每{by_weekday}" if by_weekday and not yearly else by_weekday


def _of_month(said: Reading) -> str:
    found = []
    if said.days and said.days.kind == "step":
        found.append(f"{said.days.low} 至 {said.days.high} 日之间每 {said.days.step} 天")
    elif said.days:
        found.append(f"{_runs(said.days)} 日")
    found += [_special_day(each) for each in said.special_days]
    return "、".join(found)


def _special_day(day: Special) -> str:
    if day.kind == "last_day":
        return f"最后一天之前第 {day.number} 天" if day.number else "最后一天"
    if day.kind == "last_workday":
        return "最后一个工作日（周一至周五）"
    return f"离 {day.number} 日最近的工作日（周一至周五）"


def _of_week(said: Reading) -> str:
    found = _in_runs([WEEKDAYS[day] for day in WEEK], [day in said.weekdays for day in WEEK])
    for each in said.special_weekdays:
        number = "最后一个" if each.kind == "last_weekday" else f"第{NUMBERS[each.number]}个"
        found.append(number + WEEKDAYS[each.weekday])
    return "、".join(found)


def _months(said: Reading) -> str:
    if not said.months:
        return ""
    found = _in_runs([f"{month} 月" for month in range(1, 13)], [month in said.months for month in range(1, 13)])
    return f"每年 {'、'.join(found)}"


def _in_runs(names: Iterable[str], chosen: Iterable[bool]) -> list[str]:
    """Return the names that are chosen; three or more neighbours as their first and last."""
    runs: list[list[str]] = [[]]
    for name, is_chosen in zip(names, chosen, strict=True):
        if is_chosen:
            runs[-1].append(name)
        elif runs[-1]:
            runs.append([])
    found: list[str] = []
    for run in runs:
        found += [f"{run[0]}至{run[-1]}"] if len(run) > 2 else run  # noqa: PLR2004 - a pair is told as two
    return found


def _clock(second: int, *, with_seconds: bool) -> str:
    text = f"{second // 3600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if with_seconds else text
