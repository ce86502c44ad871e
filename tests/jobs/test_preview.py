"""The next times of a trigger, as data with notes."""

from runyard.jobs.preview import preview
from runyard.jobs.recurrence.rules import AtIntervals, Once

from .recurrence.clocks import rule, us


def test_ten_that_fire_with_what_clocks_do_to_them() -> None:
    found = preview(rule("30 2 * * *", "Europe/Berlin"), us("2026-10-20T12:00"))
    assert len(found) == 11
    assert sum(each.fires for each in found) == 10
    second = found[5]
    assert (second.fires, second.dst, second.local.isoformat()) == (False, "suppressed", "2026-10-25T02:30:00+01:00")
    assert second.at.isoformat() == "2026-10-25T01:30:00+00:00"
    assert second.note("en") == "Clocks go back; 02:30 comes for the second time, and is due at the first only."
    assert second.note("zh-CN") == "时钟拨慢，02:30 第二次出现，只在第一次触发。"  # noqa: RUF001
    assert found[0].note("en") == ""


def test_what_does_not_exist_is_named() -> None:
    (first,) = preview(rule("15 30 2 * * *", "Europe/Berlin"), us("2026-03-28T12:00"), 1)
    assert first.local.isoformat() == "2026-03-29T03:00:00+02:00"
    assert first.wanted is not None
    assert first.wanted.isoformat() == "2026-03-29T02:30:15"
    assert first.note("en") == (
        "02:30:15 does not exist on that day, as clocks go forward; it is due at 03:00 instead."
    )


def test_what_ends_has_fewer() -> None:
    assert [each.at.isoformat() for each in preview(Once(us("2026-01-01")), us("2025-01-01"))] == [
        "2026-01-01T00:00:00+00:00"
    ]
    assert preview(Once(us("2026-01-01")), us("2026-01-01")) == []
    assert len(preview(rule("0 0 29 2 *", "Asia/Tokyo"), us("2076-01-01"))) == 6
    assert len(preview(AtIntervals(3600, 0), 0)) == 10
