"""The few kernel calls that Python does not offer (Linux; elsewhere they do nothing)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_LINUX = sys.platform == "linux"
_LIBC = ctypes.CDLL(None, use_errno=True) if _LINUX else None

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of getrusage's ru_maxrss."""


def _prctl(option: int, argument: int | bytes) -> None:
    if _LIBC is not None:
        value = ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_ulong(argument)
        zero = ctypes.c_ulong(0)
        _LIBC.prctl(ctypes.c_int(option), value, zero, zero, zero)


def become_subreaper() -> None:
    """Inherit orphaned descendants instead of losing them to init."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def set_name(name: str) -> None:
    """The name that ps and top show (15 bytes)."""
    _prctl(_PR_SET_NAME, name.encode())


def hide_memory() -> None:
    """Keep others of the same user from reading this process's memory and environment: secrets pass through it."""
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` dies, even if it already has."""
    if _LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
