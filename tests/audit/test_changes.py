import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.audit.changes import LONGEST, MASK, changed, digest, shown


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, {}),
        ({"name": "a"}, {"name": "a"}, {}),
        ({"name": "a"}, {"name": "b"}, {"name": ["a", "b"]}),
        (None, {"name": "b"}, {"name": [None, "b"]}),
        ({"name": "b"}, None, {"name": ["b", None]}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": [["a"], ["a", "b"]]}),
        ({"password": "old"}, {"password": "new"}, {"password": [MASK, MASK]}),
        (None, {"api_key": "k", "token": None}, {"api_key": [None, MASK], "token": [None, None]}),
        ({"code": "x"}, {"code": "y"}, {"code": [digest("x"), digest("y")]}),
        (None, {"index": "https://ada:pw@host/simple"}, {"index": [None, f"https://{MASK}@host/simple"]}),
        (
            None,
            {"parameters": [{"key": "P", "type": "password", "default": "hunter2"}]},
            {"parameters": [None, [{"key": "P", "type": "password", "default": MASK}]]},
        ),
        ({"role": "viewer"}, {"role": "admin"}, {"role": ["viewer", "admin"]}),
    ],
)
def test_changes(before: object, after: object, expected: object) -> None:
    assert changed(before, after) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "passphrase", "secret", "client_secret", "access_token", "API_KEY", "private_key",
     "totp", "cookie", "credentials"],
)  # fmt: skip
def test_names_that_sound_secret_are_masked(name: str) -> None:
    assert shown("hunter2", name) == MASK
    assert shown({name: {"deep": "hunter2"}}) == {name: MASK}


@pytest.mark.parametrize("name", ["key", "name", "keyboard", "author", "compass"])
def test_other_names_are_not(name: str) -> None:
    assert shown("plain", name) == "plain"


def test_a_text_without_end_is_cut() -> None:
    assert len(shown("x" * 1_000_000)) < LONGEST + 50
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    assert json.dumps(shown(deep))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_whatever_is_shown_can_be_kept(value: object) -> None:
    assert json.loads(json.dumps(shown(value))) == shown(value)
