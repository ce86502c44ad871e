"""Passwords: Argon2id, one computation at a time, off the event loop."""

import asyncio
import base64
import secrets
import unicodedata
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

from msgspec import Struct

from runyard.errors import FieldError, Invalid, Unavailable

WAITING = 64
"""How many checks may stand in line before further ones are turned away."""


class SignInBusy(Unavailable):
    """Too many people sign in at this moment; try again in a few seconds."""


class CommonPassword(Invalid):
    """So many people have this password that it is among the first to be tried; choose another one."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self.fields = (FieldError(field, self.detail, self.code),)


class Cost(Struct, frozen=True):
    """What one hash costs: passes, KiB of memory, lanes. The default is above what OWASP asks for."""

    passes: int = 2
    memory_kib: int = 46 * 1024
    lanes: int = 1


class _Line:
    """Who waits, in order; the one whose turn it is counts."""

    def __init__(self) -> None:
        self.waiting = deque[asyncio.Future[None]]()
        self.length = 0


class Passwords:
    """Hashes and checks passwords.

    Whoever wants to compute takes a turn first (`turn`), so that a flood of guesses costs one core and not all.
    """

    def __init__(self, cost: Cost | None = None) -> None:
        from pwdlib import PasswordHash
        from pwdlib.hashers.argon2 import Argon2Hasher

        cost = cost or Cost()
        hasher = Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._hash = PasswordHash((hasher,))
        # Checked in place of the hash of an unknown user: as dear as a real one, and right for no password.
        self._nobody = (
            f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
            f"${_unpadded(secrets.token_bytes(16))}${_unpadded(secrets.token_bytes(32))}"
        )
        self._busy = False
        self._known, self._strangers = _Line(), _Line()

    @asynccontextmanager
    async def turn(self, *, known: bool = False) -> AsyncIterator[None]:
        """Wait for one's turn to compute; raise `SignInBusy` when the line is too long.

        Who is `known`, by their device or their session, stands in a line of their own that goes first: however many
        strangers guess, the owner waits for one of them at the most.
        """
        line = self._known if known else self._strangers
        if line.length >= WAITING:
            raise SignInBusy
        line.length += 1
        try:
            await self._enter(line)
            try:
                yield
            finally:
                self._leave()
        finally:
            line.length -= 1

    async def _enter(self, line: "_Line") -> None:
        if not self._busy:
            self._busy = True
            return
        called = asyncio.get_running_loop().create_future()
        line.waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                # Called in the same moment: the turn is the next one's.
                self._leave()
            raise

    def _leave(self) -> None:
        for line in (self._known, self._strangers):
            while line.waiting:
                called = line.waiting.popleft()
                if not called.done():
                    called.set_result(None)
                    return
        self._busy = False

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Tell whether a password is right, and its new hash when the cost has moved; call it within a `turn`.

        ``stored=None`` (no such user, or one without a password) costs as much and is always wrong.
        """
        ok, renewed = await asyncio.to_thread(self._hash.verify_and_update, _bytes(password), stored or self._nobody)
        return (ok, renewed) if stored else (False, None)

    async def choose(self, password: str, field: str = "password") -> str:
        """Return the hash of a password that somebody chose in a field; call it within a `turn`.

        Raises: CommonPassword.
        """
        await self.demand_uncommon(password, field)
        return await self.hash(password)

    async def demand_uncommon(self, password: str, field: str = "password") -> None:
        """Raise `CommonPassword` for one that is tried first; it costs next to nothing."""
        if await asyncio.to_thread(is_common, password):
            raise CommonPassword(field)

    async def hash(self, password: str) -> str:
        """Return the hash to keep; call it within a `turn`."""
        return await asyncio.to_thread(self._hash.hash, _bytes(password))


def is_common(password: str) -> bool:
    """Whether a password is in the list of those that everybody tries first, whatever its case.

    The list holds the most common ones of eight characters and more, from the one that Django ships (BSD 3-Clause).
    It is read each time: passwords are chosen seldom.
    """
    word = unicodedata.normalize("NFC", password).casefold().strip()
    listed = resources.files("runyard.access").joinpath("common_passwords.txt").read_text("ascii")
    return "\n" not in word and f"\n{word}\n" in f"\n{listed}"


def _bytes(password: str) -> bytes:
    # One password typed on two systems may differ in how accents are composed.
    return unicodedata.normalize("NFC", password).encode()


def _unpadded(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
