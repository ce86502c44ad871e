"""One yard for each module of tests."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.engine.yard import Running, opened, options, place, plain_logs

plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    """A yard with two slots and small limits on what comes in."""
    limits = {"limits": {"body": 100_000, "upload": 300_000, "upload_files": 3}}
    async with place() as data, opened(options(data, **limits)) as running:
        yield running
