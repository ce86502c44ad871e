"""A server in a process of its own, and the API of it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "a password for tests"
PATIENCE_S = 60
READY = re.compile(r"ready at (http://\S+)")


class Server:
    """A running `runyard up`: its address, its log, and a client of its API that is signed in as the admin."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log
        self._allowed: set[str] = set()
        self.api = httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE_S, auth=SignedIn(self))

    def sign_in(self) -> httpx.Response:
        """Begin a session; its refresh cookie is in the answer."""
        answer = httpx.post(
            f"{self.url}/api/v1/auth/login",
            json={"username": "admin", "password": PASSWORD},
            timeout=PATIENCE_S,
        )
        return answer.raise_for_status()

    def get(self, path: str, **params: Any) -> Any:
        """Fetch JSON."""
        return self.api.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        """Send JSON and return what comes back."""
        return self.api.post(path, json=body).raise_for_status().json()

    def script(self, name: str, code: str, **facts: Any) -> dict[str, Any]:
        """Save a script; shell unless `language` says otherwise."""
        body = {"name": name, "language": "shell", "code": code, **facts}
        made: dict[str, Any] = self.post("/scripts", body)
        return made

    def change(self, script: dict[str, Any], **facts: Any) -> None:
        """Save a script anew, with what is to be different."""
        self.api.patch(f"/scripts/{script['id']}", json=facts).raise_for_status()

    def run(self, script: dict[str, Any], **body: Any) -> str:
        """Submit a run and return its id."""
        return str(self.post(f"/scripts/{script['id']}/runs", body)["id"])

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run: the stream of its log ends with it."""
        self.api.get(f"/runs/{run}/logs/stream")
        found: dict[str, Any] = self.get(f"/runs/{run}")
        return found

    def allow(self, event: str) -> None:
        """Expect this event in the log: a test provokes it on purpose."""
        self._allowed.add(event)

    def troubles(self) -> list[str]:
        """Return the lines of the server's log that speak of errors or warn."""
        return [line for line in self.log.read_text().splitlines() if _is_trouble(line, self._allowed)]


def _is_trouble(line: str, allowed: set[str]) -> bool:
    if not line.startswith("{"):
        # Not of our logger: what a library printed, or words for whoever started the server.
        return "Traceback" in line or "Warning" in line
    try:
        facts = json.loads(line)
    except ValueError:
        return True
    return facts.get("level") not in {"debug", "info"} and facts.get("event") not in allowed


class SignedIn(httpx.Auth):
    """Signs in at first, and again when the token has run out: the whole suite takes longer than one lives."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._token = self._fresh()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request with the token, and once more with a new one if that is refused."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = self._fresh()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _fresh(self) -> str:
        return str(self._server.sign_in().json()["access_token"])


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server on a port and a data directory of its own; its runs end with it."""
    data, log = folder / "data", folder / "server.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("RUNYARD_")}
    env |= {"RUNYARD_ADMIN_PASSWORD": PASSWORD, "RUNYARD_SLOTS": "2", **settings}
    command = [sys.executable, "-m", "runyard"]
    with log.open("w") as sink:
        process = subprocess.Popen(
            [*command, "up", "--data", str(data), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env=env,
        )
    assert process.stdout is not None
    try:
        found = next((match for line in process.stdout if (match := READY.search(line))), None)
        assert found, log.read_text()
        server = Server(found[1], log)
        with server.api:
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
        stop = [*command, "stop", "--cancel-runs", "--data", str(data)]
        subprocess.run(stop, check=True, capture_output=True, env=env, timeout=PATIENCE_S)
