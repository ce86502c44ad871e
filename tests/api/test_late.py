"""Routes that come after the start: nobody notices but for the wait."""

import asyncio
import threading
from collections.abc import Sequence

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, NoMatchFound, Route, Router

from runyard.api.app import begin_app, make_app
from runyard.api.late import LateRoutes


async def answer(request: Request) -> Response:
    return PlainTextResponse(request.url.path)


class Loader:
    """Loads two routes when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.times = 0

    def __call__(self) -> Sequence[BaseRoute]:
        self.times += 1
        assert self.let.wait(20)
        return [Route("/api/late/{id}", answer, methods=["PUT"]), Route("/api/late", answer)]


def site(load: Loader) -> tuple[httpx.AsyncClient, LateRoutes, Router]:
    app = Starlette()
    late = LateRoutes("/api/", app.router, load)
    app.router.routes += [Route("/api/early", answer), late, Route("/{rest:path}", answer)]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://yard"), late, app.router


async def test_who_asks_early_waits_and_is_answered() -> None:
    load = Loader()
    client, late, router = site(load)
    waiting = [asyncio.create_task(client.get("/api/late")), asyncio.create_task(client.put("/api/late/7"))]
    assert (await client.get("/api/early")).text == "/api/early"
    assert (await client.get("/page")).text == "/page"
    assert not any(task.done() for task in waiting)
    load.let.set()
    assert [(await task).text for task in waiting] == ["/api/late", "/api/late/7"]
    await late.settle()
    assert load.times == 1
    # As if they had been there from the first moment, in their place.
    assert [route.path for route in router.routes] == [  # type: ignore[attr-defined]
        *("/api/early", "/api/late/{id}", "/api/late", "/{rest:path}")
    ]
    assert (await client.get("/api/late")).text == "/api/late"


async def test_who_gives_up_waiting_stops_nothing() -> None:
    load = Loader()
    client, late, _ = site(load)
    waiting = asyncio.create_task(client.get("/api/late"))
    while not load.times:
        await asyncio.sleep(0)
    waiting.cancel()
    load.let.set()
    await late.settle()
    assert (await client.get("/api/late")).status_code == 200
    assert load.times == 1


async def test_names_are_not_known_yet() -> None:
    _, late, router = site(Loader())
    with pytest.raises(NoMatchFound):
        late.url_path_for("late")
    with pytest.raises(NoMatchFound):
        router.url_path_for("late")


async def test_the_application_is_the_same_however_it_came_to_be() -> None:
    app, late = begin_app(None)
    assert late in app.router.routes
    await late.settle()
    assert [getattr(route, "path", None) for route in app.router.routes] == [
        getattr(route, "path", None) for route in make_app(None).router.routes
    ]
