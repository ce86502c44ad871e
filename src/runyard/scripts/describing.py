"""A script as an operation of its own, for programs that are told what to call by OpenAPI. Pure."""

from typing import Any

from runyard.scripts.models import Script


def described(script: Script, schema: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document whose one operation runs `script` with parameters that meet `schema`."""
    files = [key for key, rules in schema["properties"].items() if rules.get("format") == "filename"]
    wanted = {"parameters": {key: part for key, part in schema.items() if key != "$schema"}}
    payload = {
        "type": "object",
        "properties": {**wanted, "parameter_set": {"type": "string"}, "timeout_s": {"type": "number"}},
        "required": ["parameters"] if schema["required"] else [],
    }
    form = {
        "type": "object",
        "properties": {
            "payload": payload,
            "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    }
    # Files only come in a form; without any, plain JSON is all that is needed.
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if not files:
        content["application/json"] = {"schema": payload}
    accepted = {"type": "object", "properties": {"id": {"type": "string"}, "state": {"type": "string"}}}
    operation = {
        "operationId": f"run_{script.id}",
        "summary": script.name,
        "description": script.description,
        "requestBody": {"required": bool(schema["required"]), "content": content},
        "responses": {
            "202": {"description": "Queued.", "content": {"application/json": {"schema": accepted}}},
            "default": {"description": "A problem (RFC 9457)."},
        },
        "security": [{"bearer": []}],
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": script.name, "version": str(script.version)},
        "paths": {f"/api/v1/scripts/{script.id}/runs": {"post": operation}},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
