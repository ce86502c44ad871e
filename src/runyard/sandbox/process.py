"""The process level: a user of its own where possible, and the kernel's plain limits. Plans only."""

from pathlib import Path

from runyard.sandbox.plan import Limits, Request
from runyard.sandbox.reach import Stat, closed_part

MIB = 1024 * 1024


def rlimits(limits: Limits, *, processes: int | None) -> tuple[tuple[str, int], ...]:
    """Return resource limits as names without ``RLIMIT_`` and values in the kernel's units.

    `processes` bounds the user's processes; only sensible where the user is the run's own.
    """
    chosen = [("CORE", 0)]
    if limits.open_files is not None:
        chosen.append(("NOFILE", limits.open_files))
    # No single file can be larger than all of them together may be.
    largest = min((size for size in (limits.file_mb, limits.disk_mb) if size is not None), default=None)
    if largest is not None:
        chosen.append(("FSIZE", largest * MIB))
    if processes is not None:
        chosen.append(("NPROC", processes))
    return tuple(chosen)


def closed_to_others(request: Request, look: Stat) -> str:
    """Return what keeps a user of the run's own from this command, or an empty string."""
    for path in (*request.read_only, *((Path(request.argv[0]),) if request.argv[0].startswith("/") else ())):
        why = closed_part(path, look=look)
        if why:
            return why
    for path in (request.workspace, *request.read_write):
        why = closed_part(path, leaf=False, look=look)
        if why:
            return why
    return ""
