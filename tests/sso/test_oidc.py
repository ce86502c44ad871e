"""Signing in by a real provider over HTTP, from the button to the log-out."""

import json
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.e2e.server import Server

from .provider import OidcProvider, Visitor


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def events(yard: Server, action: str, name: str) -> list[dict[str, object]]:
    found = yard.get("/audit", action=action, limit=100)["items"]
    return [one for one in found if one["object"]["name"] == name]


def test_the_page_is_told_how_people_sign_in(yard: Server) -> None:
    answer = httpx.get(f"{yard.url}/api/v1/auth/ways").json()
    oidc = {"label": "Example Inc."}
    assert answer == {"form": True, "local": True, "second_factor": "optional", "oidc": oidc}


def test_somebody_new_signs_in_and_is_made_a_user(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    provider.know(mei={"name": "Mei Chen", "email": "mei@example.com", "email_verified": True, "groups": ["makers"]})
    back = visitor.sign_in("mei", "/runs?state=failed")
    assert back.status_code == 303
    assert back.headers["location"] == "/login/sso?next=%2Fruns%3Fstate%3Dfailed"
    me = visitor.me()
    assert (me["username"], me["display_name"], me["is_admin"]) == ("mei", "Mei Chen", False)
    [place] = me["projects"]
    assert place["name"] == "default"
    assert "script:write" in place["permissions"]
    assert "project:manage" not in place["permissions"]
    created = events(yard, "user.create", "mei")[0]
    assert created["changes"]["origin"] == [None, "oidc"]  # type: ignore[index]
    assert events(yard, "identity.link", "mei")
    assert events(yard, "member.add", "mei")
    assert events(yard, "login", "mei")[0]["changes"] == {"way": [None, "oidc"]}


def test_the_request_carries_what_protects_it(yard: Server, visitor: Visitor, provider: OidcProvider) -> None:
    answer = visitor.get(f"{yard.url}/api/v1/auth/oidc/start")
    assert answer.status_code == 303
    asked = query(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{provider.issuer}/auth?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert min(len(asked["state"]), len(asked["nonce"])) >= 32
    [cookie] = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/api/v1/auth" in cookie
    assert asked["nonce"] not in cookie


def test_groups_are_looked_at_each_time(yard: Server, provider: OidcProvider) -> None:
    def as_group(*groups: str) -> dict[str, object]:
        provider.know(kim={"groups": list(groups)})
        with Visitor(yard.url) as visitor:
            assert visitor.sign_in("kim").headers["location"].startswith("/login/sso")
            return visitor.me()

    def permissions(me: dict[str, object]) -> set[str]:
        places = {place["name"]: set(place["permissions"]) for place in me["projects"]}  # type: ignore[attr-defined]
        return places.get("default", set())

    assert permissions(as_group()) == set()
    assert "script:write" in permissions(as_group("makers"))
    # The line that stands first holds.
    assert "project:manage" in permissions(as_group("makers", "leads"))
    assert as_group("yard-admins", "makers")["is_admin"] is True
    last = as_group("makers")
    assert last["is_admin"] is False
    assert "project:manage" not in permissions(last)
    assert permissions(as_group()) == set()
    changes = [one["changes"]["is_admin"] for one in events(yard, "user.update", "kim")]  # type: ignore[index]
    assert changes == [[True, False], [False, True]]
    assert len(events(yard, "member.update", "kim")) >= 1
    assert len(events(yard, "member.remove", "kim")) >= 1


def test_what_was_given_by_hand_stays(yard: Server, provider: OidcProvider) -> None:
    provider.know(pat={"groups": []})
    with Visitor(yard.url) as visitor:
        visitor.sign_in("pat")
        yard.post("/projects/default/members", {"username": "pat", "role": "viewer"})
        provider.know(pat={"groups": ["makers"]})
        visitor.sign_in("pat")
    members = {one["username"]: one["role"] for one in yard.get("/projects/default/members")["items"]}
    assert members["pat"] == "viewer"


def test_a_name_that_is_taken_gives_nobody_its_account(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    provider.know(impostor={"preferred_username": "Admin", "email": "admin@example.com", "email_verified": True})
    visitor.sign_in("impostor")
    me = visitor.me()
    assert me["username"] == "Admin-2"
    assert me["is_admin"] is False
    # And the same one is the same user the next time, whatever they call themselves.
    provider.know(impostor={"preferred_username": "somebody else"})
    visitor.sign_in("impostor")
    assert visitor.me()["id"] == me["id"]


def test_who_is_disabled_is_turned_away(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    provider.know(lee={})
    visitor.sign_in("lee")
    yard.api.patch("/users/lee", json={"disabled": True}).raise_for_status()
    back = visitor.sign_in("lee", "/scripts")
    assert back.headers["location"] == "/login?sso=account_disabled&next=%2Fscripts"
    assert visitor.renew().status_code == 401
    assert yard.get("/audit", action="login.failed")["items"][0]["code"] == "account_disabled"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda asked: asked | {"state": "x" * 32},
        lambda asked: {name: asked[name] for name in asked if name != "state"},
    ],
    ids=["another state", "no state"],
)
def test_what_another_browser_began_is_not_finished(
    yard: Server, provider: OidcProvider, visitor: Visitor, spoil: object
) -> None:
    callback = visitor.to_callback("sam")
    url = httpx.URL(callback).copy_with(params=spoil(query(callback)))  # type: ignore[operator]
    assert query(visitor.get(str(url)).headers["location"])["sso"] == "sso_expired"
    # The journey is over with that.
    assert query(visitor.get(callback).headers["location"])["sso"] == "sso_expired"


def test_a_stolen_address_is_worth_nothing_elsewhere(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    callback = visitor.to_callback("sam")
    with Visitor(yard.url) as thief:
        assert query(thief.get(callback).headers["location"])["sso"] == "sso_expired"
        # Nor with a journey of the thief's own: its state is another.
        thief.get(f"{yard.url}/api/v1/auth/oidc/start")
        assert query(thief.get(callback).headers["location"])["sso"] == "sso_expired"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "made-up"}, "sso_refused"),
        ({"iss": "https://evil.example"}, "sso_not_trusted"),
        ({"iss": None}, "sso_not_trusted"),
        ({"code": None, "error": "access_denied"}, "sso_refused"),
    ],
)
def test_what_is_not_the_providers_answer_is_refused(
    yard: Server, provider: OidcProvider, visitor: Visitor, change: dict[str, str | None], code: str
) -> None:
    callback = visitor.to_callback("sam")
    asked = {name: value for name, value in (query(callback) | change).items() if value is not None}
    back = visitor.get(str(httpx.URL(callback).copy_with(params=asked)))
    assert query(back.headers["location"])["sso"] == code
    assert visitor.renew().status_code == 401


def test_a_code_is_good_once(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    callback = visitor.to_callback("sam")
    journey = visitor.journey()
    assert visitor.get(callback).headers["location"].startswith("/login/sso")
    with Visitor(yard.url) as thief:
        thief.cookies.set("runyard_journey", journey)
        assert query(thief.get(callback).headers["location"])["sso"] == "sso_refused"


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "/api/docs", "/login"])
def test_nobody_is_led_elsewhere(yard: Server, provider: OidcProvider, visitor: Visitor, path: str) -> None:
    back = visitor.sign_in("sam", path)
    assert back.headers["location"] == "/login/sso?next=%2F"


def test_who_logs_out_is_sent_to_the_provider_too(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    visitor.sign_in("sam")
    refresh = visitor.renew().status_code
    assert refresh == 200
    out = visitor.post(f"{yard.url}/api/v1/auth/oidc/logout").raise_for_status().json()
    assert visitor.renew().status_code == 401
    asked = query(out["url"])
    assert out["url"].startswith(f"{provider.issuer}/session/end?")
    assert asked["post_logout_redirect_uri"] == f"{yard.url}/login"
    assert asked["id_token_hint"].count(".") == 2
    page = visitor.go(out["url"])
    assert visitor.submit(page, logout="yes") == f"{yard.url}/login"


def test_who_came_by_a_password_is_sent_nowhere(yard: Server) -> None:
    with Visitor(yard.url) as visitor:
        visitor.cookies = httpx.Cookies(yard.sign_in().cookies)
        assert visitor.post(f"{yard.url}/api/v1/auth/oidc/logout").json() == {"url": None}
        assert visitor.renew().status_code == 401


def test_who_logs_out_at_the_provider_is_out_here_too(yard: Server, provider: OidcProvider) -> None:
    with Visitor(yard.url) as one, Visitor(yard.url) as other:
        one.sign_in("ann")
        other.sign_in("ann")
        page = one.go(f"{provider.issuer}/session/end")
        one.submit(page, logout="yes")
        # It has told the yard before it answers; the other browser's session there goes on.
        assert one.renew().status_code == 401
        assert other.renew().status_code == 200
    assert events(yard, "logout", "ann")[0]["changes"] == {"by": [None, "provider"]}


def test_a_socket_that_is_open_ends_with_the_logout_at_the_provider(yard: Server, provider: OidcProvider) -> None:
    with Visitor(yard.url) as visitor:
        visitor.sign_in("ann")
        token = visitor.renew().json()["access_token"]
        with connect(f"{yard.url.replace('http', 'ws', 1)}/api/v1/live", origin=Origin(yard.url)) as socket:
            socket.send(json.dumps({"token": token}))
            assert json.loads(socket.recv(30))["type"] == "hello"
            page = visitor.go(f"{provider.issuer}/session/end")
            visitor.submit(page, logout="yes")
            told = []
            with suppress(ConnectionClosed):
                while True:
                    told.append(json.loads(socket.recv(30))["type"])
            assert set(told) <= {"ping", "missed"}
            assert socket.close_code == 4401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."])
def test_a_logout_that_the_provider_has_not_signed_ends_nothing(yard: Server, token: str) -> None:
    answer = httpx.post(f"{yard.url}/api/v1/auth/oidc/backchannel", data={"logout_token": token})
    assert answer.status_code in {400, 422}


def test_an_id_token_is_no_logout_token(yard: Server, provider: OidcProvider, visitor: Visitor) -> None:
    visitor.sign_in("sam")
    url = visitor.post(f"{yard.url}/api/v1/auth/oidc/logout").json()["url"]
    answer = httpx.post(f"{yard.url}/api/v1/auth/oidc/backchannel", data={"logout_token": query(url)["id_token_hint"]})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
