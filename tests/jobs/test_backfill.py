"""Which instants a backfill fills up, against a walk through them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runyard.clock import from_us, to_us
from runyard.jobs.backfill import Item, Order, Wanted, choose
from runyard.jobs.recurrence.rules import AtIntervals, Once, between
from runyard.jobs.slots import Recurrence

from .recurrence.clocks import UNHURRIED, rule, us

RULES: dict[str, Recurrence | None] = {
    "hourly": rule("0 * * * *", "UTC"),
    "nightly": rule("30 2 * * *", "Europe/Berlin"),
    "often": AtIntervals(1800, us("2026-10-01T00:10")),
    "once": Once(us("2026-10-25T01:00")),
    "webhook": None,
}
NOW = datetime(2026, 10, 26, tzinfo=UTC)


def wanted(since: str, until: str, most: int = 100, order: Order = "oldest") -> Wanted:
    return Wanted(from_us(us(since)), from_us(us(until)), most=most, order=order)


def test_both_ends_count_and_what_is_to_come_does_not() -> None:
    hourly = {"hourly": RULES["hourly"]}
    found, more = choose(hourly, wanted("2026-10-25T22:00", "2026-10-27T00:00"), NOW)
    assert (found, more) == ([Item("hourly", us(f"2026-10-{at}:00")) for at in ("25T22", "25T23", "26T00")], False)
    assert choose(hourly, wanted("2026-10-26T01:00", "2026-10-27T00:00"), NOW) == ([], False)


def test_the_cap_takes_the_newest_or_the_oldest_and_says_that_there_are_more() -> None:
    stretch = ("2026-10-25T00:00", "2026-10-25T12:00", 2)
    for order, hours in (("oldest", ("00", "01")), ("newest", ("12", "11"))):
        found, more = choose({"hourly": RULES["hourly"]}, wanted(*stretch, order), NOW)  # type: ignore[arg-type]
        assert ([item.due_at for item in found], more) == ([us(f"2026-10-25T{hour}:00") for hour in hours], True)
    exactly = choose({"hourly": RULES["hourly"]}, wanted("2026-10-25T00:00", "2026-10-25T01:00", 2), NOW)
    assert exactly[1] is False


def test_a_second_time_that_stands_for_no_run_is_left_out() -> None:
    found, _ = choose({"nightly": RULES["nightly"]}, wanted("2026-10-24T23:00", "2026-10-25T23:00"), NOW)
    assert [item.due_at for item in found] == [us("2026-10-25T00:30")]


@UNHURRIED
@given(
    st.sets(st.sampled_from(sorted(RULES)), min_size=1),
    st.integers(-3000, 3000),
    st.integers(0, 4000),
    st.integers(1, 60),
    st.sampled_from(["oldest", "newest"]),
)
def test_against_a_walk(names: set[str], begin: int, minutes: int, most: int, order: Order) -> None:
    since = NOW + timedelta(minutes=begin)
    until = since + timedelta(minutes=minutes)
    some = {name: RULES[name] for name in names}
    first, last = to_us(since), to_us(min(until, NOW))
    every = [
        due.at
        for each in some.values()
        if each is not None and first <= last
        for due in between(each, first - 1, last)
        if due.fires
    ]
    every.sort(reverse=order == "newest")
    found, more = choose(some, Wanted(since, until, most=most, order=order), NOW)
    assert [item.due_at for item in found] == every[:most]
    assert more == (len(every) > most)
