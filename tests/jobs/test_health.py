"""How a job stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.health import Health, JobState, Trouble, state_of

CASES = [
    ((True, False, False, True), JobState.on),
    ((True, False, False, False), JobState.no_triggers),
    ((True, False, True, True), JobState.paused),
    ((True, False, True, False), JobState.paused),
    ((True, True, True, True), JobState.broken),
    ((True, True, False, False), JobState.broken),
    ((False, True, True, True), JobState.disabled),
    ((False, False, False, False), JobState.disabled),
]


@pytest.mark.parametrize(("facts", "state"), CASES)
def test_of_several_that_are_so_the_first_counts(facts: tuple[bool, bool, bool, bool], state: JobState) -> None:
    enabled, broken, paused, triggers = facts
    assert state_of(enabled=enabled, broken=broken, paused=paused, triggers=triggers) is state


TROUBLES = st.none() | st.builds(Trouble, st.text(), st.text())
BREAKERS = st.none() | st.dictionaries(st.sampled_from(["state", "failures"]), st.integers() | st.text(), min_size=1)


@given(st.builds(Health, TROUBLES, BREAKERS))
def test_what_a_row_keeps_is_the_whole_of_it(health: Health) -> None:
    assert Health.of(health.as_json()) == health
    assert health.mended().broken is None
    assert health.mended().breaker == health.breaker
