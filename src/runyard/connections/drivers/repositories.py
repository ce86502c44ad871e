"""Git repositories: what they advertise, asked for as git does."""

import re
import shlex
from typing import Any
from urllib.parse import unquote, urlsplit

from runyard.connections.drivers.seen import Refused, Seen
from runyard.connections.drivers.web import asked, opened

_AGENT = re.compile(rb"agent=([^\s\0]{1,100})")
_HEAD = re.compile(rb"symref=HEAD:refs/heads/([^\s\0]{1,200})")
ENOUGH = 65_536


def git(settings: dict[str, Any], patience_s: float) -> Any:
    """Ask for the refs."""
    return over_ssh(settings, patience_s) if settings["url"].startswith("ssh:") else over_http(settings, patience_s)


def over_http(settings: dict[str, Any], patience_s: float) -> Seen:
    """Ask for the refs by the smart protocol."""
    password = settings.get("password")
    # Whose token it is matters to nobody who takes tokens.
    auth = (settings["username"] or "git", password) if password else None
    with opened(settings, patience_s, auth=auth) as client:
        answer = asked(client, f"{settings['url'].rstrip('/')}/info/refs?service=git-upload-pack")
        if answer.headers.get("content-type") != "application/x-git-upload-pack-advertisement":
            raise Refused("What answers there is no Git repository.")
        return _told(answer.content)


async def over_ssh(settings: dict[str, Any], patience_s: float) -> Seen:
    """Ask for the refs by the program at the other end."""
    from runyard.connections.drivers.shells import enter

    parts = urlsplit(settings["url"])
    where = {"host": parts.hostname or "", "port": parts.port or 22, "username": settings["username"] or "git"}
    async with await enter({**settings, **where}, patience_s) as connection:
        command = f"git-upload-pack {shlex.quote(unquote(parts.path))}"
        async with connection.create_process(command, encoding=None) as process:
            said = b""
            while len(said) < ENOUGH and b"\n" not in said:
                chunk = await process.stdout.read(4096)
                if not chunk:
                    break
                said += chunk
            if not said:
                words = (await process.stderr.read(2000)).decode("utf-8", "replace").strip()
                raise Refused(words or "What answers there is no Git repository.")
            process.stdin.write(b"0000")
    return _told(said)


def _told(said: bytes) -> Seen:
    agent, head = _AGENT.search(said), _HEAD.search(said)
    details = {"branch": head[1].decode("utf-8", "replace")} if head else {}
    return Seen(agent[1].decode("ascii", "replace") if agent else "Git", details)
