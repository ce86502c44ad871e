"""Whether people sign in with passwords that are kept here; and the way back for when nobody can sign in elsewhere."""

from datetime import datetime
from pathlib import Path

from runyard import clock
from runyard.errors import Forbidden
from runyard.settings import Settings

FILE = "local-login"


class LocalLoginOff(Forbidden):
    """Signing in with a password of Runyard's own is switched off. Use the way that your organisation offers."""


class LocalLogin:
    """The switch ``access.local_login``, and the file by which an administrator of the machine opens it for a while."""

    def __init__(self, settings: Settings) -> None:
        self._on = settings.access.local_login
        self._file = settings.data / FILE

    def is_on(self) -> bool:
        """Whether passwords that are kept here are good at this moment."""
        return self._on or _until(self._file) > clock.now().timestamp()

    def demand(self) -> None:
        """Raise `LocalLoginOff` unless it is on."""
        if not self.is_on():
            raise LocalLoginOff


def open_until(data: Path, until: datetime) -> None:
    """Let passwords be good until an instant, whatever the settings say."""
    file = data / FILE
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(f"{int(until.timestamp())}\n")


def _until(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0
