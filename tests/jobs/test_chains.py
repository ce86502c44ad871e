"""Jobs that would run after themselves."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.chains import cycle

CASES: list[tuple[dict[str, list[str]], list[str]]] = [
    ({}, []),
    ({"a": ["b"]}, []),
    ({"a": ["a"]}, ["a", "a"]),
    ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
    ({"a": ["c"], "c": ["b"], "b": ["a"]}, ["a", "b", "c", "a"]),
    # Of two ways the shorter one.
    ({"a": ["c", "b"], "c": ["b"], "b": ["a"]}, ["a", "b", "a"]),
    # A circle of others is none of its own.
    ({"a": ["b"], "b": ["c"], "c": ["b"]}, []),
    ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, []),
]


@pytest.mark.parametrize(("sources", "way"), CASES, ids=range(len(CASES)))
def test_the_way_back_to_itself(sources: dict[str, list[str]], way: list[str]) -> None:
    assert cycle(sources, "a") == way


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6))
def test_a_way_is_found_exactly_where_there_is_one(sources: dict[str, list[str]]) -> None:
    way = cycle(sources, "a")
    reached, left = set[str](), ["a"]
    while left:
        for source in sources.get(left.pop(), []):
            if source not in reached:
                reached.add(source)
                left.append(source)
    assert bool(way) == ("a" in reached)
    if way:
        assert (way[0], way[-1]) == ("a", "a")
        assert len(set(way)) == len(way) - 1
        assert all(before in sources[after] for before, after in pairwise(way))
