"""Every route x everybody x one's own, foreign and unknown ids."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute, iter_route_contexts

from runyard import ids
from runyard.access.guards import GUARDS
from runyard.access.open_routes import OPEN_ROUTES, OPEN_SOCKETS
from runyard.access.permissions import EVERYBODY, LISTED, Permission
from runyard.api.app import PREFIX, make_app
from tests.engine.yard import opened, options, place, plain_logs

from .matrix import MATRIX, SOCKETS, Kind, Line
from .world import Persona, Side, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
plain_logs()

_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
_HARMLESS = {"number", "path", "name"}
"""What a path may name of something else that it names first."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with place() as data, opened(options(data)) as running:
        made = World(running)
        await made.build()
        yield made


def found() -> dict[tuple[str, str], list[Permission]]:
    """Every guarded route of the application, and what its signature demands."""
    routes = {}
    for route in iter_route_contexts(make_app(None).routes):
        if isinstance(route.original_route, APIRoute):
            for method in route.methods or ():
                if (method, str(route.path)) not in OPEN_ROUTES:
                    guards = [GUARDS[d.call] for d in route.dependant.dependencies if d.call in GUARDS]
                    routes[method, str(route.path).removeprefix(PREFIX)] = guards
    return routes


async def test_every_route_has_a_line_and_every_line_a_route() -> None:
    routes = found()
    assert sorted(set(routes) - set(MATRIX)) == []
    assert sorted(set(MATRIX) - set(routes)) == []
    assert {route: [line.permission] for route, line in MATRIX.items()} == routes


async def test_every_socket_has_its_tests() -> None:
    assert {path.removeprefix(PREFIX) for path in OPEN_SOCKETS} == set(SOCKETS)


@pytest.mark.parametrize(("method", "path"), MATRIX)
async def test_the_matrix(world: World, method: str, path: str) -> None:
    line = MATRIX[method, path]
    for persona in [*world.personas, *world.tokens]:
        for side in (world.home, world.foreign):
            if side is world.foreign and persona.scopes is not None and line.permission not in persona.scopes:
                continue
            answer = await ask(world, method, path, line, persona, side)
            wanted = expected(line, path, persona, own=side is world.home)
            told = f"{persona.name}, {side.name}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code in wanted, told
            administers = Permission.system_manage in persona.held
            refused = answer.status_code in {404, 422} and not administers
            if side is world.foreign and refused and names(line, path):
                unknown = await ask(world, method, path, line, persona, side, unknown=True)
                assert plain(unknown, side) == plain(answer, side), f"{told}; unknown: {unknown.text[:300]}"
            if not administers:
                # What somebody has asked for by its id may be named in the answer.
                said = "" if side is world.home else f"{path} {line.body} {line.query}"
                asked = {world.foreign.things[name] for name in _PLACE.findall(said) if name in world.foreign.things}
                leaks = [mark for mark in world.foreign.marks if mark in answer.text and mark not in asked]
                assert leaks == [], told


def expected(line: Line, path: str, persona: Persona, *, own: bool) -> tuple[int, ...]:
    """Return what may be answered."""
    if not persona.headers:
        return (401,)
    narrow = persona.scopes is not None
    if narrow and (line.person or line.permission not in persona.held):
        return (403,)
    administers = Permission.system_manage in persona.held
    match line.kind:
        case Kind.anyone:
            return line.granted
        case Kind.installation:
            return line.granted if administers else (403,)
        case Kind.own:
            mine = own and (persona.member or "{team}" not in path)
            return line.granted if mine or administers or not names(line, path) else (404,)
        case Kind.listing:
            return line.granted if line.permission in persona.held | LISTED else (403,)
        case Kind.thing:
            return _of_thing(line, path, persona, own=own)


def _of_thing(line: Line, path: str, persona: Persona, *, own: bool) -> tuple[int, ...]:
    held = line.permission in persona.held | EVERYBODY
    if not (held or _PLACE.search(path) or line.permission in LISTED):
        return (403,)
    if not (persona.everywhere or (own and persona.member)):
        return (404,)
    if not held or line.also not in {None, *persona.held}:
        return (403,)
    return line.granted if persona.scopes is None else line.granted + line.narrow


def names(line: Line, path: str) -> bool:
    """Whether a request names anything that may be foreign."""
    return bool(_PLACE.search(path) or _PLACE.search(json.dumps([line.body, line.query])))


async def ask(
    world: World, method: str, path: str, line: Line, persona: Persona, side: Side, *, unknown: bool = False
) -> httpx.Response:
    """Send a request about the things of a side, or about such as there are none."""
    things = {
        "session_id": ids.new("ses"),
        "invitation_id": ids.new("inv"),
        **side.things,
        "new": f"new-{id(object())}",
    }
    if line.fresh:
        things |= await world.fresh(line.fresh, side, persona)
    if unknown:
        things = {
            key: value if key in _HARMLESS | {"new", "other"} else nonsense(value) for key, value in things.items()
        }
    address = _PLACE.sub(lambda match: things[match[1]], path)
    given: dict[str, Any] = {"headers": persona.headers, "params": filled(line.query, things)}
    if line.files:
        given |= {
            "files": {"file": ("a.sh", b"true")},
            "data": {"payload": json.dumps(filled(line.body or {}, things))},
        }
    elif line.body is not None:
        given["json"] = filled(line.body, things)
    # The world's own client would add an administrator's token.
    transport = world.running.client._transport
    async with httpx.AsyncClient(transport=transport, base_url=world.running.client.base_url) as client:
        return await client.request(method, address, **given)


def filled(body: Any, things: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: filled(value, things) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, things) for value in body]
    return _PLACE.sub(lambda match: things[match[1]], body) if isinstance(body, str) else body


def nonsense(value: str) -> str:
    """Return an id of the same kind that nothing has."""
    prefix, line, _rest = value.partition("_")
    return f"{prefix}_{'0' * 26}" if line else f"{value}-none"


def plain(answer: httpx.Response, side: Side) -> tuple[int, Any]:
    """Return an answer without what differs between any two, and without the ids that were asked for."""
    text = json.dumps({key: value for key, value in answer.json().items() if key != "request_id"})
    for value in sorted(side.things.values(), key=len, reverse=True):
        text = text.replace(nonsense(value), "#").replace(value, "#")
    return answer.status_code, text
