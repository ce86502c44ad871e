"""The only source of ids: prefixed, unguessable, and sortable by the time they were made."""

import os
import threading
import time
from datetime import datetime
from typing import NewType

RunId = NewType("RunId", str)
ScriptId = NewType("ScriptId", str)
VersionId = NewType("VersionId", str)
ProjectId = NewType("ProjectId", str)
UserId = NewType("UserId", str)
WorkerId = NewType("WorkerId", str)
EnvironmentId = NewType("EnvironmentId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new(prefix: str) -> str:
    """Return ``<prefix>_<26 characters>``: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32.

    Ids made by one process sort in the order in which they were made, also within a millisecond.
    """
    global _last  # noqa: PLW0603 - monotonicity is a property of the process
    with _lock:
        value = (int(time.time() * 1000) << _RANDOM_BITS) | int.from_bytes(os.urandom(10))
        # Within the same millisecond (or after a clock step back) count on from the last id.
        if value >> _RANDOM_BITS <= _last >> _RANDOM_BITS:
            value = _last + 1 + int.from_bytes(os.urandom(4))
        _last = value
    return f"{prefix}_{_encode(value)}"


def floor(prefix: str, at: datetime) -> str:
    """Return the lowest id that could be made at `at` (to the millisecond): what is older sorts below it."""
    return f"{prefix}_{_encode(max(0, int(at.timestamp() * 1000)) << _RANDOM_BITS)}"


def _encode(value: int) -> str:
    digits = []
    for _ in range(26):
        digits.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(digits))
