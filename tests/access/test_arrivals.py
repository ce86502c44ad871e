"""Invitations and registration: what one is then, and when a link is worth nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from runyard.access.models import Invitation, User
from runyard.mail_settings import MailSettings
from runyard.settings import AccessSettings
from tests.mail.sink import Sink, link_in, standing, text_of

from .yard import PASSWORD, Yard, sign_in, signed_in

MakeYard = Callable[..., Awaitable[Yard]]
DEVELOPER = {"projects": [{"project": "default", "role": "developer"}]}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with standing() as sink:
        yield sink


@pytest.fixture
async def root(client: httpx.AsyncClient) -> dict[str, str]:
    return await signed_in(client)


@pytest.fixture
async def stranger(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    async with yard.client(address="10.2.2.2") as client:
        yield client


async def invite(client: httpx.AsyncClient, headers: dict[str, str], body: Any = None) -> dict[str, Any]:
    answer = await client.post("/api/v1/invitations", json=body or {}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def accept(client: httpx.AsyncClient, link: str, username: str = "Bob") -> httpx.Response:
    body = {"token": link.partition("#")[2], "username": username, "password": PASSWORD}
    return await client.post("/api/v1/auth/invitations/accept", json=body)


async def look(client: httpx.AsyncClient, link: str) -> httpx.Response:
    return await client.post("/api/v1/auth/invitations/look", json={"token": link.partition("#")[2]})


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_whoever_is_invited_is_what_they_were_invited_to(
    client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient
) -> None:
    made = await invite(client, root, DEVELOPER)
    assert made["mailed"] is False
    assert "/invitation#" in made["link"]
    assert (await look(stranger, made["link"])).json()["invited_by"] == "Ada"
    assert (await accept(stranger, made["link"])).json() == {"username": "Bob"}
    me = (await stranger.get("/api/v1/me", headers=await signed_in(stranger, "Bob"))).json()
    assert (me["is_admin"], [place["name"] for place in me["projects"]]) == (False, ["default"])
    assert "script:write" in me["projects"][0]["permissions"]
    assert told(await accept(stranger, made["link"], "Eve")) == (404, "link_spent")
    assert told(await look(stranger, made["link"])) == (404, "link_spent")
    assert (await client.get("/api/v1/invitations", headers=root)).json()["items"] == []


async def test_one_link_makes_one_user_however_many_open_it_at_once(
    client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient
) -> None:
    link = (await invite(client, root))["link"]
    answers = await asyncio.gather(*(accept(stranger, link, f"bob{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404]


async def test_a_name_that_is_taken_leaves_the_link_good(
    client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient
) -> None:
    link = (await invite(client, root))["link"]
    assert told(await accept(stranger, link, "ADA")) == (409, "username_taken")
    assert (await accept(stranger, link, "bob")).status_code == 201


async def test_links_end_when_they_are_revoked_and_by_themselves(
    yard: Yard, client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient
) -> None:
    one, two = await invite(client, root), await invite(client, root, {"days": 1})
    items = (await client.get("/api/v1/invitations?limit=1", headers=root)).json()
    assert [item["id"] for item in items["items"]] == [two["id"]]
    more = (await client.get(f"/api/v1/invitations?cursor={items['next_cursor']}", headers=root)).json()
    assert [item["id"] for item in more["items"]] == [one["id"]]
    assert "link" not in more["items"][0]
    path = f"/api/v1/invitations/{one['id']}"
    assert (await client.delete(path, headers=root)).status_code == 204
    assert told(await client.delete(path, headers=root)) == (404, "no_such_invitation")
    assert told(await accept(stranger, one["link"])) == (404, "link_spent")
    yard.clock.move(86_401)
    assert told(await accept(stranger, two["link"])) == (404, "link_spent")
    for token in ("", "x", "\x00"):
        assert (await accept(stranger, f"#{token}")).status_code in {404, 422}


@pytest.mark.parametrize("facts", [{"disabled": True}, {"is_admin": False}])
async def test_an_invitation_is_worth_no_more_than_whoever_made_it(
    yard: Yard, client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient, facts: dict[str, Any]
) -> None:
    link = (await invite(client, root, {"is_admin": True}))["link"]
    async with yard.database.read() as session:
        ada = (await session.scalars(select(User))).one()
    await yard.change(User, ada.id, **facts)
    assert told(await accept(stranger, link)) == (404, "link_spent")


async def test_what_went_away_meanwhile_is_left_out(
    client: httpx.AsyncClient, root: dict[str, str], stranger: httpx.AsyncClient, yard: Yard
) -> None:
    made = await invite(client, root, DEVELOPER)
    await yard.change(Invitation, made["id"], places=[["prj_gone", "viewer"], ["prj_gone", "rol_gone"]])
    assert (await accept(stranger, made["link"])).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"projects": [{"project": "nowhere", "role": "viewer"}]}, 404),
        ({"projects": [{"project": "default", "role": "nothing"}]}, 404),
        ({"email": "nobody"}, 422),
        ({"days": 0}, 422),
        ({"days": 91}, 422),
    ],
)
async def test_what_nobody_can_be_invited_to(
    client: httpx.AsyncClient, root: dict[str, str], body: Any, status: int
) -> None:
    assert (await client.post("/api/v1/invitations", json=body, headers=root)).status_code == status


async def test_an_invitation_by_mail_shows_the_address(make_yard: MakeYard, sink: Sink) -> None:
    mail = MailSettings(host="127.0.0.1", port=sink.port, security="none", sender="yard@example.org")
    yard = await make_yard(mail=mail)
    await yard.add_user("Ada", display_name="Ada Lovelace", is_admin=True)
    async with yard.client() as client:
        made = await invite(client, await signed_in(client), {"email": "bob@example.org"})
        assert made["mailed"] is True
        message = await sink.letter_to("bob@example.org")
        assert "Ada Lovelace invites you" in text_of(message)
        assert link_in(message) == made["link"]
        assert (await accept(client, made["link"])).status_code == 201
        me = await client.get("/api/v1/me", headers=await signed_in(client, "Bob"))
        assert me.json()["email"] == "bob@example.org"
        async with yard.database.read() as session:
            row = (await session.scalars(select(Invitation))).one()
        assert made["link"].partition("#")[2] not in repr(vars(row))


# By themselves


async def register(client: httpx.AsyncClient, username: str = "Bob", **more: Any) -> httpx.Response:
    body = {"username": username, "password": PASSWORD, **more}
    return await client.post("/api/v1/auth/register", json=body)


async def test_nobody_registers_unless_it_is_switched_on(yard: Yard, stranger: httpx.AsyncClient) -> None:
    before = yard.passwords.hashes
    assert told(await register(stranger)) == (403, "registration_closed")
    assert yard.passwords.hashes == before


@pytest.mark.parametrize(
    ("role", "held"), [("", None), ("viewer", "run:read"), ("developer", "script:write"), ("nothing", None)]
)
async def test_whoever_registers_may_do_what_the_settings_say(make_yard: MakeYard, role: str, held: str | None) -> None:
    yard = await make_yard(access=AccessSettings(registration=True, registration_role=role))
    async with yard.client() as client:
        assert (await client.get("/api/v1/auth/self-service")).json()["registration"] is True
        assert (await register(client, display_name="Bob B.")).status_code == 201
        me = (await client.get("/api/v1/me", headers=await signed_in(client, "Bob"))).json()
    assert (me["display_name"], me["is_admin"]) == ("Bob B.", False)
    assert {right for place in me["projects"] for right in place["permissions"]} >= ({held} if held else set())
    assert bool(me["projects"]) is bool(held)


async def test_registering_is_bounded_and_takes_no_name_twice(make_yard: MakeYard) -> None:
    yard = await make_yard(access=AccessSettings(registration=True))
    async with yard.client() as client, yard.client(address="10.3.3.3") as other:
        assert (await register(client, "bob")).status_code == 201
        assert told(await register(client, "BOB")) == (409, "username_taken")
        assert (await register(client, "x y")).status_code == 422
        assert (await register(client, "eve", is_admin=True)).status_code == 201
        headers = await signed_in(client, "eve")
        assert (await client.get("/api/v1/me", headers=headers)).json()["is_admin"] is False
        codes = [(await register(client, f"more{n}")).status_code for n in range(4)]
        assert codes == [201, 201, 429, 429]
        assert (await register(other, "carol")).status_code == 201
        assert (await sign_in(other, "carol")).status_code == 200


async def test_who_chooses_a_common_password_has_made_nobody_yet(make_yard: MakeYard) -> None:
    yard = await make_yard(access=AccessSettings(registration=True))
    async with yard.client(address="2001:db8::1") as client, yard.client(address="2001:db8::2") as neighbour:
        for _ in range(6):
            assert told(await register(client, password="password123")) == (422, "common_password")
        codes = [(await register(one, f"bob{n}")).status_code for n, one in enumerate([client, neighbour] * 3)]
        assert codes == [201] * 5 + [429]
        assert int((await register(client, "late")).headers["retry-after"]) > 600
