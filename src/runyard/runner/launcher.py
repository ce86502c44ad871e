"""The launcher: a small process that forks one shim per attempt and knows nothing of what becomes of it.

It is single-threaded and small on purpose: every shim is a copy of it. It ends when its agent does.
"""

from __future__ import annotations

import gc
import os
import select
import signal
from contextlib import suppress

from . import kernel
from .claim import boot_id
from .order import Order
from .protocol import ForeignMessage, Lines, encode_line
from .shim import become_shim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REPLY_BYTES = 65536


class _Birth:
    """A shim that has not reported yet."""

    __slots__ = ("said", "ticket")

    def __init__(self, ticket: object) -> None:
        self.ticket = ticket
        self.said = b""


class Launcher:
    """Serves one agent over a connected socket's descriptor until that closes."""

    def __init__(self, agent: int) -> None:
        self._agent = agent
        self._lines = Lines()
        self._births: dict[int, _Birth] = {}
        self._boot = boot_id()
        self._poll = select.poll()
        self._poll.register(agent, select.POLLIN)

    def serve(self) -> None:
        """Answer orders until the agent is gone."""
        self._send(encode_line("ready", pid=os.getpid()))
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
            self._fork(order, ticket)
        except (KeyError, TypeError) as failure:
            self._send(encode_line("failed", ticket=ticket, message=f"malformed order: {failure!r}"))
        except OSError as failure:
            self._send(encode_line("failed", ticket=ticket, message=f"cannot fork: {failure.strerror}"))

    def _fork(self, order: Order, ticket: object) -> None:
        report, end = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(report)
            os.close(end)
            raise
        if pid == 0:
            become_shim(order, end, self._boot)
        os.close(end)
        self._births[report] = _Birth(ticket)
        self._poll.register(report, select.POLLIN)

    def _hear(self, fd: int) -> None:
        birth = self._births[fd]
        data = os.read(fd, _REPLY_BYTES)
        birth.said += data
        if data and not birth.said.endswith(b"\n"):
            return
        self._poll.unregister(fd)
        os.close(fd)
        del self._births[fd]
        self._reply(birth)

    def _reply(self, birth: _Birth) -> None:
        try:
            (said,) = Lines().feed(birth.said)
        except (ForeignMessage, ValueError):
            said = {"kind": "failed", "message": "the shim broke before it could start the script"}
        said.pop("v", None)
        self._send(encode_line(said.pop("kind"), ticket=birth.ticket, **said))

    def _send(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._agent, line) :]


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
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
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
