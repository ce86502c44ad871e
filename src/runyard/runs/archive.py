"""Runs that were removed, as files: one JSON object a line, gzipped, a file for each month in which they were queued.

What was removed just when the machine went down may stand there twice: lines carry the run's id.
"""

import gzip
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from sqlalchemy import Connection, Table, select

from runyard import clock
from runyard.runs.models import RunAttemptRow, RunInputRow, RunRow

_NAME = re.compile(r"^\d{4}-\d\d\.ndjson\.gz$")
_RUNS, _INPUTS, _ATTEMPTS = (cast("Table", row.__table__) for row in (RunRow, RunInputRow, RunAttemptRow))
_LEFT_OUT = frozenset(
    {"gate", "gate_limit", "held", "labelled", "fence", "worker_id", "waiting", "project_id", "run_id"}
)


class Archive(BaseModel):
    """One file of removed runs."""

    name: str
    size: int
    modified_at: datetime


class Archives:
    """The archives of every project, below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, project_id: str, documents: Iterable[dict[str, Any]]) -> None:
        """Append runs, each to the file of its month, and see that they are on disk."""
        months: dict[str, list[bytes]] = defaultdict(list)
        for document in documents:
            line = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            months[str(document["queued_at"])[:7]].append(line + b"\n")
        folder = self._root / project_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for month, lines in months.items():
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(folder / f"{month}.ndjson.gz", flags, 0o600)
            with os.fdopen(fd, "ab") as file:
                # Each batch is a whole gzip member: readers take them one after the other.
                file.write(gzip.compress(b"".join(lines), 6))
                file.flush()
                os.fsync(file.fileno())

    def listed(self, project_id: str) -> list[Archive]:
        """Return a project's archives, newest month first."""
        folder = self._root / project_id
        if not folder.is_dir():
            return []
        found = []
        for path in sorted(folder.iterdir(), reverse=True):
            if _NAME.match(path.name):
                facts = path.stat()
                at = clock.from_us(facts.st_mtime_ns // 1000)
                found.append(Archive(name=path.name, size=facts.st_size, modified_at=at))
        return found

    def path(self, project_id: str, name: str) -> Path | None:
        """Return an archive's file; None when there is none of that name."""
        path = self._root / project_id / name
        return path if _NAME.match(name) and path.is_file() else None


def documents(connection: Connection, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return runs as an archive keeps them; what was hidden stays hidden."""
    inputs = {row.run_id: row for row in connection.execute(select(_INPUTS).where(_INPUTS.c.run_id.in_(run_ids)))}
    attempts = defaultdict(list)
    tries = select(_ATTEMPTS).where(_ATTEMPTS.c.run_id.in_(run_ids)).order_by(_ATTEMPTS.c.attempt, _ATTEMPTS.c.fence)
    for row in connection.execute(tries):
        attempts[row.run_id].append(_plain(row))
    found = []
    for row in connection.execute(select(_RUNS).where(_RUNS.c.id.in_(run_ids)).order_by(_RUNS.c.id)):
        given = inputs.get(row.id)
        found.append(
            {
                **_plain(row),
                "parameters": given.parameters if given else {},
                "labels": given.labels if given else {},
                "uploads": given.uploads if given else [],
                "attempts": attempts[row.id],
            }
        )
    return found


def _plain(row: Any) -> dict[str, Any]:
    facts = row._mapping.items()  # noqa: SLF001 - a row's public way to its mapping
    return {
        name: clock.rfc3339(value) if isinstance(value, datetime) else value
        for name, value in facts
        if name not in _LEFT_OUT and value is not None
    }
