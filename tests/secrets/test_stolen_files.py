"""Whoever carries the data directory off without its master key has no secret: the raw bytes are searched."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from runyard import clock
from runyard.access.authenticator import STEP_S, code_at
from runyard.mail_settings import MailSettings
from runyard.sso_settings import OidcSettings, SsoSettings
from tests.engine.yard import PASSWORD, Running, opened, options, place
from tests.scripts.gitsite import Repository, serving

SECRET = "Zq7#stolen/never+found=1"
DEFAULTED = "Kp3-default-of-a-field"
PARAMETER = "Wx9-value-of-a-parameter"
RENAMED = "Hj5-secret-after-a-change"
ABROAD = "Bv2-token-of-a-repository"
OTHER_PASSWORD = "Mn8-password-of-somebody"
CONNECTED = "Gd4-password-of-a-connection"
FETCHED = "Xt8-token-for-fetching"
WAITING = "Ls7-secret-that-waits-for-consent"
MAILED, AT_PROVIDER = "Yf6-password-of-a-mailbox", "Ce1-secret-of-a-client"
SETTINGS: dict[str, Any] = {
    "mail": MailSettings(
        host="127.0.0.1", port=9, username="yard", password=SecretStr(MAILED), sender="yard@example.org"
    ),
    "sso": SsoSettings(
        oidc=OidcSettings(issuer="https://127.0.0.1:9", client_id="yard", client_secret=SecretStr(AT_PROVIDER))
    ),
    "fetch_allow": ("127.0.0.0/8",),
}


def written(value: str) -> Iterator[bytes]:
    """Every usual way to write a value down."""
    raw = value.encode()
    yield raw
    yield json.dumps(value)[1:-1].encode()
    yield quote(value).encode()
    yield raw.hex().encode()
    yield value.encode("utf-16-le")
    for shift in range(3):
        # In base64 whatever stands before a value; its rims depend on the neighbours.
        yield base64.b64encode(b"x" * shift + raw)[4:-4]
        yield base64.urlsafe_b64encode(b"x" * shift + raw)[4:-4]


def files(data: Path) -> dict[str, bytes]:
    """All that a thief gets: everything but the key, and what the first administrator was told."""
    left_out = {"master.key", "admin-password"}
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name not in left_out
    }


async def fill(running: Running, repository: str) -> list[str]:
    """Make one of everything that is secret, use it, and return the values."""
    made = await running.post("/secrets", {"name": "STOLEN", "value": SECRET, "project": "default"}, 201)
    changed = await running.client.patch(f"/secrets/{made['id']}", json={"value": RENAMED})
    assert changed.status_code == 200, changed.text
    await running.post("/secrets", {"name": "KEPT", "value": SECRET, "project": "default"}, 201)
    definitions = [
        {"key": "TOLD", "label": "Told", "type": "password"},
        {"key": "GIVEN", "label": "Given", "type": "password", "default": DEFAULTED},
    ]
    code = 'printf "%s\\n" "$STOLEN" "$KEPT" "$TOLD" "$GIVEN"; printf %s "$KEPT" | base64'
    script = await running.script(code, parameters=definitions, secrets=["STOLEN", "KEPT"])
    sent = await running.post(f"/scripts/{script}/runs", {"parameters": {"TOLD": PARAMETER}})
    run = await running.finished(sent["id"])
    assert run["state"] == "succeeded", run
    await running.post(f"/scripts/{script}/parameter-sets", {"name": "mine", "values": {"TOLD": PARAMETER}}, 201)
    token = await running.post("/tokens", {"name": "stolen", "permissions": ["run:read"]}, 201)
    user = {"username": "somebody", "password": OTHER_PASSWORD}
    await running.post("/users", user, 201)
    cookies = await refresh_cookies(running, user)
    session = running.client.headers["Authorization"].removeprefix("Bearer ")
    index = {"python": {"mirror": "custom", "index_url": f"https://me:{ABROAD}@packages.example/simple"}}
    answer = await running.client.put("/package-sources", json=index)
    assert answer.status_code == 200, answer.text
    values = [SECRET, RENAMED, DEFAULTED, PARAMETER, ABROAD, OTHER_PASSWORD, PASSWORD]
    values += [CONNECTED, WAITING, MAILED, AT_PROVIDER, FETCHED]
    values += await second_factor(running, cookies[-1])
    values += await from_elsewhere(running, repository)
    values += await called(running, script)
    await kept_waiting(running)
    invitation = await running.post("/invitations", {}, 201)
    return [*values, token["token"], session, *cookies, invitation["link"].partition("#")[2]]


async def second_factor(running: Running, token: str) -> list[str]:
    """Set one up; return its secret as people type it in and as it is, and the recovery codes."""
    headers = {"Authorization": f"Bearer {token}"}
    begun = await running.post("/me/second-factor", {"current_password": OTHER_PASSWORD}, 201, headers)
    secret = base64.b32decode(begun["secret"])
    code = code_at(secret, int(clock.now().timestamp()) // STEP_S)
    codes = (await running.post("/me/second-factor/confirm", {"code": code}, 200, headers))["recovery_codes"]
    return [begun["secret"], secret.decode("latin-1"), *codes]


async def from_elsewhere(running: Running, repository: str) -> list[str]:
    """Connect to somewhere, and keep a script in step; return the key of the hook that it may be called by."""
    settings = {"kind": "postgresql", "host": "127.0.0.1", "port": 9, "username": "u", "password": CONNECTED}
    await running.post("/connections", {"name": "STORE", "project": "default", "settings": settings}, 201)
    body = {"kind": "git", "url": repository, "token": FETCHED, "name": "kept in step"}
    return [(await running.post("/imports/source", body, 201))["webhook_key"]]


async def called(running: Running, script: str) -> list[str]:
    """Make a job with a webhook and a password among its parameters; return the secret."""
    triggers = [{"type": "webhook"}]
    body = {
        "name": "called",
        "target": {"kind": "script", "id": script},
        "parameters": {"TOLD": PARAMETER},
        "triggers": triggers,
    }
    return list((await running.post("/jobs", body, 201))["secrets"].values())


async def kept_waiting(running: Running) -> None:
    """Ask for what a second person has to agree to: the request is kept as it came."""
    await running.post("/projects", {"name": "guarded"}, 201)
    stages = await running.client.put("/projects/guarded/stages", json={"stages": ["prod"], "default": "prod"})
    assert stages.status_code == 200, stages.text
    rules = {"four_eyes": False, "operations": ["secret.prod"]}
    answer = await running.client.put("/projects/guarded/approval-rules", json=rules)
    assert answer.status_code == 200, answer.text
    body = {"name": "LATER", "value": WAITING, "project": "guarded", "stage": "prod"}
    assert (await running.post("/secrets", body, 202))["approval"]["state"] == "waiting"


async def refresh_cookies(running: Running, user: dict[str, str]) -> list[str]:
    """Sign somebody in; return what their browser keeps."""
    root = str(running.client.base_url).removesuffix("/api/v1/")
    async with httpx.AsyncClient(transport=running.client._transport, base_url=root) as browser:
        answer = await browser.post("/api/v1/auth/login", json=user)
        assert answer.status_code == 200, answer.text
        return [*browser.cookies.values(), answer.json()["access_token"]]


async def test_a_stolen_data_directory_without_its_key_reveals_no_secret(tmp_path: Path) -> None:
    async with place() as data:
        with serving(tmp_path / "repositories") as (address, backend):
            Repository(backend.root / "open").commit({"main.py": "print(1)\n"})
            async with opened(options(data, **SETTINGS)) as running:
                values = await fill(running, f"{address}/open/.git")
                # While it runs too, with what has not been merged into the database yet.
                found = files(data)
        found |= {f"{name} at rest": content for name, content in files(data).items()}
        assert len(found["runyard.db at rest"]) > 100_000
        told = [
            (value[:4], name)
            for value in values
            for form in set(written(value))
            for name, content in found.items()
            if form in content
        ]
        assert told == []


async def test_the_search_would_find_them(tmp_path: Path) -> None:
    for number, form in enumerate(written(SECRET)):
        (tmp_path / f"{number}").write_bytes(b"--" + form + b"--")
    (tmp_path / "in base64").write_bytes(base64.b64encode(b"a line with " + SECRET.encode() + b" in it"))
    assert all(any(form in content for form in written(SECRET)) for content in files(tmp_path).values())
