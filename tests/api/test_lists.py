"""Every list is given page by page, but for those that are short by nature."""

from typing import Any

import pytest

from runyard.api.app import make_app

NUMBERED = "Its lines have numbers, and those are the way through it."
WHOLE = {
    "/audit/alerts": "As many as there are rules that found something.",
    "/connections/kinds": "What Runyard can connect to.",
    "/connections/{connection_id}/scrubs": "The last 20.",
    "/editor/help": "One for each language.",
    "/environments/{environment_id}/log": NUMBERED,
    "/interpreters": "What is installed on one machine.",
    "/jobs/calendar": "What is on it, 5000 at the most.",
    "/keys": "The keys of one installation.",
    "/permissions": "Named in the code.",
    "/projects/{project}/run-archives": "One file a month.",
    "/runs/latest": "As many as scripts were asked for, a hundred at the most.",
    "/runs/{run_id}/attempts": "As many as its policy allows, 51 at the most.",
    "/runs/{run_id}/files": "A run's workspace, 5000 files at the most.",
    "/runs/{run_id}/logs": NUMBERED,
    "/runs/{run_id}/logs/search": NUMBERED,
    "/scripts/{script_id}/parameter-sets": "200 at the most.",
    "/scripts/{script_id}/variables": "As many as the names within one script's reach.",
    "/secrets/{secret_id}/scrubs": "The last 20.",
    "/security": "The settings that guard an installation.",
    "/workers": "The machines of one installation.",
}


def lists() -> dict[str, tuple[set[str], set[str]]]:
    """Return every GET route that answers with items: its fields and its parameters."""
    document = make_app(None).openapi()
    found = {}
    for path, operations in document["paths"].items():
        if (operation := operations.get("get")) and "items" in (fields := fields_of(document, operation)):
            asked = {parameter["name"] for parameter in operation.get("parameters", [])}
            found[path.removeprefix("/api/v1")] = (fields, asked)
    return found


def fields_of(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    shape = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    assert shape.get("type") != "array", operation["operationId"]
    name = shape.get("$ref", "").rpartition("/")[2]
    return set(document["components"]["schemas"].get(name, shape).get("properties", {}))


LISTS = lists()


@pytest.mark.parametrize("path", sorted(LISTS.keys() - WHOLE.keys()))
def test_a_list_has_pages(path: str) -> None:
    fields, asked = LISTS[path]
    assert "next_cursor" in fields
    assert {"limit", "cursor"} <= asked


def test_what_is_given_whole_is_there() -> None:
    assert WHOLE.keys() <= LISTS.keys()
    paged = [path for path, (_fields, asked) in LISTS.items() if {"limit", "cursor"} <= asked]
    assert not WHOLE.keys() & set(paged)
