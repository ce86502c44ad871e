"""A mail server that keeps what it is given: a real one, in a thread of its own."""

import asyncio
import email
import email.policy
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession

PATIENCE_S = 30
LINK = re.compile(r"https?://\S+#\S+")


class Sink:
    """`answers` are what it says to the next letters in place of taking them."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: list[str] = []
        self.tries = 0
        self._kept: list[EmailMessage] = []
        self._news = threading.Condition()

    async def handle_DATA(  # noqa: N802 - the name that the server calls
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope
    ) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._news:
            self.tries += 1
            if self.answers:
                return self.answers.pop(0)
            self._kept.append(message)
            self._news.notify_all()
        return "250 kept"

    @property
    def kept(self) -> list[EmailMessage]:
        """What was taken so far."""
        with self._news:
            return list(self._kept)

    async def letter_to(self, address: str, number: int = 1) -> EmailMessage:
        """Wait for the `number`th letter to an address."""
        return await asyncio.to_thread(self._wait_for, address, number)

    def _wait_for(self, address: str, number: int) -> EmailMessage:
        with self._news:
            found = self._news.wait_for(lambda: len(self._to(address)) >= number, PATIENCE_S)
            assert found, f"no letter to {address}: {[message['to'] for message in self._kept]}"
            return self._to(address)[number - 1]

    def _to(self, address: str) -> list[EmailMessage]:
        return [message for message in self._kept if message["to"] == address]


def text_of(message: EmailMessage) -> str:
    """Return what a letter says."""
    return str(message.get_content()).replace("\r\n", "\n")


def link_in(message: EmailMessage) -> str:
    """Return the first link of a letter."""
    found = LINK.search(text_of(message))
    assert found, text_of(message)
    return found[0]


@contextmanager
def standing(*, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> Iterator[Sink]:
    """Stand on a port of its own until the block ends; with `tls` it takes nothing before STARTTLS."""
    sink, ready, ended = Sink(), threading.Event(), []

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        wanted = tuple(part.encode() for part in login or ())
        right = isinstance(data, LoginPassword) and (data.login, data.password) == wanted
        return AuthResult(success=right, handled=False)

    callers: list[SMTP] = []

    def session() -> SMTP:
        made = SMTP(
            sink,
            hostname="sink.test",
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=check,
            auth_required=login is not None,
        )
        callers.append(made)
        return made

    async def serve() -> None:
        stop = asyncio.Event()
        ended.append((asyncio.get_running_loop(), stop))
        server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
        sink.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for caller in callers:
            if caller.transport is not None:
                caller.transport.close()
        # What was hung up on is closed in the next round.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield sink
    finally:
        loop, stop = ended[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
