from collections.abc import AsyncIterator

import pytest

from .people import People, people


@pytest.fixture
async def world() -> AsyncIterator[People]:
    async with people() as made:
        yield made
