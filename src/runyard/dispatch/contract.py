"""What every dispatch backend promises. The row is the message: what travels is a hint with an id.

A lost hint is sent again, a doubled one finds the row taken: backends may lose and repeat, they may not invent.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct


class Ready(Struct, frozen=True, order=True):
    """A hint in the order in which hints are served: higher priority first, then older ids."""

    rank: int
    run_id: str
    queue: str = "default"

    @classmethod
    def of(cls, run_id: str, queue: str, priority: int) -> "Ready":
        """Make a hint."""
        return cls(-priority, run_id, queue)


class Slot(Protocol):
    """A place for one running script. It is given to a handler held, and freed when the handler ends."""

    def release(self) -> None:
        """Let others run (while an environment is built, say); harmless when it is not held."""

    async def acquire(self) -> None:
        """Wait for a place again, ahead of hints that were never begun."""


class Handler(Protocol):
    """The worker's side."""

    worker_id: str

    async def execute(self, run_id: str, slot: Slot) -> None:
        """Claim and execute the run, if it is still there to be claimed. Must not raise."""

    def foresee(self, taken: Any) -> None:
        """Make ready for a run that is being claimed; `carry_out` or `forget` follows. Must not raise."""

    def forget(self, taken: Any) -> None:
        """Undo `foresee`: the run was not claimed after all."""

    async def carry_out(self, taken: Any, slot: Slot) -> None:
        """Execute a run that was claimed for this worker by whoever wrote its row. Must not raise."""

    def cancel(self, run_id: str) -> None:
        """Cancel the run if this worker holds it; anything else is ignored."""


class Reservation(Protocol):
    """A slot that is held for a run whose row is about to be written. Either `begin` or `release` must follow, once."""

    worker_id: str
    """Who the run is to be claimed for, in the transaction that writes it."""

    def foresee(self, taken: Any) -> None:
        """Tell its worker what is being claimed, from any thread, while the transaction is being committed."""

    def begin(self, run_id: str, taken: Any) -> None:
        """Hand the claimed run to its worker, once the transaction has been committed. Never waits, never fails."""

    def release(self) -> None:
        """Give the slot back: nothing was claimed."""


Refill = Callable[[int], Awaitable[Sequence[Ready]]]
"""Asks the rows: up to that many queued runs that may start, best first."""


class Dispatch(Protocol):
    """Carries hints from whoever commits a row to a worker that serves its queue."""

    def wake(self, run_id: str, *, queue: str, priority: int) -> None:
        """Hint that a queued run may be claimed. Call it after the commit. Never waits, never fails."""

    def reserve(self, queue: str) -> Reservation | None:
        """Hold a free slot that nobody waits for, of a worker in this very process; None where there is none.

        So a run can be accepted and claimed at once. A backend may always answer None.
        """

    def cancel(self, run_id: str) -> None:
        """Hint that a run's cancel flag was raised. Never waits, never fails."""

    async def serve(self, handler: Handler, *, slots: int, queues: Sequence[str], refill: Refill) -> None:
        """Begin to serve queues with at most `slots` runs at once; rows that wait already are found by `refill`."""

    def occupy(self) -> Slot:
        """Return a held slot for a run that was going before serving began; of these there may be more than slots."""

    async def drain(self) -> None:
        """Stop taking hints; handlers that are at work go on."""

    @property
    def in_use(self) -> int:
        """How many slots are held here."""
