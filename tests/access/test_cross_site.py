from collections.abc import Awaitable, Callable

import httpx
import pytest

from runyard.settings import Settings

from .yard import Yard, sign_in

HOST = "http://yard.test"
CASES = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "Same-Origin"}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "anything"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Origin": "http://yard.test"}, True),
    ({"Origin": "http://YARD.test"}, True),
    ({"Origin": "http://yard.test:80"}, True),
    ({"Origin": "https://yard.test"}, True),
    ({"Origin": "https://yard.test:443"}, True),
    ({"Origin": "http://yard.test:8080"}, False),
    ({"Origin": "http://evil.test"}, False),
    ({"Origin": "http://yard.test.evil.test"}, False),
    ({"Origin": "http://evil-yard.test"}, False),
    ({"Origin": "http://sub.yard.test"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
    ({"Origin": "http://"}, False),
    ({"Origin": "http://yard.test", "Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, False),
]


@pytest.mark.parametrize(("headers", "passes"), CASES)
async def test_other_sites_may_not_use_the_cookie(
    client: httpx.AsyncClient, headers: dict[str, str], *, passes: bool
) -> None:
    await sign_in(client)
    for path, good in (("/auth/refresh", 200), ("/auth/logout", 204)):
        answer = await client.post(f"/api/v1{path}", headers=headers)
        if passes:
            assert answer.status_code == good
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
            assert "set-cookie" not in answer.headers
    if not passes:
        assert (await client.post("/api/v1/auth/refresh")).status_code == 200, "nothing was revoked"


async def test_other_sites_may_not_sign_somebody_in(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/auth/login",
        json={"username": "Ada", "password": "correct horse"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://yard.example", 200), ("https://yard.example:443", 200), ("https://evil.example", 403)],
)
async def test_the_public_address_is_ours_whatever_a_proxy_writes_into_host(
    make_yard: Callable[..., Awaitable[Yard]], origin: str, status: int
) -> None:
    yard = await make_yard(public_url="https://yard.example/")
    await yard.add_user("Ada")
    async with yard.client("http://127.0.0.1:8700") as client:
        answer = await client.post(
            "/api/v1/auth/login",
            json={"username": "Ada", "password": "correct horse"},
            headers={"Origin": origin},
        )
    assert answer.status_code == status
    assert Settings(public_url="https://yard.example/").base_url == "https://yard.example"
