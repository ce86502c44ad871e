"""Bodies that the reference shows in full are bodies of the API: no field too many, none left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from runyard.runs.batches import Batch, BatchResult
from runyard.runs.comparing import Comparison
from runyard.runs.failures import FailureDetail
from runyard.runs.policies import RunPolicy
from runyard.scripts.policy import Policy

PAGE = Path(__file__).parents[2] / "docs/reference/api.md"
BODIES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("fail_", FailureDetail),
    ("a_id", Comparison),
    ("action", Batch),
    ("done", BatchResult),
    ("bounds", RunPolicy),
    ("retries", Policy),
)


def shown(mark: str) -> dict[str, Any]:
    """Return the one body of the page that has a field `mark`, or an id that begins so."""
    texts = [part.partition("\n```")[0] for part in PAGE.read_text().split("```json\n")[1:]]
    blocks = [json.loads(text) for text in texts if text.startswith("{\n")]
    [found] = [one for one in blocks if (mark in one and "id" not in one) or str(one.get("id", "")).startswith(mark)]
    return dict(found)


def fields(value: Any, path: str = "") -> set[str]:
    """Return the paths of all fields within a value."""
    if isinstance(value, dict):
        inner = [fields(part, f"{path}.{name}") for name, part in value.items()]
        return {f"{path}.{name}" for name in value}.union(*inner)
    if isinstance(value, list):
        return set().union(*(fields(part, f"{path}[]") for part in value))
    return set()


@pytest.mark.parametrize(("mark", "model"), BODIES)
def test_bodies_are_shown_whole(mark: str, model: type[BaseModel]) -> None:
    body = shown(mark)
    whole = model.model_validate(body).model_dump(mode="json")
    assert fields(body) == fields({name: part for name, part in whole.items() if (name, part) != ("ids", None)})
