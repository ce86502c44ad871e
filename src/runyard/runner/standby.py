"""A shim's process beyond one attempt: how it comes to be, and how it waits for the next order.

It imports nothing after the fork, so that an upgrade under it cannot hurt.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from . import kernel
from .order import Order
from .protocol import READ_SIZE, Lines, encode_line
from .shim import Shim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LINE = 3
_DESCRIPTORS = os.sysconf("SC_OPEN_MAX")
_MOST_SERVED = 200
"""Attempts of one shim: what little it keeps of each ends with it."""


def become_shim(order: Order | None, line: int, boot: str) -> NoReturn:
    """Turn this freshly forked process into a shim: of `order`, if there is one, and of those that come over `line`.

    For each order one message goes back: `started`, `failed` or `taken`; none, if the shim itself broke. `idle` says
    that it can take another.
    """
    code = 1
    try:
        place = Place(_detach(line), boot)
        if order is None:
            order = place.next_order()
        while order is not None:
            shim = Shim(order, place)
            try:
                clean = shim.live()
            except BaseException:
                shim.give_up()
                raise
            order = place.next_order() if clean else None
        code = 0
    finally:
        # without the interpreter's farewell: its exit handlers belong to the launcher
        os._exit(code)


def _detach(line: int) -> int:
    os.setsid()
    # standard input and output are /dev/null already
    os.dup2(0, 2)
    # the one descriptor that matters goes lowest, so that one call closes all that was inherited
    if line != _LINE:
        os.dup2(line, _LINE, inheritable=False)
    os.closerange(_LINE + 1, _DESCRIPTORS)
    return _LINE


class Place:
    """What a shim keeps from one attempt to the next: its line to the launcher, the pipe that tells of signals."""

    __slots__ = ("boot", "line", "scoped", "served", "wake")

    def __init__(self, line: int, boot: str) -> None:
        self.line = line
        self.boot = boot
        self.served = 0
        self.scoped = False
        self.wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        kernel.become_subreaper()
        kernel.name_shim()

    def tell(self, kind: str, **fields: object) -> None:
        """Send the launcher a message; a launcher that is gone hears nothing."""
        with suppress(OSError):
            os.write(self.line, encode_line(kind, **fields))

    def next_order(self) -> Order | None:
        """Wait for another order; None when it is time to end."""
        if self.served >= _MOST_SERVED:
            return None
        os.chdir("/")
        self.tell("idle")
        lines = Lines()
        while data := self._receive():
            for message in lines.feed(data):
                self.served += 1
                return Order(message["spec"])
        return None

    def _receive(self) -> bytes:
        try:
            return os.read(self.line, READ_SIZE)
        except OSError:
            return b""
