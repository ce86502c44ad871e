import json
import os
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runyard.scripts import parameters
from runyard.scripts.definitions import MASK, Definition, Definitions
from runyard.scripts.errors import InvalidParameters

OPTIONS = [{"value": "a", "label": "A"}, {"value": "b"}]


def _definitions(*given: dict[str, Any]) -> Definitions:
    return tuple(Definition.model_validate({"key": "K", **d}) for d in given)


def _errors(definitions: Definitions, values: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidParameters) as caught:
        parameters.complete(definitions, values)
    return [(error.field, error.code) for error in caught.value.fields]


EVERY = _definitions(
    {"key": "TEXT", "label": "A text", "help": "Say it.", "min_length": 1, "max_length": 9, "regex": "^x"},
    {"key": "AREA", "type": "textarea", "required": True},
    {"key": "PASS", "type": "password", "default": "hush", "required": True},
    {"key": "NUM", "type": "number", "min": 1, "max": 9, "step": 0.5, "default": 2},
    {"key": "SEL", "type": "select", "options": OPTIONS},
    {"key": "RAD", "type": "radio", "options": OPTIONS, "required": True, "default": "a"},
    {"key": "MUL", "type": "multiselect", "options": OPTIONS, "required": True},
    {"key": "CHK", "type": "checkbox", "options": OPTIONS},
    {"key": "SW", "type": "switch"},
    {"key": "DAY", "type": "date"},
    {"key": "AT", "type": "datetime"},
    {"key": "J", "type": "json"},
)


def test_the_schema_says_it_all_but_secrets() -> None:
    made = parameters.schema(EVERY)
    Draft202012Validator.check_schema(made)
    choice = {"type": "string", "enum": ["a", "b"]}
    assert made == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "TEXT": {
                "title": "A text", "description": "Say it.", "type": "string", "minLength": 1, "maxLength": 9,
                "pattern": "^x",
            },
            "AREA": {"title": "AREA", "type": "string", "minLength": 1},
            "PASS": {"title": "PASS", "type": "string", "format": "password", "writeOnly": True, "minLength": 1},
            "NUM": {"title": "NUM", "type": "number", "minimum": 1, "maximum": 9, "multipleOf": 0.5, "default": 2},
            "SEL": {"title": "SEL", **choice},
            "RAD": {"title": "RAD", **choice, "default": "a"},
            "MUL": {"title": "MUL", "type": "array", "items": choice, "uniqueItems": True, "minItems": 1},
            "CHK": {"title": "CHK", "type": "array", "items": choice, "uniqueItems": True},
            "SW": {"title": "SW", "type": "boolean"},
            "DAY": {"title": "DAY", "type": "string", "format": "date"},
            "AT": {"title": "AT", "type": "string", "format": "date-time"},
            "J": {"title": "J"},
        },
        "required": ["AREA", "MUL"],
        "additionalProperties": False,
    }  # fmt: skip


def test_defaults_fill_what_is_absent_and_null_means_none() -> None:
    values = parameters.complete(EVERY, {"J": {"a": 1}, "MUL": ["b"], "AREA": "x", "NUM": None, "SW": None})
    assert values == {"AREA": "x", "PASS": "hush", "RAD": "a", "MUL": ["b"], "J": {"a": 1}}
    assert list(values) == ["AREA", "PASS", "RAD", "MUL", "J"]


def test_nothing_asked_nothing_given() -> None:
    assert parameters.complete((), {}) == {}
    assert _errors((), {"X": 1}) == [("parameters.X", "unknown")]
    assert parameters.complete((), {"X": None}) == {}


def test_every_wrong_value_is_named() -> None:
    wrong = {
        "TEXT": "abcdefghijk", "PASS": "", "NUM": 9.75, "SEL": "c", "RAD": 1, "MUL": [], "CHK": ["a", "a"], "SW": 1,
        "DAY": "2023-02-30", "AT": "2023-02-30T00:00:00Z", "NEW": 1,
    }  # fmt: skip
    assert sorted(_errors(EVERY, wrong)) == [
        ("parameters.AREA", "required"),
        ("parameters.AT", "datetime"),
        ("parameters.CHK", "duplicate"),
        ("parameters.DAY", "date"),
        ("parameters.MUL", "required"),
        ("parameters.NEW", "unknown"),
        ("parameters.NUM", "too_large"),
        ("parameters.PASS", "required"),
        ("parameters.RAD", "type"),
        ("parameters.SEL", "option"),
        ("parameters.SW", "type"),
        ("parameters.TEXT", "too_long"),
    ]


@pytest.mark.parametrize(
    ("definition", "value", "code"),
    [
        ({"required": True}, None, "required"),
        ({"required": True}, "", "required"),
        ({"required": True, "default": "x"}, None, "required"),
        ({"min_length": 1}, "", "required"),
        ({"min_length": 2}, "x", "too_short"),
        ({}, 5, "type"),
        ({}, "a\0b", "nul"),
        ({}, "\ud800", "unicode"),
        ({}, "x" * 100_001, "too_long"),
        ({}, "字" * 33_334, "too_long"),
        ({"regex": "^(a+)+$"}, "a" * 90_000 + "!", "pattern"),
        ({"type": "password"}, "***", "masked"),
        ({"type": "number"}, True, "type"),
        ({"type": "number"}, "1", "type"),
        ({"type": "number"}, float("nan"), "number"),
        ({"type": "number"}, 10**309, "number"),
        ({"type": "number"}, -(10**400), "number"),
        ({"type": "number", "min": 0.5}, 0.4, "too_small"),
        ({"type": "number", "step": 0.1}, 0.35, "step"),
        ({"type": "number", "step": 1}, 1e-300, "step"),
        ({"type": "json"}, {"a": ["\0"]}, "nul"),
        ({"type": "json"}, {"\udfff": 1}, "unicode"),
        ({"type": "json"}, {"a": float("inf")}, "number"),
        ({"type": "json"}, list(range(50_000)), "too_long"),
        ({"type": "datetime"}, "2025-01-01 00:00:00Z", "datetime"),
        ({"type": "datetime"}, "2025-01-01T25:00:00Z", "datetime"),
        ({"type": "date"}, "٢٠٢٥-01-01", "date"),
        ({"type": "date"}, "2025-01-01\n", "date"),
    ],
)
def test_values_that_are_refused(definition: dict[str, Any], value: Any, code: str) -> None:
    assert _errors(_definitions(definition), {"K": value}) == [("parameters.K", code)]


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ({}, ""),
        ({}, "x" * 100_000),
        ({"type": "number", "step": 0.1}, 0.3),
        ({"type": "number", "step": 0.1}, 1e17),
        ({"type": "number", "step": 1}, 5.0),
        ({"type": "number"}, -1e299),
        ({"type": "date"}, "2024-02-29"),
        ({"type": "datetime"}, "2024-02-29t00:00:00.5z"),
        ({"type": "json"}, False),
        ({"type": "json"}, {"a": [None, {"b": []}]}),
        ({"type": "switch", "required": True}, False),
    ],
)
def test_values_that_are_taken(definition: dict[str, Any], value: Any) -> None:
    assert parameters.complete(_definitions(definition), {"K": value}) == {"K": value}


def test_nesting_is_bounded_without_recursion() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert _errors(_definitions({"type": "json"}), {"K": deep}) == [("parameters.K", "too_deep")]
    while deep:
        deep = deep[0]


def test_the_whole_is_bounded_too() -> None:
    definitions = _definitions(*({"key": f"K{n}"} for n in range(11)))
    assert _errors(definitions, {f"K{n}": "x" * 99_999 for n in range(11)}) == [("parameters", "too_long")]


def test_a_masked_password_stands_for_its_default() -> None:
    definitions = _definitions({"type": "password", "default": "hush"})
    assert parameters.complete(definitions, {"K": MASK}) == {"K": "hush"}
    assert parameters.complete(definitions, {"K": "other"}) == {"K": "other"}
    assert parameters.complete(definitions, {"K": None}) == {}


def test_refusals_never_repeat_the_value() -> None:
    with pytest.raises(InvalidParameters) as caught:
        parameters.complete(_definitions({"type": "password", "max_length": 3}), {"K": "correct horse"})
    assert "horse" not in str(caught.value) + str(caught.value.fields)
    assert caught.value.detail == "K: At most 3 characters are allowed."


def test_secrets_are_found_and_hidden() -> None:
    definitions = _definitions({"key": "P", "type": "password"}, {"key": "Q", "type": "password"}, {"key": "T"})
    values = {"P": "one", "Q": "", "T": "two"}
    assert parameters.secret_values(definitions, values) == ("one",)
    assert parameters.public(definitions, values) == {"P": MASK, "Q": MASK, "T": "two"}
    assert parameters.public(definitions, {"P": None}) == {"P": None}
    assert "hush" not in repr(_definitions({"type": "password", "default": "hush"}))
    assert "loud" in repr(_definitions({"default": "loud"}))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "a b\n", "a b\n"),
        ("switch", True, "true"),
        ("switch", False, "false"),
        ("number", 5, "5"),
        ("number", 5.0, "5"),
        ("number", -0.0, "0"),
        ("number", 0.1, "0.1"),
        ("number", 1e20, "100000000000000000000"),
        ("number", 1e21, "1e+21"),
        ("number", 1e-7, "1e-07"),
        ("number", 10**30, "1" + "0" * 30),
        ("multiselect", ["a", "b"], '["a","b"]'),
        ("json", {"a": [1, None]}, '{"a":[1,null]}'),
        ("json", "text", '"text"'),
        ("json", "日", '"日"'),
        ("date", "2025-01-31", "2025-01-31"),
    ],
)
def test_the_environment(kind: str, value: Any, expected: str) -> None:
    options = OPTIONS if kind == "multiselect" else []
    definitions = _definitions({"type": kind, "options": options})
    assert parameters.environment(definitions, {"K": value}) == {"K": expected}


def test_what_was_not_given_is_not_in_the_environment() -> None:
    assert parameters.environment(_definitions({"key": "A"}, {"key": "B"}), {"A": None}) == {}


def test_the_document() -> None:
    assert (
        parameters.document({"A": "日", "B": [1.5, True]})
        == b'{\n  "A": "\xe6\x97\xa5",\n  "B": [\n    1.5,\n    true\n  ]\n}\n'
    )
    assert parameters.document({}) == b"{}\n"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
JSON = st.recursive(
    st.booleans() | st.integers(-(10**20), 10**20) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(TEXT, FINITE | st.integers(-(10**200), 10**200), st.booleans(), JSON)
def test_what_is_taken_comes_out_as_it_went_in(text: str, number: float, switch: bool, value: Any) -> None:  # noqa: FBT001
    definitions = _definitions(
        {"key": "T", "type": "textarea"},
        {"key": "N", "type": "number"},
        {"key": "S", "type": "switch"},
        {"key": "J", "type": "json"},
    )
    values = {"T": text, "N": number, "S": switch, "J": value}
    assert parameters.complete(definitions, values) == values
    assert json.loads(parameters.document(values)) == values
    environment = parameters.environment(definitions, values)
    assert environment["T"] == text
    assert float(environment["N"]) == float(number)
    assert environment["S"] == ("true" if switch else "false")
    assert json.loads(environment["J"]) == value
    assert "\n" not in environment["J"]


@settings(deadline=None)
@given(st.dictionaries(TEXT, JSON | st.none() | st.just(float("nan")), max_size=5))
def test_any_input_is_either_taken_or_refused_by_name(values: dict[str, Any]) -> None:
    try:
        taken = parameters.complete(EVERY, values)
    except InvalidParameters as error:
        named = [field.field for field in error.fields]
    else:
        named = [f"parameters.{key}" for key in taken]
    assert named
    assert all(field.startswith("parameters.") for field in named)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(["A", "b_1", "_C"]), TEXT, min_size=1))
def test_a_real_process_sees_exactly_these_variables(values: dict[str, str]) -> None:
    definitions = _definitions(*({"key": key} for key in values))
    script = (
        "import json, os; print(json.dumps({k: os.environb[k.encode()].decode() for k in os.environ if len(k) < 4}))"
    )
    environment = parameters.environment(definitions, parameters.complete(definitions, values))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={**environment, "LC_CTYPE": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == values


def test_the_longest_value_fits_into_a_process() -> None:
    definitions = _definitions(*({"key": f"K{n}"} for n in range(10)))
    environment = parameters.environment(definitions, {f"K{n}": "x" * parameters.LONGEST_VALUE for n in range(10)})
    subprocess.run([sys.executable, "-I", "-S", "-c", ""], env={**os.environ, **environment}, check=True)


FILES = _definitions(
    {"key": "IN", "type": "file", "max_size_mb": 0.5},
    {"key": "ANY", "type": "file"},
    {"key": "TEXT"},
)


@pytest.mark.parametrize(
    ("values", "sizes", "errors"),
    [
        ({}, {}, []),
        ({"IN": None, "TEXT": "no.csv"}, {}, []),
        ({"IN": "a.csv", "ANY": "b"}, {"a.csv": 512 * 1024, "b": 10**12}, []),
        ({"IN": "a.csv"}, {"b": 1}, [("parameters.IN", "file", "No file named a.csv was uploaded.")]),
        (
            {"IN": "a.csv", "ANY": "b"},
            {"a.csv": 512 * 1024 + 1},
            [
                ("parameters.IN", "file_size", "The file a.csv has 0.5 MiB; at most 0.5 MiB are taken."),
                ("parameters.ANY", "file", "No file named b was uploaded."),
            ],
        ),
    ],
)
def test_files_that_were_uploaded(
    values: dict[str, Any], sizes: dict[str, int], errors: list[tuple[str, str, str]]
) -> None:
    if not errors:
        parameters.check_files(FILES, values, sizes)
        return
    with pytest.raises(InvalidParameters) as caught:
        parameters.check_files(FILES, values, sizes)
    assert [(error.field, error.code, error.message) for error in caught.value.fields] == errors
    assert all(sentence in caught.value.detail for _field, _code, sentence in errors)


def test_the_script_gets_a_file_by_its_path() -> None:
    placed = parameters.placed(FILES, {"IN": "a.csv", "TEXT": "a.csv"}, PurePosixPath("/yard/files"))
    assert placed == {"IN": "/yard/files/a.csv", "TEXT": "a.csv"}
