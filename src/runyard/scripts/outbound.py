"""Requests to addresses that users name: only to the outside world, unless the installation allows more.

A host is looked up once, every one of its addresses is judged, and the connection goes to the address that was
judged: a name that answers differently the second time gains nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from runyard.errors import FieldError
from runyard.scripts.errors import SourceRefused, SourceUnreachable

MOST_BYTES = 32 * 1024 * 1024
PATIENCE_S = 30.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked, and the address that it is asked at."""

    url: str
    host: str
    port: int
    address: str


async def judged(url: str, *, private: bool) -> Target:
    """Return where a URL leads; raise `SourceRefused` for what is not HTTP(S) or, unless `private`, not outside."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise refused("That is no URL.") from error
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise refused("Only http and https URLs are taken.")
    if parts.username is not None or parts.password is not None:
        raise refused("Give user name and token in fields of their own, not in the URL.")
    if parts.scheme == "http" and not private:
        raise refused("Only https URLs are taken; an administrator may allow others (imports.allow_private).")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable(f"The host {host} is not known.") from error
    addresses = [str(item[4][0]).partition("%")[0] for item in found]
    if not private and not all(is_outside(address) for address in addresses):
        raise refused(f"{host} leads to an address within a private network, which an administrator has to allow.")
    return Target(url, host, port, addresses[0])


def is_outside(address: str) -> bool:
    """Whether an address is one of the public internet, also if it hides an IPv4 address in an IPv6 one."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_outside(str(inner))
        if found.teredo is not None or found in ipaddress.ip_network("64:ff9b::/96"):
            return False
    return found.is_global and not found.is_multicast


def refused(sentence: str) -> SourceRefused:
    """Return the refusal of a URL that says this sentence."""
    return SourceRefused(sentence, fields=[FieldError("url", sentence, "url")])


async def fetched(url: str, *, private: bool, headers: dict[str, str] | None = None) -> bytes:
    """Return what a URL answers, of at most 32 MiB; raise `SourceRefused`, `SourceUnreachable`."""
    import httpx

    target = await judged(url, private=private)
    parts = urlsplit(url)
    bracketed = f"[{target.address}]" if ":" in target.address else target.address
    there = parts._replace(netloc=f"{bracketed}:{target.port}").geturl()
    named = {"Host": parts.netloc, "User-Agent": "runyard", **(headers or {})}
    try:
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", there, headers=named, extensions={"sni_hostname": target.host}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise SourceUnreachable(f"{target.host} answered {answer.status_code}.")
            data = b""
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise refused(f"{target.host} answers more than {MOST_BYTES // 2**20} MiB.")
            return data
    except httpx.HTTPError as error:
        raise SourceUnreachable(f"{target.host} can't be reached: {str(error) or type(error).__name__}.") from error
