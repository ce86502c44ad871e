"""Sending files along with a run, with a bar for those that take long."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from runyard import ids
from runyard.cli.client import Server
from runyard.cli.errors import Misuse, ServerUnreachable

TRIES = 3
LARGE = 8 * 1024 * 1024
"""From so many bytes on a bar is shown."""


class Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file = file
        self._tell = tell

    def read(self, count: int = -1) -> bytes:
        """Read on."""
        data = self._file.read(count)
        self._tell(len(data))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def fileno(self) -> int:
        """Return the descriptor, by which the size is found."""
        return self._file.fileno()


def checked(paths: Sequence[Path]) -> list[Path]:
    """Return the files to be sent; raise `Misuse` for what is no file, and for two that would lie in one place."""
    names: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise Misuse(f"{path} is not a file." if path.exists() else f"There is no file {path}.")
        if not os.access(path, os.R_OK):
            raise Misuse(f"{path} can't be read.")
        if path.name in names:
            raise Misuse(f"{names[path.name]} and {path} would both be {path.name} in the workspace.")
        names[path.name] = path
    return list(names.values())


def submit(server: Server, path: str, body: dict[str, Any], files: Sequence[Path]) -> dict[str, Any]:
    """Submit a run once, however often the connection breaks; return what the server accepted."""
    # The same key each time: a request that did arrive is not carried out twice.
    headers = {"Idempotency-Key": ids.new("key")}
    for left in reversed(range(TRIES)):
        try:
            return _send(server, path, body, files, headers)
        except ServerUnreachable as error:
            if not left or error.hint == ServerUnreachable.hint:
                raise
    raise AssertionError("unreachable")


def _send(
    server: Server, path: str, body: dict[str, Any], files: Sequence[Path], headers: dict[str, str]
) -> dict[str, Any]:
    if not files:
        answer: dict[str, Any] = server.post(path, body, headers=headers)
        return answer
    total = sum(file.stat().st_size for file in files)
    with contextlib.ExitStack() as stack:
        advance = stack.enter_context(_bar(total))
        parts = [
            ("files", (file.name, Counted(stack.enter_context(file.open("rb")), advance), "application/octet-stream"))
            for file in files
        ]
        # The server works on the files before it answers.
        accepted: dict[str, Any] = server.ask(
            "POST", path, data={"payload": json.dumps(body)}, files=parts, headers=headers, timeout=300.0
        )
        return accepted


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show how much was sent, on a terminal and for much only."""
    if total < LARGE or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("Uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
