"""Signing in with a directory's password: the same form, the same brake, the same roles by groups."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from runyard import clock
from runyard.access.authenticator import STEP_S, code_at
from runyard.access.models import User
from runyard.sso.service import SsoService
from tests.e2e.server import Server, serving

from .slapd import Slapd, directory

ROLES = [{"group": "makers", "project": "default", "role": "developer"}]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with directory(tmp_path_factory.mktemp("slapd")) as slapd:
        yield slapd


def environment(slapd: Slapd) -> dict[str, str]:
    facts = slapd.facts(admin_groups='["LEADS"]', roles=json.dumps(ROLES))
    return {f"RUNYARD_SSO__LDAP__{name.upper()}": str(value) for name, value in facts.items()}


@pytest.fixture(scope="module")
def yard(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("yard"), **environment(slapd)) as server:
        yield server


def sign_in(yard: Server, username: str, password: str) -> httpx.Response:
    body = {"username": username, "password": password}
    return httpx.post(f"{yard.url}/api/v1/auth/login", json=body, timeout=60)


def me(yard: Server, username: str, password: str) -> dict[str, object]:
    token = sign_in(yard, username, password).raise_for_status().json()["access_token"]
    answer = httpx.get(f"{yard.url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    found: dict[str, object] = answer.raise_for_status().json()
    return found


def test_the_directorys_people_are_made_users(yard: Server) -> None:
    ways = {"form": True, "local": True, "second_factor": "optional", "oidc": None}
    assert httpx.get(f"{yard.url}/api/v1/auth/ways").json() == ways
    mei = me(yard, "MEI", "mei's password")
    assert (mei["username"], mei["display_name"], mei["is_admin"]) == ("mei", "Mei Chen", False)
    assert (mei["has_password"], mei["origins"]) == (False, ["ldap"])
    [place] = mei["projects"]  # type: ignore[misc]
    assert "script:write" in place["permissions"]  # type: ignore[has-type]
    assert me(yard, "jan", "jan's password")["is_admin"] is True
    assert me(yard, "mei", "mei's password")["id"] == mei["id"]
    listed = {one["username"]: one for one in yard.get("/users")["items"]}
    assert (listed["mei"]["has_password"], listed["mei"]["origins"]) == (False, ["ldap"])
    assert (listed["admin"]["has_password"], listed["admin"]["origins"]) == (True, [])
    login = yard.get("/audit", action="login", actor="mei")["items"][0]
    assert login["changes"] == {"way": [None, "ldap"]}


def test_a_password_that_is_elsewhere_is_not_changed_here(yard: Server) -> None:
    token = sign_in(yard, "mei", "mei's password").raise_for_status().json()["access_token"]
    with httpx.Client(base_url=f"{yard.url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as mei:
        body = {"current_password": "mei's password", "new_password": "another password"}
        refused = mei.post("/me/password", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_password")
    refused = yard.api.post("/users/mei/password", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "password_elsewhere")


def test_a_local_account_is_its_owners(yard: Server) -> None:
    # The directory knows an admin too, with another password.
    yard.allow("password.wrong")
    refused = sign_in(yard, "admin", "their password")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_credentials")


def test_guesses_are_slowed_whoever_knows_the_password(yard: Server) -> None:
    yard.allow("password.wrong")
    answers = [sign_in(yard, "twin", f"guess {number}").status_code for number in range(7)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429


def test_a_directory_that_is_away_counts_no_guess(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = environment(slapd) | {"RUNYARD_SSO__LDAP__URL": "ldaps://127.0.0.1:9"}
    with serving(tmp_path_factory.mktemp("away"), **away) as yard:
        answers = [sign_in(yard, "mei", "mei's password") for _ in range(7)]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "ldap_unreachable")}
        # Who has a password here gets in all the same.
        assert yard.sign_in().status_code == 200


def test_local_passwords_switched_off_and_the_way_back(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("off")
    with serving(folder, **environment(slapd)) as yard:
        local_admin = yard.sign_in()
        assert local_admin.status_code == 200
    data = ("--data", str(folder / "data"))
    off = environment(slapd) | {"RUNYARD_ACCESS__LOCAL_LOGIN": "false"}
    subprocess.run(
        [sys.executable, "-m", "runyard", "admin", "open-local-login", "--minutes", "5", *data], check=True, timeout=60
    )
    with serving(folder, **off) as yard:
        # The client of this test has just come in by the file.
        ways = {"form": True, "local": True, "second_factor": "optional", "oidc": None}
        assert httpx.get(f"{yard.url}/api/v1/auth/ways").json() == ways
        (folder / "data" / "local-login").write_text("1")
        assert httpx.get(f"{yard.url}/api/v1/auth/ways").json() == ways | {"local": False}
        yard.allow("password.wrong")
        assert sign_in(yard, "admin", "a password for tests").status_code == 401
        assert me(yard, "mei", "mei's password")["username"] == "mei"
        # A directory's person of that name is somebody else.
        assert me(yard, "admin", "their password")["username"] == "admin-2"
        opened = yard.get("/audit", action="local_login.open")["items"]
        assert len(opened) == 1


def test_a_second_factor_is_demanded_of_the_directorys_people_too(
    slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> None:
    facts = environment(slapd) | {"RUNYARD_ACCESS__SECOND_FACTOR": "everybody"}
    with serving(tmp_path_factory.mktemp("strict"), **facts) as yard:
        signed = sign_in(yard, "mei", "mei's password").json()
        assert signed["second_factor_required"] is True
        headers = {"Authorization": f"Bearer {signed['access_token']}"}
        with httpx.Client(base_url=f"{yard.url}/api/v1", headers=headers, timeout=60) as mei:
            assert mei.get("/scripts").json()["code"] == "second_factor_required"
            wrong = mei.post("/me/second-factor", json={"current_password": "another password"})
            assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
            begun = mei.post("/me/second-factor", json={"current_password": "mei's password"}).raise_for_status()
            secret = base64.b32decode(begun.json()["secret"])
            code = code_at(secret, int(clock.now().timestamp()) // STEP_S)
            assert mei.post("/me/second-factor/confirm", json={"code": code}).status_code == 200
            assert mei.get("/scripts").status_code == 200
        assert sign_in(yard, "mei", "mei's password").json()["code"] == "second_factor_needed"
        yard.allow("password.wrong")


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [("mei", "mei", True), ("admin-2", "admin", True), ("mei-2", "mei-2", True), ("admin-2", "admin-2-2", False)],
)
async def test_whose_name_was_taken_is_known_there_without_the_number(
    monkeypatch: pytest.MonkeyPatch, here: str, there: str, *, same: bool
) -> None:
    user = User(id="usr_1", username=here)

    async def person(_self: SsoService, username: str, _password: str) -> User | None:
        return user if username == there else User(id="usr_2") if username == "admin" else None

    monkeypatch.setattr(SsoService, "person", person)
    assert await object.__new__(SsoService).again(user, "their password") is same
