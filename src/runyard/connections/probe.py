"""A test of a connection, in a process of its own: ``python -m runyard.connections.probe``.

It reads ``{"settings": …, "allow": [networks], "patience_s": …}`` from standard input and writes ``{"ok": …}`` to
standard output. Whatever a driver does, it is told by an audit hook of the interpreter where it may connect to: the
address itself is judged, so that neither a name that answers differently the second time, nor a redirect, nor a server
that names another one leads anywhere else.
"""

import asyncio
import importlib
import json
import resource
import sys
import time
from collections.abc import Awaitable
from typing import Any

from runyard.connections.drivers.seen import Refused, Seen
from runyard.connections.kinds import DRIVERS
from runyard.connections.reach import Unreachable, judge
from runyard.web.outbound import Reach

LONGEST = 500
MEMORY = 2 * 1024**3
_WAYS_OUT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class Guard:
    """Judges every address before anything is sent there."""

    def __init__(self, allow: list[str]) -> None:
        self._reach = Reach.of(allow)
        self.refused: str | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be asked by the interpreter."""
        if event not in _WAYS_OUT or arguments[1] is None:
            return
        address = arguments[1]
        # A pair of sockets within the process has no address; a path is one of this machine.
        host = address[0] if isinstance(address, tuple) and isinstance(address[0], str) else "a local socket"
        try:
            judge(host, self._reach)
        except Unreachable as refused:
            self.refused = str(refused)
            raise


def main() -> None:
    """Test what standard input says, and tell the outcome."""
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(outcome(asked["settings"], asked["allow"], float(asked["patience_s"])), sys.stdout)


def outcome(settings: dict[str, Any], allow: list[str], patience_s: float) -> dict[str, Any]:
    """Return what was seen at the other end, or why it was not."""
    module, _, name = DRIVERS[settings["kind"]].function.partition(":")
    try:
        look = getattr(importlib.import_module(f"runyard.connections.drivers.{module}"), name)
    except ImportError as error:
        return _failed("driver_missing", f"What this needs is not installed: {error.name}.")
    guard = Guard(allow)
    sys.addaudithook(guard)
    began = time.monotonic()
    try:
        found = look(settings, patience_s)
        seen: Seen = asyncio.run(_within(found, patience_s)) if isinstance(found, Awaitable) else found
    except TimeoutError:
        return _failed("timed_out", f"There was no answer within {patience_s:g} s.")
    except Refused as error:
        return _failed(error.code, str(error)) | {"details": error.details}
    except Exception as error:  # noqa: BLE001 - drivers have hundreds of kinds
        if guard.refused is not None:
            return _failed("address_refused", guard.refused)
        return _failed("failed", str(error) or type(error).__name__)
    took = round((time.monotonic() - began) * 1000, 1)
    details = {name: str(value)[:LONGEST] for name, value in seen.details.items()}
    return {"ok": True, "code": "ok", "server": seen.server[:LONGEST], "details": details, "took_ms": took}


async def _within(found: Awaitable[Seen], patience_s: float) -> Seen:
    async with asyncio.timeout(patience_s):
        return await found


def _failed(code: str, said: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "said": said[: LONGEST * 4]}


if __name__ == "__main__":
    main()
