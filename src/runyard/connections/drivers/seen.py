"""What drivers answer."""

import ssl
from typing import Any

from msgspec import Struct, field


class Seen(Struct, frozen=True):
    """Who answered at the other end (``PostgreSQL 16.2``), and what else was learned, by name."""

    server: str
    details: dict[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - it says what is wrong
    """The other end answered, and does not let us in."""

    def __init__(self, said: str, code: str = "failed", **details: str) -> None:
        super().__init__(said)
        self.code = code
        self.details = details


def trust(settings: dict[str, Any]) -> ssl.SSLContext | None:
    """Return how the other end is to prove itself; None where nothing is encrypted."""
    tls = settings.get("tls", "verified" if settings.get("verify", True) else "unverified")
    if tls == "off":
        return None
    context = ssl.create_default_context()
    if settings.get("ca"):
        context.load_verify_locations(cadata=settings["ca"])
    if tls == "unverified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
