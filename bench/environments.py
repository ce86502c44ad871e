"""Environments: built warm against uv alone, used again against a bare one, asked for by many at once."""

import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench.noop import NOOP, Reader
from bench.yard import started
from runyard.db import migrate
from runyard.db.session import Database
from runyard.environments.interpreters import find_python, uv_program
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import Want, want_for
from runyard.live.bus import LocalBus
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings

PACKAGE = "pandas"
ROUNDS = 5
RUNS = 60
AT_ONCE = 50


def measure() -> dict[str, float]:
    """Return the figures; pandas is fetched once and is warm from then on."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="bench-env-") as folder:
        return asyncio.run(_measure(Path(folder))) | _whole_runs(Path(folder) / "data")


async def _measure(folder: Path) -> dict[str, float]:
    settings = Settings(data=folder / "data")
    settings.data.mkdir()
    database = Database.connect(f"sqlite+aiosqlite:///{folder / 'x.db'}")
    await migrate.upgrade(database)
    service = EnvironmentService(database, LocalBus(), settings, Sealer(MasterKey(bytes(32))))
    await service.recover()
    try:
        want = _want(PACKAGE)
        first = await service.ensure(want, None, None)
        ours, bare = [], []
        for _round in range(ROUNDS):
            async with database.write() as session:
                await service.rebuild(session, first.id)
            began = time.perf_counter()
            await service.ensure(want, None, None)
            ours.append(time.perf_counter() - began)
            bare.append(_by_uv_alone(folder, settings.data / "cache" / "uv"))
        ready = await service.ensure(want, None, None)
        plain = await service.ensure(_want(), None, None)
        added = _added(ready.argv, plain.argv)
        began = time.perf_counter()
        for _count in range(10_000):
            service.cached(want)
        asked = (time.perf_counter() - began) / 10_000
        fresh = _want(PACKAGE, "six")
        answers = await asyncio.gather(*(service.ensure(fresh, None, None) for _ in range(AT_ONCE)))
        async with database.read() as session:
            row = await service.get(session, answers[0].id)
        return {
            "env_pandas_warm_s": statistics.median(ours),
            "env_pandas_uv_alone_s": statistics.median(bare),
            "env_pandas_warm_ratio": statistics.median(ours) / statistics.median(bare),
            "env_interpreter_added_ms": (added + asked) * 1000,
            "env_fifty_requests_builds": float(row.build),
        }
    finally:
        await service.close()
        await database.close()


def _whole_runs(data: Path) -> dict[str, float]:
    """Return what a run in a ready environment takes longer than one without packages: whole runs of a real server."""
    with started(data) as yard:
        bare = yard.script("bare", NOOP)
        ready = yard.script("ready", NOOP, requirements=[PACKAGE])
        taken: tuple[list[float], list[float]] = ([], [])
        for script in (bare, ready):
            yard.wait(yard.submit(script))
        reader = Reader(yard)
        for _round in range(RUNS):
            for script, times in zip((bare, ready), taken, strict=True):
                times.append(reader.see_through(script))
    bare_s, ready_s = map(statistics.median, taken)
    return {
        "env_bare_run_ms": bare_s * 1000,
        "env_second_run_ms": ready_s * 1000,
        "env_second_run_added_ms": (ready_s - bare_s) * 1000,
    }


def _want(*requirements: str) -> Want:
    want = want_for("python", "", requirements)
    assert want is not None
    return want


def _by_uv_alone(folder: Path, cache: Path) -> float:
    """Return how long ``uv venv && uv pip install --offline --compile-bytecode`` takes with the same warm cache."""
    target = folder / "alone"
    shutil.rmtree(target, ignore_errors=True)
    env = {**os.environ, "UV_CACHE_DIR": str(cache), "UV_NO_CONFIG": "1", "VIRTUAL_ENV": str(target)}
    began = time.perf_counter()
    for command in (
        (uv_program(), "venv", "--quiet", "--python", str(find_python().path), str(target)),
        (uv_program(), "pip", "install", "--quiet", "--offline", "--compile-bytecode", PACKAGE),
    ):
        subprocess.run(command, check=True, env=env, cwd=folder)
    return time.perf_counter() - began


def _added(argv: tuple[str, ...], bare: tuple[str, ...]) -> float:
    """Return what a script that does nothing takes longer in one environment than in another, in turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _round in range(40):
        for command, times in zip((argv, bare), taken, strict=True):
            began = time.perf_counter()
            subprocess.run([*command, "-c", ""], check=True)
            times.append(time.perf_counter() - began)
    return statistics.median(taken[0]) - statistics.median(taken[1])
