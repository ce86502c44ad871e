"""Cron expressions and outcomes in words."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given

from runyard.jobs.pausing import NAMES, Kind
from runyard.jobs.reading import reading
from runyard.jobs.recurrence.cron import parse
from runyard.jobs.recurrence.problems import CronNeverDue
from runyard.jobs.recurrence.rules import Dst
from runyard.jobs.slots import Outcome, Reason, Slot
from runyard.jobs.words import chinese, english
from runyard.jobs.words.slots import NOTES, REASONS, THINGS, note, why
from runyard.jobs.words.triggers import of_cron, of_date, of_interval

from .recurrence.clocks import UNHURRIED
from .recurrence.test_reference import EXPRESSIONS, WITH_SECONDS, Expression

CASES = [
    ("* * * * *", "Every minute", "每分钟"),
    ("*/5 * * * *", "Every 5 minutes", "每 5 分钟"),
    ("5/15 * * * *", "Every 15 minutes from minute 5", "每 15 分钟（从 5 分起）"),
    ("1-59/2 * * * *", "Every 2 minutes from minute 1", "每 2 分钟（从 1 分起）"),
    (
        "*/7 * * * *",
        "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour",
        "每小时的第 0、7、14、21、28、35、42、49、56 分",
    ),
    (
        "*/5,1 * * * *",
        "At minutes 0, 1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50 and 55 of every hour",
        "每小时的第 0、1、5、10、15、20、25、30、35、40、45、50、55 分",
    ),
    ("0 * * * *", "Every hour", "每小时的第 0 分"),
    ("30 * * * *", "Every hour at minute 30", "每小时的第 30 分"),
    ("0 */2 * * *", "Every 2 hours", "每 2 小时，第 0 分"),
    ("30 */2 * * *", "Every 2 hours at minute 30", "每 2 小时，第 30 分"),
    ("0 1/2 * * *", "At minute 0 of every 2nd hour from 1", "每 2 小时（从 1 点起），第 0 分"),
    ("0 */5 * * *", "Every day at 00:00, 05:00, 10:00, 15:00 and 20:00", "每天 00:00、05:00、10:00、15:00、20:00"),
    (
        "*/10 */5 * * *",
        "Every 10 minutes from 00:00 to 00:59, from 05:00 to 05:59, from 10:00 to 10:59, from 15:00 to 15:59 and from 20:00 to 20:59",
        "0、5、10、15、20 点，每 10 分钟",
    ),
    ("0 9-17 * * *", "Every hour from 09:00 to 17:00", "9 至 17 点，每小时的第 0 分"),
    (
        "30 9-17 * * 1-5",
        "Every hour from 09:30 to 17:30, from Monday to Friday",
        "每周一至周五，9 至 17 点，每小时的第 30 分",
    ),
    (
        "*/10 9-17 * * MON-FRI",
        "Every 10 minutes from 09:00 to 17:59, from Monday to Friday",
        "每周一至周五，9 至 17 点，每 10 分钟",
    ),
    (
        "*/10 9-11,14 * * *",
        "Every 10 minutes from 09:00 to 11:59 and from 14:00 to 14:59",
        "9 至 11、14 点，每 10 分钟",
    ),
    ("30 2 * * *", "Every day at 02:30", "每天 02:30"),
    ("0 9,12,18 * * *", "Every day at 09:00, 12:00 and 18:00", "每天 09:00、12:00、18:00"),
    ("0 0 1,15 * *", "At 00:00, on days 1 and 15 of the month", "每月 1、15 日 00:00"),
    ("0 0 1-7 * *", "At 00:00, on days 1 to 7 of the month", "每月 1 至 7 日 00:00"),
    ("0 0 */2 * *", "At 00:00, on every 2nd day from 1 to 31 of the month", "每月 1 至 31 日之间每 2 天 00:00"),
    ("0 0 L * *", "At 00:00, on the last day of the month", "每月最后一天 00:00"),
    ("0 0 L-3 * *", "At 00:00, on the day 3 days before the last day of the month", "每月最后一天之前第 3 天 00:00"),
    ("0 0 L-1 * *", "At 00:00, on the day before the last day of the month", "每月最后一天之前第 1 天 00:00"),
    (
        "0 0 LW * *",
        "At 00:00, on the last day from Monday to Friday of the month",
        "每月最后一个工作日（周一至周五）00:00",
    ),
    (
        "0 0 15W * *",
        "At 00:00, on the day from Monday to Friday nearest to day 15 of the month",
        "每月离 15 日最近的工作日（周一至周五）00:00",
    ),
    ("0 0 * * 5#3", "At 00:00, on the third Friday of the month", "每月第三个周五 00:00"),
    ("0 0 * * FRIL", "At 00:00, on the last Friday of the month", "每月最后一个周五 00:00"),
    ("0 0 * * 1,3,5", "At 00:00, on Monday, Wednesday and Friday", "每周一、周三、周五 00:00"),
    ("0 0 * * SAT,SUN", "At 00:00, on Saturday and Sunday", "每周六、周日 00:00"),
    ("0 0 1 1 *", "At 00:00, on day 1 of the month, in January", "每年 1 月 1 日 00:00"),
    ("0 6 29 2 *", "At 06:00, on day 29 of the month, in February", "每年 2 月 29 日 06:00"),
    ("0 0 L 2 *", "At 00:00, on the last day of the month, in February", "每年 2 月最后一天 00:00"),
    ("0 0 * 4-10 *", "Every day at 00:00, from April to October", "每年 4 月至 10 月每天 00:00"),
    ("0 0 * 1,2,3,7 *", "Every day at 00:00, from January to March and July", "每年 1 月至 3 月、7 月每天 00:00"),
    ("0 0 * 1,7 1-5", "At 00:00, from Monday to Friday, in January and July", "每年 1 月、7 月的周一至周五 00:00"),
    ("0 0 * 12 5#2", "At 00:00, on the second Friday of the month, in December", "每年 12 月第二个周五 00:00"),
    ("30 4 1,15 * 5", "At 04:30, on days 1 and 15 of the month, or on Friday", "每月 1、15 日，或周五 04:30"),
    ("0 0 1 * 1-5", "At 00:00, on day 1 of the month, or from Monday to Friday", "每月 1 日，或周一至周五 00:00"),
    (
        "0 0 1-7 * */7",
        "At 00:00, on days 1 to 7 of the month, only if it is Sunday",
        "每月 1 至 7 日，且当天为周日 00:00",
    ),
    (
        "0 0 */2 * */2",
        "At 00:00, on every 2nd day from 1 to 31 of the month, only if it is Tuesday, Thursday, Saturday or Sunday",
        "每月 1 至 31 日之间每 2 天，且当天为周二、周四、周六、周日 00:00",
    ),
    ("0 0 1-31 * 1", "Every day at 00:00", "每天 00:00"),
    ("0 0 1 * 0-6", "Every day at 00:00", "每天 00:00"),
    ("0 0 * * 0-6", "Every day at 00:00", "每天 00:00"),
    ("0 0 1,L * *", "At 00:00, on day 1 of the month and the last day of the month", "每月 1 日、最后一天 00:00"),
    (
        "0 0 1 * 5#1,5L,2",
        "At 00:00, on day 1 of the month, or on Tuesday, the first Friday of the month and the last Friday of the month",
        "每月 1 日，或周二、第一个周五、最后一个周五 00:00",
    ),
    ("@daily", "Every day at 00:00", "每天 00:00"),
    ("*/10 * * * * *", "Every 10 seconds", "每 10 秒"),
    ("* * * * * *", "Every second", "每秒"),
    ("15 * * * * *", "At second 15 of every minute", "每分钟，第 15 秒"),
    ("*/20 */5 * * * *", "Every 20 seconds of every 5th minute of every hour", "每 5 分钟，每 20 秒"),
    ("*/10 */12 * * * *", "Every 10 seconds of every 12th minute of every hour", "每 12 分钟，每 10 秒"),
    (
        "*/10 2/3 * * * *",
        "Every 10 seconds of every 3rd minute from 2 of every hour",
        "每 3 分钟（从 2 分起），每 10 秒",
    ),
    (
        "0 0 1 * */2,5#1",
        "At 00:00, on day 1 of the month, only if it is Tuesday, Thursday, Saturday, Sunday or the first Friday of the month",
        "每月 1 日，且当天为周二、周四、周六、周日、第一个周五 00:00",
    ),
    ("*/10 * 3 * * *", "Every 10 seconds from 03:00 to 03:59", "3 点，每 10 秒"),
    ("0 * 3 * * *", "Every minute from 03:00 to 03:59", "3 点，每分钟"),
    ("* * 3 * * *", "Every second from 03:00 to 03:59", "3 点，每秒"),
    ("0 0 2 * * *", "Every day at 02:00", "每天 02:00"),
    ("15,45 30 2 * * *", "Every day at 02:30:15 and 02:30:45", "每天 02:30:15、02:30:45"),
    ("5,20 * * * *", "At minutes 5 and 20 of every hour", "每小时的第 5、20 分"),
    ("0-10,20 3,4 * * *", "At minutes 0 to 10 and 20 of hours 3 and 4", "3、4 点，每小时的第 0 至 10、20 分"),
    ("* 3 * * *", "Every minute from 03:00 to 03:59", "3 点，每分钟"),
    ("* * 5 12 *", "Every minute, on day 5 of the month, in December", "每年 12 月 5 日，每分钟"),
    (
        "15/35 20-35/15 * * * *",
        "At seconds 15 and 50 of minutes 20 and 35 of every hour",
        "每小时的第 20、35 分，第 15、50 秒",
    ),
    (
        "0-50/2 1/2 * * *",
        "At every 2nd minute from 0 to 50 of every 2nd hour from 1",
        "每 2 小时（从 1 点起），0 至 50 分之间每 2 分钟",
    ),
    ("0-50/2 */2 * * *", "At every 2nd minute from 0 to 50 of every 2nd hour", "每 2 小时，0 至 50 分之间每 2 分钟"),
    (
        "5 */2,3 * * *",
        "At minute 5 of hours 0, 2 to 4, 6, 8, 10, 12, 14, 16, 18, 20 and 22",
        "0、2 至 4、6、8、10、12、14、16、18、20、22 点，每小时的第 5 分",
    ),
    ("*/11 * * * *", "At minutes 0, 11, 22, 33, 44 and 55 of every hour", "每小时的第 0、11、22、33、44、55 分"),
    (
        "*/13 0-21/3 * * *",
        "At minutes 0, 13, 26, 39 and 52 of hours 0, 3, 6, 9, 12, 15, 18 and 21",
        "0、3、6、9、12、15、18、21 点，每小时的第 0、13、26、39、52 分",
    ),
    ("0 0 */13 * *", "At 00:00, on days 1, 14 and 27 of the month", "每月 1、14、27 日 00:00"),
    ("0 0 1/11 * *", "At 00:00, on days 1, 12 and 23 of the month", "每月 1、12、23 日 00:00"),
    ("0 0 11,12,13 * *", "At 00:00, on days 11 to 13 of the month", "每月 11 至 13 日 00:00"),
]


@pytest.mark.parametrize(("expression", "in_english", "in_chinese"), CASES)
def test_an_expression_in_words(expression: str, in_english: str, in_chinese: str) -> None:
    said = reading(parse(expression))
    assert english.sentence(said) == in_english
    assert chinese.sentence(said) == in_chinese


@UNHURRIED
@given(EXPRESSIONS | WITH_SECONDS)
def test_every_expression_has_words(expression: Expression) -> None:
    try:
        said = reading(parse(expression.text))
    except CronNeverDue:
        return
    assert json.dumps(said.as_json())
    for text in (english.sentence(said), chinese.sentence(said)):
        assert text == text.strip()
        assert not any(twice in text for twice in ("  ", ", ,", "，，", "、、", "None"))


def test_the_shape_that_the_page_gets() -> None:
    said = reading(parse("*/15 9-17 L,15W * 5#3")).as_json()
    assert said["minutes"] == {"kind": "step", "runs": (), "low": 0, "high": 59, "step": 15, "even": True}
    assert said["hours"]["runs"] == ((9, 17),)
    assert said["special_days"] == (
        {"kind": "last_day", "number": 0, "weekday": 0},
        {"kind": "nearest_workday", "number": 15, "weekday": 0},
    )
    assert said["special_weekdays"] == ({"kind": "nth_weekday", "number": 3, "weekday": 5},)
    assert (said["days"], said["weekdays"], said["join"], said["months"]) == (None, (), "or", ())


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(NOTES) == set(Dst)
    slot = Slot(0, 0, 1, Outcome.blackout, Reason.blackout, "release")
    assert why(slot, "en") == "It fell into the blackout window release."
    assert why(slot, "zh-CN") == "处于禁止运行的时段 release。"
    assert note(Dst.moved, "03:00", "02:30", "zh-CN") == "当天时钟拨快，02:30 不存在，改在 03:00 触发。"
    assert set(NAMES.values()) == set(THINGS)
    held = Slot(0, 0, 1, Outcome.paused, Reason.paused, NAMES[Kind.breaker])
    assert why(held, "en") == "It was paused by the circuit breaker."
    assert why(held, "zh-CN") == "已被 熔断机制 暂停。"
    for each in Reason:
        for told in REASONS[each]:
            assert ("{name}" in told) == (each.value.startswith(("blackout", "paused")))


@pytest.mark.parametrize(
    ("every_s", "in_english", "in_chinese"),
    [
        (1, "Every second", "每 1 秒"),
        (90, "Every 90 seconds", "每 90 秒"),
        (60, "Every minute", "每 1 分钟"),
        (900, "Every 15 minutes", "每 15 分钟"),
        (3600, "Every hour", "每 1 小时"),
        (86_400, "Every day", "每 1 天"),
        (172_800, "Every 2 days", "每 2 天"),
    ],
)
def test_an_interval_in_words(every_s: int, in_english: str, in_chinese: str) -> None:
    assert of_interval(every_s) == (in_english, in_chinese)


def test_a_cron_expression_and_one_instant_in_words() -> None:
    assert of_cron("30 2 * * *") == ("Every day at 02:30", chinese.sentence(reading(parse("30 2 * * *"))))
    at = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert of_date(at) == ("Once, on 2026-12-31 23:00 UTC", "一次，2026-12-31 23:00 UTC")
    assert of_date(at.replace(second=5))[0] == "Once, on 2026-12-31 23:00:05 UTC"
