"""What a cron expression is read as, and what is refused of one."""

import pytest

from runyard.jobs.recurrence.cron import ALIASES, Cron, parse
from runyard.jobs.recurrence.problems import CronMalformed, CronNeverDue

EVERY = {"second": {0}, "minute": set(range(60)), "hour": set(range(24)), "day": set(range(1, 32))}
EVERY |= {"month": set(range(1, 13)), "weekday": set(range(7))}
PLACES = {"second": 0, "minute": 1, "hour": 2, "day": 3, "month": 4, "weekday": 5}


def values(cron: Cron, name: str) -> set[int]:
    mask = cron.parts[PLACES[name]].mask
    return {bit for bit in range(64) if mask >> bit & 1}


@pytest.mark.parametrize(
    ("expression", "field", "expected"),
    [
        ("* * * * *", "minute", set(range(60))),
        ("1 * * * *", "minute", {1}),
        ("01 * * * *", "minute", {1}),
        ("0,15,30,45 * * * *", "minute", {0, 15, 30, 45}),
        ("1-3 * * * *", "minute", {1, 2, 3}),
        ("1-3,7-9 * * * *", "minute", {1, 2, 3, 7, 8, 9}),
        ("*/15 * * * *", "minute", {0, 15, 30, 45}),
        ("*/60 * * * *", "minute", {0}),
        ("*/59 * * * *", "minute", {0, 59}),
        ("5/15 * * * *", "minute", {5, 20, 35, 50}),
        ("0-10/2 * * * *", "minute", {0, 2, 4, 6, 8, 10}),
        ("10-20/15 * * * *", "minute", {10}),
        ("5,1-3,2 * * * *", "minute", {1, 2, 3, 5}),
        ("*/15,7 * * * *", "minute", {0, 7, 15, 30, 45}),
        ("0 */7 * * *", "hour", {0, 7, 14, 21}),
        ("0 9-17 * * *", "hour", set(range(9, 18))),
        ("0 0 1-7 * *", "day", set(range(1, 8))),
        ("0 0 1/2 * *", "day", set(range(1, 32, 2))),
        ("0 0 */100,1-7 * 1", "day", set(range(1, 8))),
        ("0 0 * JAN *", "month", {1}),
        ("0 0 * jan,Jul *", "month", {1, 7}),
        ("0 0 * apr-OCT *", "month", set(range(4, 11))),
        ("0 0 * */12 *", "month", {1}),
        ("0 0 * NOV-FEB *", "month", {11, 12, 1, 2}),
        ("0 0 * NOV-FEB/2 *", "month", {11, 1}),
        ("0 0 * NOV-FEB/3 *", "month", {11, 2}),
        ("0 0 * DEC-JAN/12 *", "month", {12}),
        ("0 0 * * 0", "weekday", {0}),
        ("0 0 * * 7", "weekday", {0}),
        ("0 0 * * SUN", "weekday", {0}),
        ("0 0 * * sun-tue", "weekday", {0, 1, 2}),
        ("0 0 * * 1-5", "weekday", {1, 2, 3, 4, 5}),
        ("0 0 * * MON-FRI", "weekday", {1, 2, 3, 4, 5}),
        ("0 0 * * MON-5", "weekday", {1, 2, 3, 4, 5}),
        ("0 0 * * 5-7", "weekday", {5, 6, 0}),
        ("0 0 * * 5-0", "weekday", {5, 6, 0}),
        ("0 0 * * SAT-SUN", "weekday", {6, 0}),
        ("0 0 * * FRI-MON", "weekday", {5, 6, 0, 1}),
        ("0 0 * * FRI-MON/2", "weekday", {5, 0}),
        ("0 0 * * FRI-MON/7", "weekday", {5}),
        ("0 0 * * 0-7", "weekday", set(range(7))),
        ("0 0 * * 7-7", "weekday", {0}),
        ("0 0 * * 0-0", "weekday", {0}),
        ("0 0 * * 7-2", "weekday", {0, 1, 2}),
        ("0 0 * * */2", "weekday", {0, 2, 4, 6}),
        ("0 0 * * */7", "weekday", {0}),
        ("0 0 * * Mon/2", "weekday", {1, 3, 5}),
        ("0 0 * * 1-7/3", "weekday", {1, 4, 0}),
        ("*/20 * * * * *", "second", {0, 20, 40}),
        ("15/35 20-35/15 * * * *", "second", {15, 50}),
        ("  0\t0  * * *\n", "hour", {0}),
    ],
)
def test_a_field_is_read(expression: str, field: str, expected: set[int]) -> None:
    assert values(parse(expression), field) == expected


@pytest.mark.parametrize(("alias", "expression"), ALIASES.items())
def test_an_alias_is_what_it_stands_for(alias: str, expression: str) -> None:
    for written in (alias, alias.upper(), f" {alias} "):
        read = parse(written)
        assert read.parts == parse(expression).parts
        assert read.text == written.strip()


@pytest.mark.parametrize(
    ("expression", "interval_like"),
    [
        ("* * * * *", True),
        ("*/5 3 * * *", True),
        ("0 * * * *", True),
        ("0 */2 * * *", True),
        ("30 *,2 * * *", True),
        ("@hourly", True),
        ("30 2 * * *", False),
        ("0 0/2 * * *", False),
        ("0-59 0-23 * * *", False),
        ("@daily", False),
        # With seconds, minutes and hours are still what decides.
        ("* 30 2 * * *", False),
        ("0 * 2 * * *", True),
        ("0 30 * * * *", True),
    ],
)
def test_what_counts_on_like_an_interval(expression: str, *, interval_like: bool) -> None:
    assert parse(expression).interval_like is interval_like


@pytest.mark.parametrize(
    ("expression", "part", "saw", "says"),
    [
        ("", "expression", "", "has 0 fields"),
        ("   ", "expression", "", "has 0 fields"),
        ("5", "expression", "5", "has 1 field;"),
        ("* * * *", "expression", "* * * *", "it takes 5"),
        ("* * * * * * *", "expression", "* * * * * * *", "years can't be given"),
        ("* * * * * * * *", "expression", "* * * * * * * *", "has 8 fields"),
        ("TZ=UTC * * * * *", "expression", "TZ=UTC * * * * *", None),
        ("CRON_TZ=Asia/Tokyo 0 5 * * * *", "expression", "CRON_TZ=Asia/Tokyo 0 5 * * * *", "zone has a field"),
        ("@reboot", "expression", "@reboot", "names no time"),
        ("@every 1h30m", "expression", "@every 1h30m", "is an interval"),
        ("@fortnightly", "expression", "@fortnightly", "is none of @yearly"),
        ("@daily 5", "expression", "@daily 5", "stands alone"),
        ("0 " * 501 + "* * * *", "expression", None, "longer than 1000"),
        ("60 * * * *", "minute", "60", "from 0 to 59"),
        ("-1 * * * *", "minute", "-1", 'has ""'),
        ("1- * * * *", "minute", "1-", 'has ""'),
        ("1-2-3 * * * *", "minute", "1-2-3", 'has "2-3"'),
        ("*-5 * * * *", "minute", "*-5", 'has "*"'),
        ("** * * * *", "minute", "**", 'has "**"'),
        ("1,,2 * * * *", "minute", "1,,2", "empty item"),
        (", * * * *", "minute", ",", "empty item"),
        ("1.5 * * * *", "minute", "1.5", 'has "1.5"'),
        ("1_0 * * * *", "minute", "1_0", 'has "1_0"'),
        ("+1 * * * *", "minute", "+1", 'has "+1"'),
        ("\u00b9 * * * *", "minute", "\u00b9", 'has "\u00b9"'),
        ("\u0665 * * * *", "minute", "\u0665", 'has "\u0665"'),
        ("9" * 400 + " * * * *", "minute", "9" * 400, "out of range"),
        ("5-1 * * * *", "minute", "5-1", "write 5-59,0-1"),
        ("*/0 * * * *", "minute", "*/0", "lead nowhere"),
        ("*/ * * * *", "minute", "*/", "whole number after /"),
        ("/5 * * * *", "minute", "/5", 'has ""'),
        ("*//5 * * * *", "minute", "*//5", "whole number after /"),
        ("*/-5 * * * *", "minute", "*/-5", "whole number after /"),
        ("*/2/3 * * * *", "minute", "*/2/3", "whole number after /"),
        ("*/61 * * * *", "minute", "*/61", "only 60 values"),
        ("*/90 * * * *", "minute", "*/90", "interval can be longer"),
        ("? * * * *", "minute", "?", "write * here"),
        ("L * * * *", "minute", "L", "days only"),
        ("1#2 * * * *", "minute", "1#2", "days only"),
        ("MON * * * *", "minute", "MON", 'has "MON"'),
        ("H * * * *", "minute", "H", 'has "H"'),
        ("0 24 * * *", "hour", "24", "from 0 to 23"),
        ("0 22-2 * * *", "hour", "22-2", "write 22-23,0-2"),
        ("0 23-0 * * *", "hour", "23-0", "write 23,0"),
        ("0 */25 * * *", "hour", "*/25", "only 24 values"),
        ("0 0 0 * *", "day of month", "0", "from 1 to 31"),
        ("0 0 32 * *", "day of month", "32", "from 1 to 31"),
        ("0 0 25-5 * *", "day of month", "25-5", "write 25-31,1-5"),
        ("0 0 ?/2 * *", "day of month", "?/2", "write * here"),
        ("0 0 L-31 * *", "day of month", "L-31", "more than 30"),
        ("0 0 L/2 * *", "day of month", "L/2", "none of L, L-3 and LW"),
        ("0 0 3L * *", "day of month", "3L", "none of L"),
        ("0 0 32W * *", "day of month", "32W", "out of range"),
        ("0 0 1-5W * *", "day of month", "1-5W", "15W"),
        ("0 0 W * *", "day of month", "W", "15W"),
        ("0 0 5#3 * *", "day of month", "5#3", "belongs to the day of week"),
        ("0 0 * 13 *", "month", "13", "from 1 to 12, or JAN to DEC"),
        ("0 0 * 0 *", "month", "0", "from 1 to 12"),
        ("0 0 * FOO *", "month", "FOO", 'has "FOO"'),
        ("0 0 * JANUARY *", "month", "JANUARY", 'has "JANUARY"'),
        ("0 0 * 11-2 *", "month", "11-2", "write 11-12,1-2"),
        ("0 0 * NOV-2 *", "month", "NOV-2", "runs backwards"),
        ("0 0 * ? *", "month", "?", "write * here"),
        ("0 0 * * 8", "day of week", "8", "from 0 to 6, or 7 for Sunday, or SUN to SAT"),
        ("0 0 * * 6-2", "day of week", "6-2", "write 6,0-2"),
        ("0 0 * * */8", "day of week", "*/8", "only 7 values"),
        ("0 0 * * L", "day of week", "L", "which weekday"),
        ("0 0 * * 8L", "day of week", "8L", 'has "8L"'),
        ("0 0 * * JANL", "day of week", "JANL", 'has "JAN"'),
        ("0 0 * * 5L-6", "day of week", "5L-6", 'has "5L"'),
        ("0 0 * * 5L#1", "day of week", "5L#1", 'has "5L"'),
        ("0 0 * * 5L/3", "day of week", "5L/3", 'has "5L"'),
        ("0 0 * * 1#0", "day of week", "1#0", "from 1 to 5"),
        ("0 0 * * 1#6", "day of week", "1#6", "from 1 to 5"),
        ("0 0 * * 1#", "day of week", "1#", "from 1 to 5"),
        ("0 0 * * #2", "day of week", "#2", 'has ""'),
        ("0 0 * * 1##1", "day of week", "1##1", 'not "#1"'),
        ("0 0 * * MON#L", "day of week", "MON#L", "from 1 to 5"),
        ("0 0 * * \u00c9T\u00c9", "day of week", "\u00c9T\u00c9", "where a value is needed"),
        ("61 0 0 * * *", "second", "61", "from 0 to 59"),
    ],
)
def test_what_can_not_be_read_is_refused(expression: str, part: str, saw: str | None, says: str | None) -> None:
    if says is None:
        # Six words; the first of them is read as seconds.
        part, saw, says = "second", "TZ=UTC", "where a value is needed"
    with pytest.raises(CronMalformed) as refused:
        parse(expression)
    assert refused.value.part == part
    assert saw is None or refused.value.saw == saw
    assert says in refused.value.why
    assert refused.value.detail == f'{refused.value.part}: "{refused.value.saw}" {refused.value.why}'


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("0 0 30 2 *", "never comes in FEB, which never has more than 29 days"),
        ("0 0 30 2 ?", "FEB"),
        ("0 0 31 2 *", "FEB"),
        ("0 0 30,31 FEB *", "FEB"),
        ("0 0 31 4 *", "APR, which never has more than 30 days"),
        ("0 0 31 4,6,9,11 *", "APR, JUN, SEP, NOV"),
        ("0 0 31 2,4 *", "FEB, APR, which never has more than 30 days"),
        ("0 0 31W 4 *", "APR"),
        ("0 0 L-29 2 *", "FEB"),
        ("0 0 L-30 4 *", "APR"),
        # Both have to agree here, since one begins with a star.
        ("0 0 */100 * MON#4", "never fall on one day"),
        ("0 0 1-7 * */7,MON#5", None),
        ("0 0 */100,2-7 * FRI#2", "never fall on one day"),
    ],
)
def test_dates_that_never_come_are_refused(expression: str, says: str | None) -> None:
    if says is None:
        assert parse(expression).either is False
        return
    with pytest.raises(CronNeverDue) as refused:
        parse(expression)
    assert refused.value.code == "cron_never_due"
    assert says in refused.value.detail


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 29 2 *",
        "0 0 31 1-2 *",
        "0 0 30 2 1",
        "0 0 L-28 2 *",
        "0 0 * 2 5#5",
        "0 0 29W 2 *",
        "0 0 L 2 *",
        "0 0 LW 2 *",
    ],
)
def test_dates_that_come_rarely_are_not(expression: str) -> None:
    assert parse(expression).text == expression


@pytest.mark.parametrize(
    ("expression", "by_day", "by_weekday", "either"),
    [
        ("0 0 * * *", False, False, False),
        ("0 0 ? * ?", False, False, False),
        ("0 0 1 * *", True, False, False),
        ("0 0 ? * 1", False, True, False),
        ("0 0 1 * 1", True, True, True),
        ("0 0 L * FRIL", True, True, True),
        ("0 0 */2 * 1", True, True, False),
        ("0 0 1 * */2", True, True, False),
        ("0 0 1-31 * 1", True, True, True),
    ],
)
def test_which_days_have_to_agree(expression: str, *, by_day: bool, by_weekday: bool, either: bool) -> None:
    read = parse(expression)
    assert (read.by_day, read.by_weekday, read.either) == (by_day, by_weekday, either)


def test_there_is_nothing_before_1969() -> None:
    assert parse("0 0 29 2 *").at_or_before(0) is None
    assert parse("0 0 31 12 *").at_or_before(0) == -86_400


def test_nothing_comes_after_2101() -> None:
    end = 132 * 366 * 86_400
    assert parse("0 0 29 2 *").at_or_after(end) is None
    assert parse("0 0 1 2 *").at_or_before(end) is not None
