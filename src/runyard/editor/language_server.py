"""A language server as a process: confined, spoken to in the protocol's frames."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runyard import tasks
from runyard.editor.cells import Cells, Order
from runyard.editor.problems import ProgramFailed

_LONGEST = 16 * 1024 * 1024
_HEADERS = 20


class LanguageServer:
    """One running server: texts go in and come out whole."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ProgramFailed
        self._stdin = process.stdin
        self._stdout = process.stdout

    async def send(self, text: str) -> None:
        """Send a message; raise `ProgramFailed` if the server has ended."""
        body = text.encode()
        try:
            self._stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await self._stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ProgramFailed("The language server has ended.") from error

    async def receive(self) -> str:
        """Return the next message; raise `ProgramFailed` if the server has ended or speaks another protocol."""
        length = -1
        try:
            for _ in range(_HEADERS):
                line = await self._stdout.readuntil(b"\r\n")
                if line == b"\r\n":
                    break
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length" and value.strip().isdigit():
                    length = int(value)
            if not 0 <= length <= _LONGEST:
                raise ProgramFailed("The language server speaks another protocol.")
            return (await self._stdout.readexactly(length)).decode(errors="replace")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionResetError) as error:
            raise ProgramFailed("The language server has ended.") from error


@asynccontextmanager
async def serving(cells: Cells, order: Order) -> AsyncIterator[tuple[LanguageServer, Path]]:
    """Start a server; yields it with its directory, then ends it."""
    async with cells.started(order) as (process, cell):
        drain = asyncio.create_task(_drain(process.stderr))
        try:
            yield LanguageServer(process), cell
        finally:
            await tasks.end(drain)


async def _drain(pipe: asyncio.StreamReader | None) -> None:
    while pipe is not None and await pipe.read(65_536):
        pass
