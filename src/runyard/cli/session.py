"""Which server is spoken to, and the sessions kept for it.

One JSON file, readable by its owner only: ``{"v": 1, "current": url, "servers": {url: {username, refresh_token,
access_token, expires_at, device, token}}}``. Several commands may renew a session at once: they take turns by a lock
file.
"""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runyard.cli.errors import Misuse, Trouble

DEFAULT_PORT = 8700
VERSION = 1
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NoPlaceForSession(Trouble):
    """There is no place to keep the session."""

    hint = "Set HOME, XDG_CONFIG_HOME, or RUNYARD_CONFIG to the path of a file."


class SessionUnwritable(Trouble):
    """The session can't be kept."""


@dataclass(slots=True)
class Session:
    """One server's session; `expires_at` in seconds since 1970."""

    username: str = ""
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    device: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """A token of the API, in place of a session of the server's."""


class Sessions:
    """The file of sessions."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0

    @classmethod
    def here(cls) -> "Sessions":
        """Return the file that the environment names."""
        named = os.environ.get("RUNYARD_CONFIG")
        if named:
            return cls(Path(named).expanduser())
        base = os.environ.get("XDG_CONFIG_HOME")
        home = os.environ.get("HOME")
        if base or home:
            return cls((Path(base) if base else Path(str(home)) / ".config") / "runyard" / "session.json")
        return cls(None)

    @property
    def current(self) -> str | None:
        """The server that was signed in to last."""
        found = self._read().get("current")
        return found if isinstance(found, str) else None

    def get(self, url: str) -> Session | None:
        """Return the session kept for a server."""
        found = self._read().get("servers", {}).get(url)
        if not isinstance(found, dict):
            return None
        try:
            return Session(**found)
        except TypeError:
            return None

    def put(self, url: str, session: Session, *, current: bool = False) -> None:
        """Keep a server's session, and make it the current server if told so."""
        with self.turn():
            whole = self._read()
            whole.setdefault("servers", {})[url] = asdict(session)
            if current:
                whole["current"] = url
            self._write(whole)

    def drop(self, url: str) -> None:
        """End a server's session; that this device is known there stays noted."""
        session = self.get(url)
        if session is not None:
            self.put(url, Session(username=session.username, device=session.device))

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Have the file to oneself, among threads and processes; turns may be nested."""
        if self._path is None:
            raise NoPlaceForSession
        with self._threads, contextlib.ExitStack() as stack:
            if self._depth == 0:
                stack.callback(os.close, self._lock(self._path))
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @staticmethod
    def _lock(path: Path) -> int:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SessionUnwritable(f"The session can't be kept in {path}: {error.strerror}.") from error
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("v") == VERSION else {}

    def _write(self, whole: dict[str, Any]) -> None:
        assert self._path is not None  # noqa: S101 - held by turn()
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w") as file:
                json.dump({**whole, "v": VERSION}, file, indent=1)
            draft.replace(self._path)
        except OSError as error:
            raise SessionUnwritable(f"The session can't be kept in {self._path}: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)


def address(text: str) -> str:
    """Return a server's URL as sessions are kept under it; ``host:port`` means http. Raises Misuse."""
    url = text.strip() if "://" in text else f"http://{text.strip()}"
    parts = urlsplit(url)
    try:
        known = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        known = False
    if not known:
        raise Misuse(f"{text!r} is not the address of a server; write it like http://127.0.0.1:{DEFAULT_PORT}.")
    path = parts.path.rstrip("/").removesuffix("/api/v1")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def chosen(sessions: Sessions) -> str:
    """Return the server to speak to: RUNYARD_URL, else the one signed in to last, else the one on this machine."""
    named = os.environ.get("RUNYARD_URL")
    if named:
        return address(named)
    return sessions.current or address(f"127.0.0.1:{os.environ.get('RUNYARD_PORT') or DEFAULT_PORT}")


def on_this_machine(url: str) -> bool:
    """Whether a server's address is of the loopback."""
    return urlsplit(url).hostname in LOOPBACK
