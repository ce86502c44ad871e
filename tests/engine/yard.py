"""A whole yard in this process, spoken to over HTTP; and what tests ask of it."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from runyard.api.app import make_app, served
from runyard.runs.lifecycle import TERMINAL
from runyard.settings import RunSettings, Settings, WorkerSettings
from runyard.wiring import ROLES, Yard

PASSWORD = "admin-pass-1"
API = "/api/v1"
OVER = frozenset(state.value for state in TERMINAL)


def plain_logs() -> None:
    """Have our log say traces plainly: drawing every frame's variables takes a minute where the application is one."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


def options(data: Path, **changes: Any) -> Settings:
    """Settings for a yard in a test; groups may be given as dicts."""
    given: dict[str, Any] = {
        "data": data,
        "port": 0,
        "slots": 2,
        "seed_examples": False,
        "admin_password": PASSWORD,
        "runs": RunSettings(grace_s=0.2, output_cap=200_000, outputs_cap=20_000, line_cap=4096),
        "worker": WorkerSettings(),
    }
    for name, value in changes.items():
        if isinstance(value, dict) and name in given:
            given[name] = given[name].model_copy(update=value)
        else:
            given[name] = value
    return Settings(**given)


@asynccontextmanager
async def place() -> AsyncIterator[Path]:
    """A data directory that users of runs can reach; afterwards nothing may be left running in it."""
    root = Path(tempfile.mkdtemp(prefix="ry-", dir="/tmp"))
    os.chmod(root, 0o711)  # noqa: PTH101, S103 - one quick call; runs must walk through
    data = root / "data"
    try:
        yield data
        assert await none_left(data) == {}
    finally:
        for pid in lodgers(data):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)


async def none_left(data: Path) -> dict[int, str]:
    """Return who is left below a data directory after shims, which settle first, had time to leave."""
    left = lodgers(data)
    for _ in range(200):
        if not left:
            break
        await asyncio.sleep(0.02)
        left = lodgers(data)
    return left


def lodgers(data: Path) -> dict[int, str]:
    """Processes that stand in a data directory: shims in their spools, scripts in their workspaces."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            here = str((entry / "cwd").readlink())
            if here.startswith(f"{data}/") and int(entry.name) != os.getpid():
                found[int(entry.name)] = f"{(entry / 'comm').read_text().strip()} in {here}"
    return found


class Running:
    """A yard that runs, and an administrator at its door."""

    def __init__(self, yard: Yard, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.yard = yard
        self.app = app
        self.client = client
        self.data = yard.settings.data

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 202, headers: dict[str, str] | None = None) -> Any:
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def script(self, code: str, language: str = "shell", **fields: Any) -> str:
        """Save a script and return its id."""
        self._count = getattr(self, "_count", 0) + 1
        body = {"name": f"script {self._count}", "language": language, "code": code, **fields}
        return str((await self.post("/scripts", body, 201))["id"])

    async def submit(self, code: str, language: str = "shell", **fields: Any) -> str:
        """Queue a draft; parameters, timeout_s and labels belong to the submit, everything else to the draft."""
        outer = {key: fields.pop(key) for key in ("parameters", "labels") if key in fields}
        definitions = fields.pop("definitions", [])
        draft = {"language": language, "code": code, "parameters": definitions, **fields}
        return str((await self.post("/runs", {"draft": draft, **outer}))["id"])

    async def run(self, code: str, language: str = "shell", **fields: Any) -> dict[str, Any]:
        """Run a draft to its end and return the run."""
        return await self.finished(await self.submit(code, language, **fields))

    async def until(self, run_id: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until a run is as wanted; every change of it is announced."""
        with self.yard.bus.subscribe(f"run:{run_id}") as news:
            while True:
                run: dict[str, Any] = await self.get(f"/runs/{run_id}")
                if true(run):
                    return run
                assert run["state"] not in OVER, run
                await news.get()

    async def finished(self, run_id: str) -> dict[str, Any]:
        return await self.until(run_id, lambda run: run["state"] in OVER)

    async def running(self, run_id: str) -> dict[str, Any]:
        return await self.until(run_id, lambda run: run["state"] == "running")

    async def printed(self, run_id: str, text: str) -> None:
        """Wait until a line has been stored."""
        with self.yard.bus.subscribe(f"run:{run_id}") as news:
            while text not in await self.log(run_id):
                await news.get()

    async def lines(self, run_id: str, **params: Any) -> list[dict[str, Any]]:
        return list((await self.get(f"/runs/{run_id}/logs", **params))["items"])

    async def log(self, run_id: str) -> str:
        answer = await self.client.get(f"/runs/{run_id}/logs", headers={"Accept": "text/plain"})
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return answer.text

    async def cancel(self, run_id: str) -> Any:
        return await self.post(f"/runs/{run_id}/cancel")

    async def rows(self, statement: str) -> list[Any]:
        from sqlalchemy import text

        async with self.yard.database.read() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    def spools(self) -> list[str]:
        return sorted(path.name for path in (self.data / "spool").iterdir())


@asynccontextmanager
async def opened(settings: Settings, roles: frozenset[str] = ROLES) -> AsyncIterator[Running]:
    """Start a yard, sign the administrator in, and stop it at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", tempfile.tempdir)
        yard = Yard(settings, roles)
        try:
            await yard.start()
            app = make_app(yard)
            # as it is served
            transport = httpx.ASGITransport(served(app, yard), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://yard.test{API}") as client:
                token = await signed_in(yard)
                client.headers["Authorization"] = f"Bearer {token}"
                yield Running(yard, app, client)
        finally:
            await yard.stop()


async def signed_in(yard: Yard) -> str:
    """Return an access token of the administrator."""
    app = make_app(yard)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://yard.test{API}") as client:
        answer = await client.post("/auth/login", json={"username": "admin", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


async def settled(running: Running) -> None:
    """Wait until whatever was settled has been tidied away."""
    while running.spools():
        await asyncio.sleep(0.01)


def shell_json(values: Any) -> str:
    """Shell code that returns a value."""
    return f"cat > \"$RUNYARD_OUTPUTS\" <<'END'\n{json.dumps(values)}\nEND\n"
