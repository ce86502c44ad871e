# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH104
"""The shim's side of the spool: frames into the output file, and the exit record that ends it."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from .protocol import EXIT_FILE, OUTPUT_FILE, SYSTEM, VERSION, encode, encode_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RESERVED = 4096
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class SpoolWriter:
    """Appends output to the spool in the current directory, counts it, and survives a full disk.

    Frames' times never go back, whatever the clock does.
    """

    __slots__ = ("_cap", "_exit_fd", "_fd", "_gap", "_last_us", "_noticed", "bytes", "kept", "size")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._last_us = 0
        self._noticed = False
        self._gap = (0, "")
        self.bytes = 0
        self.kept = 0
        self.size = 0
        self._fd = os.open(OUTPUT_FILE, _NEW | os.O_APPEND, 0o600)
        # written now and overwritten in place, so that a disk that fills up later cannot keep the exit record out
        self._exit_fd = os.open(f"{EXIT_FILE}.new", _NEW, 0o600)
        os.write(self._exit_fd, b" " * _RESERVED)

    def now_us(self) -> int:
        """Unix time in microseconds, never less than before."""
        self._last_us = max(self._last_us, time.time_ns() // 1000)
        return self._last_us

    def add(self, stream: int, data: bytes) -> None:
        """Keep what was read from one of the script's streams, or only count it past the cap."""
        self.bytes += len(data)
        room = self._cap - self.kept
        if room > 0 and self._append(stream, data[:room]):
            self.kept += min(room, len(data))
        if self.bytes > self._cap and not self._noticed and self.kept >= self._cap:
            self._noticed = True
            self._append(
                SYSTEM, b"output limit of %d bytes reached; further output is counted but not kept\n" % self._cap
            )

    def _append(self, stream: int, payload: bytes) -> bool:
        frame = encode_frame(self.now_us(), stream, payload)
        counted = 0 if stream == SYSTEM else len(payload)
        lost, _ = self._gap
        # one write for both: a notice that fits where its output does not would be repeated without end
        why = self._write(self._gap_frame() + frame if lost else frame)
        if why is None:
            self._gap = (0, "")
            return True
        if lost or counted:
            self._gap = (lost + counted, why)
        return False

    def _gap_frame(self) -> bytes:
        lost, why = self._gap
        return encode_frame(self._last_us, SYSTEM, f"{lost} bytes of output could not be kept: {why}\n".encode())

    def _write(self, frames: bytes) -> str | None:
        """Append whole frames or nothing; why not, when it is nothing."""
        try:
            written = os.write(self._fd, frames)
            while written < len(frames):
                written += os.write(self._fd, frames[written:])
        except OSError as failure:
            with suppress(OSError):
                # half a frame would make all later ones unreadable
                os.ftruncate(self._fd, self.size)
            return failure.strerror or str(failure)
        self.size += len(frames)
        return None

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._fd)
        os.close(self._exit_fd)

    def settle(self, record: dict[str, Any], patience_s: float = 60.0) -> bool:
        """Publish the exit record, whole or not at all; False when the disk refused it for `patience_s`."""
        counts = {"bytes": self.bytes, "kept": self.kept, "dropped": self.bytes - self.kept}
        lost, why = self._gap
        if lost and self._write(self._gap_frame()) is not None:
            record["notes"] = [*record.get("notes", ()), f"{lost} bytes of output could not be kept: {why}"]
        text = encode({"v": VERSION, **record, "output": counts})
        until = time.monotonic() + patience_s
        while True:
            try:
                os.pwrite(self._exit_fd, text.ljust(_RESERVED), 0)
                os.rename(f"{EXIT_FILE}.new", EXIT_FILE)
            except FileNotFoundError:
                return False
            except OSError:
                if time.monotonic() >= until:
                    return False
                time.sleep(0.2)
            else:
                return True
