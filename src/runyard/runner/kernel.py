"""The few kernel calls that Python does not offer (Linux; elsewhere they do nothing)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of getrusage's ru_maxrss."""


def _call(option: int, argument: int | bytes) -> Callable[[], object]:
    """A prctl call with all its arguments made beforehand: a fresh fork pays for every page it touches."""
    if not _LINUX:
        return lambda: None
    prctl = ctypes.CDLL(None).prctl
    value = ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_ulong(argument)
    zero = ctypes.c_ulong(0)
    arguments = (ctypes.c_int(option), value, zero, zero, zero)
    return lambda: prctl(*arguments)


become_subreaper = _call(_PR_SET_CHILD_SUBREAPER, 1)
"""Inherit orphaned descendants instead of losing them to init."""
name_launcher = _call(_PR_SET_NAME, b"runyard-launch")
"""Set what ps and top show (15 bytes)."""
name_shim = _call(_PR_SET_NAME, b"runyard-shim")
"""The same for a shim."""
hide_memory = _call(_PR_SET_DUMPABLE, 0)
"""Keep others of the same user from reading this process's memory and environment: secrets pass through it."""
_die_with_parent = _call(_PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` dies, even if it already has."""
    if _LINUX:
        _die_with_parent()
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
