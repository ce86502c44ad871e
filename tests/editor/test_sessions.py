import pytest

from runyard.editor.problems import ServersBusy
from runyard.editor.sessions import MOST_EACH, SPARE_AFTER_S, Sessions


def test_places_are_given_back() -> None:
    sessions = Sessions(1)
    for now in (1.0, 2.0):
        with sessions.joined("ada", now):
            assert len(sessions) == 1
    assert len(sessions) == 0


def test_who_is_silent_makes_room_and_who_works_does_not() -> None:
    sessions = Sessions(2)
    with sessions.joined("ada", 0.0) as first, sessions.joined("bob", 0.0) as second:
        first.spoke(SPARE_AFTER_S)
        with pytest.raises(ServersBusy), sessions.joined("eve", SPARE_AFTER_S - 1):
            pass
        with sessions.joined("eve", SPARE_AFTER_S + 1):
            assert (first.ended.is_set(), second.ended.is_set()) == (False, True)
            assert len(sessions) == 2


def test_one_user_keeps_few_and_loses_the_longest_silent() -> None:
    sessions = Sessions(100)
    joined = [sessions.joined("ada", float(now)) for now in range(MOST_EACH + 1)]
    opened = [one.__enter__() for one in joined]
    assert [one.ended.is_set() for one in opened] == [True] + [False] * MOST_EACH
    for one in reversed(joined):
        one.__exit__(None, None, None)
    assert len(sessions) == 0


def test_none_at_all_may_be_wanted() -> None:
    with pytest.raises(ServersBusy), Sessions(0).joined("ada", 0.0):
        pass
