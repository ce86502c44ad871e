from typing import Any

import pytest
from pydantic import ValidationError

from runyard.scripts.checks import findings, unfit_requirements
from runyard.scripts.definitions import Definition

CHOICE = [{"value": "a"}, {"value": "b", "label": "B"}]


def _found(*definitions: dict[str, Any], language: str = "python") -> list[tuple[str, str]]:
    made = [Definition.model_validate({"key": "K", **d}) for d in definitions]
    return [(error.field, error.code) for error in findings(made, language)]


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"default": ""},
        {"type": "text", "min_length": 2, "max_length": 2, "regex": "^a", "default": "ab"},
        {"type": "textarea", "default": "a\nb"},
        {"type": "password", "default": "secret", "min_length": 3},
        {"type": "number", "min": 1, "max": 1, "default": 1},
        {"type": "number", "min": 0.1, "step": 0.1, "default": 0.3},
        {"type": "number", "min": -10, "step": 2.5, "default": -7.5},
        {"type": "select", "options": CHOICE, "default": "b"},
        {"type": "radio", "options": CHOICE, "default": "a"},
        {"type": "multiselect", "options": CHOICE, "default": ["b", "a"]},
        {"type": "checkbox", "options": CHOICE, "default": []},
        {"type": "switch", "default": False},
        {"type": "date", "default": "2024-02-29"},
        {"type": "datetime", "default": "2024-02-29T12:00+08:00"},
        {"type": "json", "default": {"a": [1, None, True]}},
        {"type": "json", "default": "text"},
    ],
)
def test_sound_definitions(definition: dict[str, Any]) -> None:
    assert _found(definition) == []


@pytest.mark.parametrize(
    ("definition", "attribute", "code"),
    [
        ({"key": "PATH"}, "key", "reserved"),
        ({"key": "1"}, "key", "key"),
        ({"label": "a\0"}, "label", "nul"),
        ({"regex": "["}, "regex", "regex"),
        ({"regex": "(?=a)"}, "regex", "regex"),
        ({"min": 1}, "min", "not_applicable"),
        ({"step": 1}, "step", "not_applicable"),
        ({"options": CHOICE}, "options", "not_applicable"),
        ({"type": "number", "regex": "a"}, "regex", "not_applicable"),
        ({"type": "switch", "max_length": 3}, "max_length", "not_applicable"),
        ({"type": "number", "min": 2, "max": 1}, "max", "bounds"),
        ({"type": "number", "step": 0}, "step", "bounds"),
        ({"type": "number", "step": -1}, "step", "bounds"),
        ({"type": "number", "step": 5, "min": 1}, "min", "step"),
        ({"min_length": 3, "max_length": 2}, "max_length", "bounds"),
        ({"max_length": 0}, "max_length", "bounds"),
        ({"type": "select"}, "options", "required"),
        ({"type": "select", "options": [{"value": "a"}, {"value": "a"}]}, "options.1.value", "duplicate"),
        ({"type": "select", "options": [{"value": "a\0"}]}, "options.0", "nul"),
        ({"default": 5}, "default", "type"),
        ({"default": "a\0"}, "default", "nul"),
        ({"default": "\ud800"}, "default", "unicode"),
        ({"default": "ab", "max_length": 1}, "default", "too_long"),
        ({"default": "a", "min_length": 2}, "default", "too_short"),
        ({"default": "b", "regex": "^a"}, "default", "pattern"),
        ({"type": "password", "default": 5}, "default", "type"),
        ({"type": "password", "default": "***"}, "default", "masked"),
        ({"type": "number", "default": "5"}, "default", "type"),
        ({"type": "number", "default": True}, "default", "type"),
        ({"type": "number", "default": float("nan")}, "default", "number"),
        ({"type": "number", "default": float("inf")}, "default", "number"),
        ({"type": "number", "default": 0, "min": 1}, "default", "too_small"),
        ({"type": "number", "default": 2, "max": 1}, "default", "too_large"),
        ({"type": "number", "default": 0.35, "step": 0.1}, "default", "step"),
        ({"type": "select", "options": CHOICE, "default": "c"}, "default", "option"),
        ({"type": "multiselect", "options": CHOICE, "default": "a"}, "default", "type"),
        ({"type": "multiselect", "options": CHOICE, "default": ["a", "a"]}, "default", "duplicate"),
        ({"type": "multiselect", "options": CHOICE, "default": ["c"]}, "default", "option"),
        ({"type": "multiselect", "options": CHOICE, "default": [], "required": True}, "default", "required"),
        ({"type": "switch", "default": "true"}, "default", "type"),
        ({"type": "date", "default": "2023-02-29"}, "default", "date"),
        ({"type": "date", "default": "20230228"}, "default", "date"),
        ({"type": "datetime", "default": "2023-02-28T10:00"}, "default", "datetime"),
        ({"type": "json", "default": [float("nan")]}, "default", "number"),
        ({"type": "json", "default": {"a\0": 1}}, "default", "nul"),
    ],
)
def test_definitions_that_make_no_sense(definition: dict[str, Any], attribute: str, code: str) -> None:
    assert _found(definition) == [(f"parameters.0.{attribute}", code)]


def test_keys_differ_in_case_or_are_duplicates() -> None:
    assert _found({"key": "a"}, {"key": "A"}) == []
    assert _found({"key": "a"}, {"key": "b"}, {"key": "a"}) == [("parameters.2.key", "duplicate")]


def test_bash_owns_some_names() -> None:
    assert _found({"key": "SECONDS"}) == []
    assert _found({"key": "SECONDS"}, language="shell") == [("parameters.0.key", "reserved")]


def test_every_finding_is_told_at_once() -> None:
    found = _found({"key": "PATH", "min": 1, "regex": "a", "type": "switch"}, {"key": "ok", "default": 1})
    assert found == [
        ("parameters.0.key", "reserved"),
        ("parameters.0.min", "not_applicable"),
        ("parameters.0.regex", "not_applicable"),
        ("parameters.1.default", "type"),
    ]


@pytest.mark.parametrize(
    ("language", "manager", "requirements", "fields"),
    [
        ("python", "uv", ["rich>=13", "pandas[excel]==2.2"], []),
        ("python", "uv", ["rich", "=="], ["requirements.1"]),
        ("python", "conda", ["numpy >=2", "conda-forge::gdal"], []),
        ("python", "conda", ["numpy", "=="], ["requirements.1"]),
        ("javascript", "", ["left-pad@1", "@scope/name"], []),
        ("javascript", "", ["left pad"], ["requirements.0"]),
        ("shell", "", ["whatever it is"], []),
    ],
)
def test_requirements(language: str, manager: str, requirements: list[str], fields: list[str]) -> None:
    found = unfit_requirements(language, requirements, package_manager=manager)
    assert [(error.field, error.code) for error in found] == [(field, "requirement") for field in fields]
    below = unfit_requirements(language, requirements, "draft.", package_manager=manager)
    assert [error.field for error in below] == [f"draft.{field}" for field in fields]


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (True, "A number is needed."),
        ("5", "A number is needed."),
        ([], "A number is needed."),
        (10**301, "That number is too large."),
        (-(10**301), "That number is too large."),
        (float("nan"), "That number is too large."),
        (float("inf"), "That number is too large."),
    ],
)
@pytest.mark.parametrize("name", ["min", "max", "step"])
def test_bounds_that_are_no_numbers(name: str, bound: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Definition.model_validate({"key": "K", "type": "number", name: bound})
    assert [(error["loc"], error["msg"]) for error in refused.value.errors()] == [((name,), said)]
