"""What every dispatch backend must do. A backend's test class inherits this and gives `yard`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from runyard.dispatch.contract import Dispatch, Ready, Slot


@dataclass
class Rows:
    """The queue's rows, which are the truth: run id → (queue, priority)."""

    queued: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: int = 0

    async def refill(self, limit: int) -> Sequence[Ready]:
        self.asked += 1
        found = sorted(Ready.of(run_id, *where) for run_id, where in self.queued.items())
        return found[:limit]


class Worker:
    """A handler that claims rows and then does what a test wants of it."""

    worker_id = "worker"

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.foreseen: list[str] = []
        self.vain = 0
        self.at_once = 0
        self.most_at_once = 0
        self.work: Callable[[str, Slot], Awaitable[None]] = self._gated
        self.gates: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Condition()

    def foresee(self, taken: str) -> None:
        self.foreseen.append(taken)

    def forget(self, taken: str) -> None:
        self.foreseen.remove(taken)

    async def execute(self, run_id: str, slot: Slot) -> None:
        if self.rows.queued.pop(run_id, None) is None:
            self.vain += 1
            await self._tell()
            return
        await self.carry_out(run_id, slot)

    async def carry_out(self, taken: str, slot: Slot) -> None:
        run_id = taken
        self.begun.append(run_id)
        self.enter()
        await self._tell()
        try:
            await self.work(run_id, slot)
        finally:
            self.at_once -= 1
            self.ended.append(run_id)
            await self._tell()

    def enter(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def cancel(self, run_id: str) -> None:
        self.cancelled.append(run_id)
        self._told = asyncio.ensure_future(self._tell())

    def gate(self, run_id: str) -> asyncio.Event:
        return self.gates.setdefault(run_id, asyncio.Event())

    async def _gated(self, run_id: str, _slot: Slot) -> None:
        await self.gate(run_id).wait()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something that the worker notes has come true."""
        async with self.changed:
            await self.changed.wait_for(lambda: bool(true()))


async def at_once(_run_id: str, _slot: Slot) -> None:
    """Work that takes no time."""


@dataclass
class Yard:
    """One who hints and one who serves; `serving` is the dispatch with the worker, `make` gives it its own pace."""

    hinting: Dispatch
    serving: Dispatch
    rows: Rows
    worker: Worker

    def queue(self, run_id: str, priority: int = 0, queue: str = "default", *, hint: bool = True) -> None:
        self.rows.queued[run_id] = (queue, priority)
        if hint:
            self.hinting.wake(run_id, queue=queue, priority=priority)

    async def serve(self, slots: int = 1, queues: Sequence[str] = ("default",)) -> None:
        await self.serving.serve(self.worker, slots=slots, queues=queues, refill=self.rows.refill)
        # what comes from now on comes by hints, not by the first look at the rows
        while not self.rows.asked:
            await asyncio.sleep(0)

    async def heard(self) -> None:
        """Wait until every hint so far has arrived."""
        self.hinting.cancel("marker")
        await self.worker.until(lambda: "marker" in self.worker.cancelled)
        self.worker.cancelled.remove("marker")


class DispatchConformance:
    """`yard` hints quickly and looks at the rows seldom; `brisk` looks often."""

    async def test_a_wake_is_executed_once_though_hinted_five_times(self, yard: Yard) -> None:
        await yard.serve()
        yard.queue("run_1")
        for _ in range(4):
            yard.hinting.wake("run_1", queue="default", priority=0)
        await yard.worker.until(lambda: yard.worker.begun)
        yard.hinting.wake("run_1", queue="default", priority=0)
        await yard.heard()
        yard.worker.gate("run_1").set()
        await yard.worker.until(lambda: yard.worker.ended)
        # a hint that comes after everything finds the row taken
        yard.hinting.wake("run_1", queue="default", priority=0)
        await yard.worker.until(lambda: yard.worker.vain)
        assert yard.worker.begun == ["run_1"]
        assert yard.worker.vain == 1

    async def test_higher_priorities_then_older_ones(self, yard: Yard) -> None:
        await yard.serve()
        yard.queue("run_0")
        await yard.worker.until(lambda: yard.worker.begun)
        for run_id, priority in (("run_3", 0), ("run_1", 0), ("run_4", 5), ("run_2", -1), ("run_5", 5)):
            yard.queue(run_id, priority)
        await yard.heard()
        yard.worker.work = at_once
        yard.worker.gate("run_0").set()
        await yard.worker.until(lambda: len(yard.worker.ended) == 6)
        assert yard.worker.begun == ["run_0", "run_4", "run_5", "run_1", "run_3", "run_2"]

    async def test_slots_are_never_exceeded(self, yard: Yard) -> None:
        await yard.serve(slots=3)
        for n in range(7):
            yard.queue(f"run_{n}")
        await yard.heard()
        await yard.worker.until(lambda: len(yard.worker.begun) == 3)
        assert yard.serving.in_use == 3
        for n in range(7):
            yard.worker.gate(f"run_{n}").set()
        await yard.worker.until(lambda: len(yard.worker.ended) == 7)
        assert yard.worker.most_at_once == 3

    async def test_one_that_lets_its_slot_go_lets_others_run(self, yard: Yard) -> None:
        built, again = asyncio.Event(), asyncio.Event()

        async def work(run_id: str, slot: Slot) -> None:
            if run_id != "run_1":
                await yard.worker.gate(run_id).wait()
                return
            slot.release()
            slot.release()
            yard.worker.at_once -= 1
            await built.wait()
            await slot.acquire()
            await slot.acquire()
            yard.worker.enter()
            again.set()

        yard.worker.work = work
        await yard.serve()
        yard.queue("run_1")
        await yard.worker.until(lambda: yard.worker.begun == ["run_1"])
        for n in (2, 3, 4):
            yard.queue(f"run_{n}")
        await yard.worker.until(lambda: len(yard.worker.begun) == 2)
        assert yard.serving.in_use == 1
        # it comes back ahead of what was never begun
        built.set()
        await yard.heard()
        assert not again.is_set()
        yard.worker.gate("run_2").set()
        await again.wait()
        await yard.worker.until(lambda: "run_3" in yard.worker.begun)
        assert yard.worker.ended == ["run_2", "run_1"]
        assert yard.worker.most_at_once == 1
        yard.worker.gate("run_3").set()
        yard.worker.gate("run_4").set()
        await yard.worker.until(lambda: len(yard.worker.ended) == 4)

    async def test_one_that_gives_up_waiting_for_its_slot_is_in_nobody_s_way(self, yard: Yard) -> None:
        waits = asyncio.Event()

        async def work(run_id: str, slot: Slot) -> None:
            if run_id == "run_1":
                slot.release()
                waiting = asyncio.create_task(slot.acquire())
                await yard.worker.until(lambda: "run_2" in yard.worker.begun)
                waiting.cancel()
                await asyncio.wait({waiting})
                waits.set()
            await yard.worker.gate(run_id).wait()
            if run_id == "run_1":
                await slot.acquire()

        yard.worker.work = work
        await yard.serve()
        yard.queue("run_1")
        yard.queue("run_2")
        await waits.wait()
        yard.worker.gate("run_2").set()
        await yard.worker.until(lambda: "run_2" in yard.worker.ended)
        yard.worker.gate("run_1").set()
        await yard.worker.until(lambda: "run_1" in yard.worker.ended)
        while yard.serving.in_use:
            await asyncio.sleep(0)
        yard.queue("run_3")
        yard.worker.gate("run_3").set()
        await yard.worker.until(lambda: "run_3" in yard.worker.ended)

    async def test_a_cancel_reaches_the_worker(self, yard: Yard) -> None:
        await yard.serve()
        yard.hinting.cancel("run_9")
        await yard.worker.until(lambda: yard.worker.cancelled == ["run_9"])

    async def test_hints_that_were_sent_before_anybody_served(self, yard: Yard) -> None:
        yard.worker.work = at_once
        yard.queue("run_2")
        yard.queue("run_1", hint=False)
        await yard.serve()
        await yard.worker.until(lambda: len(yard.worker.ended) == 2)
        assert yard.worker.begun == ["run_1", "run_2"]

    async def test_a_lost_hint_is_found_by_looking(self, brisk: Yard) -> None:
        await brisk.serve()
        brisk.worker.work = at_once
        brisk.queue("run_1", hint=False)
        await brisk.worker.until(lambda: brisk.worker.ended == ["run_1"])

    async def test_looking_repeats_nothing(self, brisk: Yard) -> None:
        await brisk.serve(slots=2)
        brisk.queue("run_1")
        await brisk.worker.until(lambda: brisk.worker.begun)
        # the row is still there, as if its claim were slow
        brisk.rows.queued["run_1"] = ("default", 0)
        before = brisk.rows.asked
        while brisk.rows.asked < before + 3:
            await asyncio.sleep(0.001)
        assert brisk.worker.begun == ["run_1"]
        del brisk.rows.queued["run_1"]
        brisk.worker.gate("run_1").set()
        await brisk.worker.until(lambda: brisk.worker.ended)

    async def test_a_drain_takes_nothing_more_but_lets_work_end(self, yard: Yard) -> None:
        await yard.serve()
        yard.queue("run_1")
        yard.queue("run_2")
        await yard.worker.until(lambda: yard.worker.begun)
        await yard.heard()
        await yard.serving.drain()
        yard.queue("run_3")
        yard.worker.gate("run_1").set()
        await yard.worker.until(lambda: yard.worker.ended)
        while yard.serving.in_use:
            await asyncio.sleep(0)
        assert yard.worker.begun == ["run_1"]
        assert set(yard.rows.queued) == {"run_2", "run_3"}

    async def test_who_only_hints_has_no_slot_to_reserve(self, yard: Yard) -> None:
        assert yard.serving.reserve("default") is None
        await yard.serve(queues=["fast"])
        assert yard.serving.reserve("default") is None
        if yard.hinting is not yard.serving:
            assert yard.hinting.reserve("fast") is None

    async def test_a_slot_is_reserved_for_nobody_while_others_wait_or_hold_it(self, yard: Yard) -> None:
        await yard.serve()
        yard.queue("run_1")
        await yard.worker.until(lambda: yard.worker.begun)
        assert yard.serving.reserve("default") is None
        yard.queue("run_2")
        await yard.heard()
        yard.worker.gate("run_1").set()
        await yard.worker.until(lambda: "run_2" in yard.worker.begun)
        assert yard.serving.reserve("default") is None
        yard.worker.gate("run_2").set()
        await yard.worker.until(lambda: len(yard.worker.ended) == 2)

    async def test_other_people_s_queues_are_left_alone(self, yard: Yard) -> None:
        yard.worker.work = at_once
        yard.queue("run_0", queue="gpu", hint=False)
        await yard.serve(queues=["default", "fast"])
        yard.queue("run_1", queue="gpu")
        yard.queue("run_2", queue="fast")
        yard.queue("run_3")
        await yard.worker.until(lambda: len(yard.worker.ended) == 2)
        await yard.heard()
        assert sorted(yard.worker.begun) == ["run_2", "run_3"]

    async def test_a_worker_that_breaks_frees_its_slot(self, yard: Yard) -> None:
        async def work(run_id: str, slot: Slot) -> None:
            if run_id == "run_1":
                raise RuntimeError("must not happen")

        yard.worker.work = work
        await yard.serve()
        yard.queue("run_1")
        yard.queue("run_2")
        await yard.worker.until(lambda: yard.worker.ended == ["run_1", "run_2"])

    async def test_what_was_going_before_takes_slots_too(self, yard: Yard) -> None:
        yard.worker.work = at_once
        going = [yard.serving.occupy() for _ in range(3)]
        await yard.serve(slots=2)
        assert yard.serving.in_use == 3
        yard.queue("run_1")
        await yard.heard()
        going[0].release()
        await yard.heard()
        assert yard.worker.begun == []
        going[1].release()
        await yard.worker.until(lambda: yard.worker.ended == ["run_1"])
        going[2].release()
        while yard.serving.in_use:
            await asyncio.sleep(0)

    async def test_looking_goes_on_though_the_database_is_away(self, brisk: Yard) -> None:
        refill, troubles = brisk.rows.refill, [OSError("away")] * 2

        async def shaky(limit: int) -> Sequence[Ready]:
            if troubles:
                raise troubles.pop()
            return await refill(limit)

        brisk.rows.refill = shaky  # type: ignore[method-assign]
        brisk.worker.work = at_once
        brisk.queue("run_1", hint=False)
        await brisk.serve()
        await brisk.worker.until(lambda: brisk.worker.ended)
