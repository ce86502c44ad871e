import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.web.paging import BadCursor, Window, cursor_of, cut, sliced

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1) | words, min_size=1, max_size=3))
def test_a_cursor_gives_its_keys_back(keys: list[int | str]) -> None:
    cursor = cursor_of(*keys)
    assert Window(1, cursor).after(*(type(key) for key in keys)) == keys
    assert cursor.isascii()
    assert "=" not in cursor


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "zzzz", "\u4e16", "W10", "!!!!", "A" * 1024),
        *map(forged, [5, None, {}, "a", [], ["a"], [1, 2], [True], [1.5], [None], [2**63], [-(2**64)], [[1]]]),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)
def test_what_is_no_cursor_of_a_list_by_number(cursor: str) -> None:
    with pytest.raises(BadCursor) as refused:
        Window(1, cursor).after(int)
    assert [error.field for error in refused.value.fields] == ["cursor"]


@pytest.mark.parametrize("key", ["a\0", "\ud800", 5])
def test_what_no_column_of_text_holds(key: Any) -> None:
    with pytest.raises(BadCursor):
        Window(1, forged([key])).after(str)


def test_the_start() -> None:
    assert Window(1, None).after(str) is None


@given(st.lists(st.integers(), max_size=8), st.integers(1, 8))
def test_pages_are_cut(rows: list[int], limit: int) -> None:
    page, last = cut(rows[: limit + 1], limit)
    assert list(page) == rows[:limit]
    assert last == (rows[limit - 1] if len(rows) > limit else None)


@given(st.lists(st.tuples(words, words), unique=True, max_size=12), st.integers(1, 5))
def test_a_list_held_whole_is_given_page_by_page(rows: list[tuple[str, str]], limit: int) -> None:
    given_out: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        page, cursor = sliced(rows, Window(limit, cursor), lambda row: row, 2)
        assert len(page) <= limit
        given_out += page
        if cursor is None:
            break
    assert given_out == sorted(rows)
