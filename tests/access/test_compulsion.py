from collections.abc import Awaitable, Callable

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from runyard.access.api_tokens import ApiTokens
from runyard.access.guards import BEFORE_SECOND_FACTOR
from runyard.access.models import User
from runyard.access.permissions import Permission

from .test_second_factor import AGAIN, ask, enrol, told, with_code
from .yard import Yard, sign_in, signed_in

REQUIRED = (403, "second_factor_required")
Make = Callable[..., Awaitable[Yard]]


@pytest.fixture
async def strict(make_yard: Make) -> Yard:
    made = await make_yard(access={"second_factor": "everybody"})
    await made.add_user("Ada", is_admin=True)
    await made.add_user("Bob")
    return made


async def test_whoever_has_none_may_set_one_up_and_nothing_else(strict: Yard) -> None:
    async with strict.client() as client:
        answer = await sign_in(client)
        assert answer.json()["second_factor_required"] is True
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        for method, path, body in (
            ("GET", "/projects", None),
            ("PATCH", "/me", {"display_name": "Ada"}),
            ("POST", "/me/password", {"current_password": "correct horse", "new_password": "another horse"}),
            ("POST", "/projects", {"name": "mine"}),
        ):
            assert told(await ask(client, method, path, headers, body)) == REQUIRED, path
        me = (await ask(client, "GET", "/me", headers)).json()
        assert (me["username"], me["projects"]) == ("Ada", [])

        await enrol(strict, client, headers)
        assert (await ask(client, "GET", "/projects", headers)).status_code == 200
        refreshed = await client.post("/api/v1/auth/refresh")
        assert refreshed.json()["second_factor_required"] is False


async def test_a_session_that_is_renewed_says_so_too(strict: Yard) -> None:
    async with strict.client() as client:
        await signed_in(client)
        assert (await client.post("/api/v1/auth/refresh")).json()["second_factor_required"] is True


async def test_sign_in_with_a_code_owes_nothing(strict: Yard) -> None:
    async with strict.client() as client:
        app = await enrol(strict, client, await signed_in(client))
        answer = await with_code(client, app.later())
        assert answer.json()["second_factor_required"] is False


async def test_whoever_turns_it_off_has_to_set_it_up_anew(strict: Yard) -> None:
    async with strict.client() as client:
        headers = await signed_in(client)
        await enrol(strict, client, headers)
        assert (await ask(client, "GET", "/projects", headers)).status_code == 200
        dropped = await ask(client, "POST", "/me/second-factor/drop", headers, AGAIN)
        assert dropped.status_code == 204
        assert told(await ask(client, "GET", "/projects", headers)) == REQUIRED


@pytest.mark.parametrize(
    ("rule", "ada", "bob"),
    [("optional", False, False), ("administrators", True, False), ("everybody", True, True)],
)
async def test_whom_it_is_for(make_yard: Make, rule: str, ada: bool, bob: bool) -> None:  # noqa: FBT001 - a case
    made = await make_yard(access={"second_factor": rule})
    await made.add_user("Ada", is_admin=True)
    await made.add_user("Bob")
    async with made.client() as client:
        for name, owes in (("Ada", ada), ("Bob", bob)):
            assert (await sign_in(client, name)).json()["second_factor_required"] is owes


async def test_whoever_types_no_password_here_is_asked_for_none(strict: Yard) -> None:
    async with strict.client() as client:
        carol = await strict.add_user("Carol")
        headers = await signed_in(client, "Carol")
        await strict.change(User, carol.id, password_hash=None)
        strict.clock.move(4)
        assert (await ask(client, "GET", "/projects", headers)).status_code == 200


def test_what_comes_before_it_is_what_it_takes(yard: Yard) -> None:
    found = set()
    for route in iter_route_contexts(yard.app.routes):
        if isinstance(route.original_route, APIRoute) and any(
            dependency.call in BEFORE_SECOND_FACTOR for dependency in route.dependant.dependencies
        ):
            found |= {(method, str(route.path)) for method in route.methods or ()}
    assert found == {
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/me/second-factor"),
        ("POST", "/api/v1/me/second-factor"),
        ("POST", "/api/v1/me/second-factor/confirm"),
    }


async def test_programs_go_on_with_the_tokens_they_have(strict: Yard) -> None:
    user = await strict.add_user("Carol")
    tokens: ApiTokens = strict.app.state.provided[ApiTokens]
    async with strict.database.write() as session:
        carol = await strict.access.actors.standing_in(user.id, None)
        made = await tokens.create(session, carol, "a program", [Permission.self_manage], None, None)
    async with strict.client() as client:
        headers = {"Authorization": f"Bearer {made.text}"}
        assert (await ask(client, "PATCH", "/me", headers, {"display_name": "Carol"})).status_code == 200
    # That it was used is written down beside the request.
    await strict.access.actors.close()
