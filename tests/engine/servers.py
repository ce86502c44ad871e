"""Servers as processes of their own, to be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from .yard import PASSWORD

BOOT = """
import json, os, signal, sys
options = json.loads(sys.argv[1])
import runyard
from runyard.engine import reaper
from runyard.errors import Problem
from runyard.settings import Settings
from runyard.api.server import serve
reaper.EVERY_S = 0.2
if options["die"] == "before spawn":
    from runyard.runner import Launcher
    async def spawn(self, spec):
        os.kill(os.getpid(), signal.SIGKILL)
    Launcher.spawn = spawn
def say(**facts):
    print(json.dumps(facts), flush=True)
try:
    serve(
        Settings(**options["settings"]),
        frozenset(options["roles"]),
        on_ready=lambda ready: say(url=ready.url, version=runyard.__version__, backup=str(ready.backup)),
        on_stopped=lambda left: say(left=left),
    )
except Problem as problem:
    say(code=problem.code, detail=problem.detail)
    sys.exit(1)
"""
ALL = ("api", "scheduler", "worker")


class Refused(Exception):  # noqa: N818 - it is no fault of the test
    """The server did not start; its words are the arguments."""


class Server:
    """One process of an installation. Leaving it kills it, and whatever runs it has left behind."""

    def __init__(self, data: Path, *roles: str, package: Path | None = None, die: str = "", **settings: Any) -> None:
        self.data = data
        given = {"data": str(data), "port": 0, "slots": 5, "seed_examples": False, "admin_password": PASSWORD}
        options = {"settings": {**given, **settings}, "roles": list(roles or ALL), "die": die}
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        if package is not None:
            env["PYTHONPATH"] = str(package)
        data.parent.mkdir(exist_ok=True)
        self._said = (data.parent / f"log-{'-'.join(roles) or 'up'}-{time.monotonic_ns()}").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", BOOT, json.dumps(options)], stdout=subprocess.PIPE, stderr=self._said, env=env
        )
        self.ready = self._line()
        if "code" in self.ready:
            self.close()
            raise Refused(self.ready["code"], self.ready["detail"])
        self.url = self.ready.get("url", "")

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.kill()
        self._said.close()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        """SIGKILL to the agent and its launcher; shims are nobody's children by then."""
        for pid in [*children(self.process.pid), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> dict[str, Any]:
        """SIGTERM; return what it says at the end."""
        self.process.terminate()
        said = self._line()
        assert self.process.wait() == 0
        return said


def children(pid: int) -> list[int]:
    """Processes whose parent this is."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(entry.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


class Client(httpx.Client):
    """An administrator's client of a server."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=f"{url}/api/v1", timeout=60)

    def __enter__(self) -> Self:
        super().__enter__()
        self.sign_in()
        return self

    def sign_in(self) -> None:
        answer = self.post("/auth/login", json={"username": "admin", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def script(self, code: str) -> str:
        body = {"name": f"s{time.monotonic_ns()}", "language": "shell", "code": code}
        answer = self.post("/scripts", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def submit(self, script_id: str) -> str:
        answer = self.post(f"/scripts/{script_id}/runs")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run_of(self, run_id: str) -> dict[str, Any]:
        answer = self.get(f"/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def lines(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.get(f"/runs/{run_id}/logs", params={"limit": 5000}).json()["items"])

    def events(self, run_id: str) -> list[str]:
        return [event["kind"] for event in self.get(f"/runs/{run_id}/events").json()["items"]]

    def followed(self, run_id: str, **headers: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the events of a run's stream until it ends."""
        with self.stream("GET", f"/runs/{run_id}/logs/stream", headers=headers) as answer:
            assert answer.status_code == 200
            kind = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield kind, json.loads(line.removeprefix("data: "))
                    if kind == "end":
                        return

    def printed(self, run_id: str, count: int) -> None:
        """Wait until so many lines have come."""
        for kind, data in self.followed(run_id):
            if kind == "log" and data["n"] >= count:
                return

    def finished(self, run_id: str) -> dict[str, Any]:
        for _ in self.followed(run_id):
            pass
        return self.run_of(run_id)


def eventually(path: Path, what: str) -> None:
    """Wait until a file says something; the test's own time limit ends a wait in vain."""
    while not (path.exists() and what in path.read_text()):
        time.sleep(0.01)
