"""FTP, by the standard library."""

import ftplib
from typing import Any

from runyard.connections.drivers.seen import Seen, trust


def ftp(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, and go to the directory; no data connection is opened."""
    context = trust(settings)
    client = ftplib.FTP(timeout=patience_s) if context is None else ftplib.FTP_TLS(context=context, timeout=patience_s)  # noqa: S321 - as it was asked for
    with client:
        welcome = client.connect(settings["host"], settings["port"])
        client.login(settings["username"] or "anonymous", settings.get("password", ""))
        if settings["path"]:
            client.cwd(settings["path"])
        place = client.pwd()
    return Seen(_greeting(welcome), {"directory": place})


def _greeting(welcome: str) -> str:
    """Return what a server calls itself, without the code before it."""
    first = welcome.splitlines()[0] if welcome else ""
    return first[3:].strip(" -()") or "FTP server"
