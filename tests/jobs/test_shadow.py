"""What another system's log says, and how it compares with what a job would have done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.recurrence.rules import US
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.shadow import compare, latest, read

from .recurrence.clocks import us

START, END = us("2026-01-01T00:00"), us("2027-01-01T00:00")


@pytest.mark.parametrize(
    ("line", "zone_name", "expected"),
    [
        ("Mar  2 03:00:01 db1 CRON[411]: (root) CMD (/opt/backup)", "UTC", "2026-03-02T03:00:01"),
        ("Mar  2 03:00:01 db1 CRON[411]: (root) CMD (/opt/backup)", "Asia/Shanghai", "2026-03-01T19:00:01"),
        ("<78>Mar 12 03:00:01 db1 crond[411]: (root) CMD (/opt/backup)", "UTC", "2026-03-12T03:00:01"),
        ("Jul  2 03:00:01 db1 CROND[4]: (root) CMD (/opt/backup)", "Europe/Berlin", "2026-07-02T01:00:01"),
        ("2026-03-02T03:00:01.250000+01:00 db1 CRON[411]: (root) CMD (/opt/x)", "UTC", "2026-03-02T02:00:01.25"),
        ("2026-03-02T03:00:01Z", "Europe/Berlin", "2026-03-02T03:00:01"),
        ("2026-03-02 03:00:01,123 INFO started", "Europe/Berlin", "2026-03-02T02:00:01.123"),
        ("[2026-03-02 03:00] started", "UTC", "2026-03-02T03:00"),
        ("2026-03-02 03:00:01 +0200 started", "UTC", "2026-03-02T01:00:01"),
        ("1772420401", "Europe/Berlin", "2026-03-02T03:00:01"),
        ("1772420401.5 /opt/backup", "UTC", "2026-03-02T03:00:01.5"),
        ("1772420401500", "UTC", "2026-03-02T03:00:01.5"),
        # A time that a clock shows twice is taken for the first, one that it skips for the end of the gap.
        ("Oct 25 02:30:00 db1 CRON[1]: (root) CMD (x)", "Europe/Berlin", "2026-10-25T00:30"),
        ("Mar 29 02:30:00 db1 CRON[1]: (root) CMD (x)", "Europe/Berlin", "2026-03-29T01:00"),
    ],
)
def test_lines_of_logs(line: str, zone_name: str, expected: str) -> None:
    found = read(line + "\n", zone(zone_name), START, END)
    assert (found.starts, found.unread) == ((us(expected),), 0)


@pytest.mark.parametrize(
    ("line", "unread"),
    [
        ("Mar  2 03:00:01 db1 CRON[411]: pam_unix(cron:session): session opened for user root", 0),
        ("Mar  2 03:00:02 db1 cron[1]: (CRON) INFO (Running @reboot jobs)", 0),
        ("", 0),
        ("all is well", 1),
        ("Foo  2 03:00:01 db1 backup started", 1),
        ("Feb 30 03:00:01 db1 backup started", 1),
        ("2026-02-30 03:00:01 started", 1),
        ("2026-02-20 25:00:01 started", 1),
        ("12345", 1),
        ("9999999999 after the end of all calendars", 1),
        # Not of the time that is asked for.
        ("2025-12-31T23:59:59Z", 0),
        ("2027-01-01T00:00:00Z", 0),
    ],
)
def test_lines_that_start_nothing(line: str, unread: int) -> None:
    found = read(line, zone("UTC"), START, END)
    assert (found.starts, found.unread) == ((), unread)


def test_the_lines_of_one_command_are_picked_and_an_instant_counts_once() -> None:
    text = "\n".join(
        f"Mar  2 0{hour}:00:01 db1 CRON[4]: (root) CMD (/opt/{name})"
        for hour, name in ((1, "backup"), (1, "backup"), (2, "report"), (3, "backup"))
    )
    assert len(read(text, zone("UTC"), START, END).starts) == 3
    found = read(text, zone("UTC"), START, END, contains="/opt/backup")
    assert found.starts == (us("2026-03-02T01:00:01"), us("2026-03-02T03:00:01"))


def test_a_year_that_is_not_named_is_the_one_that_is_asked_for() -> None:
    lines = "Dec 31 23:00:00 h CRON[1]: (r) CMD (x)\nJan  1 01:00:00 h CRON[1]: (r) CMD (x)"
    found = read(lines, zone("UTC"), us("2025-12-31T00:00"), us("2026-01-02T00:00"))
    assert found.starts == (us("2025-12-31T23:00"), us("2026-01-01T01:00"))


@pytest.mark.parametrize(
    ("due", "seen", "matched", "only_here", "only_there"),
    [
        ([], [], [], [], []),
        ([60, 120], [61, 119], [(60, 61), (120, 119)], [], []),
        ([60, 120, 180], [60, 180], [(60, 60), (180, 180)], [120], []),
        ([60], [60, 90], [(60, 60)], [], [90]),
        ([60, 65], [62], [(60, 62)], [65], []),
        ([60], [71], [], [60], [71]),
        ([60], [70], [(60, 70)], [], []),
        ([180, 60], [61, 181], [(60, 61), (180, 181)], [], []),
    ],
)
def test_what_belongs_together(
    due: list[int], seen: list[int], matched: list[tuple[int, int]], only_here: list[int], only_there: list[int]
) -> None:
    found = compare([at * US for at in due], [at * US for at in seen], 10 * US)
    assert [(match.due // US, match.seen // US) for match in found.matched] == matched
    assert [at // US for at in found.only_here] == only_here
    assert [at // US for at in found.only_there] == only_there
    assert found.agrees is (not only_here and not only_there)


@given(st.lists(st.integers(0, 500), unique=True), st.lists(st.integers(0, 500), unique=True), st.integers(0, 30))
def test_each_is_counted_once_and_as_many_match_as_can(due: list[int], seen: list[int], tolerance: int) -> None:
    found = compare(due, seen, tolerance)
    assert sorted([*(match.due for match in found.matched), *found.only_here]) == sorted(due)
    assert sorted([*(match.seen for match in found.matched), *found.only_there]) == sorted(seen)
    assert all(abs(match.late_us) <= tolerance for match in found.matched)
    left = [(here, there) for here in found.only_here for there in found.only_there if abs(here - there) <= tolerance]
    assert not left


def test_how_late_the_other_system_was() -> None:
    found = compare([0, 100 * US, 200 * US], [1 * US, 101 * US, 195 * US], 10 * US)
    assert latest(found.matched) == (1 * US, -5 * US)
    assert latest(()) == (0, 0)
