"""The rules of consent, as tables; and what no order of acts ever leads to."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.approvals.lifecycle import (
    MOVES,
    OPEN,
    OVER,
    Act,
    ChangedSince,
    NotOpen,
    NotTheAsker,
    OwnChange,
    OwnRequest,
    Person,
    PersonsOnly,
    Standing,
    State,
    after,
    refusal,
)
from runyard.errors import Forbidden, Problem

REVIEWER = Person("bob", decides=True)
WAITING = Standing(State.waiting, "ann", authors=frozenset({"ann", "cy"}), revision=3)


@pytest.mark.parametrize(
    ("act", "on", "by", "seen", "why"),
    [
        (Act.approve, WAITING, REVIEWER, 3, None),
        (Act.approve, WAITING, REVIEWER, 2, ChangedSince),
        (Act.approve, WAITING, REVIEWER, None, ChangedSince),
        (Act.reject, WAITING, REVIEWER, None, None),
        (Act.approve, WAITING, Person("bob", decides=False), 3, Forbidden),
        (Act.reject, WAITING, Person("bob", decides=False, manages=True), None, Forbidden),
        (Act.approve, WAITING, Person("ann", decides=True), 3, OwnRequest),
        (Act.reject, WAITING, Person("ann", decides=True), None, OwnRequest),
        (Act.approve, WAITING, Person("cy", decides=True), 3, OwnChange),
        (Act.approve, WAITING, Person("bob", decides=True, by_token=True), 3, PersonsOnly),
        (Act.approve, Standing(State.waiting, "ann", expired=True), REVIEWER, None, NotOpen),
        (Act.approve, Standing(State.waiting, "ann"), REVIEWER, None, None),
        (Act.approve, Standing(State.approved, "ann", revision=3), REVIEWER, 3, NotOpen),
        (Act.reject, Standing(State.approved, "ann", revision=3), REVIEWER, None, None),
        (Act.approve, Standing(State.carrying, "ann"), REVIEWER, None, NotOpen),
        (Act.withdraw, WAITING, Person("ann", decides=False), None, None),
        (Act.withdraw, WAITING, REVIEWER, None, NotTheAsker),
        (Act.withdraw, WAITING, Person("dee", decides=False, manages=True), None, None),
        (Act.withdraw, Standing(State.done, "ann"), Person("ann", decides=False), None, NotOpen),
    ],
)
def test_who_may_do_what(act: Act, on: Standing, by: Person, seen: int | None, why: type[Problem] | None) -> None:
    assert refusal(act, on, by, seen) is why


@pytest.mark.parametrize(("state", "act"), list(product(State, Act)))
def test_there_are_no_other_moves(state: State, act: Act) -> None:
    if (state, act) in MOVES:
        assert after(state, act) is MOVES[state, act]
    else:
        with pytest.raises(NotOpen):
            after(state, act)


def test_what_is_over_stays_so() -> None:
    assert {state for state, _act in MOVES} == {*OPEN, State.carrying}
    assert {State.waiting, State.approved, State.carrying} | OVER == set(State)


@given(
    state=st.sampled_from(State),
    asker=st.sampled_from("abc"),
    authors=st.frozensets(st.sampled_from("abc")),
    who=st.sampled_from("abc"),
    seen=st.sampled_from([None, 1, 2]),
    revision=st.sampled_from([None, 1, 2]),
    expired=st.booleans(),
    token=st.booleans(),
    decides=st.booleans(),
    manages=st.booleans(),
)
def test_consent_is_always_anothers(
    *,
    state: State,
    asker: str,
    authors: frozenset[str],
    who: str,
    seen: int | None,
    revision: int | None,
    expired: bool,
    token: bool,
    decides: bool,
    manages: bool,
) -> None:
    on = Standing(state, asker, expired, authors, revision)
    by = Person(who, decides, manages, token)
    if refusal(Act.approve, on, by, seen) is None:
        assert who != asker
        assert who not in authors
        assert decides
        assert not token
        assert not expired
        assert state is State.waiting
        assert revision is None or seen == revision


@given(st.lists(st.sampled_from(Act), max_size=12))
def test_nothing_is_done_without_consent_since_the_last_change(acts: list[Act]) -> None:
    state, agreed = State.waiting, False
    for act in acts:
        try:
            state = after(state, act)
        except NotOpen:
            continue
        agreed = (agreed or act in {Act.approve, Act.carry}) and act is not Act.change
        if state is State.done:
            assert agreed
