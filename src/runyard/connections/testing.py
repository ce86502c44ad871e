"""Testing connections: each in a process of its own, which may connect only where the installation lets it."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct, field

from runyard import log
from runyard.connections.errors import TooManyTests
from runyard.connections.kinds import DRIVERS
from runyard.connections.parts import Shape
from runyard.secrets.masking import Masker
from runyard.settings import ConnectionSettings

logger = log.get("connections")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
LONGEST = 1000
START_S = 10.0
"""What a process may take to begin and to end, beside the time that the other end has."""


class Outcome(Struct, frozen=True):
    """What a test saw: the `server` and its `details`, or what it `said`, without secrets either way."""

    ok: bool
    code: str
    said: str = ""
    server: str = ""
    details: dict[str, str] = field(default_factory=dict)
    took_ms: float | None = None


class Scout:
    """Tests connections, few at once, off the event loop."""

    def __init__(self, settings: ConnectionSettings, allow: Sequence[str]) -> None:
        self._allow = list(allow)
        self._patience_s = settings.timeout_s
        self._free = settings.tests

    async def look(self, kind: str, shape: Shape) -> Outcome:
        """Connect for once and tell what was seen; raise `TooManyTests`."""
        driver = DRIVERS[kind]
        if not driver.available:
            return Outcome(ok=False, code="driver_missing", said=f"Install runyard[{driver.extra}] on the server.")
        if self._free <= 0:
            raise TooManyTests
        self._free -= 1
        try:
            told = await self._asked({"settings": shape.whole()})
        finally:
            self._free += 1
        return _clean(told, shape.secrets().values())

    async def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        question |= {"allow": self._allow, "patience_s": self._patience_s}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "runyard.connections.probe",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Nothing of ours: neither keys nor proxies, nor a home with files that drivers would read.
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"},
            cwd="/",
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._patience_s + START_S):
                out, _ = await process.communicate(json.dumps(question).encode())
        except TimeoutError:
            return {"ok": False, "code": "timed_out", "said": f"There was no answer within {self._patience_s:g} s."}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        try:
            told: dict[str, Any] = json.loads(out)
        except ValueError:
            logger.warning("connection.probe_died", code=process.returncode)
            return {"ok": False, "code": "failed", "said": "The test ended without a word; the server's log says more."}
        return told


def _clean(told: dict[str, Any], secrets: Any) -> Outcome:
    masker = Masker(secrets)

    def shown(text: object) -> str:
        return _UNSEEN.sub(" ", masker.mask_text(str(text))).strip()[:LONGEST]

    return Outcome(
        ok=told.get("ok") is True,
        code=str(told.get("code", "failed")),
        said=shown(told.get("said", "")),
        server=shown(told.get("server", "")),
        details={str(name): shown(value) for name, value in told.get("details", {}).items()},
        took_ms=told.get("took_ms"),
    )
