"""Hints within one installation's processes: a heap and slots in the worker, the live bus in between."""

import asyncio
import heapq
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from runyard import log
from runyard.dispatch.contract import Handler, Ready, Refill, Reservation, Slot
from runyard.live.bus import Bus, Message

logger = log.get("dispatch")

TOPIC = "worker"
MOST = 2000
SWEEP_S = 2.0
DRAIN_S = 0.005


class LocalDispatch:
    """Embedded dispatch. Hints travel over the live bus, so one process or several, it is the same path.

    The heap holds at most `MOST` hints; what does not fit stays in its row and is found by the next refill.
    """

    def __init__(self, bus: Bus, *, sweep_s: float = SWEEP_S) -> None:
        self._bus = bus
        self._sweep_s = sweep_s
        self._heap: list[Ready] = []
        self._known: set[str] = set()
        self._returning: list[asyncio.Future[None]] = []
        self._work: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._slots = 0
        self._held = 0
        self._serving = False
        self._overflowed = False
        self._reserved = 0
        self._handler: Handler | None = None
        self._queues: frozenset[str] = frozenset()

    @property
    def in_use(self) -> int:
        """How many slots are held here."""
        return self._held

    def wake(self, run_id: str, *, queue: str, priority: int) -> None:
        """Hint that a queued run may be claimed."""
        self._bus.publish(TOPIC, {"type": "wake", "run_id": run_id, "queue": queue, "priority": priority})

    def reserve(self, queue: str) -> Reservation | None:
        """Hold a free slot, if this process serves `queue` and nobody waits for one."""
        waited_for = self._heap or self._returning or self._overflowed or self._held >= self._slots
        if self._handler is None or not self._serving or queue not in self._queues or waited_for:
            return None
        self._held += 1
        self._reserved += 1
        return _Reservation(self, self._handler)

    def cancel(self, run_id: str) -> None:
        """Hint that a run's cancel flag was raised."""
        self._bus.publish(TOPIC, {"type": "cancel", "run_id": run_id})

    async def serve(self, handler: Handler, *, slots: int, queues: Sequence[str], refill: Refill) -> None:
        """Begin to serve `queues`."""
        self._handler = handler
        self._slots = slots
        self._queues = frozenset(queues)
        self._serving = True
        listening = asyncio.Event()
        self._loops = [
            asyncio.create_task(self._listen(listening), name="dispatch.listen"),
            asyncio.create_task(self._sweep(refill), name="dispatch.sweep"),
        ]
        # Once somebody listens no hint of this process can be missed any more.
        await listening.wait()

    async def drain(self) -> None:
        """Stop taking hints."""
        self._serving = False
        for loop in self._loops:
            loop.cancel()
        for loop in self._loops:
            with suppress(asyncio.CancelledError):
                await loop
        self._loops = []
        self._heap.clear()
        self._known.clear()
        # What is being claimed at this moment still reaches its worker.
        while self._reserved:
            await asyncio.sleep(DRAIN_S)
        await asyncio.sleep(0)

    def occupy(self) -> Slot:
        """Return a held slot for a run that was going before serving began."""
        self._held += 1
        return _Slot(self)

    async def idle(self) -> None:
        """Wait until no handler is at work."""
        while self._work:
            await asyncio.wait(self._work)

    async def _listen(self, listening: asyncio.Event) -> None:
        with self._bus.subscribe(TOPIC) as subscription:
            listening.set()
            async for _topic, message in subscription:
                self._take(message)
                for _, more in subscription.pending():
                    self._take(more)
                self._fill()

    def _take(self, message: Message) -> None:
        match message:
            case {"type": "wake", "run_id": str(run_id), "queue": str(queue), "priority": int(priority)}:
                self._push(Ready.of(run_id, queue, priority))
            case {"type": "cancel", "run_id": str(run_id)} if self._handler is not None:
                self._handler.cancel(run_id)
            case _:
                pass

    async def _sweep(self, refill: Refill) -> None:
        # Rows that waited before we listened, rows that fell out of a full heap, rows whose hint was lost or that
        # were not due yet: they are all found the same way.
        while True:
            try:
                if len(self._heap) < MOST // 2:
                    found = await refill(MOST)
                    self._overflowed = len(found) >= MOST
                    for ready in found:
                        self._push(ready)
                    self._fill()
            except Exception:
                logger.exception("dispatch.sweep_failed")
            await asyncio.sleep(self._sweep_s)

    def _push(self, ready: Ready) -> None:
        if ready.queue not in self._queues or ready.run_id in self._known:
            return
        if len(self._heap) >= MOST:
            self._overflowed = True
            return
        self._known.add(ready.run_id)
        heapq.heappush(self._heap, ready)

    def _fill(self) -> None:
        while self._held < self._slots:
            while self._returning:
                future = self._returning.pop(0)
                if not future.done():
                    self._held += 1
                    future.set_result(None)
                    break
            else:
                if not (self._heap and self._serving):
                    return
                ready = heapq.heappop(self._heap)
                self._begin(ready)

    def _begin(self, ready: Ready) -> None:
        assert self._handler is not None  # noqa: S101 - set by serve, before anything is begun
        slot = _Slot(self)
        self._held += 1
        self._set_to_work(ready.run_id, self._handler.execute(ready.run_id, slot), slot)

    def begin_taken(self, run_id: str, taken: Any) -> None:
        """Have a run carried out that was claimed in a reserved slot."""
        assert self._handler is not None  # noqa: S101 - there was one to reserve a slot of
        slot = _Slot(self)
        self._reserved -= 1
        self._known.add(run_id)
        self._set_to_work(run_id, self._handler.carry_out(taken, slot), slot)

    def unreserve(self) -> None:
        """Take back a reserved slot that was not used."""
        self._reserved -= 1
        self.free_one()

    def _set_to_work(self, run_id: str, work: Coroutine[Any, Any, None], slot: "_Slot") -> None:
        task = asyncio.create_task(self._see_through(run_id, work, slot), name=f"run {run_id}")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _see_through(self, run_id: str, work: Coroutine[Any, Any, None], slot: "_Slot") -> None:
        try:
            await work
        except Exception:
            logger.exception("dispatch.handler_failed", run_id=run_id)
        finally:
            self._known.discard(run_id)
            slot.release()

    def free_one(self) -> None:
        """Take back a slot that was let go and give it on."""
        self._held -= 1
        self._fill()

    async def wait_for_one(self) -> None:
        """Wait for a free slot, ahead of fresh hints."""
        if self._held < self._slots and not self._returning:
            self._held += 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._returning.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.free_one()
            raise
        finally:
            # One who went away must not stand before those who come.
            if future in self._returning:
                self._returning.remove(future)


class _Slot:
    def __init__(self, dispatch: LocalDispatch) -> None:
        self._dispatch = dispatch
        self._held = True

    def release(self) -> None:
        if self._held:
            self._held = False
            self._dispatch.free_one()

    async def acquire(self) -> None:
        if not self._held:
            await self._dispatch.wait_for_one()
            self._held = True


class _Reservation:
    def __init__(self, dispatch: LocalDispatch, handler: Handler) -> None:
        self._dispatch = dispatch
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._foreseen: Any = None
        self._over = False
        self.worker_id = handler.worker_id

    def foresee(self, taken: Any) -> None:
        self._loop.call_soon_threadsafe(self._foresee, taken)

    def _foresee(self, taken: Any) -> None:
        if not self._over:
            self._foreseen = taken
            self._handler.foresee(taken)

    def begin(self, run_id: str, taken: Any) -> None:
        self._over = True
        self._dispatch.begin_taken(run_id, taken)

    def release(self) -> None:
        self._over = True
        if self._foreseen is not None:
            self._handler.forget(self._foreseen)
        self._dispatch.unreserve()
