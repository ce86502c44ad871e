"""The launcher: a small process that forks shims and knows nothing of what becomes of their attempts.

A shim that has settled an attempt and has nothing of it left comes back for the next, which spares a fork and the
copies of pages that follow one. The launcher is single-threaded and small on purpose: every shim is a copy of it.
It ends when its agent does, and shims without an attempt end with it.
"""

from __future__ import annotations

# the bare module: the one on top of it brings enumerations and selectors that a launcher has no use for
import _socket
import gc
import os
import select
import signal
from contextlib import suppress

from . import kernel
from .claim import boot_id
from .order import Order
from .protocol import ForeignMessage, Lines, encode_line
from .standby import become_shim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REPLY_BYTES = 65536
_MOST_IDLE = 4


class _Shim:
    """A shim's line, the ticket of the order that it has not answered yet, and the order if it was handed on."""

    __slots__ = ("lines", "order", "ticket")

    def __init__(self, ticket: object) -> None:
        self.ticket = ticket
        self.order: Order | None = None
        self.lines = Lines()


class Launcher:
    """Serves one agent over a connected socket's descriptor until that closes."""

    def __init__(self, agent: int) -> None:
        self._agent = agent
        self._lines = Lines()
        self._shims: dict[int, _Shim] = {}
        self._idle: list[int] = []
        self._boot = boot_id()
        self._poll = select.poll()
        self._poll.register(agent, select.POLLIN)

    def serve(self) -> None:
        """Answer orders until the agent is gone."""
        self._send(encode_line("ready", pid=os.getpid()))
        # the first attempt finds a shim that has been forked ahead of need
        with suppress(OSError):
            self._fork(None, None)
        while True:
            for fd, _ in self._poll.poll():
                if fd != self._agent:
                    self._hear(fd)
                elif not self._receive():
                    return

    def _receive(self) -> bool:
        data = os.read(self._agent, 1 << 16)
        if not data:
            return False
        for message in self._lines.feed(data):
            self._take(message)
        return True

    def _take(self, message: dict[str, Any]) -> None:
        ticket = message.get("ticket")
        # other kinds may come to run code without an exec; the spool and the reports stay the same for them
        if message.get("kind") != "exec":
            self._send(encode_line("failed", ticket=ticket, message=f"unknown order {message.get('kind')!r}"))
            return
        try:
            order = Order(message["spec"])
            if not (order.enclosed and self._hand_on(order, message, ticket)):
                self._fork(order, ticket)
        except (KeyError, TypeError) as failure:
            self._send(encode_line("failed", ticket=ticket, message=f"malformed order: {failure!r}"))
        except OSError as failure:
            self._send(encode_line("failed", ticket=ticket, message=f"cannot fork: {failure.strerror}"))

    def _hand_on(self, order: Order, message: dict[str, Any], ticket: object) -> bool:
        """Give an order to a shim that is free; False when there is none."""
        while self._idle:
            fd = self._idle.pop()
            try:
                _write(fd, encode_line("exec", spec=message["spec"]))
            except OSError:
                # it died of something else; its end is heard in its turn
                continue
            shim = self._shims[fd]
            shim.order, shim.ticket = order, ticket
            return True
        return False

    def _fork(self, order: Order | None, ticket: object) -> None:
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        line, end = ours.detach(), theirs.detach()
        try:
            pid = os.fork()
        except OSError:
            os.close(line)
            os.close(end)
            raise
        if pid == 0:
            become_shim(order, end, self._boot)
        os.close(end)
        self._shims[line] = _Shim(ticket)
        self._poll.register(line, select.POLLIN)

    def _hear(self, fd: int) -> None:
        shim = self._shims[fd]
        try:
            data = os.read(fd, _REPLY_BYTES)
            said = shim.lines.feed(data)
        except (OSError, ForeignMessage):
            data, said = b"", []
        for message in said:
            if message["kind"] == "idle":
                self._idle.append(fd)
            else:
                self._reply(shim, message)
        if not data or len(self._idle) > _MOST_IDLE:
            self._part(fd, shim)

    def _part(self, fd: int, shim: _Shim) -> None:
        if fd in self._idle:
            self._idle.remove(fd)
        self._poll.unregister(fd)
        os.close(fd)
        del self._shims[fd]
        if shim.ticket is None:
            return
        if shim.order is not None:
            # it may have died while it waited; had it taken the attempt, the next one would find that out
            with suppress(OSError):
                self._fork(shim.order, shim.ticket)
                return
        self._reply(shim, {"kind": "failed", "message": "the shim broke before it could start the script"})

    def _reply(self, shim: _Shim, said: dict[str, Any]) -> None:
        said.pop("v", None)
        ticket, shim.ticket, shim.order = shim.ticket, None, None
        self._send(encode_line(said.pop("kind"), ticket=ticket, **said))

    def _send(self, line: bytes) -> None:
        _write(self._agent, line)


def _write(fd: int, line: bytes) -> None:
    while line:
        line = line[os.write(fd, line) :]


def _handle_signals() -> None:
    """Leave on a request to leave, reap shims, and let every shim forked from here ignore it all.

    Handlers, not SIG_IGN, and set once: an exec undoes them, so that no shim and no script has to.
    """
    launcher = os.getpid()

    def leave(_number: int, _frame: object) -> None:
        if os.getpid() == launcher:
            os._exit(0)

    def reap(_number: int, _frame: object) -> None:
        # in a shim the wakeup descriptor tells
        if os.getpid() == launcher:
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass

    def unmoved(_number: int, _frame: object) -> None:
        """The call that got the signal fails with an error, and that is enough."""

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    for number in signal.valid_signals():
        # some by Python, others by whoever started the agent: a shell in the background, nohup
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, unmoved)
    signal.signal(signal.SIGCHLD, reap)


def main() -> None:
    """Serve the agent whose socket is standard input."""
    agent = os.dup(0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    _handle_signals()
    kernel.name_launcher()
    kernel.hide_memory()
    gc.collect()
    gc.disable()
    gc.freeze()
    try:
        Launcher(agent).serve()
    except (OSError, ForeignMessage):
        # an agent that is gone, or that speaks another language, is served best by an end
        os._exit(1)
    os._exit(0)
