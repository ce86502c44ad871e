"""The installation's master key: where it comes from and what is derived from it."""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runyard import ids
from runyard.errors import Unavailable

FILE = "master.key"
VARIABLE = "RUNYARD_MASTER_KEY"
_BYTES = 32


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


def load(data: Path, environ: Mapping[str, str] | None = None) -> MasterKey:
    """Return the master key from ``RUNYARD_MASTER_KEY`` (base64), else from ``<data>/master.key``, made if missing.

    Raises: MasterKeyUnusable for a malformed key, and for a file that others may read or that is not ours.
    """
    given = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    if given:
        return MasterKey(_decode(given, VARIABLE))
    path = data / FILE
    try:
        return _read(path)
    except FileNotFoundError:
        _create(path)
        return _read(path)


def _read(path: Path) -> MasterKey:
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
        text = os.read(descriptor, 1024).decode("ascii", "replace")
    finally:
        os.close(descriptor)
    return MasterKey(_decode(text, str(path)))


def _decode(text: str, where: str) -> bytes:
    compact = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        secret = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if len(secret) != _BYTES:
        raise MasterKeyUnusable(f"{where} must hold {_BYTES} bytes in base64.")
    return secret


def _create(path: Path) -> None:
    """Write a new key whole or not at all; whoever comes first wins."""
    draft = path.with_name(f".{FILE}.{ids.new('tmp')}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
                file.flush()
                os.fsync(descriptor)
            # A link, not a rename: it never replaces a key that another process has just made.
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise MasterKeyUnusable(f"{path} can't be written: {error.strerror}.") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
