"""Expressions over what arrived, worked out by a process of their own: what they give, and what they can't do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.jobs.expressions import Expressions

PUSH = {
    "ref": "refs/heads/main",
    "size": 3,
    "share": 0.5,
    "forced": False,
    "nobody": None,
    "commits": [{"id": "a1", "by": "Ada"}, {"id": "b2", "by": "Bob"}],
}
CONTEXT = {"body": PUSH, "headers": {"x-event": "push"}, "query": {"dry": "1"}, "file": None, "run": None}


@pytest.fixture
async def expressions() -> AsyncIterator[Expressions]:
    made = Expressions(patience_s=30)
    yield made
    await made.close()


async def worked(expressions: Expressions, text: str, context: dict[str, Any] = CONTEXT) -> Any:
    found = await expressions.work({"it": text}, context)
    return found.values["it"] if not found.errors else found.errors["it"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("body.ref", "refs/heads/main"),
        ("body.ref.split('/')[2]", "main"),
        ("body.size + 1", 4),
        ("body.share * 2.0", 1.0),
        ("body.nobody", None),
        ("body.commits.map(c, c.id)", ["a1", "b2"]),
        ("body.commits.exists(c, c.by == 'Ada')", True),
        ("headers['x-event'] == 'push' && !body.forced", True),
        ("int(query.dry)", 1),
        ("has(body.missing) ? body.missing : 'none'", "none"),
        ("{'n': body.size, 'all': body.commits}", {"n": 3, "all": PUSH["commits"]}),
        ("timestamp('2024-02-29T12:00:00+01:00')", "2024-02-29T11:00:00Z"),
        ("duration('90m')", "5400s"),
        ("b'abc'", "abc"),
        ("now > timestamp('2020-01-01T00:00:00Z')", True),
        ("'A'.lowerAscii()", "a"),
    ],
)
async def test_what_an_expression_gives(expressions: Expressions, text: str, value: Any) -> None:
    assert await worked(expressions, text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("body.missing", "There is no 'missing' in what arrived."),
        ("body.size + 'a'", "overload"),
        ("body.commits[9]", ""),
        ("1 / 0", "zero"),
        ("1.0 / 0.0", "no finite number"),
        ("b'\\xff'", "no text"),
        ("nobody", "nobody"),
        ("body.", "can't be read"),
        ("(" * 400 + "1" + ")" * 400, ""),
        ("[1].map(a, a", "can't be read"),
        ("__import__('os').system('true')", "__import__"),
    ],
)
async def test_what_is_wrong_with_one_is_said(expressions: Expressions, text: str, why: str) -> None:
    said = await expressions.work({"it": text, "other": "1"}, CONTEXT)
    assert said.values == {"other": 1}
    assert why in said.errors["it"]
    assert "\n" not in said.errors["it"]


async def test_expressions_are_looked_at_without_anything_arriving(expressions: Expressions) -> None:
    found = await expressions.problems({"good": "body.a + headers.b", "bad": "body.a +", "odd": "payload.a"})
    assert set(found) == {"bad", "odd"}
    assert found["odd"].startswith("Nothing is called payload here; there are body, ")


async def test_one_that_takes_too_long_is_given_up() -> None:
    expressions = Expressions(patience_s=0.3)
    ten = "[1,2,3,4,5,6,7,8,9,10].map(a,"
    assert "took longer" in await worked(expressions, ten * 9 + "1" + ")" * 9)
    patient = Expressions(patience_s=30)
    assert await worked(patient, "1 + 1") == 2
    await patient.close()
    await expressions.close()


async def test_one_that_takes_too_much_memory_is_given_up(expressions: Expressions) -> None:
    doubled = "body.ref"
    for _ in range(40):
        doubled = f"[{doubled}].map(a,a+a)[0]"
    assert "memory" in await worked(expressions, doubled)
    assert await worked(expressions, "1 + 1") == 2


async def test_what_is_nested_too_deep_for_its_reader_ends_that_reader_only(expressions: Expressions) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    told = await expressions.work({"it": "body"}, {"body": deep})
    assert told.values or told.errors
    assert await worked(expressions, "1 + 1") == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


async def test_any_json_goes_in_and_comes_out() -> None:
    expressions = Expressions(patience_s=30)
    seen: list[Any] = []

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(JSON)
    def collect(value: Any) -> None:
        seen.append(value)

    collect()
    for value in seen:
        found = await expressions.work({"it": "body", "kind": "type(body)"}, {"body": value})
        # Numbers that no program reads exactly are told of or come out near.
        assert set(found.values) | set(found.errors) == {"it", "kind"}
        if not _wide(value):
            assert found.values["it"] == value
    await expressions.close()


def _wide(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_wide, value.values()))
    if isinstance(value, list):
        return any(map(_wide, value))
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63
