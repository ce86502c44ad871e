"""A long history: the list of runs at a million runs, filtered in every mix; and its removal beside submits."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Self

from sqlalchemy import text

from bench.seeding import REMOVED, RUNS, postgres, seed
from bench.yard import PASSWORD, Yard, percentile, started
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.db import migrate
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.runs import listing, views
from runyard.runs.lifecycle import State
from runyard.runs.listing import Filter
from runyard.secrets import keys
from runyard.settings import RetentionSettings, Settings
from runyard.wiring import Yard as House

TIMES = 40
SUBMITS_S = 6.0
EVERY_S = 0.02
STATES = (None, State.succeeded, State.failed, State.lost, State.timed_out)
OWNERS = (None, "scr_0", "scr_7", "scr_none")
LABELS = (None, ("env", "prod"), ("env", "rare"), ("env", "none"), ("env", None), ("none", None))
# A server that takes runs and keeps house, soon, but executes nothing.
START = """
import sys
from runyard.api.server import serve
from runyard.engine import undertaker
from runyard.settings import RetentionSettings, Settings
undertaker.EVERY_S = 3.0
settings = Settings(data=sys.argv[1], port=0)
serve(settings, frozenset({"api", "scheduler"}), on_ready=lambda ready: print(ready.url, flush=True))
"""


def measure() -> dict[str, float]:
    """Measure on SQLite and on PostgreSQL."""
    # Both at once: a yard moves where Python puts what is temporary.
    with (
        tempfile.TemporaryDirectory(prefix="ry-bench-") as one,
        tempfile.TemporaryDirectory(prefix="ry-bench-") as other,
    ):
        figures = _measure("sqlite", Path(one), "")
        with postgres(Path(other)) as url:
            return figures | _measure("postgresql", Path(other) / "yard", url)


def _measure(kind: str, folder: Path, url: str) -> dict[str, float]:
    settings = Settings(
        data=folder,
        database_url=url,
        seed_examples=False,
        slots=1,
        admin_password=PASSWORD,
        retention=RetentionSettings(max_age_days=None),
    )
    worst, p95 = asyncio.run(_written(settings))
    idle, busy, rate = removal(settings)
    return {
        f"{kind}_list_p95_ms": p95,
        f"{kind}_list_worst_mix_p95_ms": worst,
        f"{kind}_submit_idle_p95_ms": idle,
        f"{kind}_submit_beside_removal_p95_ms": busy,
        f"{kind}_submit_p95_ratio": busy / idle,
        f"{kind}_removed_runs_per_s": rate,
    }


async def _written(settings: Settings) -> tuple[float, float]:
    async with opened(settings) as (yard, actor):
        await seed(yard.database, actor.memberships[0].project_id)
        return await lists(yard.database, actor)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[House, Actor]]:
    """Open a yard that takes runs and keeps house, but executes nothing."""
    settings.data.mkdir(parents=True, exist_ok=True)
    keys.load(settings.data)
    first = Database.connect(settings.sqlalchemy_url)
    await migrate.upgrade(first)
    await first.close()
    yard = House(settings, frozenset({"api", "scheduler"}))
    try:
        await yard.start()
        async with yard.database.read() as session:
            project = (await session.execute(text("SELECT id FROM projects"))).scalar_one()
            user = (await session.execute(text("SELECT id FROM users"))).scalar_one()
        member = Membership(ProjectId(project), "default", ROLES[Role.admin])
        yield yard, Actor(UserId(user), "admin", "ses_x", is_admin=True, memberships=(member,))
    finally:
        await yard.stop()


async def lists(database: Database, actor: Actor) -> tuple[float, float]:
    """Return the p95 of the slowest mix of filters, and of all of them, in ms."""
    project = actor.memberships[0].project_id
    mixes = [
        (
            Filter(
                projects=[project],
                states=(state,) if state else (),
                script_id=owner,
                labels=(label,) if label else (),
            ),
            page,
        )
        for state, owner, label, page in product(STATES, OWNERS, LABELS, (None, f"run_{RUNS // 2:026d}"))
    ]
    took: list[list[float]] = [[] for _ in mixes]
    for _ in range(TIMES):
        # In turns: what disturbs a machine for a moment is then not taken for a slow mix, nor a warm one for a quick.
        for (which, page), times in zip(mixes, took, strict=True):
            times.append(await _one(database, actor, which, page))
    return max(percentile(times, 0.95) for times in took), percentile([t for times in took for t in times], 0.95)


async def _one(database: Database, actor: Actor, which: Filter, before: str | None) -> float:
    began = time.perf_counter()
    async with database.read() as session:
        rows = await listing.listed(session, which, before, 51)
        await views.summaries(session, actor, rows)
    return 1000 * (time.perf_counter() - began)


def removal(settings: Settings) -> tuple[float, float, float]:
    """Return the p95 of submits in ms, idle and while history is removed, and how many runs a second went."""
    # By its ids this history is older than any rule that goes by age: nothing goes before it is told to.
    there = {"DATABASE_URL": settings.database_url, "SEED_EXAMPLES": "false", "SLOTS": "1"}
    there["RETENTION__MAX_AGE_DAYS"] = "36500"
    with started(settings.data, start=START, **there) as yard, _Oldest(settings) as oldest:
        _keep(yard, None)
        script = yard.script("Bench", "true", "shell")
        _submits(yard, script, _after(1))
        idle = _submits(yard, script, _after(SUBMITS_S))
        _keep(yard, RUNS - REMOVED)
        first = oldest.place()
        while oldest.place() == first:
            time.sleep(0.005)
        busy = _submits(yard, script, oldest.rests)
        return percentile(idle, 0.95), percentile(busy, 0.95), oldest.rate()


def _keep(yard: Yard, runs: int | None) -> None:
    rule = {"retention": {"max_runs": runs}}
    yard.api.put("/projects/default/run-policy", json=rule).raise_for_status()


class _Oldest:
    """Watches removal from outside: ids count up, so the oldest one tells how many are gone."""

    def __init__(self, settings: Settings) -> None:
        self._runner = asyncio.Runner()
        self._database = Database.connect(settings.sqlalchemy_url)
        self._seen: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._database.close())
        self._runner.close()

    def place(self) -> int:
        """Return the number of the oldest run, and note when it changes."""
        found = self._runner.run(self._ask())
        if not self._seen or self._seen[-1][1] != found:
            self._seen.append((time.perf_counter(), found))
        return found

    async def _ask(self) -> int:
        async with self._database.read() as session:
            oldest = (await session.execute(text("SELECT id FROM runs ORDER BY id LIMIT 1"))).scalar_one()
        return int(str(oldest).removeprefix("run_")) if str(oldest)[4:].isdigit() else RUNS

    def rests(self) -> bool:
        """Whether nothing has gone for a while."""
        self.place()
        return time.perf_counter() - self._seen[-1][0] > 1

    def rate(self) -> float:
        """Return how many went a second, from the first change seen to the last."""
        (began, first), (ended, last) = self._seen[1], self._seen[-1]
        return (last - first) / (ended - began)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def _submits(yard: Yard, script: str, over: Callable[[], bool]) -> list[float]:
    """Submit runs at a steady pace until something is over; return how long each answer took, in ms."""
    took: list[float] = []
    while not over():
        began = time.perf_counter()
        yard.submit(script)
        took.append(1000 * (time.perf_counter() - began))
        time.sleep(EVERY_S)
    return took
