import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from runyard.access import repository
from runyard.access.clients import Client
from runyard.access.models import Session
from runyard.access.service import AccessService, SessionEnded
from runyard.access.tokens import BadToken
from runyard.secrets.keys import KeyRing, MasterKey
from runyard.secrets.sealing import Sealer

from .yard import PASSWORD, Yard, set_cookies, sign_in, signed_in

REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/me"


async def refresh(client: httpx.AsyncClient, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"Cookie": f"runyard_refresh={token}"}
    return await client.post(REFRESH, headers=headers)


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def only_session(yard: Yard) -> Session:
    async with yard.database.read() as session:
        return (await session.scalars(select(Session))).one()


@pytest.fixture
async def tabs(yard: Yard) -> httpx.AsyncClient:
    """A client without a jar: each request says which cookie it carries."""
    return yard.client()


async def first_token(tabs: httpx.AsyncClient) -> str:
    answer = await sign_in(tabs)
    tabs.cookies.clear()
    return set_cookies(answer)["runyard_refresh"].value


async def next_token(tabs: httpx.AsyncClient, token: str) -> str:
    answer = await refresh(tabs, token)
    assert answer.status_code == 200, answer.text
    tabs.cookies.clear()
    return set_cookies(answer)["runyard_refresh"].value


async def test_each_refresh_rotates_the_cookie_and_gives_a_working_token(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    seen = {client.cookies["runyard_refresh"]}
    for _ in range(4):
        answer = await refresh(client)
        assert answer.status_code == 200
        assert (await client.get(ME, headers=bearer(answer))).json()["username"] == "Ada"
        seen.add(client.cookies["runyard_refresh"])
    assert len(seen) == 5


async def test_without_a_cookie_there_is_nothing_to_refresh(client: httpx.AsyncClient) -> None:
    answer = await refresh(client)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ses_0.0.x", "x" * 4000, "%00"])
async def test_an_invented_token_is_refused(client: httpx.AsyncClient, token: str) -> None:
    assert (await refresh(client, token)).status_code == 401


async def test_a_replay_after_the_grace_ends_the_family(yard: Yard, tabs: httpx.AsyncClient) -> None:
    stolen = await first_token(tabs)
    current = await next_token(tabs, stolen)
    yard.clock.move(10.5)
    assert (await refresh(tabs, stolen)).status_code == 401
    assert (await refresh(tabs, current)).status_code == 401
    assert (await only_session(yard)).revoked_at == yard.clock.now()


async def test_the_thief_who_came_first_is_thrown_out_with_the_family(yard: Yard, tabs: httpx.AsyncClient) -> None:
    stolen = await first_token(tabs)
    thief = await refresh(tabs, stolen)
    yard.clock.move(60)
    assert (await tabs.get(ME, headers=bearer(thief))).status_code == 200
    assert (await refresh(tabs, stolen)).status_code == 401
    assert (await tabs.get(ME, headers=bearer(thief))).status_code == 401


async def test_an_older_token_ends_the_family_even_within_the_grace(yard: Yard, tabs: httpx.AsyncClient) -> None:
    first = await first_token(tabs)
    second = await next_token(tabs, first)
    third = await next_token(tabs, second)
    assert (await refresh(tabs, first)).status_code == 401
    assert (await refresh(tabs, third)).status_code == 401


async def test_a_replay_ends_one_session_and_no_other(yard: Yard, tabs: httpx.AsyncClient) -> None:
    one, other = await first_token(tabs), await first_token(tabs)
    await next_token(tabs, one)
    yard.clock.move(11)
    assert (await refresh(tabs, one)).status_code == 401
    assert (await refresh(tabs, other)).status_code == 200


async def test_an_invention_with_a_true_session_id_ends_nothing(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    session_id = token.split(".")[0]
    for forged in (f"{session_id}.0.forged", f"{session_id}.1.{token.rsplit('.', 1)[1]}", session_id):
        assert (await refresh(tabs, forged)).status_code == 401
    assert (await refresh(tabs, token)).status_code == 200


async def test_parallel_tabs_end_up_with_the_same_cookie_whoever_answers_last(
    yard: Yard, tabs: httpx.AsyncClient
) -> None:
    token = await first_token(tabs)
    answers = await asyncio.gather(*(refresh(tabs, token) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    tokens = {set_cookies(answer)["runyard_refresh"].value for answer in answers}
    assert len(tokens) == 1
    assert tokens != {token}
    for answer in answers:
        assert (await tabs.get(ME, headers=bearer(answer))).status_code == 200
    yard.clock.move(800)
    assert (await refresh(tabs, tokens.pop())).status_code == 200


async def test_an_answer_that_was_lost_on_its_way_does_no_harm(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    await next_token(tabs, token)  # the page was reloaded before this arrived
    yard.clock.move(9.5)
    again = await next_token(tabs, token)
    yard.clock.move(900)
    await next_token(tabs, again)


async def test_a_second_use_within_the_grace_does_not_lengthen_it(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    await next_token(tabs, token)
    yard.clock.move(6)
    assert (await refresh(tabs, token)).status_code == 200
    yard.clock.move(6)
    assert (await refresh(tabs, token)).status_code == 401


async def test_a_grace_of_nothing_is_possible(make_yard: Callable[..., Awaitable[Yard]]) -> None:
    yard = await make_yard(access={"refresh_grace_s": 0})
    await yard.add_user("Ada")
    async with yard.client() as tabs:
        token = await first_token(tabs)
        await next_token(tabs, token)
        yard.clock.move(0.001)
        assert (await refresh(tabs, token)).status_code == 401


async def test_a_session_ends_when_it_is_not_used(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    yard.clock.move(13 * 86_400)
    token = await next_token(tabs, token)
    yard.clock.move(13 * 86_400)
    token = await next_token(tabs, token)
    yard.clock.move(14 * 86_400)
    assert (await refresh(tabs, token)).status_code == 401


async def test_a_session_that_is_used_ends_all_the_same(make_yard: Callable[..., Awaitable[Yard]]) -> None:
    yard = await make_yard(access={"longest_session_s": 30 * 86_400})
    await yard.add_user("Ada")
    tabs = yard.client()
    token = await first_token(tabs)
    for _ in range(4):
        yard.clock.move(7 * 86_400)
        token = await next_token(tabs, token)
    assert (await only_session(yard)).expires_at == (await only_session(yard)).created_at + timedelta(days=30)
    yard.clock.move(2 * 86_400)
    assert (await refresh(tabs, token)).json()["code"] == "session_ended"


async def test_signing_out_ends_the_session_at_once(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    token = client.cookies["runyard_refresh"]
    assert (await client.get(ME, headers=headers)).status_code == 200
    answer = await client.post("/api/v1/auth/logout")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = set_cookies(answer)["runyard_refresh"]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", "0", "/api/v1/auth")
    assert "runyard_refresh" not in client.cookies
    assert (await client.get(ME, headers=headers)).status_code == 401
    assert (await refresh(client, token)).status_code == 401


async def test_a_program_signs_out_with_its_token(yard: Yard, tabs: httpx.AsyncClient) -> None:
    headers = await signed_in(tabs)
    tabs.cookies.clear()
    assert (await tabs.post("/api/v1/auth/logout", headers=headers)).status_code == 204
    assert (await tabs.get(ME, headers=headers)).status_code == 401


@pytest.mark.parametrize("cookie", [None, "x", "ses_1.0.x"])
async def test_signing_out_of_nothing_answers_the_same(client: httpx.AsyncClient, cookie: str | None) -> None:
    headers = {"Cookie": f"runyard_refresh={cookie}", "Authorization": "Bearer x"} if cookie else {}
    assert (await client.post("/api/v1/auth/logout", headers=headers)).status_code == 204


async def test_a_session_id_alone_signs_nobody_out(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    forged = token.split(".")[0] + ".0.x"
    await tabs.post("/api/v1/auth/logout", headers={"Cookie": f"runyard_refresh={forged}"})
    assert (await refresh(tabs, token)).status_code == 200


async def test_a_warm_check_asks_no_database(yard: Yard, client: httpx.AsyncClient) -> None:
    answer = await sign_in(client)
    token = answer.json()["access_token"]
    actor = await yard.access.actor_of(token)
    await yard.database.close()
    yard.access.actors._database = None  # type: ignore[assignment]
    assert await yard.access.actor_of(token) is actor
    yard.clock.move(4)
    with pytest.raises(AttributeError):
        await yard.access.actor_of(token)


async def test_a_change_made_elsewhere_is_seen_within_seconds(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    assert (await client.get(ME, headers=headers)).status_code == 200
    await yard.change(Session, (await only_session(yard)).id, revoked_at=yard.clock.now())
    yard.clock.move(4)
    assert (await client.get(ME, headers=headers)).status_code == 401


async def test_what_was_read_while_somebody_signed_out_is_not_kept(yard: Yard, client: httpx.AsyncClient) -> None:
    token = (await sign_in(client)).json()["access_token"]
    real = yard.projects.memberships

    async def slow(*args: object, **kwargs: object) -> object:
        yard.access.forget_actors()  # as another request does once its revocation is committed
        return await real(*args, **kwargs)  # type: ignore[arg-type]

    yard.projects.memberships = slow  # type: ignore[method-assign,assignment]
    await yard.access.actor_of(token)
    assert yard.access.actors._held == {}


async def test_actors_in_memory_are_bounded(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.access.actors.ACTORS", 3)
    async with yard.client() as client:
        for _ in range(8):
            token = (await sign_in(client)).json()["access_token"]
            await yard.access.actor_of(token)
    assert len(yard.access.actors._held) <= 3


async def test_a_token_of_another_installation_is_refused(yard: Yard, client: httpx.AsyncClient) -> None:
    other = AccessService(yard.database, yard.settings, MasterKey(b"o" * 32), yard.projects, yard.passwords)
    token = (await sign_in(client)).json()["access_token"]
    with pytest.raises(BadToken):
        await other.actor_of(token)


async def test_after_a_change_of_the_master_key_a_cookie_still_refreshes(yard: Yard, tabs: httpx.AsyncClient) -> None:
    token = await first_token(tabs)
    other = AccessService(yard.database, yard.settings, MasterKey(b"o" * 32), yard.projects, yard.passwords)
    following = await other.refresh(token)
    assert following.refresh_token
    assert (await other.refresh(following.refresh_token)).refresh_token
    with pytest.raises(SessionEnded):
        await other.refresh("ses_0.0.x")


async def test_after_a_change_of_the_master_key_a_browser_is_no_stranger(yard: Yard, client: httpx.AsyncClient) -> None:
    device = set_cookies(await sign_in(client))["runyard_device"].value
    fresh = KeyRing((MasterKey(b"o" * 32), yard.key))
    other = AccessService(
        yard.database, yard.settings, fresh.present, yard.projects, yard.passwords, sealer=Sealer(fresh)
    )
    here = Client("192.0.2.7", "", device)
    async with yard.database.read() as session:
        user = await repository.user_named(session, "Ada")
    assert other.proving.guesser("Ada", user, here)[0] == "device"
    again = await other.login("Ada", PASSWORD, here)
    # The next change may drop the old key: the cookie is made anew, and from then on kept.
    assert again.device_token not in {None, device}
    assert (await other.login("Ada", PASSWORD, Client("192.0.2.7", "", again.device_token))).device_token is None


async def test_sessions_that_ended_long_ago_are_forgotten(yard: Yard, tabs: httpx.AsyncClient) -> None:
    for _ in range(3):
        await first_token(tabs)
    async with yard.database.read() as session:
        ids = (await session.scalars(select(Session.id).order_by(Session.id))).all()
    old = yard.clock.now() - timedelta(days=31)
    await yard.change(Session, ids[0], revoked_at=old)
    await yard.change(Session, ids[1], expires_at=old)
    async with yard.database.write() as session:
        assert await yard.access.sweep(session, yard.clock.now()) == 2
    assert (await only_session(yard)).id == ids[2]


async def test_a_new_password_ends_the_other_sessions(yard: Yard) -> None:
    async with yard.client() as here, yard.client(address="10.0.0.2") as there:
        mine, other = await signed_in(here), await signed_in(there)
        body = {"current_password": PASSWORD, "new_password": "a better horse"}
        answer = await here.post("/api/v1/me/password", json=body, headers=mine)
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await here.get(ME, headers=mine)).status_code == 200
        assert (await refresh(here)).status_code == 200
        assert (await there.get(ME, headers=other)).status_code == 401
        assert (await refresh(there)).status_code == 401
        assert (await sign_in(there)).status_code == 401
        assert (await sign_in(there, password="a better horse")).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "field", "code"),
    [
        ("wrong", "a better horse", "current_password", "wrong_password"),
        (PASSWORD, "short", "new_password", "too_short"),
        (PASSWORD, " " * 12, "new_password", "value_error"),
        (PASSWORD, "x" * 513, "new_password", "too_long"),
        (PASSWORD, "Password123", "new_password", "common_password"),
        ("", "a better horse", "current_password", "too_short"),
    ],
)
async def test_a_password_that_will_not_do_is_named(
    client: httpx.AsyncClient, current: str, new: str, field: str, code: str
) -> None:
    headers = await signed_in(client)
    body = {"current_password": current, "new_password": new}
    answer = await client.post("/api/v1/me/password", json=body, headers=headers)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert "horse" not in answer.text
    assert "items" not in answer.text
    assert (await sign_in(client)).status_code == 200


async def test_a_stolen_session_cannot_guess_the_password_forever(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    body = {"current_password": "wrong", "new_password": "a better horse"}
    codes = [(await client.post("/api/v1/me/password", json=body, headers=headers)).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
