import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runyard.dispatch import local
from runyard.dispatch.contract import Ready
from runyard.dispatch.local import LocalDispatch
from runyard.live.bus import LocalBus
from runyard.live.peers import PeerBus

from .conformance import DispatchConformance, Rows, Worker, Yard, at_once

SELDOM_S, OFTEN_S = 3600.0, 0.005


@asynccontextmanager
async def alone(sweep_s: float) -> AsyncIterator[Yard]:
    dispatch = LocalDispatch(LocalBus(), sweep_s=sweep_s)
    rows = Rows()
    yield Yard(dispatch, dispatch, rows, Worker(rows))
    await dispatch.drain()


@asynccontextmanager
async def apart(folder: Path, sweep_s: float) -> AsyncIterator[Yard]:
    here, there = PeerBus(folder), PeerBus(folder)
    await there.start()
    await here.start()
    rows = Rows()
    serving = LocalDispatch(there, sweep_s=sweep_s)
    yield Yard(LocalDispatch(here), serving, rows, Worker(rows))
    await serving.drain()
    await here.close()
    await there.close()


class TestWithinOneProcess(DispatchConformance):
    @pytest.fixture
    async def yard(self) -> AsyncIterator[Yard]:
        async with alone(SELDOM_S) as yard:
            yield yard

    @pytest.fixture
    async def brisk(self) -> AsyncIterator[Yard]:
        async with alone(OFTEN_S) as yard:
            yield yard


class TestBetweenPeers(DispatchConformance):
    @pytest.fixture
    async def yard(self, tmp_path: Path) -> AsyncIterator[Yard]:
        async with apart(tmp_path, SELDOM_S) as yard:
            yield yard

    @pytest.fixture
    async def brisk(self, tmp_path: Path) -> AsyncIterator[Yard]:
        async with apart(tmp_path, OFTEN_S) as yard:
            yield yard


async def test_what_does_not_fit_the_heap_stays_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MOST", 4)
    async with alone(OFTEN_S) as yard:
        await yard.serve()
        yard.queue("run_00")
        await yard.worker.until(lambda: yard.worker.begun)
        for n in range(1, 20):
            yard.queue(f"run_{n:02}")
        await yard.heard()
        assert len(yard.serving._heap) == 4  # type: ignore[attr-defined]
        yard.worker.work = at_once
        yard.worker.gate("run_00").set()
        await yard.worker.until(lambda: len(yard.worker.ended) == 20)
        assert yard.worker.begun == [f"run_{n:02}" for n in range(20)]


async def test_a_reserved_slot_is_its_run_s_until_that_ends() -> None:
    async with alone(SELDOM_S) as yard:
        await yard.serve()
        reserved = yard.serving.reserve("default")
        assert reserved is not None
        assert reserved.worker_id == "worker"
        assert yard.serving.in_use == 1
        yard.queue("run_2")
        await yard.heard()
        reserved.begin("run_1", "run_1")
        await yard.worker.until(lambda: yard.worker.begun)
        assert yard.worker.begun == ["run_1"]
        yard.worker.gate("run_1").set()
        yard.worker.gate("run_2").set()
        await yard.worker.until(lambda: yard.worker.ended == ["run_1", "run_2"])
        while yard.serving.in_use:
            await asyncio.sleep(0)


async def test_a_slot_that_was_reserved_for_nothing_serves_who_waits() -> None:
    async with alone(SELDOM_S) as yard:
        yard.worker.work = at_once
        await yard.serve()
        reserved = yard.serving.reserve("default")
        assert reserved is not None
        yard.queue("run_1")
        await yard.heard()
        assert not yard.worker.begun
        reserved.release()
        await yard.worker.until(lambda: yard.worker.ended == ["run_1"])


async def test_a_worker_hears_of_what_is_being_claimed_and_whether_it_was() -> None:
    async with alone(SELDOM_S) as yard:
        yard.worker.work = at_once
        await yard.serve()
        claimed = yard.serving.reserve("default")
        assert claimed is not None
        await asyncio.to_thread(claimed.foresee, "run_1")
        await asyncio.sleep(0)
        assert yard.worker.foreseen == ["run_1"]
        claimed.begin("run_1", "run_1")
        await yard.worker.until(lambda: yard.worker.ended == ["run_1"])
        while (refused := yard.serving.reserve("default")) is None:
            await asyncio.sleep(0)
        refused.foresee("run_2")
        await asyncio.sleep(0)
        assert yard.worker.foreseen == ["run_1", "run_2"]
        refused.release()
        assert yard.worker.foreseen == ["run_1"]


async def test_a_word_that_comes_late_is_not_heeded() -> None:
    async with alone(SELDOM_S) as yard:
        yard.worker.work = at_once
        await yard.serve()
        reserved = yard.serving.reserve("default")
        assert reserved is not None
        reserved.foresee("run_1")
        reserved.release()
        await asyncio.sleep(0)
        assert not yard.worker.foreseen


async def test_a_drain_waits_for_what_is_being_claimed() -> None:
    async with alone(SELDOM_S) as yard:
        await yard.serve()
        reserved = yard.serving.reserve("default")
        assert reserved is not None
        draining = asyncio.ensure_future(yard.serving.drain())
        for _ in range(3):
            await asyncio.sleep(0)
        assert not draining.done()
        assert yard.serving.reserve("default") is None
        reserved.begin("run_1", "run_1")
        await draining
        assert yard.worker.begun == ["run_1"]
        yard.worker.gate("run_1").set()
        await yard.worker.until(lambda: yard.worker.ended)


async def test_nobody_passes_rows_that_did_not_fit_the_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MOST", 2)
    async with alone(SELDOM_S) as yard:
        await yard.serve()
        yard.worker.work = at_once
        held = yard.serving.reserve("default")
        assert held is not None
        for n in range(4):
            yard.queue(f"run_{n}")
        await yard.heard()
        held.release()
        await yard.worker.until(lambda: len(yard.worker.ended) == 2)
        while yard.serving.in_use:
            await asyncio.sleep(0)
        assert yard.serving.reserve("default") is None


async def test_idle_waits_for_the_last_one() -> None:
    async with alone(SELDOM_S) as yard:
        assert isinstance(yard.serving, LocalDispatch)
        await yard.serving.idle()
        await yard.serve()
        yard.queue("run_1")
        await yard.worker.until(lambda: yard.worker.begun)
        idle = asyncio.create_task(yard.serving.idle())
        await asyncio.sleep(0)
        assert not idle.done()
        yard.worker.gate("run_1").set()
        await idle
        assert yard.worker.ended == ["run_1"]


async def test_what_is_no_hint_is_left_alone() -> None:
    async with alone(SELDOM_S) as yard:
        await yard.serve()
        bus = yard.serving._bus  # type: ignore[attr-defined]
        for message in (
            {"type": "wake"},
            {"type": "wake", "run_id": 1, "queue": "default", "priority": 0},
            {"type": "?"},
        ):
            bus.publish("worker", message)
        await yard.heard()
        assert yard.worker.begun == []


def test_hints_sort_by_rank_and_age() -> None:
    hints = [Ready.of("run_b", "q", 0), Ready.of("run_a", "q", 0), Ready.of("run_c", "q", 9)]
    assert [ready.run_id for ready in sorted(hints)] == ["run_c", "run_a", "run_b"]
