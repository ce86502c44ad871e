"""The only source of now."""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """Return the present instant, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds from an arbitrary origin that never runs backwards."""
    return time.monotonic()


def to_us(at: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00:00Z, exactly; `at` must be aware."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Return the aware UTC instant `us` microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=us)


def rfc3339(at: datetime) -> str:
    """Return `at` as RFC 3339 in UTC with six decimals and ``Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
