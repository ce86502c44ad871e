"""Who keeps the key that wraps all others: this machine, or a key service that never lets it out."""

from typing import Protocol

from runyard.secrets.keys import KeyRing
from runyard.secrets.sealing import Sealer


class KeyWrapper(Protocol):
    """Wraps keys by one that it keeps to itself. Its methods may wait for a network: not for an event loop.

    Raises: SealBroken for what it has not wrapped for that context; MasterKeyUnusable when it can't be asked.
    """

    @property
    def name(self) -> str:
        """What wraps now, for people: it stands beside each wrapped key."""

    def wrap(self, key: bytes, context: str) -> str:
        """Return `key` wrapped for `context`."""

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`."""

    def outdated(self, wrapped: str) -> bool:
        """Whether it was wrapped by something older than what wraps now."""


class LocalWrapper:
    """Wraps by a key derived from the master key in this process's memory."""

    def __init__(self, ring: KeyRing) -> None:
        self._sealer = Sealer(ring, purpose="wrapping")

    @property
    def name(self) -> str:
        """The present master key's id."""
        return f"master key {self._sealer.key_id}"

    def wrap(self, key: bytes, context: str) -> str:
        """Return `key` wrapped for `context`."""
        return self._sealer.seal(key, context)

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`; raise `SealBroken`."""
        return self._sealer.open(wrapped, context)

    def outdated(self, wrapped: str) -> bool:
        """Whether an older master key has wrapped it."""
        return self._sealer.outdated(wrapped)


class Served:
    """A key service's wrapper that still opens what the local master key wrapped before there was one."""

    def __init__(self, service: KeyWrapper, local: LocalWrapper) -> None:
        self._service = service
        self._local = local

    @property
    def name(self) -> str:
        """The service's key."""
        return self._service.name

    def wrap(self, key: bytes, context: str) -> str:
        """Return `key` wrapped by the service."""
        return self._service.wrap(key, context)

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`, by whomever."""
        return (self._local if wrapped.startswith("rs1.") else self._service).unwrap(wrapped, context)

    def outdated(self, wrapped: str) -> bool:
        """Whether it was not wrapped by the service, or by an older key of it."""
        return wrapped.startswith("rs1.") or self._service.outdated(wrapped)
