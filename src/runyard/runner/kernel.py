"""The few kernel calls that Python does not offer (Linux; elsewhere they do nothing)."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
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
show_memory = _call(_PR_SET_DUMPABLE, 1)
"""Undo that: a process whose memory is hidden may not say which users its own namespace has."""
name_proxy = _call(_PR_SET_NAME, b"runyard-egress")
"""The same for a run's proxy."""
_renounce = _call(_PR_SET_NO_NEW_PRIVS, 1)
_die_with_parent = _call(_PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` dies, even if it already has."""
    if _LINUX:
        _die_with_parent()
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


_LIBC = ctypes.CDLL(None, use_errno=True) if _LINUX else None
# The same numbers on every processor that Linux knows.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_BENEATH = 1
_SECCOMP_FILTER = 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def unshare(flags: int) -> None:
    """Part from the namespaces that `flags` name. Raises OSError."""
    assert _LIBC is not None  # noqa: S101 - only planned on Linux
    _checked(_LIBC.unshare(ctypes.c_int(flags)))


def setns(fd: int, kind: int) -> None:
    """Enter the namespace that `fd` stands for. Raises OSError."""
    assert _LIBC is not None  # noqa: S101 - only planned on Linux
    _checked(_LIBC.setns(ctypes.c_int(fd), ctypes.c_int(kind)))


def renounce() -> None:
    """Give up gaining rights by what is executed, for this process and all that it starts."""
    _renounce()


def confine(attributes: list[int], rules: list[tuple[str, int]]) -> None:
    """Enter a Landlock domain: its attributes in the kernel's order, then paths with what is allowed below them.

    Paths that are not there are left out. Raises OSError.
    """
    assert _LIBC is not None  # noqa: S101 - only planned on Linux
    call = _LIBC.syscall
    raw = struct.pack(f"={len(attributes)}Q", *attributes)
    ruleset = _checked(call(_LANDLOCK_CREATE, raw, ctypes.c_size_t(len(raw)), 0))
    try:
        for path, rights in rules:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except (FileNotFoundError, PermissionError, NotADirectoryError):
                continue
            try:
                rule = struct.pack("=Qi", rights, place)
                _checked(call(_LANDLOCK_ADD, ruleset, _LANDLOCK_BENEATH, rule, 0))
            finally:
                os.close(place)
        renounce()
        _checked(call(_LANDLOCK_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def filter_calls(program: bytes) -> None:
    """Have the kernel judge every further system call of this process by a BPF program. Raises OSError."""
    assert _LIBC is not None  # noqa: S101 - only planned on Linux
    renounce()
    wish = _Program(len(program) // 8, program)
    _checked(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(wish), 0, 0))
