"""A real OpenID provider in a process of its own, and a browser's part in signing in there."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

FOLDER = Path(__file__).parent / "provider"
CLIENT = "runyard"
SECRET = "a secret that provider and yard share: it has signs & spaces"
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>|<input[^>]*name="[^"]*"[^>]*>')
_ACTION = re.compile(r'<form[^>]*action="([^"]*)"')
_REDIRECTS = {301, 302, 303, 307, 308}


class OidcProvider:
    """Where the provider is, and what its people are."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def know(self, **people: dict[str, Any]) -> None:
        """Say what people are, by the name that they sign in with there."""
        httpx.put(f"{self.issuer}/people", json=people).raise_for_status()

    def know_client(self, yard: str, **facts: Any) -> None:
        """Have it know an installation at an address."""
        client = {
            "redirect_uris": [f"{yard}/api/v1/auth/oidc/callback"],
            "post_logout_redirect_uris": [f"{yard}/login"],
            "backchannel_logout_uri": f"{yard}/api/v1/auth/oidc/backchannel",
            "backchannel_logout_session_required": True,
        }
        httpx.post(f"{self.issuer}/reg", json=client | facts).raise_for_status()

    def settings(self, **more: str) -> dict[str, str]:
        """Return the environment of an installation that signs in here."""
        own = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "LABEL": "Example Inc."}
        own |= {"SCOPES": "openid profile email groups"} | more
        return {f"RUNYARD_SSO__OIDC__{name}": value for name, value in own.items()}


@contextmanager
def providing() -> Iterator[OidcProvider]:
    """Run a provider; it ends with the test."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("needs oidc-provider: npm --prefix tests/sso/provider ci")
    env = {**os.environ, "CLIENT_SECRET": SECRET}
    command = [node, str(FOLDER / "provider.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        # It warns of an old Node before it says where it is.
        said = next(line for line in process.stdout if line.startswith("{"))
        try:
            yield OidcProvider(json.loads(said)["issuer"])
        finally:
            process.terminate()
            process.wait(timeout=30)


class Visitor(httpx.Client):
    """A browser without a screen: it keeps cookies, and follows redirects one by one."""

    def __init__(self, yard: str) -> None:
        super().__init__(follow_redirects=False, timeout=60)
        self.yard = yard

    def go(self, url: str) -> httpx.Response:
        """Follow an address to the page that it ends at; `.url` says which."""
        answer = self.get(url)
        while answer.status_code in _REDIRECTS:
            answer = self.get(urljoin(str(answer.url), answer.headers["location"]))
        return answer

    def submit(self, page: httpx.Response, **filled: str) -> str:
        """Send the first form of a page; return where it leads."""
        found = _ACTION.search(page.text)
        assert found, page.text
        hidden = dict(filter(None, map(_hidden, _FIELD.findall(page.text))))
        answer = self.post(urljoin(str(page.url), unescape(found[1])), data=hidden | filled)
        assert answer.status_code in _REDIRECTS, answer.text
        return urljoin(str(page.url), answer.headers["location"])

    def to_callback(self, login: str, next_path: str = "/") -> str:
        """Sign in at the provider, and return the address that it sends the browser back to.

        Who is signed in there already is asked nothing.
        """
        url = f"{self.yard}/api/v1/auth/oidc/start?next={next_path}"
        while "/auth/oidc/callback" not in url:
            answer = self.get(url)
            if answer.status_code in _REDIRECTS:
                url = urljoin(url, answer.headers["location"])
            else:
                url = self.submit(
                    answer, **({"login": login, "password": "any"} if 'name="login"' in answer.text else {})
                )
        return url

    def sign_in(self, login: str, next_path: str = "/") -> httpx.Response:
        """Sign in by the provider; return the redirect that the yard answers with."""
        return self.get(self.to_callback(login, next_path))

    def journey(self) -> str:
        """Return the cookie of a journey that has not come back yet."""
        return next(cookie.value or "" for cookie in self.cookies.jar if cookie.name == "runyard_journey")

    def renew(self) -> httpx.Response:
        """Do as the page does that was come back to: ask for an access token by the cookie."""
        return self.post(f"{self.yard}/api/v1/auth/refresh")

    def me(self) -> dict[str, Any]:
        """Return who one is."""
        token = self.renew().raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        found: dict[str, Any] = self.get(f"{self.yard}/api/v1/me", headers=headers).raise_for_status().json()
        return found


def _hidden(field: str) -> tuple[str, str] | None:
    facts = dict(re.findall(r'(\w+)="([^"]*)"', field))
    return (facts["name"], unescape(facts["value"])) if facts.get("type") == "hidden" and "value" in facts else None
