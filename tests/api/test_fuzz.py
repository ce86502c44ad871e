"""Requests that are made up from the API's own document: none is answered 500, and all as the document says."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from runyard.settings import AccessSettings, WorkerSettings
from runyard.web import problems
from tests.engine.yard import Running, opened, options, place

from .fuzzing import Found, ask, cases

SEED = 4
PIECES = 4
"""What many are asked in, so that they can be asked side by side; all of them take some minutes."""

# Made-up code is saved and queued, and never run.
QUIET: dict[str, Any] = {
    "worker": WorkerSettings(queues=("nobody",)),
    "rates": {"authentication": "", "webhooks": ""},
    # One that runs out on the way leaves the rest to be asked as a stranger twice.
    "access": AccessSettings(access_token_s=86_400),
}


async def fuzzed(running: Running, examples: int, *, both: bool, piece: int = 0, pieces: int = 1) -> Found:
    """Ask everything, or every so manieth path, as a stranger and as an administrator."""
    found = Found()
    document = running.app.openapi()
    document = {**document, "paths": dict(list(document["paths"].items())[piece::pieces])}
    transport = running.client._transport
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as stranger:
        for name, case in cases(document, examples, SEED, both=both):
            await ask(stranger, found, name, case)
            await ask(running.client, found, name, case, Authorization=running.client.headers["Authorization"])
    return found


@pytest.mark.timeout(600)
async def test_no_request_of_the_document_s_kind_breaks_the_server() -> None:
    async with place() as data, opened(options(data, **QUIET)) as running:
        found = await fuzzed(running, 1, both=False)
    assert not found.troubles, "\n".join(found.troubles)
    assert found.asked > 300
    # That they are made up well enough: some are taken, some refused, and strangers know nothing.
    assert found.statuses[200] > 20
    assert found.statuses[401] > 100
    assert found.statuses[422] > 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("piece", range(PIECES))
async def test_nor_do_many_of_them(piece: int) -> None:
    async with place() as data, opened(options(data, **QUIET)) as running:
        found = await fuzzed(running, 10, both=True, piece=piece, pieces=PIECES)
    assert not found.troubles, "\n".join(found.troubles)
    assert found.asked > 500
    # Every other one is a stranger's.
    assert found.statuses[401] < found.asked * 0.55


class Answer(BaseModel):
    """What an answer must be."""

    n: int


def crooked() -> FastAPI:
    """An application that does not keep to its document."""
    app = FastAPI()
    problems.install(app)

    @app.get("/right/{n}", operation_id="right")
    async def right(n: int) -> Answer:
        return Answer(n=n)

    @app.get("/broken", operation_id="broken")
    async def broken() -> Answer:
        raise RuntimeError

    @app.get("/wrong", operation_id="wrong", response_model=None, responses={200: {"model": Answer}})
    async def wrong() -> dict[str, str]:
        return {"n": "no number"}

    @app.get("/plain", operation_id="plain", response_model=None, responses={200: {"model": Answer}})
    async def plain() -> httpx.Response | Any:
        from fastapi.responses import PlainTextResponse

        return PlainTextResponse("1")

    return app


async def test_what_breaks_would_be_found() -> None:
    app, found = crooked(), Found()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    document = app.openapi()
    for path in document["paths"].values():
        path["get"]["responses"].pop("422", None)
        path["get"]["responses"]["default"] = {"description": "A problem."}
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        for name, case in cases(document, 2, SEED, both=True):
            await ask(client, found, name, case)
    assert {trouble.partition(":")[0] for trouble in found.troubles} == {"broken", "wrong", "plain"}
