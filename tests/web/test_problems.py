"""Errors as RFC 9457 problems."""

import errno
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException

from runyard.db.session import Database
from runyard.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Kind,
    Missing,
    Problem,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from runyard.web import problems

RAISED: dict[str, Exception] = {}


class Body(BaseModel):
    name: str
    size: int


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.get("/raise/{name}")
    async def raise_(name: str) -> None:
        raise RAISED[name]

    @app.post("/body")
    async def body(body: Body, n: Annotated[int, Query()] = 0) -> Body:
        return body

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        yield client


async def raised(client: httpx.AsyncClient, error: Exception) -> httpx.Response:
    RAISED["it"] = error
    answer = await client.get("/raise/it")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid(), 422),
        (Unauthenticated(), 401),
        (Forbidden(), 403),
        (Missing(), 404),
        (Conflict(), 409),
        (TooLarge(), 413),
        (TooMany(), 429),
        (Unavailable(), 503),
        (Problem(), 500),
    ],
)
async def test_every_kind_has_its_status(client: httpx.AsyncClient, error: Problem, status: int) -> None:
    answer = await raised(client, error)
    assert answer.status_code == status
    body = answer.json()
    assert (body["code"], body["detail"]) == (error.code, error.detail)
    assert ("errors" in body) == (status == 422)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_no_kind_is_forgotten() -> None:
    assert set(problems.STATUS) == set(Kind)


async def test_fields_are_listed(client: httpx.AsyncClient) -> None:
    answer = await raised(client, Conflict("In the way.", fields=[FieldError("name", "Taken.", "taken")]))
    assert answer.json()["errors"] == [{"field": "name", "message": "Taken.", "code": "taken"}]
    answer = await client.post("/body?n=x", json={"size": "hunter22"})
    assert [error["field"] for error in answer.json()["errors"]] == ["n", "name", "size"]
    assert "hunter22" not in answer.text
    broken = await client.post("/body", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.json()["errors"][0]["code"] == "json_invalid"


async def test_what_the_framework_refuses(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).json()["code"] == "not_found"
    assert (await client.get("/body")).json()["code"] == "method_not_allowed"
    answer = await raised(client, HTTPException(418, "Tea.", headers={"X-Pot": "1"}))
    assert (answer.json()["code"], answer.headers["x-pot"]) == ("http_error", "1")


async def test_a_crash_tells_nothing(client: httpx.AsyncClient) -> None:
    answer = await raised(client, RuntimeError("hunter22"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter22" not in answer.text


class Refusal(Exception):  # noqa: N818 - a driver's
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("hunter22")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DBAPIError("SELECT", {}, Refusal("22021")), 422, "invalid"),
        (DBAPIError("SELECT", {}, Refusal("42P01")), 500, "internal_error"),
        (OperationalError("SELECT", {}, Refusal(None)), 503, "database_unavailable"),
        (OperationalError("INSERT", {}, Refusal("53100")), 503, "disk_full"),
        (OSError(errno.ENOSPC, "hunter22"), 503, "disk_full"),
        (OSError(errno.EIO, "hunter22"), 500, "internal_error"),
    ],
)
async def test_what_the_database_or_the_system_refuses(
    client: httpx.AsyncClient, error: Any, status: int, code: str
) -> None:
    answer = await raised(client, error)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "hunter22" not in answer.text
    assert "hunter22" not in answer.text


async def test_a_value_that_no_column_holds_is_the_asker_s_fault(client: httpx.AsyncClient, database: Database) -> None:
    if database.dialect == "sqlite":
        return
    with pytest.raises(DBAPIError) as refused:
        async with database.read() as session:
            await session.execute(text("SELECT * FROM projects WHERE name = :n"), {"n": "a\0b"})
    assert (await raised(client, refused.value)).status_code == 422


@pytest.mark.parametrize("statement", ["INSERT INTO things VALUES (1, 1)", "INSERT INTO things VALUES (2, 9)"])
async def test_two_at_the_same_moment_are_in_each_others_way(
    client: httpx.AsyncClient, database: Database, statement: str
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE places (id integer PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE things (id integer PRIMARY KEY, place integer REFERENCES places)"))
        await connection.execute(text("INSERT INTO places VALUES (1)"))
        await connection.execute(text("INSERT INTO things VALUES (1, 1)"))
    with pytest.raises(DBAPIError) as caught:
        async with database.write() as session:
            await session.execute(text(statement))
    answer = await raised(client, caught.value)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "things" not in answer.text


async def test_a_row_that_lacks_something_is_a_fault_of_ours(client: httpx.AsyncClient, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE whole (id integer PRIMARY KEY, name text NOT NULL)"))
    with pytest.raises(DBAPIError) as caught:
        async with database.write() as session:
            await session.execute(text("INSERT INTO whole VALUES (1, NULL)"))
    assert (await raised(client, caught.value)).status_code == 500
