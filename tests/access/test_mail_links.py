"""Links by mail, through a real mail server: forgotten passwords, and addresses shown to be one's own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from runyard.access import letters
from runyard.access.mail_links import MailLinks
from runyard.access.models import MailLink, User
from runyard.mail_settings import MailSettings
from tests.mail.sink import Sink, link_in, standing, text_of

from .test_second_factor import enrol
from .yard import PASSWORD, Yard, sign_in, signed_in

ADA = "ada@example.org"
NEW = "another good one"
MakeYard = Callable[..., Awaitable[Yard]]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with standing() as sink:
        yield sink


@pytest.fixture
async def yard(make_yard: MakeYard, sink: Sink) -> Yard:
    mail = MailSettings(host="127.0.0.1", port=sink.port, security="none", sender="yard@example.org")
    made = await make_yard(mail=mail, public_url="https://yard.example.org")
    await made.add_user("Ada", email=ADA, email_key=ADA, is_admin=True)
    return made


@pytest.fixture
async def client(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    async with yard.client() as client:
        yield client


async def ask(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/api/v1/auth/password/forgotten", json={"name": name})


async def reset(client: httpx.AsyncClient, link: str, password: str = NEW) -> httpx.Response:
    body = {"token": link.partition("#")[2], "password": password}
    return await client.post("/api/v1/auth/password/reset", json=body)


async def settled(yard: Yard) -> None:
    """Wait until whoever asked was written to."""
    await yard.app.state.provided[MailLinks].finished()


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("name", ["Ada", "ADA", ADA, "Ada@Example.ORG"])
async def test_a_forgotten_password_is_chosen_anew_by_a_link(
    yard: Yard, client: httpx.AsyncClient, sink: Sink, name: str
) -> None:
    async with yard.client() as elsewhere:
        headers = await signed_in(elsewhere)
        assert (await ask(client, name)).status_code == 202
        link = link_in(await sink.letter_to(ADA))
        assert link.startswith("https://yard.example.org/reset-password#")
        assert (await sign_in(client)).status_code == 200
        assert (await reset(client, link)).status_code == 204
        assert (await elsewhere.get("/api/v1/me", headers=headers)).status_code == 401
        assert (await elsewhere.post("/api/v1/auth/refresh")).status_code == 401
    assert (await sign_in(client)).status_code == 401
    assert (await sign_in(client, password=NEW)).status_code == 200
    assert told(await reset(client, link, "yet another one")) == (404, "link_spent")
    assert "was changed" in (await sink.letter_to(ADA, 2))["subject"]


async def test_the_answer_never_tells_whether_there_is_such_a_user(
    yard: Yard, client: httpx.AsyncClient, sink: Sink
) -> None:
    await yard.add_user("Off", email="off@example.org", email_key="off@example.org", disabled=True)
    await yard.add_user("Elsewhere", email="sso@example.org", email_key="sso@example.org", password_hash=None)
    await yard.add_user("Nomail")
    names = ("Ada", "nobody", "nobody@example.org", "off", "off@example.org", "elsewhere", "nomail")
    answers = [await ask(client, name) for name in names]
    assert {(answer.status_code, answer.text, tuple(sorted(answer.headers))) for answer in answers} == {
        (202, "null", tuple(sorted(answers[0].headers)))
    }
    await settled(yard)
    await sink.letter_to(ADA)
    assert {message["to"] for message in sink.kept} == {ADA}


async def test_links_end_by_themselves_and_by_another_password(
    yard: Yard, client: httpx.AsyncClient, sink: Sink
) -> None:
    await ask(client, "Ada")
    first = link_in(await sink.letter_to(ADA))
    yard.clock.move(3601)
    assert told(await reset(client, first)) == (404, "link_spent")
    await ask(client, "Ada")
    second = link_in(await sink.letter_to(ADA, 2))
    await ask(client, "Ada")
    third = link_in(await sink.letter_to(ADA, 3))
    assert (await reset(client, third)).status_code == 204
    # One that was sent earlier is worth nothing once another one was used.
    assert told(await reset(client, second)) == (404, "link_spent")
    for token in ("", "x", "x" * 300, "\x00"):
        assert (await reset(client, f"#{token}")).status_code in {404, 422}
    assert (await reset(client, third, "short")).status_code == 422


async def test_a_disabled_user_has_no_use_of_a_link(yard: Yard, client: httpx.AsyncClient, sink: Sink) -> None:
    await ask(client, "Ada")
    link = link_in(await sink.letter_to(ADA))
    async with yard.database.read() as session:
        ada = (await session.scalars(select(User))).one()
    await yard.change(User, ada.id, disabled=True)
    assert told(await reset(client, link)) == (404, "link_spent")


async def test_a_second_factor_stays(yard: Yard, client: httpx.AsyncClient, sink: Sink) -> None:
    await enrol(yard, client, await signed_in(client))
    await ask(client, "Ada")
    assert (await reset(client, link_in(await sink.letter_to(ADA)))).status_code == 204
    assert told(await sign_in(client, password=NEW)) == (401, "second_factor_needed")


async def test_nobody_is_flooded_with_letters(yard: Yard, client: httpx.AsyncClient, sink: Sink) -> None:
    codes = [(await ask(client, "Ada")).status_code for _ in range(22)]
    assert codes == [202] * 20 + [429] * 2
    async with yard.client(address="10.0.0.2") as elsewhere:
        assert (await ask(elsewhere, "Ada")).status_code == 202
    await settled(yard)
    await sink.letter_to(ADA, 3)
    async with yard.database.read() as session:
        assert len((await session.scalars(select(MailLink))).all()) == 3


async def test_only_the_hash_of_a_link_is_kept(yard: Yard, client: httpx.AsyncClient, sink: Sink) -> None:
    await ask(client, "Ada")
    token = link_in(await sink.letter_to(ADA)).partition("#")[2]
    async with yard.database.read() as session:
        row = (await session.scalars(select(MailLink))).one()
    assert token not in repr(vars(row))
    assert len(row.token_hash) == 64


async def test_another_site_can_not_ask(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/auth/password/forgotten", json={"name": "Ada"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert told(answer) == (403, "cross_site")


async def test_without_mail_it_is_said_plainly(make_yard: MakeYard) -> None:
    yard = await make_yard()
    await yard.add_user("Ada")
    async with yard.client() as client:
        assert (await client.get("/api/v1/auth/self-service")).json() == {
            "password_reset": False,
            "registration": False,
        }
        assert told(await ask(client, "Ada")) == (409, "mail_not_set_up")
        headers = await signed_in(client)
        answer = await client.post(
            "/api/v1/me/email", json={"current_password": PASSWORD, "email": ADA}, headers=headers
        )
        assert answer.json() == {"email": ADA, "pending": False}


async def test_an_address_holds_once_it_is_shown_to_be_one_s_own(
    yard: Yard, client: httpx.AsyncClient, sink: Sink
) -> None:
    headers = await signed_in(client)
    body: dict[str, Any] = {"current_password": PASSWORD, "email": "new@example.org"}
    wrong = await client.post("/api/v1/me/email", json=body | {"current_password": "x"}, headers=headers)
    assert told(wrong) == (422, "wrong_password")
    answer = await client.post("/api/v1/me/email", json=body, headers=headers)
    assert answer.json() == {"email": ADA, "pending": True}
    link = link_in(await sink.letter_to("new@example.org"))
    assert link.startswith("https://yard.example.org/confirm-email#")
    token = {"token": link.partition("#")[2]}
    # A link for one thing opens no other.
    assert told(await reset(client, link)) == (404, "link_spent")
    assert (await client.post("/api/v1/auth/email/confirm", json=token)).status_code == 204
    assert told(await client.post("/api/v1/auth/email/confirm", json=token)) == (404, "link_spent")
    assert (await client.get("/api/v1/me", headers=headers)).json()["email"] == "new@example.org"
    assert "was changed" in (await sink.letter_to(ADA))["subject"]
    gone = await client.post("/api/v1/me/email", json=body | {"email": None}, headers=headers)
    assert gone.json() == {"email": None, "pending": False}


@pytest.mark.parametrize(
    "email", ["nobody", "a@", "@b", "a b@c", "a@b@c", "a@b\nBcc: x", "a\x01@b.c", "ä@b.c", "x" * 250 + "@b.cd"]
)
async def test_what_is_no_address(client: httpx.AsyncClient, email: str) -> None:
    headers = await signed_in(client)
    body = {"current_password": PASSWORD, "email": email}
    assert (await client.post("/api/v1/me/email", json=body, headers=headers)).status_code == 422


async def test_letters_are_in_the_reader_s_language(yard: Yard, client: httpx.AsyncClient, sink: Sink) -> None:
    headers = await signed_in(client)
    await client.patch("/api/v1/me", json={"language": "zh-CN"}, headers=headers)
    await ask(client, "Ada")
    assert "链接只能用一次" in text_of(await sink.letter_to(ADA))


@pytest.mark.parametrize("kind", sorted(letters.KINDS))
@pytest.mark.parametrize("language", ["en", "zh-CN", None, "xx"])
def test_every_letter_can_be_written_in_every_language(kind: str, language: str | None) -> None:
    words = {"name": "a{b}\nc", "link": "L", "until": "U", "inviter": "I\nBcc: x"}
    letter = letters.letter(kind, language, "to@example.org", "https://yard", **words)
    assert "\n" not in letter.subject
    assert "https://yard" in letter.text
    assert ("链接" in letter.text or "用户" in letter.text or "邮" in letter.text) is (language == "zh-CN")
