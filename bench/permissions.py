"""What it costs to know who asks and whether they may, once that was looked up: of each request's token."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench.history import opened
from bench.yard import PASSWORD
from runyard.access.api_tokens import ApiTokens
from runyard.access.clients import Client
from runyard.access.permissions import Permission
from runyard.access.service import AccessService
from runyard.projects.administration import Administration
from runyard.settings import Settings

BATCHES, BATCH = 40, 500
PROJECTS = 50


def measure() -> dict[str, float]:
    """Return microseconds of processor time, for who comes with a session and for who comes with a token."""
    with tempfile.TemporaryDirectory(prefix="ry-bench-") as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> dict[str, float]:
    settings = Settings(data=folder, seed_examples=False, slots=1, admin_password=PASSWORD)
    async with opened(settings) as (yard, actor):
        projects = Administration(yard.projects, yard.access.actors)
        async with yard.database.write() as session:
            for n in range(PROJECTS):
                await projects.create(session, actor, f"project-{n}", "")
        signed_in = await yard.access.login("admin", PASSWORD, Client())
        async with yard.database.write() as session:
            held = [Permission.run_read, Permission.script_read]
            made = await ApiTokens(yard.access.actors).create(session, actor, "bench", held, None, None)
        tokens = {"session": signed_in.access_token, "token": made.text}
        return {f"permission_{name}_us": await _took(yard.access, text) for name, text in tokens.items()}


async def _took(access: AccessService, token: str) -> float:
    """Return the median of batches, each of them of one request after the other."""
    await access.actor_of(token)
    took = []
    for _ in range(BATCHES):
        began = time.process_time_ns()
        for _ in range(BATCH):
            actor = await access.actor_of(token)
            actor.project("project-7", Permission.run_read)
        took.append((time.process_time_ns() - began) / BATCH / 1000)
    return statistics.median(took)
