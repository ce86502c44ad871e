import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http.cookies import Morsel
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import select

from runyard.access.models import Session, User
from runyard.access.passwords import Cost, Passwords

from .yard import CHEAP, PASSWORD, Yard, set_cookies, sign_in, signed_in


async def test_signing_in_gives_a_token_and_cookies_for_the_sign_in_routes_only(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "second_factor_required"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert answer.headers["cache-control"] == "no-store"
    jar = set_cookies(answer)
    assert set(jar) == {"runyard_refresh", "runyard_device"}
    for morsel in jar.values():
        assert morsel["httponly"] is True
        assert morsel["samesite"].lower() == "strict"
        assert morsel["path"] == "/api/v1/auth"
        assert morsel["secure"] == ""
        assert morsel["domain"] == ""
    assert jar["runyard_refresh"]["max-age"] == str(14 * 86_400)
    assert jar["runyard_refresh"].value not in answer.text


@pytest.mark.parametrize(
    ("base_url", "public_url", "secure"),
    [
        ("http://yard.test", "", False),
        ("https://yard.test", "", True),
        ("http://yard.test", "https://yard.test", True),
        ("http://127.0.0.1:8700", "https://yard.test", False),
        ("http://yard.test", "http://yard.test", False),
    ],
)
async def test_cookies_are_secure_over_https(
    make_yard: Callable[..., Awaitable[Yard]], base_url: str, public_url: str, *, secure: bool
) -> None:
    yard = await make_yard(public_url=public_url)
    await yard.add_user("Ada")
    async with yard.client(base_url) as client:
        jar = set_cookies(await sign_in(client))
        client.cookies.clear()
        assert [bool(morsel["secure"]) for morsel in jar.values()] == [secure, secure]
        assert [name.startswith("__Secure-") for name in jar] == [secure, secure]
        assert (await client.post("/api/v1/auth/refresh", headers=_cookies(jar))).status_code == 200
        if secure:
            # Another host of the same site could have set it.
            bare = {name.removeprefix("__Secure-"): morsel for name, morsel in jar.items()}
            answer = await client.post("/api/v1/auth/refresh", headers=_cookies(bare))
            assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


def _cookies(jar: Mapping[str, Morsel[str]]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())}


@pytest.mark.parametrize("username", ["Ada", "ada", "ADA", " ada ", "\uff21da"])
async def test_the_spelling_of_a_name_makes_no_difference(client: httpx.AsyncClient, username: str) -> None:
    assert (await sign_in(client, username)).status_code == 200


async def test_two_spellings_of_a_name_are_one_user(yard: Yard) -> None:
    with pytest.raises(Exception, match="UNIQUE"):
        await yard.add_user("aDA")


async def test_an_accent_may_be_typed_either_way(yard: Yard, client: httpx.AsyncClient) -> None:
    await yard.add_user("Zoe", password="caf\u00e9 au lait")
    assert (await sign_in(client, "Zoe", "cafe\u0301 au lait")).status_code == 200


async def test_a_wrong_password_and_an_unknown_user_are_told_alike_and_cost_alike(
    yard: Yard, client: httpx.AsyncClient
) -> None:
    await yard.add_user("Nopass", password_hash=None)
    answers = []
    for username, password in (("Ada", "wrong"), ("nobody", "wrong"), ("nobody", PASSWORD), ("Nopass", "wrong")):
        before = yard.passwords.checks, yard.passwords.hashes
        answer = await sign_in(client, username, password)
        answers.append((answer.status_code, {**answer.json(), "request_id": None}, sorted(answer.headers)))
        assert (yard.passwords.checks, yard.passwords.hashes) == (before[0] + 1, before[1])
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "bad_credentials"
    assert all(answer == answers[0] for answer in answers)


def test_the_hash_that_stands_for_nobody_costs_what_a_real_one_does() -> None:
    passwords = Passwords()
    real = Passwords(Cost())._hash.hash("x")
    assert passwords._nobody.split("$")[:4] == real.split("$")[:4]
    assert [len(part) for part in passwords._nobody.split("$")] == [len(part) for part in real.split("$")]
    assert real.startswith("$argon2id$")


async def test_a_disabled_user_is_refused_and_only_told_when_they_know_the_password(
    yard: Yard, client: httpx.AsyncClient
) -> None:
    await yard.add_user("Off", disabled=True)
    wrong, right = await sign_in(client, "Off", "wrong"), await sign_in(client, "Off")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    assert (right.status_code, right.json()["code"]) == (403, "account_disabled")
    assert "set-cookie" not in right.headers


async def test_disabling_ends_what_goes_on(yard: Yard, client: httpx.AsyncClient) -> None:
    user = await yard.add_user("Bob")
    headers = await signed_in(client, "Bob")
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200
    await yard.change(User, user.id, disabled=True)
    yard.access.forget_actors()
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await client.post("/api/v1/auth/refresh")).status_code == 401


async def test_a_dearer_cost_is_taken_up_at_the_next_sign_in(yard: Yard, client: httpx.AsyncClient) -> None:
    cheap = await Passwords(Cost(passes=1, memory_kib=32)).hash(PASSWORD)
    user = await yard.add_user("Old", password_hash=cheap)
    assert (await sign_in(client, "Old")).status_code == 200
    renewed = (await yard.row(User, user.id)).password_hash
    assert f"m={CHEAP.memory_kib}," in renewed
    assert (await sign_in(client, "Old")).status_code == 200
    assert (await yard.row(User, user.id)).password_hash == renewed


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"username", "password"}),
        ({"username": "a"}, {"password"}),
        ({"username": "", "password": ""}, {"username", "password"}),
        ({"username": "a" * 65, "password": "x" * 513}, {"username", "password"}),
        ({"username": 1, "password": ["x"]}, {"username", "password"}),
        ({"username": "a", "password": None}, {"password"}),
    ],
)
async def test_a_body_of_another_shape_names_its_fields(
    client: httpx.AsyncClient, body: dict[str, Any], fields: set[str]
) -> None:
    answer = await client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == fields


@pytest.mark.parametrize(
    "raw", [rb'{"username": "a\ud800", "password": "x"}', rb'{"username": "a", "password": "\ud800"}']
)
async def test_half_a_character_is_refused(client: httpx.AsyncClient, raw: bytes) -> None:
    answer = await client.post("/api/v1/auth/login", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == 422


async def test_argon2_runs_one_at_a_time_and_never_under_a_write_transaction(yard: Yard) -> None:
    async with yard.client() as client:
        answers = await asyncio.gather(*(sign_in(client) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert yard.passwords.checks == 20
    assert yard.passwords.most_at_once == 1


async def test_the_line_before_argon2_has_an_end(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.access.passwords.WAITING", 3)
    async with yard.client() as client:
        async with yard.passwords.turn():
            tasks = [asyncio.create_task(sign_in(client)) for _ in range(5)]
            refused: set[asyncio.Task[httpx.Response]] = set()
            waiting = set(tasks)
            while len(refused) < 3:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                refused |= done
        answers = [task.result() for task in refused]
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(503, "sign_in_busy")] * 3
        assert [(await task).status_code for task in waiting] == [200, 200]


async def test_a_known_device_goes_before_all_strangers(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.access.passwords.WAITING", 5)
    done: list[str] = []

    async def comes(name: str, client: httpx.AsyncClient, **words: str) -> None:
        assert (await sign_in(client, **words)).status_code == (200 if name == "owner" else 401)
        done.append(name)

    async with yard.client() as owner, yard.client(address="10.9.9.9") as crowd:
        await signed_in(owner)
        async with yard.passwords.turn():
            tasks = [asyncio.create_task(comes("stranger", crowd, username=f"x{n}", password="y")) for n in range(4)]
            while yard.passwords._strangers.length < 5:
                await asyncio.sleep(0)
            # Further strangers are turned away; who is known is not.
            assert (await sign_in(crowd)).status_code == 503
            tasks.append(asyncio.create_task(comes("owner", owner)))
            while not yard.passwords._known.waiting:
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
    assert done == ["owner", *["stranger"] * 4]


async def test_who_leaves_the_line_holds_nobody_up() -> None:
    passwords, order = Passwords(CHEAP), list[str]()

    async def waits(name: str, *, known: bool = False) -> None:
        async with passwords.turn(known=known):
            order.append(name)

    async with passwords.turn():
        tasks = {name: asyncio.create_task(waits(name, known=name == "known")) for name in ("a", "b", "known", "c")}
        await asyncio.sleep(0)
        tasks["a"].cancel()
        await asyncio.sleep(0)
    # It is the known one's turn by now, who goes away at this very moment.
    tasks["known"].cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert order == ["b", "c"]
    async with passwords.turn():
        pass
    assert (passwords._known.length, passwords._strangers.length, passwords._busy) == (0, 0, False)


async def test_right_passwords_never_meet_the_brake(yard: Yard, client: httpx.AsyncClient) -> None:
    for _ in range(40):
        assert (await sign_in(client)).status_code == 200
        assert (await sign_in(client, password="wrong")).status_code == 401
    async with yard.client() as other:
        assert (await sign_in(other)).status_code == 200


async def test_guessing_is_slowed_and_a_waiting_guesser_costs_nothing(yard: Yard) -> None:
    async with yard.client() as guesser:
        for _ in range(5):
            assert (await sign_in(guesser, password="wrong")).status_code == 401
        checks = yard.passwords.checks
        for password in ("wrong", PASSWORD):
            answer = await sign_in(guesser, password=password)
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert yard.passwords.checks == checks
        yard.clock.move(1.1)
        assert (await sign_in(guesser, password="wrong")).status_code == 401
        yard.clock.move(1.1)
        assert (await sign_in(guesser, password="wrong")).status_code == 429
        yard.clock.move(1.1)
        assert (await sign_in(guesser)).status_code == 200


async def test_unknown_names_are_slowed_just_the_same(yard: Yard, client: httpx.AsyncClient) -> None:
    codes = [(await sign_in(client, "nobody", "x")).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_guesses_sent_all_at_once_count_one_after_the_other(yard: Yard) -> None:
    async with yard.client() as client:
        answers = await asyncio.gather(*(sign_in(client, password=f"wrong {n}") for n in range(30)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(401) == 5
    assert codes.count(429) == 25


async def test_a_guesser_locks_nobody_out(yard: Yard) -> None:
    async with yard.client(address="10.0.0.1") as known, yard.client(address="10.0.0.1") as guesser:
        await signed_in(known)
        for _ in range(20):
            await sign_in(guesser, password="wrong")
        assert (await sign_in(guesser)).status_code == 429
        assert (await sign_in(known)).status_code == 200
    async with yard.client(address="10.0.0.2") as elsewhere:
        assert (await sign_in(elsewhere)).status_code == 200


async def test_ten_thousand_guesses_from_everywhere_take_more_than_a_day(yard: Yard) -> None:
    async with yard.client(address="10.0.0.1") as known:
        await signed_in(known)
        started, guessed = yard.clock.monotonic(), 0
        for number in range(400):
            async with yard.client(address=f"10.1.{number // 200}.{number % 200}") as stranger:
                answer = await sign_in(stranger, password="wrong")
            guessed += answer.status_code == 401
            if answer.status_code == 429:
                yard.clock.move(float(answer.headers["retry-after"]))
        took = yard.clock.monotonic() - started
        assert took / (guessed - 50) * 10_000 > 86_400
        # Somebody who has been here before gets in all the while.
        assert (await sign_in(known)).status_code == 200


async def test_a_known_device_may_not_guess_forever_either(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    codes = [(await sign_in(client, password="wrong")).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_a_known_device_keeps_its_cookie(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    assert set(set_cookies(await sign_in(client))) == {"runyard_refresh"}


async def test_nothing_secret_is_stored_logged_or_answered(yard: Yard, client: httpx.AsyncClient) -> None:
    # Another test of this process may have had only warnings logged.
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as events:
        answer = await sign_in(client)
        await sign_in(client, password="my wrong guess")
        await sign_in(client, "my password as a name", "x")
        refresh = client.cookies["runyard_refresh"]
        await client.post("/api/v1/auth/refresh")
        await client.post("/api/v1/auth/refresh", headers={"Cookie": f"runyard_refresh={refresh}"})
        me = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    told = repr(events) + me.text
    for secret in (PASSWORD, "my wrong guess", "my password", refresh, answer.json()["access_token"], "argon2"):
        assert secret not in told
    assert {"login", "password.wrong"} <= {event["event"] for event in events}
    async with yard.database.read() as session:
        rows = (await session.scalars(select(Session))).all()
    columns = [column.name for column in Session.__table__.columns]
    kept = repr([{column: getattr(row, column) for column in columns} for row in rows])
    assert refresh not in kept
    assert len(rows[0].token_hash) == 64


async def test_a_session_notes_where_it_began(yard: Yard, client: httpx.AsyncClient) -> None:
    await client.post(
        "/api/v1/auth/login", json={"username": "Ada", "password": PASSWORD}, headers={"User-Agent": "x" * 500}
    )
    async with yard.database.read() as session:
        row = (await session.scalars(select(Session))).one()
    assert (row.address, row.user_agent) == ("10.0.0.1", "x" * 200)
    assert row.expires_at - row.created_at == timedelta(days=14)
