"""Signing in with a second factor: set up, asked for, used up, guessed at, lost, taken away."""

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import select

from runyard.access.authenticator import STEP_S, code_at
from runyard.access.models import RecoveryCode, SecondFactor, User
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer

from .yard import PASSWORD, Yard, sign_in, signed_in

AGAIN = {"current_password": PASSWORD}


@dataclass
class App:
    """An authenticator app on somebody's phone."""

    yard: Yard
    secret: bytes
    recovery: list[str]

    def code(self, drift: int = 0) -> str:
        return code_at(self.secret, int(self.yard.clock.now().timestamp()) // STEP_S + drift)

    def later(self) -> str:
        """Return the code of a step that has not been used yet."""
        self.yard.clock.move(STEP_S)
        return self.code()


async def ask(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
    return await client.request(method, f"/api/v1{path}", json=body, headers=headers)


async def enrol(yard: Yard, client: httpx.AsyncClient, headers: dict[str, str]) -> App:
    begun = await ask(client, "POST", "/me/second-factor", headers, AGAIN)
    assert begun.status_code == 201, begun.text
    app = App(yard, base64.b32decode(begun.json()["secret"]), [])
    confirmed = await ask(client, "POST", "/me/second-factor/confirm", headers, {"code": app.code()})
    assert confirmed.status_code == 200, confirmed.text
    app.recovery = confirmed.json()["recovery_codes"]
    return app


async def with_code(client: httpx.AsyncClient, code: str | None, password: str = PASSWORD) -> httpx.Response:
    body = {"username": "Ada", "password": password, "code": code}
    return await client.post("/api/v1/auth/login", json=body)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_setting_up_signing_in_and_turning_off(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    assert (await ask(client, "GET", "/me/second-factor", headers)).json() == {
        "confirmed_at": None,
        "recovery_codes": 0,
    }
    app = await enrol(yard, client, headers)
    state = (await ask(client, "GET", "/me/second-factor", headers)).json()
    assert (state["confirmed_at"] is not None, state["recovery_codes"]) == (True, 10)
    assert told(await sign_in(client)) == (401, "second_factor_needed")
    assert "set-cookie" not in (await sign_in(client)).headers
    assert told(await with_code(client, "000000", "wrong")) == (401, "bad_credentials")
    assert (await with_code(client, app.later())).status_code == 200
    assert told(await ask(client, "POST", "/me/second-factor", headers, AGAIN)) == (409, "second_factor_on")
    refused = await ask(client, "POST", "/me/second-factor/drop", headers, {"current_password": "wrong"})
    assert told(refused) == (422, "wrong_password")
    assert (await ask(client, "POST", "/me/second-factor/drop", headers, AGAIN)).status_code == 204
    assert (await sign_in(client)).status_code == 200
    again = await ask(client, "POST", "/me/second-factor/drop", headers, AGAIN)
    assert told(again) == (409, "second_factor_off")
    async with yard.database.read() as session:
        assert (await session.scalars(select(RecoveryCode))).all() == []


async def test_a_factor_that_was_never_confirmed_asks_for_nothing(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    first = (await ask(client, "POST", "/me/second-factor", headers, AGAIN)).json()
    second = (await ask(client, "POST", "/me/second-factor", headers, AGAIN)).json()
    assert first["secret"] != second["secret"]
    assert second["secret"] in second["uri"]
    assert (await sign_in(client)).status_code == 200
    old = App(yard, base64.b32decode(first["secret"]), [])
    wrong = await ask(client, "POST", "/me/second-factor/confirm", headers, {"code": old.code()})
    assert told(wrong) == (422, "wrong_code")
    assert wrong.json()["errors"][0]["field"] == "code"


async def test_setting_up_takes_the_password_and_a_person(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    wrong = await ask(client, "POST", "/me/second-factor", headers, {"current_password": "wrong"})
    assert told(wrong) == (422, "wrong_password")
    nothing = await ask(client, "POST", "/me/second-factor/confirm", headers, {"code": "123456"})
    assert told(nothing) == (409, "second_factor_off")
    ada = await yard.add_user("Elsewhere")
    await yard.change(User, ada.id, password_hash=None)
    signed = yard.access._access.issue(ada.id, "ses_none", yard.clock.now())
    answer = await ask(client, "POST", "/me/second-factor", {"Authorization": f"Bearer {signed}"}, AGAIN)
    assert answer.status_code == 401


async def test_whoever_has_no_password_has_their_second_factor_elsewhere(yard: Yard, client: httpx.AsyncClient) -> None:
    user = await yard.add_user("Bob")
    headers = await signed_in(client, "Bob")
    await yard.change(User, user.id, password_hash=None)
    assert told(await ask(client, "POST", "/me/second-factor", headers, AGAIN)) == (409, "no_password")


async def test_turning_it_on_ends_sessions_that_began_without_it(yard: Yard, client: httpx.AsyncClient) -> None:
    async with yard.client() as elsewhere:
        there = await signed_in(elsewhere)
        here = await signed_in(client)
        await enrol(yard, client, here)
        assert (await ask(elsewhere, "GET", "/me", there)).status_code == 401
        assert (await ask(client, "GET", "/me", here)).status_code == 200


async def test_a_code_is_good_once(yard: Yard, client: httpx.AsyncClient) -> None:
    app = await enrol(yard, client, await signed_in(client))
    # The code that confirmed it has been used by that.
    assert told(await with_code(client, app.code())) == (401, "wrong_code")
    code = app.later()
    assert (await with_code(client, code)).status_code == 200
    assert told(await with_code(client, code)) == (401, "wrong_code")
    assert told(await with_code(client, app.code(-1))) == (401, "wrong_code")
    assert (await with_code(client, app.code(1))).status_code == 200


async def test_a_code_that_many_send_at_once_lets_one_in(yard: Yard, client: httpx.AsyncClient) -> None:
    app = await enrol(yard, client, await signed_in(client))
    for code in (app.later(), app.recovery[0]):
        answers = await asyncio.gather(*(with_code(client, code) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_a_recovery_code_stands_in_once(yard: Yard, client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    app = await enrol(yard, client, headers)
    assert (await with_code(client, app.recovery[3].upper().replace("-", " "))).status_code == 200
    assert told(await with_code(client, app.recovery[3])) == (401, "wrong_code")
    assert (await ask(client, "GET", "/me/second-factor", headers)).json()["recovery_codes"] == 9
    renewed = await ask(client, "POST", "/me/second-factor/recovery-codes", headers, AGAIN)
    codes = renewed.json()["recovery_codes"]
    assert len(codes) == 10
    assert not set(codes) & set(app.recovery)
    assert told(await with_code(client, app.recovery[4])) == (401, "wrong_code")
    assert (await with_code(client, codes[0])).status_code == 200


async def test_guessing_codes_is_slowed_though_the_password_is_right(yard: Yard, client: httpx.AsyncClient) -> None:
    app = await enrol(yard, client, await signed_in(client))
    async with yard.client(address="10.9.9.9") as guesser:
        answers = [told(await with_code(guesser, "12345x")) for _ in range(7)]
        assert answers == [(401, "wrong_code")] * 5 + [(429, "too_many_attempts")] * 2
        # Asking without a code in between forgets nothing.
        assert told(await sign_in(guesser)) == (401, "second_factor_needed")
        assert told(await with_code(guesser, app.code())) == (429, "too_many_attempts")
    # Who has been here before gets in all the while.
    assert (await with_code(client, app.later())).status_code == 200


async def test_all_strangers_together_have_a_hundred_codes_a_day(yard: Yard, client: httpx.AsyncClient) -> None:
    app = await enrol(yard, client, await signed_in(client))
    started, guessed = yard.clock.monotonic(), 0
    for number in range(60):
        async with yard.client(address=f"10.1.0.{number}") as stranger:
            answer = await with_code(stranger, "12345x")
        guessed += answer.status_code == 401
        if answer.status_code == 429:
            yard.clock.move(float(answer.headers["retry-after"]))
    took = yard.clock.monotonic() - started
    assert guessed > 20
    assert (guessed - 10) / took * 86_400 <= 101
    assert (await with_code(client, app.later())).status_code == 200


async def test_guesses_of_codes_sent_all_at_once_count_one_after_the_other(
    yard: Yard, client: httpx.AsyncClient
) -> None:
    await enrol(yard, client, await signed_in(client))
    async with yard.client(address="10.9.9.9") as guesser:
        answers = await asyncio.gather(*(with_code(guesser, f"12345{n}x") for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_an_administrator_takes_a_lost_one_away(yard: Yard, client: httpx.AsyncClient) -> None:
    await yard.add_user("Bob")
    root = await signed_in(client)
    async with yard.client() as other:
        headers = await signed_in(other, "Bob")
        assert told(await ask(other, "DELETE", "/users/Bob/second-factor", headers)) == (403, "forbidden")
        await enrol(yard, other, headers)
        assert (await ask(client, "DELETE", "/users/bob/second-factor", root)).status_code == 204
        assert (await ask(other, "GET", "/me", headers)).status_code == 401
        assert (await sign_in(other, "Bob")).status_code == 200
    assert told(await ask(client, "DELETE", "/users/bob/second-factor", root)) == (409, "second_factor_off")


async def test_nothing_of_it_is_kept_or_said_in_the_clear(yard: Yard, client: httpx.AsyncClient) -> None:
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as events:
        app = await enrol(yard, client, await signed_in(client))
        await with_code(client, "123123")
        await with_code(client, app.recovery[0])
    async with yard.database.read() as session:
        factor = (await session.scalars(select(SecondFactor))).one()
        codes = (await session.scalars(select(RecoveryCode))).all()
    kept = repr([factor.secret, *(row.code_hash for row in codes), events])
    text = base64.b32encode(app.secret).decode()
    for secret in (text, app.secret.hex(), base64.b64encode(app.secret).decode(), "123123", *app.recovery):
        assert secret not in kept
        assert secret.replace("-", "") not in kept
    with pytest.raises(Exception, match=r"master key|sealed"):
        Sealer(MasterKey(b"x" * 32)).open(factor.secret, f"user:{factor.user_id}:second factor")
