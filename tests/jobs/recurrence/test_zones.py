"""Spans of zones, held against `zoneinfo` itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.recurrence.problems import ZoneUnknown
from runyard.jobs.recurrence.rules import LAST_S
from runyard.jobs.recurrence.zones import WINDOW_BITS, Offsets, zone

from .clocks import UNHURRIED
from .test_dst import ZONES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset(instant: int, name: str) -> int:
    found = (EPOCH + timedelta(seconds=instant)).astimezone(ZoneInfo(name)).utcoffset()
    assert found is not None
    return int(found.total_seconds())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe",
        "Europe/Atlantis",
        "../etc/passwd",
        "/etc/passwd",
        "\0",
        "x" * 5000,
        "tzdata.zi",
        "UTC+2",
        "localtime",
        "posixrules",
        "Factory",
        "right/Europe/Berlin",
        "posix/Europe/Berlin",
    ],
)
def test_no_zone_has_that_name(name: str) -> None:
    with pytest.raises(ZoneUnknown) as refused:
        zone(name)
    assert f'"{name[:60]}"' in refused.value.detail


def test_a_zone_is_made_once() -> None:
    assert zone("Asia/Shanghai") is zone("Asia/Shanghai")
    assert zone("Asia/Shanghai").name == "Asia/Shanghai"


@UNHURRIED
@given(st.sampled_from(ZONES), st.integers(0, LAST_S))
def test_a_span_has_the_offset_of_all_its_instants(name: str, instant: int) -> None:
    span = zone(name).at(instant)
    assert span.start <= instant < span.end
    for within in (instant, span.start, span.end - 1, (span.start + span.end) // 2):
        assert offset(within, name) == span.offset
    assert offset(span.start - 1, name) == span.before


@pytest.mark.parametrize("name", ZONES)
def test_spans_follow_one_another(name: str) -> None:
    offsets, at = zone(name), 0
    while at <= LAST_S:
        span = offsets.at(at)
        assert span.start <= at
        # Spans end where the clock is set, or where a window does.
        assert offset(span.end, name) != span.offset or span.end % (1 << WINDOW_BITS) == 0
        assert offset(span.end - 1, name) == span.offset
        at = span.end


EDGE = 40 << WINDOW_BITS


@pytest.mark.parametrize("shift", [-172_800, -172_799, -3600, -1, 0, 1, 3600])
def test_a_change_at_the_edge_of_a_window_is_seen_from_both_sides(shift: int) -> None:
    class Edge(Offsets):
        def _offset(self, instant: int) -> int:
            return 3600 if instant >= EDGE + shift else 7200

    offsets = Edge(ZoneInfo("UTC"))
    change = EDGE + shift
    assert offsets.at(change - 1).offset == 7200
    after = offsets.at(change)
    assert (after.start, after.offset, after.before) == (change, 3600, 7200)
    # What the clock repeats for an hour can be told for as long, wherever windows end.
    for later in (change + 1, change + 3599, EDGE + abs(shift)):
        seen = offsets.at(later)
        assert seen.start == change or later - change >= 3600
        assert seen.offset == 3600
