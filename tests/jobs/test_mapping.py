"""What arrives, made into parameters."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.expressions import Expressions
from runyard.jobs.mapping import Arrived, Mapped, mapped, named, typed
from runyard.scripts.definitions import Definition, ParameterType

OPTIONS = {"options": [{"value": "a"}, {"value": "b"}]}
TYPES = {"NAME": "text", "SIZE": "number", "DRY": "switch", "TAGS": "checkbox", "MORE": "json", "INPUT": "file"}
DEFINITIONS = tuple(
    Definition.model_validate({"key": key, "label": key, "type": kind} | (OPTIONS if kind == "checkbox" else {}))
    for key, kind in TYPES.items()
)


@pytest.fixture
async def expressions() -> AsyncIterator[Expressions]:
    made = Expressions(patience_s=30)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("body", "form", "taken"),
    [
        ({"NAME": "x", "SIZE": 3, "OTHER": 1, "DRY": None, "INPUT": "f"}, False, {"NAME": "x", "SIZE": 3}),
        ({"SIZE": "3"}, False, {"SIZE": "3"}),
        ({"SIZE": "3", "DRY": "on", "TAGS": "a"}, True, {"SIZE": 3, "DRY": True, "TAGS": ["a"]}),
        ({"SIZE": "", "NAME": "", "TAGS": ["a", "b"]}, True, {"NAME": "", "TAGS": ["a", "b"]}),
        ({"SIZE": "many", "DRY": "perhaps", "MORE": '{"a":[1]}'}, True,
         {"SIZE": "many", "DRY": "perhaps", "MORE": {"a": [1]}}),
        ({"NAME": ["a", "b"]}, True, {"NAME": "b"}),
        ([1, 2], False, {}),
        ("NAME", False, {}),
        (None, False, {}),
    ],
)  # fmt: skip
def test_by_name(body: Any, form: bool, taken: dict[str, Any]) -> None:  # noqa: FBT001 - a case
    assert named(Arrived(body, form=form), DEFINITIONS) == taken


@given(st.text(), st.sampled_from(ParameterType))
def test_no_text_of_a_form_is_too_odd(text: str, kind: ParameterType) -> None:
    typed(text, kind)


async def test_by_expression_and_nothing_else(expressions: Expressions) -> None:
    arrived = Arrived({"NAME": "by name", "repo": {"name": "yard"}}, {"x-kind": "push"}, {"n": "7"})
    found = await mapped(
        expressions,
        arrived,
        {"SIZE": "int(query.n)", "MORE": "[body.repo.name, headers['x-kind']]", "DRY": "null"},
        "body.repo.name == 'yard'",
        DEFINITIONS,
    )
    assert found == Mapped({"SIZE": 7, "MORE": ["yard", "push"]}, condition=True)
    assert found.fires


async def test_without_expressions_names_are_taken(expressions: Expressions) -> None:
    found = await mapped(expressions, Arrived({"SIZE": 3, "OTHER": 1}), {}, None, DEFINITIONS)
    assert (found, found.fires) == (Mapped({"SIZE": 3}), True)


async def test_what_does_not_count_need_not_fit(expressions: Expressions) -> None:
    found = await mapped(expressions, Arrived({}), {"SIZE": "body.n"}, "false", DEFINITIONS)
    assert (found, found.fires) == (Mapped(condition=False), False)


@pytest.mark.parametrize(
    ("mapping", "condition", "places"),
    [
        ({"SIZE": "body.n", "NAME": "'x'"}, None, ["parameters.SIZE"]),
        ({}, "1", ["condition"]),
        ({}, "null", ["condition"]),
        ({}, "body.n", ["condition"]),
        ({"SIZE": "1 +"}, "1 +", ["parameters.SIZE", "condition"]),
    ],
)
async def test_errors_name_what_is_wrong(
    expressions: Expressions, mapping: dict[str, str], condition: str | None, places: list[str]
) -> None:
    found = await mapped(expressions, Arrived({}), mapping, condition, DEFINITIONS)
    assert [error.field for error in found.errors] == places
    assert all(error.message for error in found.errors)
    assert not found.fires


async def test_a_condition_alone_leaves_the_names(expressions: Expressions) -> None:
    found = await mapped(expressions, Arrived({"SIZE": 3}), {}, "body.SIZE > 2", DEFINITIONS)
    assert found == Mapped({"SIZE": 3}, condition=True)
