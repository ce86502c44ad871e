"""The first user, made when there is none."""

import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.access import repository
from runyard.access.models import User
from runyard.access.passwords import Passwords
from runyard.settings import Settings

USERNAME = "admin"
FILE = "admin-password"
# Easy to read aloud and to type: no look-alikes. 20 of 31 characters are 99 bits.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """What to tell whoever started the installation: print the password once; it is also kept in `kept_in`.

    Both are None where the password was given by the settings.
    """

    username: str
    password: str | None = field(repr=False)
    kept_in: Path | None


async def make_first_admin(
    session: AsyncSession, settings: Settings, passwords: Passwords, now: datetime
) -> FirstAdmin | None:
    """Add the user ``admin`` if there is no user at all.

    A made-up password is written to ``<data>/admin-password`` (0600) before the user is committed, so that it cannot
    be lost in between. Raises OSError where that file can't be written.
    """
    if await repository.any_user(session):
        return None
    given = settings.admin_password.get_secret_value() if settings.admin_password else ""
    password = given or _invent()
    kept_in = None if given else settings.data / FILE
    if kept_in is not None:
        _keep(kept_in, password)
    async with passwords.turn():
        hashed = await passwords.hash(password)
    session.add(
        User(
            id=ids.new("usr"),
            username=USERNAME,
            username_key=repository.folded(USERNAME),
            password_hash=hashed,
            is_admin=True,
            created_at=now,
            password_changed_at=now,
        )
    )
    await session.flush()
    return FirstAdmin(USERNAME, None if given else password, kept_in)


def _invent() -> str:
    letters = [secrets.choice(_ALPHABET) for _ in range(20)]
    return "-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5))


def _keep(path: Path, password: str) -> None:
    """Write the file whole, readable by nobody else, in place of any before it."""
    draft = path.with_name(f".{FILE}.{ids.new('tmp')}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
