# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH110, PTH123
"""Who owns an attempt: its shim, or an agent that declared it dead. A hard link decides, once."""

from __future__ import annotations

import os
import time

from .protocol import SHIM_FILE, VERSION, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def process_start(pid: int) -> str | None:
    """A mark that a later process with the same id will not have; None when there is no such live process.

    A zombie counts as gone: whoever inherits it may never reap it. Without /proc it is the mere existence.
    """
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fields = os.read(fd, 4096).rpartition(b")")[2].split()
        finally:
            os.close(fd)
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return "?"
    # after "(comm)": state is field 3 of proc(5), start time field 22
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


def boot_id() -> str:
    """The running kernel's own id, so that ids from before a reboot never match; empty where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def publish(document: dict[str, Any], dir_fd: int | None = None) -> bool:
    """Take the attempt by making its shim file; False when it is taken. Nobody ever sees half a file.

    The directory is `dir_fd`, or else the current one.
    """
    temporary = f"{SHIM_FILE}.{os.getpid()}.{time.monotonic_ns()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=dir_fd)
    try:
        os.write(fd, encode({"v": VERSION, **document}))
    except BaseException:
        os.unlink(temporary, dir_fd=dir_fd)
        raise
    finally:
        os.close(fd)
    try:
        os.link(temporary, SHIM_FILE, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary, dir_fd=dir_fd)
    return True
