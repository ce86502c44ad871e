"""Saved parameter sets: kept by name, passwords sealed, taken by runs."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from runyard.db.session import Database
from runyard.scripts.errors import NoSuchSet
from runyard.scripts.models import ParameterSet

from .yard import Yard

Make = Callable[..., dict[str, Any]]
DEFINITIONS = [
    {"key": "SIZE", "type": "number", "required": True, "max": 10},
    {"key": "TOKEN", "type": "password"},
    {"key": "FILE", "type": "file"},
]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


@pytest.fixture
async def path(api: httpx.AsyncClient, script: Make) -> str:
    made = (await api.post("/scripts", json=script(parameters=DEFINITIONS))).json()
    return f"/scripts/{made['id']}"


async def _filled(yard: Yard, path: str, chosen: str, given: dict[str, Any]) -> dict[str, Any]:
    async with yard.database.read() as session:
        pinned = await yard.scripts.pin(session, yard.actors["ada"], path.rpartition("/")[2])
        return await yard.scripts.sets.filled(session, pinned, chosen, given)


async def test_passwords_are_sealed(yard: Yard, api: httpx.AsyncClient, path: str) -> None:
    body = {"name": "Nightly", "values": {"SIZE": 5, "TOKEN": "hush"}}
    made = await api.post(f"{path}/parameter-sets", json=body)
    assert made.status_code == 201, made.text
    kept = made.json()
    assert (kept["values"], kept["misfits"], kept["updated_by"]) == ({"SIZE": 5, "TOKEN": "***"}, [], "ada")
    async with yard.database.read() as session:
        row = (await session.scalars(select(ParameterSet))).one()
    assert "hush" not in str(row.values) + str(row.sealed)
    assert await _filled(yard, path, "Nightly", {}) == {"SIZE": 5, "TOKEN": "hush"}
    assert await _filled(yard, path, kept["id"], {"SIZE": 7, "TOKEN": "***"}) == {"SIZE": 7, "TOKEN": "hush"}
    one = f"{path}/parameter-sets/{kept['id']}"
    changed = (await api.patch(one, json={"values": {"TOKEN": "***"}, "name": "Daily"})).json()
    assert (changed["name"], changed["values"]) == ("Daily", {"TOKEN": "***"})
    assert await _filled(yard, path, "Daily", {}) == {"TOKEN": "hush"}
    # A password goes nowhere once the parameter is no password any more.
    await api.patch(path, json={"parameters": [{"key": "TOKEN", "type": "text"}]})
    assert await _filled(yard, path, "Daily", {}) == {}
    assert (await api.delete(one)).status_code == 204
    with pytest.raises(NoSuchSet):
        await _filled(yard, path, "Daily", {})


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"SIZE": 11}, "values.SIZE", "too_large"),
        ({"SIZE": "x"}, "values.SIZE", "type"),
        ({"OTHER": 1}, "values.OTHER", "unknown"),
        ({"FILE": "in.csv"}, "values.FILE", "not_applicable"),
        ({"TOKEN": "***"}, "values.TOKEN", "masked"),
    ],
)
async def test_values_are_checked(
    api: httpx.AsyncClient, path: str, values: dict[str, Any], field: str, code: str
) -> None:
    answer = await api.post(f"{path}/parameter-sets", json={"name": "x", "values": values})
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


async def test_what_no_longer_fits_is_told(api: httpx.AsyncClient, path: str) -> None:
    await api.post(f"{path}/parameter-sets", json={"name": "b", "values": {"SIZE": 5}})
    await api.post(f"{path}/parameter-sets", json={"name": "a"})
    await api.patch(path, json={"parameters": [{"key": "SIZE", "type": "number", "max": 3}]})
    items = (await api.get(f"{path}/parameter-sets")).json()["items"]
    assert [(item["name"], [m["field"] for m in item["misfits"]]) for item in items] == [
        ("a", []),
        ("b", ["values.SIZE"]),
    ]


async def test_names_are_unique_and_sets_belong_to_their_script(yard: Yard, api: httpx.AsyncClient, path: str) -> None:
    kept = (await api.post(f"{path}/parameter-sets", json={"name": "a"})).json()
    taken = await api.post(f"{path}/parameter-sets", json={"name": " a "})
    assert (taken.status_code, taken.json()["code"]) == (409, "set_taken")
    other = (await api.post(f"{path}/copy")).json()["id"]
    assert (await api.patch(f"/scripts/{other}/parameter-sets/{kept['id']}", json={})).status_code == 404
    async with yard.client("vic") as viewer:
        assert (await viewer.get(f"{path}/parameter-sets")).status_code == 200
        assert (await viewer.post(f"{path}/parameter-sets", json={"name": "b"})).status_code == 403
    async with yard.client("zoe") as stranger:
        assert (await stranger.get(f"{path}/parameter-sets")).status_code == 404
