"""How far an attempt says it is: told at once to whoever watches, written now and then."""

import asyncio
from datetime import datetime
from typing import Any

from runyard import clock
from runyard.engine.crew import Crew
from runyard.runs import repository
from runyard.runs.output import Stages
from runyard.runs.repository import Claim

EVERY_S = 1.0


class Progress:
    """What one attempt has said of its progress, and the stages that it has named."""

    def __init__(self, crew: Crew, claim: Claim) -> None:
        self._crew = crew
        self._claim = claim
        self._latest: dict[str, Any] | None = None
        self._stages = Stages()
        self._written_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def said(self, percent: float, message: str, at: datetime) -> None:
        """Take what the script said of how far it is."""
        self._tell({"percent": percent, "message": message, "at": clock.rfc3339(at), "stages": self._stages.told()})

    def stage(self, name: str, at_us: int) -> None:
        """Take that the script has begun a stage."""
        self._stages.begin(name, at_us)
        said = self._latest or {"percent": None, "message": ""}
        self._tell({**said, "at": clock.rfc3339(clock.from_us(at_us)), "stages": self._stages.told()})

    def stop(self) -> None:
        """Write nothing more: the settlement will write the last word."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ended(self, at_us: int) -> dict[str, Any] | None:
        """Return the last word, its last stage ended at `at_us`; None when the script never said anything."""
        if self._latest:
            self._latest["stages"] = self._stages.told(at_us)
        return self._latest

    def _tell(self, progress: dict[str, Any]) -> None:
        self._latest = progress
        self._crew.announce_progress(self._claim, progress)
        if self._timer is None:
            # Not each is written, but the last one always is, however long the script says nothing after it.
            self._timer = asyncio.get_running_loop().call_at(self._written_at + EVERY_S, self._keep)

    def _keep(self) -> None:
        self._timer = None
        self._written_at = asyncio.get_running_loop().time()
        self._crew.keep(self._write(dict(self._latest or {})))

    async def _write(self, progress: dict[str, Any]) -> None:
        async with self._crew.database.write() as session:
            await repository.note_attempt(session, self._claim.token, progress=progress)
