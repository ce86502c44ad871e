"""From a tool's last words to a failure that a user understands. Pure."""

import re

from runyard.environments.failures import BuildFailed, DiskFull, IndexUnreachable, InstallFailed, ResolutionFailed
from runyard.environments.processes import without_credentials

_LINES = 14
_CHARACTERS = 2000

_FULL = re.compile(r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT")
_SLOW = re.compile(r"operation timed out|ETIMEDOUT|ERR_SOCKET_TIMEOUT")
_UNREACHABLE = re.compile(
    r"error sending request|tcp connect error|dns error|Failed to fetch: |operation timed out|Connection refused"
    r"|\b(?:ECONNREFUSED|ENOTFOUND|ETIMEDOUT|ECONNRESET|EAI_AGAIN|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH)\b"
    r"|HTTP status (?:server error|client error) \((?:50\d|40[137]|429)|\bE(?:50\d|40[137]|429)\b"
)
_BUILD_NEEDED = re.compile(
    r"building (?:from source|source distributions|\S+) is disabled|no usable wheels|--no-build|no wheels with"
    r"|wheels are required",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://[^/\s)\"']+")
_NOISE = re.compile(
    r"^npm (?:notice|warn|WARN)|A complete log of this run|^npm error\s*$|^npm error\s+at\s"
    r"|^npm error (?:errno|syscall)\b|you are behind a proxy"
)
_NPM = re.compile(r"^npm (?:error|ERR!) ?(?:\d{3} |notarget |ERESOLVE )?")


def needs_build(stderr: str) -> bool:
    """Whether uv, told to build nothing, would have had to build a source distribution."""
    return _BUILD_NEEDED.search(re.sub(r"\s+", " ", stderr)) is not None


def resolving(stderr: str) -> BuildFailed:
    """Return why requirements could not be resolved."""
    return _verdict(stderr, ResolutionFailed)


def installing(stderr: str) -> BuildFailed:
    """Return why a resolved environment could not be installed."""
    return _verdict(stderr, InstallFailed)


def last_words(stderr: str) -> str:
    """Return the lines in which uv or npm says what went wrong, without ornament."""
    lines = [line.rstrip() for line in without_credentials(stderr).splitlines()]
    starts = [i for i, line in enumerate(lines) if re.match(r"(?:error:|npm error|npm ERR!)", line)]
    if starts:
        lines = lines[starts[0] :]
    lines = [_NPM.sub("", line) for line in lines if line.strip() and not _NOISE.search(line)]
    kept = lines if len(lines) <= _LINES else [*lines[: _LINES // 2], "…", *lines[-_LINES // 2 :]]
    return "\n".join(line for line in kept if line.strip())[:_CHARACTERS]


def _verdict(stderr: str, otherwise: type[BuildFailed]) -> BuildFailed:
    words = last_words(stderr)
    if _FULL.search(stderr):
        return DiskFull(f"The disk is full.\n{words}")
    if _UNREACHABLE.search(stderr):
        where = _ADDRESS.search(words)
        how = "does not answer in time" if _SLOW.search(stderr) else "can't be reached"
        return IndexUnreachable(f"The package index{f' at {where[0]}' if where else ''} {how}.\n{words}")
    return otherwise(words or None)
