"""Whether a run that ended badly is tried again, and when. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from runyard.runs.lifecycle import Move, State
from runyard.scripts.policy import Backoff, Policy, policy_of, policy_options

LONGEST_S = 86_400.0
"""No backoff grows beyond this, unless the first delay itself is longer."""
JITTER = 0.25
"""A delay is longer by up to this part of itself, so that runs that failed together do not come back together."""


class Retry(Struct, frozen=True):
    """Another attempt is due at `at`, `delay_s` after the end of the one before."""

    attempt: int
    at: datetime
    delay_s: float


def stated(policy: Policy, said: Mapping[str, Any] | None) -> Policy:
    """Return a policy with the retries that a run's job says instead, if it says any."""
    return policy_of({**policy_options(policy), **said}) if said else policy


def delay_s(policy: Policy, attempt: int, unit: float) -> float:
    """Return how long to wait after the given attempt; `unit` in [0, 1) chooses within the jitter."""
    base = policy.retry_delay_s
    if policy.backoff is Backoff.exponential:
        # An exponent is bounded before it is used: fifty doublings of a delay mean nothing any more.
        base = min(base * 2.0 ** min(attempt - 1, 40), max(LONGEST_S, policy.retry_delay_s))
    return base * (1 + JITTER * unit)


def after(policy: Policy, attempt: int, move: Move, unit: float, *, cancel_requested: bool) -> Retry | None:
    """Return the retry that follows an attempt's end, or None when the run is over.

    A cancelled run is never retried, also when it ended by itself after it was asked to; `lost` only when it is named.
    """
    if cancel_requested or not move.is_terminal or move.target in {State.succeeded, State.cancelled}:
        return None
    if attempt > policy.retries or move.target.value not in policy.retry_on:
        return None
    pause = delay_s(policy, attempt, unit)
    return Retry(attempt + 1, move.at + timedelta(seconds=pause), pause)
