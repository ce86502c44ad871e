"""Following a run to its end, through lost connections and restarts of the server, and what Ctrl-C means then."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

import typer

from runyard.cli.client import Server
from runyard.cli.errors import Refused, ServerUnreachable, Trouble
from runyard.cli.output import note
from runyard.cli.show import Show
from runyard.cli.stream import Event, Parser

TERMINAL = frozenset({"succeeded", "failed", "timed_out", "cancelled", "lost"})
WAITING = frozenset({"queued", "starting"})
TIMED_OUT, NOT_STARTED, INTERRUPTED = 124, 125, 130
TWICE_S = 2.0
"""A second Ctrl-C within so many seconds cancels the run."""
QUIET_S = 45.0
"""A stream that is silent for so long is dead: the server breathes every 15 s."""
GIVE_UP_S = 300.0
ASK_S = 1.0
_GATEWAY = frozenset({502, 503, 504})


class Detached(KeyboardInterrupt):
    """Ctrl-C, at a moment at which nothing is half done."""


class StreamLost(Trouble):
    """The run can't be followed any more."""

    exit_code = NOT_STARTED


def exit_code(run: dict[str, Any]) -> int:
    """Return the exit code that a finished run stands for. Pure."""
    state, code = run["state"], run.get("exit_code")
    if state == "succeeded":
        return 0
    if state == "failed":
        # What ended well and still failed must not look like success.
        return NOT_STARTED if code is None else code or 1
    return {"timed_out": TIMED_OUT, "cancelled": INTERRUPTED}.get(state, NOT_STARTED)


def follow(server: Server, run_id: str, show: Show, *, after: int = 0, cancels: bool = True) -> dict[str, Any]:
    """Show a run until it ends, and return it.

    Ctrl-C detaches: it exits with 130 and the run goes on. With `cancels`, a second one within two seconds cancels
    the run instead, and it is followed to its end.
    """
    follower = _Follower(server, run_id, show, after)
    with _Interrupts() as interrupts:
        while True:
            try:
                follower.to_end(interrupts)
                break
            except Detached:
                show.flush()
                if not cancels or interrupts.past_second:
                    _part(run_id)
                note(f"\nPress Ctrl-C again within {TWICE_S:g} s to cancel the run.")
                if not interrupts.again(TWICE_S):
                    _part(run_id)
                note("Cancelling the run.")
                _cancel(server, run_id)
    run: dict[str, Any] = server.get(f"/runs/{run_id}")
    show.ended(run)
    return run


def _part(run_id: str) -> None:
    note(f"Detached; the run goes on. Follow it: `runyard logs -f {run_id}`. Cancel it: `runyard cancel {run_id}`.")
    raise typer.Exit(INTERRUPTED)


def _cancel(server: Server, run_id: str) -> None:
    # Over meanwhile: then there is nothing to cancel, and following tells how it ended.
    with contextlib.suppress(Refused):
        server.post(f"/runs/{run_id}/cancel")


class _Interrupts:
    """Counts Ctrl-C, and raises `Detached` only within `heard`."""

    def __init__(self) -> None:
        self._count = 0
        self._answered = 0
        self._armed = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._armed:
            self._raise()

    def _raise(self) -> None:
        self._armed = False
        self._answered = self._count
        raise Detached

    @property
    def past_second(self) -> bool:
        """Whether there were more than two: somebody wants out."""
        return self._count > 2  # noqa: PLR2004 - one detaches, two cancel

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Raise `Detached` at a Ctrl-C within the block, and at one that came before it."""
        self._armed = True
        try:
            if self._count > self._answered:
                self._raise()
            yield
        finally:
            self._armed = False

    def again(self, patience_s: float) -> bool:
        """Wait for another Ctrl-C, `patience_s` seconds at the most; whether it came."""
        until = time.monotonic() + patience_s
        while self._count < 2 and time.monotonic() < until:  # noqa: PLR2004 - the second one counts
            time.sleep(0.02)
        self._answered = self._count
        return self._count >= 2  # noqa: PLR2004 - the second one counts


class _Follower:
    """Where the following of one run stands."""

    def __init__(self, server: Server, run_id: str, show: Show, after: int) -> None:
        self._server = server
        self._run_id = run_id
        self._show = show
        self._n = after
        self._attempt: int | None = None
        self._patience = _Patience(server, run_id, show)

    def to_end(self, interrupts: _Interrupts) -> None:
        """Show everything from where it stands to the end of the run."""
        lost_at: float | None = None
        pause = 0.1
        while True:
            try:
                for chunk in self._chunks(interrupts):
                    lost_at, pause = None, 0.1
                    if self._take(chunk):
                        return
            except (ServerUnreachable, Refused) as error:
                if isinstance(error, Refused) and error.status not in _GATEWAY:
                    raise
                lost_at = self._lost(lost_at)
            with interrupts.heard():
                time.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _lost(self, since: float | None) -> float:
        now = time.monotonic()
        if since is None:
            note("The connection is lost; the run goes on. Trying again.")
        elif now - since > GIVE_UP_S:
            raise StreamLost(
                f"The server has been silent for {GIVE_UP_S:.0f} s; what became of the run is not known.",
                hint=f"Once it is back: `runyard logs -f {self._run_id}`.",
            )
        return since or now

    def _chunks(self, interrupts: _Interrupts) -> Iterator[list[Event]]:
        """Yield events as they come, in batches; waiting can be interrupted, showing a batch can't."""
        parser = Parser()
        params = {"attempt": self._attempt} if self._attempt else {}
        headers = {
            "Last-Event-ID": str(self._n),
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
        }
        path = f"/runs/{self._run_id}/logs/stream"
        with contextlib.ExitStack() as stack:
            with interrupts.heard():
                opened = self._server.opened("GET", path, params=params, headers=headers, timeout=QUIET_S)
                response = stack.enter_context(opened)
                chunks = response.iter_bytes()
            while True:
                with interrupts.heard():
                    chunk = next(chunks, None)
                if chunk is None:
                    return
                yield parser.feed(chunk)

    def _take(self, batch: list[Event]) -> bool:
        """Show a batch; whether the run is over."""
        over = False
        for event in batch:
            if event.kind == "log":
                self._n = event.data["n"]
                self._patience.over()
                self._show.line(event.data)
            elif event.kind == "state":
                self._on_state(event.data)
            elif event.kind == "end":
                over = self._on_end(event.data)
        self._show.flush()
        return over

    def _on_state(self, state: dict[str, Any]) -> None:
        if self._attempt is not None and state["attempt"] != self._attempt:
            return  # tells of a later attempt, which is followed once this one is through
        self._attempt = state["attempt"]
        self._patience.begin() if state["state"] in WAITING else self._patience.over()
        self._show.state(state)

    def _on_end(self, state: dict[str, Any]) -> bool:
        self._patience.over()
        if state["state"] in TERMINAL and state["attempt"] == self._attempt:
            return True
        self._attempt, self._n = state["attempt"], 0
        return False


class _Patience:
    """Tells what a run waits for, as long as it waits."""

    def __init__(self, server: Server, run_id: str, show: Show) -> None:
        self._server = server
        self._run_id = run_id
        self._show = show
        self._over = threading.Event()
        self._over.set()

    def begin(self) -> None:
        """Begin to ask, unless it is being asked."""
        if self._over.is_set():
            self._over = threading.Event()
            threading.Thread(target=self._ask, args=(self._over,), daemon=True).start()

    def over(self) -> None:
        """Ask no more."""
        self._over.set()

    def _ask(self, over: threading.Event) -> None:
        told = ""
        while not over.wait(ASK_S):
            try:
                waiting = self._server.get(f"/runs/{self._run_id}").get("waiting_for")
            except Trouble:
                continue  # following itself notices what is wrong
            message = waiting["message"] if waiting else ""
            if message and message != told and not over.is_set():
                told = message
                self._show.waits(message)
