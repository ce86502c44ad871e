"""Host directories that an administrator has allowed scripts to see. Pure, but for the resolving of links."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runyard.sandbox.plan import Mount
from runyard.sandbox.problems import MountRefused

_TAKEN = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/nix",
    "/gnu",
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A host directory, with everything below it, that scripts may mount; `writable` for reading and writing."""

    path: Path
    writable: bool

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Read ``/srv/data``, ``/srv/data:ro`` or ``/srv/data:rw``. Raises ValueError."""
        path, colon, mode = text.rpartition(":")
        if not colon or mode not in {"ro", "rw"}:
            path, mode = text, "ro"
        if not path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{text!r} is no absolute path, with :ro or :rw after it")
        return cls(Path(path), mode == "rw")


def checked(
    wishes: Iterable[tuple[str, str | None, bool]],
    allowed: Sequence[Allowed],
    *,
    closed: Sequence[Path],
    own: Sequence[Path],
) -> tuple[Mount, ...]:
    """Return what a script may mount of what it wishes: (source, target or None, writable).

    Links in a source are followed first, so that none leads out of what was allowed. `closed` are directories of
    Runyard's that no mount may show or lie in, `own` the run's own places, which no mount may cover. Raises
    MountRefused.
    """
    return tuple(_checked(Path(source), target, writable, allowed, closed, own) for source, target, writable in wishes)


def _checked(
    source: Path,
    target: str | None,
    writable: bool,  # noqa: FBT001 - one wish, taken apart
    allowed: Sequence[Allowed],
    closed: Sequence[Path],
    own: Sequence[Path],
) -> Mount:
    if not allowed:
        raise MountRefused(f"{source} can't be mounted: the administrator has allowed no directories (sandbox.mounts).")
    try:
        real = Path(os.path.realpath(source, strict=True))
    except OSError as error:
        raise MountRefused(f"{source} can't be mounted: {error.strerror}.") from None
    if not (real.is_dir() or real.is_file()):
        raise MountRefused(f"{source} can't be mounted: it is neither a directory nor a file.")
    holding = [one for one in allowed if real.is_relative_to(os.path.realpath(one.path))]
    if not holding:
        raise MountRefused(f"{source} can't be mounted: the administrator has not allowed it (sandbox.mounts).")
    if writable and not any(one.writable for one in holding):
        raise MountRefused(f"{source} can't be mounted for writing: the administrator has allowed reading only.")
    for place in closed:
        if real.is_relative_to(place) or place.is_relative_to(real):
            raise MountRefused(f"{source} can't be mounted: Runyard's own data lie there.")
    place = Path(target) if target else source
    if place == Path("/") or any(place.is_relative_to(tree) for tree in _TAKEN):
        raise MountRefused(f"Nothing can be mounted at {place}: it belongs to the system.")
    if any(one.is_relative_to(place) or place.is_relative_to(one) for one in own):
        raise MountRefused(f"Nothing can be mounted at {place}: the run has its own files there.")
    return Mount(real, place, writable)
