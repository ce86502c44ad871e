"""A script as an OpenAPI document of its own."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator


@pytest.mark.parametrize("kind", ["number", "file"])
async def test_a_script_is_an_operation(api: httpx.AsyncClient, kind: str) -> None:
    parameter = {"key": "P", "type": kind, "required": True, "label": "What"}
    body = {"name": "n", "language": "shell", "code": "", "parameters": [parameter]}
    made = (await api.post("/scripts", json=body)).json()
    document: dict[str, Any] = (await api.get(f"/scripts/{made['id']}/openapi")).json()
    operation = document["paths"][f"/api/v1/scripts/{made['id']}/runs"]["post"]
    content = operation["requestBody"]["content"]
    assert ("application/json" in content) == (kind == "number")
    schema = content["multipart/form-data"]["schema"]["properties"]["payload"]
    Draft202012Validator.check_schema(schema)
    ours = (await api.get(f"/scripts/{made['id']}/schema")).json()
    ours.pop("$schema")
    assert schema["properties"]["parameters"] == ours
    assert document["openapi"] == "3.1.0"
