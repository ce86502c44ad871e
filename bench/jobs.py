"""Ten thousand jobs: what they cost while nothing is due, how late one fires, and a thousand that are due at once."""

import asyncio
import json
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from bench.yard import Yard, percentile, started
from runyard import clock, ids

JOBS = 10_000
AT_ONCE = 1000
SINGLE = 60
IDLE_S = 15.0
TICKS = 40
# Longer than a scheduler sleeps at the most: it is not told of rows that appear beside it.
AHEAD_S = 8.0


def measure() -> dict[str, float]:
    """Return milliseconds, seconds and a share of a processor."""
    with tempfile.TemporaryDirectory(prefix="runyard-bench-") as folder:
        data = Path(folder)
        with started(data) as yard:
            script = yard.script("job", "true", "shell")
        jobs = seed(data, script)
        figures = asyncio.run(ticks(data, jobs))
        with started(data) as yard:
            figures |= {"jobs_idle_cpu_percent": idle(yard)}
            late = fire(data, jobs[:SINGLE], spread_s=0.25)
            figures |= {
                "jobs_jitter_p50_ms": percentile(late, 0.5) * 1e3,
                "jobs_jitter_p95_ms": percentile(late, 0.95) * 1e3,
            }
            late = fire(data, jobs[SINGLE : SINGLE + AT_ONCE], spread_s=0)
            figures |= {"jobs_thousand_queued_s": max(late)}
    return figures


def seed(data: Path, script: str) -> list[str]:
    """Save jobs that are due tomorrow, and return their ids."""
    now = clock.now()
    at, due = clock.to_us(now), clock.to_us(now + timedelta(days=1))
    # Nobody serves that queue: what is measured is the queueing.
    settings = json.dumps({"queue": "nobody"})
    spec = json.dumps({"type": "cron", "cron": "30 4 * * 1-5", "timezone": "Europe/Berlin", "enabled": True})
    jobs = [ids.new("job") for _ in range(JOBS)]
    with closing(sqlite3.connect(data / "runyard.db")) as db, db:
        project, owner = db.execute("SELECT p.id, u.id FROM projects p, users u LIMIT 1").fetchone()
        db.executemany(
            "INSERT INTO jobs (id, project_id, name, live_name, name_key, description, target_kind, target_id,"
            ' "values",'
            " labels, settings, enabled, health, revision, owner_id, created_at, updated_at)"
            " VALUES (?, ?, ?1, ?1, ?1, '', 'script', ?, '{}', '{}', ?, 1, '{}', 1, ?, ?, ?6)",
            [(job, project, script, settings, owner, at) for job in jobs],
        )
        db.executemany(
            "INSERT INTO job_triggers (id, job_id, project_id, kind, spec, enabled, position, next_at, decided_until,"
            " created_at) VALUES (?, ?, ?, 'cron', ?, 1, 0, ?, ?, ?6)",
            [(ids.new("trg"), job, project, spec, due, at) for job in jobs],
        )
    return jobs


def become_due(data: Path, jobs: list[str], first: datetime, spread_s: float) -> None:
    """Have jobs be due, one after the other or all at once."""
    rows = []
    for n, job in enumerate(jobs):
        at = first + timedelta(seconds=n * spread_s)
        spec = json.dumps({"type": "date", "at": clock.rfc3339(at), "enabled": True})
        rows.append((spec, clock.to_us(at), clock.to_us(at) - 1, job))
    with closing(sqlite3.connect(data / "runyard.db", timeout=30)) as db, db:
        db.executemany(
            "UPDATE job_triggers SET kind = 'date', spec = ?, next_at = ?, decided_until = ? WHERE job_id = ?", rows
        )


def lateness(data: Path, jobs: list[str]) -> list[float]:
    """Return by how many seconds each of their runs was queued after it was due."""
    with closing(sqlite3.connect(data / "runyard.db", timeout=30)) as db:
        rows = db.execute(
            "SELECT r.job_id, r.queued_at - i.slot_due_at FROM runs r JOIN run_inputs i ON i.run_id = r.id"
        ).fetchall()
    wanted = set(jobs)
    return [late / 1e6 for job, late in rows if job in wanted]


def fire(data: Path, jobs: list[str], spread_s: float) -> list[float]:
    """Have jobs be due, and return how late each one was queued."""
    become_due(data, jobs, clock.now() + timedelta(seconds=AHEAD_S), spread_s)
    time.sleep(AHEAD_S + spread_s * len(jobs))
    until = time.monotonic() + 60
    while len(late := lateness(data, jobs)) < len(jobs):
        assert time.monotonic() < until, f"{len(late)} of {len(jobs)} have fired"
        time.sleep(0.2)
    return late


def idle(yard: Yard) -> float:
    """Return the share of a processor, in percent, that a server with all these jobs takes while nothing is due."""
    time.sleep(5)
    process = psutil.Process(yard.process.pid)
    before, began = process.cpu_times(), time.perf_counter()
    time.sleep(IDLE_S)
    after, took = process.cpu_times(), time.perf_counter() - began
    return (after.user + after.system - before.user - before.system) / took * 100


async def ticks(data: Path, jobs: list[str]) -> dict[str, float]:
    """Return how long a scheduler takes to look, and to decide about one among all these."""
    from runyard.engine.ticker import Ticker
    from runyard.settings import Settings
    from runyard.wiring.yard import Yard as Wired

    wired = Wired(Settings(data=data), frozenset({"scheduler"}))
    ticker = Ticker(wired.database, wired.bus, lambda: wired.firing)
    looks, decisions = [], []
    for job in jobs[-TICKS:]:
        began = time.perf_counter()
        await ticker.turn()
        looks.append(time.perf_counter() - began)
        become_due(data, [job], clock.now(), 0)
        began = time.perf_counter()
        await ticker.turn()
        decisions.append(time.perf_counter() - began)
    await wired.stop()
    # The first one loads what decides.
    return {
        "jobs_look_p50_ms": percentile(looks, 0.5) * 1e3,
        "jobs_tick_p50_ms": percentile(decisions[1:], 0.5) * 1e3,
        "jobs_tick_worst_ms": max(decisions[1:]) * 1e3,
    }
