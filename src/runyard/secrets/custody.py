"""Who keeps the master key by these settings, and the keys that are found there."""

import os

from runyard.secrets import keys
from runyard.secrets.keys import KeyRing
from runyard.secrets.kms import AwsKms
from runyard.secrets.transit import VaultTransit
from runyard.secrets.wrapping import KeyWrapper, LocalWrapper, Served
from runyard.settings import Settings


def service_of(settings: Settings) -> KeyWrapper | None:
    """Return the service that keeps the master key, if the settings name one."""
    if settings.keys.wrapper == "vault":
        return VaultTransit(settings.keys)
    return AwsKms(settings.keys) if settings.keys.wrapper == "kms" else None


def ring_of(settings: Settings) -> KeyRing:
    """Return the master keys, a new one where there is none yet; raise `MasterKeyUnusable`."""
    return keys.ring(settings.data, wrapper=service_of(settings))


def wrapper_of(settings: Settings, ring: KeyRing) -> KeyWrapper:
    """Return what wraps data keys."""
    local, service = LocalWrapper(ring), service_of(settings)
    return local if service is None else Served(service, local)


def may_be_sealed(settings: Settings) -> bool:
    """Whether there may be something that was sealed with a key."""
    database = settings.data / "runyard.db"
    return database.exists() and database.stat().st_size > 0


def demand(settings: Settings) -> None:
    """Refuse to make a new master key beside a database that was sealed with another one."""
    if keys.VARIABLE in os.environ or (settings.data / keys.FILE).exists():
        return
    if may_be_sealed(settings):
        raise keys.MasterKeyUnusable(
            f"{settings.data / keys.FILE} is gone, and {settings.data / 'runyard.db'} was sealed with it. Restore it "
            "from where you keep it; to go on without what was sealed, set "
            f"{keys.VARIABLE} to a new key (32 random bytes in base64)."
        )
