"""HTTP connections with bounds that the server itself does not set: how long and how large a request's head may be."""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SENTENCES = {408: b"The request did not arrive in time.", 431: b"The head of the request is too large."}
_PHRASES = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class HeadTooLargeError(ValueError):
    """More head than is taken."""


def bounded(head: int, silence_s: float) -> type[asyncio.Protocol]:
    """Return the protocol of connections whose heads are at most so many bytes, and are whole within so many seconds.

    What comes in one piece, as nearly all do, costs no timer.
    """
    return type("BoundedConnection", (Bounded,), {"most": head, "silence_s": silence_s})


class Bounded(HttpToolsProtocol):
    """One connection; a subclass says how much and how long."""

    most: ClassVar[int]
    silence_s: ClassVar[float]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before = self._piece = 0
        self._in_head = True
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._late = self.loop.call_later(self.silence_s, self._refuse, 408)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece in; what leaves a head unfinished has an end."""
        self._piece = len(data)
        super().data_received(data)
        if self._in_head:
            self._before += self._piece
            if self._before > self.most:
                self._refuse(431)
            elif self._late is None:
                self._late = self.loop.call_later(self.silence_s, self._refuse, 408)

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._in_head = True
        self._before = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head is whole; raise `HeadTooLargeError`."""
        self._in_head = False
        self._in_time()
        # The piece may hold much of a body, or of other requests, besides.
        if self._before + self._piece > self.most and _size(self.headers) + len(self.url) > self.most:
            raise HeadTooLargeError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what can't be read, and what is too large as such."""
        if not self._in_head and _size(self.headers or ()) + len(self.url) > self.most:
            self._refuse(431)
        else:
            super().send_400_response(msg)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: int) -> None:
        self._in_time()
        if self.transport.is_closing():
            return
        if self._before or status != 408:  # noqa: PLR2004 - who has sent nothing is told nothing
            said = _SENTENCES[status]
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
                b"cache-control: no-store\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
                % (status, _PHRASES[status], len(said), said)
            )
        self.transport.close()


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
