"""What a save takes and what it refuses, by name."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., dict[str, Any]]


async def _create(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post("/scripts", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _errors(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("language", ["python", "javascript", "shell", "sql"])
async def test_code_that_cannot_be_parsed_still_saves(api: httpx.AsyncClient, script: Make, language: str) -> None:
    for name, code in (("broken", "def ((( '''"), ("empty", ""), ("crlf", "a\r\nb\ttab\x1b")):
        made = await _create(api, script(name=name, language=language, code=code))
        assert (await api.get(f"/scripts/{made['id']}")).json()["code"] == code


async def test_what_sql_can_not_have_is_refused(api: httpx.AsyncClient, script: Make) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"connections": ["A", "B"]}, "connections.1"),
        ({"hooks": {"before": {"code": "x", "shell": False}}}, "hooks"),
        ({"kind": "module", "name": "things"}, "language"),
    ]
    for more, field in refused:
        answer = await api.post("/scripts", json=script(language="sql", code="SELECT 1", **more))
        assert _errors(answer) == [(field, "not_applicable")], answer.text


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"name": ""}, "name", "string_too_short"),
        ({"name": " \t"}, "name", "string_too_short"),
        ({"name": "a\nb"}, "name", "one_line"),
        ({"name": "a\0b"}, "name", "one_line"),
        ({"name": "x" * 201}, "name", "string_too_long"),
        ({"name": None}, "name", "string_type"),
        ({"name": 5}, "name", "string_type"),
        ({"name": "\ud800"}, "name", "string_unicode"),
        ({"language": "cobol"}, "language", "literal_error"),
        ({"language": None}, "language", "literal_error"),
        ({"code": None}, "code", "string_type"),
        ({"code": "a\0"}, "code", "nul"),
        ({"code": "\udfff"}, "code", "string_unicode"),
        ({"code": "x" * 1_000_001}, "code", "string_too_long"),
        ({"description": "x" * 10_001}, "description", "string_too_long"),
        ({"description": "\0"}, "description", "nul"),
        ({"note": "x" * 501}, "note", "string_too_long"),
        ({"tags": "a"}, "tags", "list_type"),
        ({"tags": [""]}, "tags.0", "string_too_short"),
        ({"tags": ["x" * 51]}, "tags.0", "string_too_long"),
        ({"tags": [str(n) for n in range(21)]}, "tags", "too_long"),
        ({"requirements": "requests"}, "requirements", "list_type"),
        ({"requirements": [5]}, "requirements.0", "string_type"),
        ({"requirements": ["--index-url=x"]}, "requirements.0", "requirement"),
        ({"requirements": ["-r x.txt"]}, "requirements.0", "requirement"),
        ({"requirements": ["a\nb"]}, "requirements.0", "one_line"),
        ({"requirements": ["rich", "no such thing!"]}, "requirements.1", "requirement"),
        ({"requirements": ["x @ file:///etc"]}, "requirements.0", "requirement"),
        ({"requirements": ["../x"], "language": "javascript"}, "requirements.0", "requirement"),
        ({"requirements": ["x" * 501]}, "requirements.0", "string_too_long"),
        ({"timeout_s": 0}, "timeout_s", "greater_than"),
        ({"timeout_s": -1}, "timeout_s", "greater_than"),
        ({"timeout_s": 10**9}, "timeout_s", "less_than_equal"),
        ({"timeout_s": "soon"}, "timeout_s", "float_parsing"),
        ({"network": "perhaps"}, "network", "bool_parsing"),
        ({"network": None}, "network", "bool_type"),
        ({"retrys": 3}, "retrys", "extra_forbidden"),
        ({"parameters": {}}, "parameters", "list_type"),
        ({"parameters": [{}]}, "parameters.0.key", "missing"),
        ({"parameters": [{"key": "A", "kind": "text"}]}, "parameters.0.kind", "extra_forbidden"),
        ({"parameters": [{"key": "A", "type": "folder"}]}, "parameters.0.type", "enum"),
        ({"parameters": [{"key": "A", "type": "number", "min": "1"}]}, "parameters.0.min", "number_type"),
        ({"parameters": [{"key": "A", "type": "number", "max": True}]}, "parameters.0.max", "number_type"),
        ({"parameters": [{"key": "A", "type": "number", "max": 1e301}]}, "parameters.0.max", "number_range"),
        ({"parameters": [{"key": "A", "type": "number", "step": float("nan")}]}, "parameters.0.step", "number_range"),
        ({"parameters": [{"key": "A", "min_length": -1}]}, "parameters.0.min_length", "greater_than_equal"),
        ({"parameters": [{"key": f"A{n}"} for n in range(101)]}, "parameters", "too_long"),
        ({"parameters": [{"key": "PATH"}]}, "parameters.0.key", "reserved"),
        ({"parameters": [{"key": "A"}, {"key": "A"}]}, "parameters.1.key", "duplicate"),
        ({"parameters": [{"key": "A", "default": 5}]}, "parameters.0.default", "type"),
        ({"parameters": [{"key": "A", "regex": "["}]}, "parameters.0.regex", "regex"),
        ({"parameters": [{"key": "A", "type": "select"}]}, "parameters.0.options", "required"),
        ({"parameters": [{"key": "A", "type": "password", "default": "***"}]}, "parameters.0.default", "masked"),
    ],
)
async def test_bad_input_is_named(
    api: httpx.AsyncClient, script: Make, given: dict[str, Any], field: str, code: str
) -> None:
    # A lone surrogate has no UTF-8, but JSON can spell it.
    text = json.dumps(script(**given)).encode()
    answer = await api.post("/scripts", content=text, headers={"Content-Type": "application/json"})
    assert (field, code) in _errors(answer)
    assert (await api.get("/scripts")).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        (
            {"parameters": [{"key": "A", "type": "folder"}, {"key": "PATH"}]},
            {("parameters.0.type", "enum"), ("parameters.1.key", "reserved")},
        ),
        (
            {"parameters": [{"key": "HOME", "min_length": -1}, {"key": "A"}, {"key": "A"}]},
            {
                ("parameters.0.min_length", "greater_than_equal"),
                ("parameters.0.key", "reserved"),
                ("parameters.2.key", "duplicate"),
            },
        ),
        (
            {
                "language": "python",
                "timeout_s": 0,
                "parameters": [{"key": "A", "regex": "[{x}"}],
                "requirements": ["tiny", "a b c"],
            },
            {("timeout_s", "greater_than"), ("parameters.0.regex", "regex"), ("requirements.1", "requirement")},
        ),
        (
            {"parameters": [{"key": "S", "type": "password", "default": "***"}, {"key": 5}]},
            {("parameters.1.key", "string_type")},
        ),
        (
            {"parameters": [{"key": "SECONDS"}, 5], "language": "javascript"},
            {("parameters.1", "model_attributes_type")},
        ),
        (
            {"parameters": [{"key": "SECONDS"}, 5], "language": "shell"},
            {("parameters.1", "model_attributes_type"), ("parameters.0.key", "reserved")},
        ),
    ],
)
async def test_no_fault_hides_another(
    api: httpx.AsyncClient, script: Make, given: dict[str, Any], errors: set[tuple[str, str]]
) -> None:
    assert set(_errors(await api.post("/scripts", json=script(**given)))) == errors
    saved = (await api.post("/scripts", json=script(language=given.get("language", "python")))).json()
    changed = await api.patch(f"/scripts/{saved['id']}", json=given)
    assert set(_errors(changed)) == errors


@pytest.mark.parametrize("missing", ["name", "language", "code"])
async def test_what_is_needed_is_named(api: httpx.AsyncClient, script: Make, missing: str) -> None:
    body = script()
    del body[missing]
    assert _errors(await api.post("/scripts", json=body)) == [(missing, "missing")]


@pytest.mark.parametrize("depth", [100, 400])
async def test_a_default_nested_beyond_reason_is_refused(api: httpx.AsyncClient, script: Make, depth: int) -> None:
    body = script(parameters=[{"key": "J", "type": "json", "default": "@"}])
    text = httpx.Request("POST", "http://x", json=body).content.replace(b'"@"', b"[" * depth + b"]" * depth)
    answer = await api.post("/scripts", content=text, headers={"Content-Type": "application/json"})
    assert _errors(answer)[0][0].startswith("parameters.0.default")
