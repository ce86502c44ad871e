"""One yard per isolation level, with limits in force, for scripts that mean harm."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runyard.sandbox import Level
from tests.engine.yard import opened, options, place, plain_logs
from tests.sandbox.enginehouse import lacking, running

from .ordeal import CANARY, LIMITS, Ordeal

plain_logs()

LEVELS = [
    pytest.param("process", id="process"),
    pytest.param("bubblewrap", id="bubblewrap", marks=pytest.mark.needs_bwrap),
    pytest.param("container", id="container", marks=[pytest.mark.slow, pytest.mark.needs_root]),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LEVELS)
async def ordeal(request: pytest.FixtureRequest) -> AsyncIterator[Ordeal]:
    """A yard whose runs are kept at one level; what stands in its own environment must never be seen in them."""
    level = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_TEST_CANARY", CANARY)
        if level != "container":
            async with _yard({"level": level}, level) as made:
                yield made
            return
        if why := lacking("docker"):
            pytest.skip(why)
        with running("docker") as socket:
            sandbox = {"level": level, "engine": socket, "engine_network": "host"}
            async with _yard(sandbox, level) as made:
                yield made


class _yard:  # noqa: N801 - used as a function is
    """A yard, left only when nothing runs in it any more."""

    def __init__(self, sandbox: dict[str, str], level: str) -> None:
        self._sandbox, self._level = sandbox, level

    async def __aenter__(self) -> Ordeal:
        from runyard.settings import SandboxSettings

        self._place = place()
        data = await self._place.__aenter__()
        settings = options(data, slots=4, sandbox=SandboxSettings(**self._sandbox), runs=LIMITS)
        self._opened = opened(settings)
        running_yard = await self._opened.__aenter__()
        assert running_yard.yard.executor
        probes = running_yard.yard.executor.crew.sandboxes.probe()
        probe = next(probe for probe in probes if probe.level is Level(self._level))
        if not probe.available:
            await self.__aexit__()
            pytest.skip(f"{self._level} is not available here: {probe.reason}")
        return Ordeal(running_yard, self._level)

    async def __aexit__(self, *_: object) -> None:
        await self._opened.__aexit__(None, None, None)
        await self._place.__aexit__(None, None, None)
