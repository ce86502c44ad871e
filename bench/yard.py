"""A real server for measurements, and the floor that it is compared with."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

START = """
import sys
from runyard.api.server import serve
from runyard.settings import Settings
serve(Settings(data=sys.argv[1], port=0), on_ready=lambda ready: print(ready.url, flush=True))
"""
PASSWORD = "only-for-measuring"  # noqa: S105 - of a server that lives for seconds
OVER = frozenset({"succeeded", "failed", "timed_out", "cancelled", "lost"})


class Yard:
    """A running server and a signed-in client."""

    def __init__(self, process: subprocess.Popen[str], url: str, data: Path) -> None:
        self.ready_at = time.perf_counter()
        self.process = process
        self.url = url
        self.data = data
        self.api = httpx.Client(base_url=f"{url}/api/v1", timeout=120)
        answer = self.api.post("/auth/login", json={"username": "admin", "password": PASSWORD})
        self.token: str = answer.raise_for_status().json()["access_token"]
        self.api.headers["Authorization"] = f"Bearer {self.token}"

    def script(self, name: str, code: str, language: str = "python", **fields: Any) -> str:
        """Save a script and return its id."""
        answer = self.api.post("/scripts", json={"name": name, "language": language, "code": code, **fields})
        return str(answer.raise_for_status().json()["id"])

    def submit(self, script_id: str) -> str:
        """Queue a run and return its id."""
        return str(self.api.post(f"/scripts/{script_id}/runs", json={}).raise_for_status().json()["id"])

    def get(self, run_id: str) -> dict[str, Any]:
        """Return a run."""
        found: dict[str, Any] = self.api.get(f"/runs/{run_id}").raise_for_status().json()
        return found

    def follow(self, run_id: str) -> None:
        """Wait for a run's end by being told."""
        with self.api.stream("GET", f"/runs/{run_id}/logs/stream") as answer:
            for line in answer.iter_lines():
                if line == "event: end":
                    return

    def wait(self, run_id: str, every_s: float = 0.002) -> dict[str, Any]:
        """Wait for a run's end by asking."""
        while (run := self.get(run_id))["state"] not in OVER:
            time.sleep(every_s)
        return run


@contextlib.contextmanager
def started(data: Path | None = None, *, start: str = START, **settings: str) -> Iterator[Yard]:
    """Start a server in a process of its own; settings are environment variables without their prefix."""
    with contextlib.ExitStack() as stack:
        there = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runyard-bench-")))
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"RUNYARD_ADMIN_PASSWORD": PASSWORD, "RUNYARD_LOG__LEVEL": "warning"}
        env |= {f"RUNYARD_{key}": value for key, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "-c", start, str(there)], stdout=subprocess.PIPE, text=True, env=env
        )
        try:
            assert process.stdout is not None
            yield Yard(process, process.stdout.readline().strip(), there)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def floor_command(yard: Yard, script_id: str) -> tuple[list[str], dict[str, str]]:
    """Return what a run of this script comes down to: the same interpreter in the same sandbox, as a command line."""
    from runyard.sandbox import Limits, Request, Sandboxes

    run = yard.wait(yard.submit(script_id))
    work = yard.data / "work" / run["id"] / "1"
    python = next((yard.data / "envs").glob("*/bin/python"))
    request = Request(
        attempt_id=f"floor-{os.getpid()}",
        argv=(str(python), str(work / "code" / "main.py")),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        workspace=work / "files",
        read_only=(work / "code", python.parent.parent),
        limits=Limits(),
    )
    sandboxes = Sandboxes(yard.data / "sandbox", hidden=(yard.data,))
    sandboxes.probe()
    plan = sandboxes.confine(None, request)
    # The workspace belongs to the run's user; the plan's user must be the same one.
    argv = [str((work / "files").stat().st_uid) if word == str(plan.owner) else word for word in plan.argv]
    return argv, plan.env


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
