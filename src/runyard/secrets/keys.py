"""The installation's master key: where it comes from and what is derived from it.

There may be older ones after it, with which something is still sealed: a rotation puts the new one first.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runyard import ids
from runyard.errors import Unavailable

FILE = "master.key"
VARIABLE = "RUNYARD_MASTER_KEY"
_BYTES = 32
_MOST = 65_536
ROOT = "root"
"""What a master key that stands wrapped in its file is bound to."""


class MasterKeyUnusable(Unavailable):
    """The master key can't be used."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 secret bytes that every other key is derived from, and the public id they are known by."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _BYTES:
            raise MasterKeyUnusable(f"The master key must be {_BYTES} bytes in base64.")

    @property
    def id(self) -> str:
        """Eight hexadecimal digits that tell keys apart and say nothing about them."""
        return self.derive("key id")[:4].hex()

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose, by HKDF-SHA256; different purposes share nothing."""
        return HKDF(SHA256(), _BYTES, salt=None, info=f"runyard {purpose}".encode()).derive(self.secret)


class KeyRing:
    """The master keys of an installation: the present one, and older ones that something may still be sealed with.

    An unknown one is looked for where they come from: another process may have put it there since.
    """

    def __init__(self, keys: Sequence[MasterKey], reread: Callable[[], Sequence[MasterKey]] | None = None) -> None:
        self._keys = tuple(keys)
        self._reread = reread

    @property
    def present(self) -> MasterKey:
        """The key for whatever is sealed now."""
        return self._keys[0]

    @property
    def older(self) -> tuple[MasterKey, ...]:
        """The keys of the past, the latest first."""
        return self._keys[1:]

    def find(self, key_id: str) -> MasterKey | None:
        """Return the key of that id."""
        found = self._known(key_id)
        if found is None and self._reread is not None:
            self.renew()
            found = self._known(key_id)
        return found

    def renew(self) -> None:
        """Read the keys again from where they come from."""
        if self._reread is not None:
            self._keys = tuple(self._reread())

    def _known(self, key_id: str) -> MasterKey | None:
        return next((key for key in self._keys if key.id == key_id), None)


class Unwrap(Protocol):
    """Opens a master key that stands wrapped in its file (see `wrapping.KeyWrapper`)."""

    def wrap(self, key: bytes, context: str) -> str:
        """Return a key wrapped for `context`."""

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`."""


def load(data: Path, environ: Mapping[str, str] | None = None) -> MasterKey:
    """Return the present master key, as `ring` finds it; raise `MasterKeyUnusable`."""
    return ring(data, environ).present


def ring(data: Path, environ: Mapping[str, str] | None = None, wrapper: Unwrap | None = None) -> KeyRing:
    """Return the master keys from ``RUNYARD_MASTER_KEY``, else from ``<data>/master.key``, made if missing.

    Each is base64; several are separated by white space or commas, the present one first. With a `wrapper` those in
    the file may stand wrapped, and a new one does.

    Raises: MasterKeyUnusable for a malformed key, and for a file that others may read or that is not ours.
    """
    where = os.environ if environ is None else environ

    def read() -> tuple[MasterKey, ...]:
        if given := where.get(VARIABLE, "").strip():
            return _decoded(given, VARIABLE, None)
        path = data / FILE
        try:
            return _read(path, wrapper)
        except FileNotFoundError:
            _create(path, _written(MasterKey(secrets.token_bytes(_BYTES)), wrapper))
            return _read(path, wrapper)

    return KeyRing(read(), read)


def in_environment(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the master key is given by the environment, where nobody but the administrator can change it."""
    return bool((os.environ if environ is None else environ).get(VARIABLE, "").strip())


def prepend(data: Path, wrapper: Unwrap | None = None) -> None:
    """Make a new master key and put it before those in the file, whole or not at all."""
    path = data / FILE
    before = path.read_text("ascii")
    draft = _drafted(path, f"{_written(MasterKey(secrets.token_bytes(_BYTES)), wrapper)}\n{before}")
    draft.replace(path)
    _sync(path.parent)


def drop_older(data: Path) -> int:
    """Remove all keys but the present one from the file; return how many those were."""
    path = data / FILE
    present, *older = path.read_text("ascii").split()
    if older:
        _drafted(path, f"{present}\n").replace(path)
        _sync(path.parent)
    return len(older)


def _read(path: Path, wrapper: Unwrap | None) -> tuple[MasterKey, ...]:
    try:
        # Not to wait at a pipe that somebody has put there.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise MasterKeyUnusable(f"{path} can't be read: {error.strerror}.") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise MasterKeyUnusable(f"{path} is not a regular file.")
        if facts.st_mode & 0o077:
            raise MasterKeyUnusable(f"{path} may be read by other users; make it yours alone: chmod 600 {path}")
        if facts.st_uid not in {os.geteuid(), 0}:
            raise MasterKeyUnusable(f"{path} belongs to another user.")
        text = os.read(descriptor, _MOST).decode("ascii", "replace")
    finally:
        os.close(descriptor)
    return _decoded(text, str(path), wrapper)


def _decoded(text: str, where: str, wrapper: Unwrap | None) -> tuple[MasterKey, ...]:
    words = text.replace(",", " ").split()
    found = tuple(_master(word, where, wrapper) for word in words)
    if not found:
        raise MasterKeyUnusable(f"{where} must hold {_BYTES} bytes in base64.")
    return found


def _master(word: str, where: str, wrapper: Unwrap | None) -> MasterKey:
    if ":" not in word:
        return MasterKey(_decode(word, where))
    if wrapper is None:
        raise MasterKeyUnusable(f"{where} holds a wrapped key, and no key service is set that could open it.")
    return MasterKey(wrapper.unwrap(word, ROOT))


def _written(key: MasterKey, wrapper: Unwrap | None) -> str:
    return base64.b64encode(key.secret).decode() if wrapper is None else wrapper.wrap(key.secret, ROOT)


def _decode(text: str, where: str) -> bytes:
    compact = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        secret = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if len(secret) != _BYTES:
        raise MasterKeyUnusable(f"{where} must hold {_BYTES} bytes in base64.")
    return secret


def _create(path: Path, text: str) -> None:
    """Write a new key whole or not at all; whoever comes first wins."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _drafted(path, f"{text}\n")
        try:
            # A link, not a rename: it never replaces a key that another process has just made.
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise MasterKeyUnusable(f"{path} can't be written: {error.strerror}.") from error


def _drafted(path: Path, text: str) -> Path:
    draft = path.with_name(f".{FILE}.{ids.new('tmp')}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
