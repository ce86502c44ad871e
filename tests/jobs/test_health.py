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
BLIND = st.dictionaries(st.text(), st.builds(Trouble, st.text(), st.text()), max_size=3)
BREAKERS = st.none() | st.dictionaries(st.sampled_from(["state", "failures"]), st.integers() | st.text(), min_size=1)


@given(st.builds(Health, TROUBLES, BREAKERS, BLIND))
def test_what_a_row_keeps_is_the_whole_of_it(health: Health) -> None:
    assert Health.of(health.as_json()) == health
    assert health.mended().broken is None
    assert (health.mended().breaker, health.mended().blind) == (health.breaker, health.blind)


def test_what_a_row_is_found_by() -> None:
    gone, unseen = Trouble("target_missing", "Gone."), Trouble("folder_missing", "Not there.")
    well = Health()
    blind = well.watched("trg_a", unseen).watched("trg_b", unseen)
    assert (well.code, blind.code, Health(broken=gone, blind=blind.blind).code) == (None, "blind", "target_missing")
    assert blind.watched("trg_a", None).blind == {"trg_b": unseen}
    assert blind.waiting_by({"trg_a", "trg_c"}).blind == {"trg_a": unseen}
    assert blind.waiting_by(()) == well
