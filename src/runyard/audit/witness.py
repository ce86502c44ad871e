"""The witness: the newest end of the chain that this process has seen, in a file outside the database.

A database that was put back as it was some time ago is whole in itself; that it once was longer, only this tells.
"""

import json
import os
from pathlib import Path

from runyard import log
from runyard.audit.chain import Link, Seals

logger = log.get("audit")
FILE = "audit.head"


class Witness:
    """A small sealed file (0600) beside the master key."""

    def __init__(self, path: Path, seals: Seals) -> None:
        self._path = path
        self._seals = seals
        self._seen = -1

    def note(self, link: Link) -> None:
        """Keep a newer end; a disk that can't take it is no reason to fail what has been committed."""
        if link.seq <= self._seen:
            return
        self._seen = link.seq
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._write(link, draft)
        except OSError as error:
            logger.warning("audit.witness_failed", error=str(error))
            draft.unlink(missing_ok=True)

    def forget(self) -> None:
        """Begin anew with the next end: somebody who may has put a backup back."""
        self._seen = -1
        self._path.unlink(missing_ok=True)

    def seen(self) -> tuple[Link | None, bool]:
        """Return the end that was kept, and whether the file can be believed; no file at all is believed."""
        try:
            said = json.loads(self._path.read_bytes())
            link = Link(int(said["seq"]), str(said["hash"]))
            return link, self._seals.holds(str(said["seal"]), "witness", link.seq, link.hash)
        except FileNotFoundError:
            return None, True
        except (OSError, ValueError, KeyError, TypeError):
            return None, False

    def _write(self, link: Link, draft: Path) -> None:
        seal = self._seals.seal("witness", link.seq, link.hash)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"seq": link.seq, "hash": link.hash, "seal": seal}, file)
        draft.replace(self._path)
