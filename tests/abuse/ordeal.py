"""What a hostile script is put to, and what must be unharmed afterwards."""

import asyncio
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.engine.yard import Running, none_left

CANARY = "canary-of-the-yard-itself"
LIMITS = {
    "memory_mb": 192,
    "pids": 48,
    "open_files": 256,
    "disk_mb": 48,
    "cpu": 1.0,
    "grace_s": 0.5,
    "output_cap": 200_000,
    "outputs_cap": 20_000,
    "timeout_s": 30.0,
}
NEIGHBOUR = 'echo one; for i in 1 2 3 4 5; do echo $i >>mine; sleep 0.1; done; cat mine | tr -d "\\n"; echo; id -u'


class Ordeal:
    """A yard at one isolation level, and a look at its health."""

    def __init__(self, yard: Running, level: str) -> None:
        self.yard = yard
        self.level = level
        self.root = yard.data.parent
        self.treasure = self.root / "treasure"
        self.treasure.mkdir()
        (self.treasure / "gold").write_text("gold")
        self.owner = self.treasure.stat().st_uid

    async def suffers(self, code: str, language: str = "python", **fields: Any) -> tuple[dict[str, Any], str]:
        """Run a hostile draft beside a harmless neighbour; return the run and its log once nothing was harmed."""
        neighbour = await self.yard.submit(NEIGHBOUR)
        run = await self.yard.run(code, language, **fields)
        await self.unharmed(neighbour)
        assert run["isolation"] is None or run["isolation"]["level"] == self.level
        return run, await self.yard.log(run["id"])

    async def unharmed(self, neighbour: str | None = None) -> None:
        """Assert that the neighbour, the worker, the database and the host's files are as they were."""
        if neighbour is not None:
            run = await self.yard.finished(neighbour)
            assert run["state"] == "succeeded", run
            said = (await self.yard.log(neighbour)).split()
            assert said[:2] == ["one", "12345"]
        workers = (await self.yard.get("/workers"))["items"]
        assert [worker["state"] for worker in workers] == ["online"]
        heard = datetime.fromisoformat(workers[0]["heartbeat_at"]) if "heartbeat_at" in workers[0] else None
        assert heard is None or datetime.now(UTC) - heard < timedelta(seconds=60)
        assert await self.yard.rows("PRAGMA quick_check") == [("ok",)]
        assert (self.treasure / "gold").read_text() == "gold"
        assert [path.name for path in self.treasure.iterdir()] == ["gold"]
        for path in (self.treasure, self.treasure / "gold"):
            assert path.stat().st_uid == self.owner

    async def nothing_left(self) -> None:
        """Wait until no process of any run is left, and no file of its user in the machine's temporary directories."""
        while self.yard.spools():
            await asyncio.sleep(0.01)
        assert await none_left(self.yard.data) == {}
        assert self.strays() == []

    def strays(self) -> list[str]:
        """What users of runs have left where everybody may write."""
        found = []
        sandbox = self.yard.yard.settings.sandbox
        lent = range(sandbox.uid_base, sandbox.uid_base + sandbox.uid_count)
        if os.geteuid() == 0:
            for place in ("/tmp", "/var/tmp", "/dev/shm"):
                for path in Path(place).iterdir():
                    with suppress(OSError):
                        if path.lstat().st_uid in lent:
                            found.append(str(path))
        return found
