from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from runyard import clock

instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(instants)
def test_microseconds_there_and_back(at: datetime) -> None:
    assert clock.from_us(clock.to_us(at)) == at


@given(instants, st.integers(-14, 14))
def test_zones_change_nothing(at: datetime, hours: int) -> None:
    local = at.astimezone(timezone(timedelta(hours=hours)))
    assert clock.to_us(local) == clock.to_us(at)
    assert clock.rfc3339(local) == clock.rfc3339(at)


@given(instants)
def test_texts_are_exact_and_sort_as_times_do(at: datetime) -> None:
    text = clock.rfc3339(at)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at
    assert clock.rfc3339(at + timedelta(microseconds=1)) > text


def test_now_is_aware_and_monotonic_does_not_run_back() -> None:
    assert clock.now().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first
    assert clock.to_us(clock.EPOCH) == 0
