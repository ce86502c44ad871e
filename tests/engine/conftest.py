"""One yard for each module of tests; examples of property tests take whatever time they take."""

from collections.abc import AsyncIterator

import pytest_asyncio
from hypothesis import settings

from .yard import Running, opened, options, place, plain_logs

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    """A yard with two slots."""
    async with place() as data, opened(options(data)) as running:
        yield running
