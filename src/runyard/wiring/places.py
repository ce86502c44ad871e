"""Where an installation keeps its data: the directory and the database."""

import os

from runyard.db import migrate
from runyard.db.session import Database
from runyard.errors import Unavailable
from runyard.secrets import custody
from runyard.settings import Settings

# A directory that the users of runs must be able to walk through, and one that only we may look into.
_OPEN, _PRIVATE = 0o711, 0o700
_FOLDERS = {
    "work": _OPEN,
    "envs": _OPEN,
    "state": _OPEN,
    "sandbox": _OPEN,
    "editor": _OPEN,
    "spool": _PRIVATE,
    "logs": _PRIVATE,
    "locks": _PRIVATE,
    "live": _PRIVATE,
    "cache": _PRIVATE,
    "archive": _PRIVATE,
    "tmp": _PRIVATE,
}


class DataUnusable(Unavailable):
    """The data directory can't be used."""


def prepare_data(settings: Settings) -> None:
    """Make the data directory and what stands in it, a master key before the first database too.

    Raises: DataUnusable if it can't be written or is full; MasterKeyUnusable.
    """
    data = settings.data
    try:
        data.mkdir(parents=True, exist_ok=True)
        # Runs under users of their own must reach their workspaces through it; what is private has its own lock.
        data.chmod(_OPEN)
        for name, mode in _FOLDERS.items():
            folder = data / name
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        probe = data / "tmp" / f"probe-{os.getpid()}"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        why = "it is a file" if data.is_file() else error.strerror
        raise DataUnusable(f"The data directory {data} can't be used: {why}.") from error
    free = migrate.free_bytes(data)
    if free < int(settings.limits.free_disk):
        raise DataUnusable(
            f"The disk that holds {data} is full: {free // 2**20} MiB are free, "
            f"{int(settings.limits.free_disk) // 2**20} MiB are needed (limits.free_disk)."
        )
    if not custody.may_be_sealed(settings):
        custody.ring_of(settings)
    try:
        migrate.shut_away(settings.sqlalchemy_url)
    except OSError as error:
        raise DataUnusable(f"The database {error.filename} can't be used: {error.strerror}.") from error


def connect(settings: Settings) -> Database:
    """Return the database of these settings; opens nothing yet."""
    database = settings.database
    return Database.connect(
        settings.sqlalchemy_url,
        pool_size=database.pool_size,
        busy_timeout_s=database.busy_timeout_s,
        synchronous=database.synchronous,
    )
