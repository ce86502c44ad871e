"""Requests to addresses that users name: only to the outside world, unless the installation allows more.

A host is looked up once, every one of its addresses is judged, and the connection goes to the address that was
judged: a name that answers differently the second time gains nothing. A redirect is a new address, judged like the
first, and followed only where the caller asks for it. Where clouds hand out credentials nobody may ask, whatever is
allowed.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field

from runyard.errors import FieldError, Invalid, Unavailable
from runyard.web.addresses import Networks

if TYPE_CHECKING:
    import ssl

    import httpx

PATIENCE_S = 30.0
PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_METADATA = (
    "169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
    "fd00:ec2::254/128", "fd20:ce::254/128", "fd00:42::42/128",
)  # fmt: skip
"""Link-local addresses, and those beside them where clouds hand out credentials."""
_NEVER = Networks((*_METADATA, "0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8", "255.255.255.255/32"))
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?", re.ASCII)
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ip_network("::/96")


class AddressRefused(Invalid):
    """Nothing is fetched from there."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, fields=[FieldError("url", detail, "url")])


class AddressUnreachable(Unavailable):
    """That address can't be reached."""


class Target(Struct, frozen=True):
    """A URL that may be asked, its host as the network knows it, and the address that it is asked at."""

    url: str
    host: str
    port: int
    address: str


class Reach(Struct, frozen=True):
    """How far requests may go: into the public internet, and to the networks of ``fetch_allow``."""

    allowed: Networks = field(default_factory=lambda: Networks(()))

    @classmethod
    def of(cls, networks: Sequence[str]) -> "Reach":
        """Return the reach that a list of networks gives."""
        return cls(Networks(networks))

    def trouble(self, address: str) -> str:
        """Return why nothing is fetched from an address, in words that follow it; empty if it may be asked."""
        if any(inner in _NEVER for inner in meant(address)):
            return "is never asked, whatever is allowed"
        if is_outside(address) or all(inner in self.allowed for inner in meant(address)):
            return ""
        return "is within a private network, which an administrator has to allow (fetch_allow)"

    def allows(self, address: str) -> bool:
        """Whether the installation has allowed this very address."""
        return all(inner in self.allowed for inner in meant(address))


ANYWHERE = Reach.of(("0.0.0.0/0", "::/0"))
"""How far the operator's own settings may lead: into private networks too, but never to where credentials are."""


async def judged(url: str, reach: Reach, schemes: Mapping[str, int] = PORTS) -> Target:
    """Return where a URL leads. Plain http is taken to allowed networks only.

    Raises: AddressRefused; AddressUnreachable for a host that nobody knows.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or schemes.get(parts.scheme, 0)
    except ValueError as error:
        raise AddressRefused("That is no URL.") from error
    host = plain_host(parts.hostname or "")
    if parts.scheme not in schemes or not host or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise AddressRefused(f"Only {' and '.join(schemes)} URLs are taken.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("Give user name and token in fields of their own, not in the URL.")
    only_https = "Only https URLs are taken, and http within networks that are allowed (fetch_allow)."
    if parts.scheme == "http" and not reach.allowed:
        raise AddressRefused(only_https)
    addresses = await resolved(host, port)
    for address in addresses:
        if trouble := reach.trouble(address):
            raise AddressRefused(f"{host} leads to {address}, which {trouble}.")
    if parts.scheme == "http" and not all(reach.allows(address) for address in addresses):
        raise AddressRefused(only_https)
    # Whoever else reads this URL has to read the same host: who decodes it, or spells it otherwise, looks it up anew.
    named = f"[{host}]" if ":" in host else host
    plain = parts._replace(netloc=named if port == schemes[parts.scheme] else f"{named}:{port}")
    return Target(plain.geturl(), host, port, addresses[0])


def plain_host(host: str) -> str:
    """Return a host as the network knows it, of a name in other letters too; empty for what is no host."""
    try:
        spelt = host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    except UnicodeError:
        return ""
    return spelt if _HOST.fullmatch(spelt) or _is_ipv6(spelt) else ""


def _is_ipv6(text: str) -> bool:
    # One with a zone is link-local, and never asked.
    try:
        return "%" not in text and isinstance(ip_address(text), IPv6Address)
    except ValueError:
        return False


async def resolved(host: str, port: int) -> list[str]:
    """Return every address of a host, as the system would try them; raise `AddressUnreachable`."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressUnreachable(f"The host {host} is not known.") from error
    return list(dict.fromkeys(str(item[4][0]).partition("%")[0] for item in found))


def numeric(host: str) -> str:
    """Return the address that a host is if it is a number, however written, or the machine itself; else nothing."""
    if host.rstrip(".").lower() == "localhost" or host.lower().rstrip(".").endswith(".localhost"):
        return "127.0.0.1"
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ""
    return str(found[0][4][0]).partition("%")[0]


def meant(address: str) -> tuple[str, ...]:
    """Return an address and the IPv4 address that an IPv6 one may hide: both are asked about."""
    found = ip_address(address)
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    return (address,) if inner is None else (address, str(inner))


def is_outside(address: str) -> bool:
    """Whether an address is one of the public internet, also if it hides an IPv4 address in an IPv6 one."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_outside(str(inner))
        if found.teredo is not None or _inner(found) is not None:
            return False
    return found.is_global and not found.is_multicast


def _inner(found: IPv6Address) -> IPv4Address | None:
    if found.ipv4_mapped is not None or found.sixtofour is not None:
        return found.ipv4_mapped or found.sixtofour
    if found.teredo is not None:
        return found.teredo[1]
    if any(found in network for network in _TRANSLATED) or (found in _COMPATIBLE and int(found) > 1):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return None


@asynccontextmanager
async def opened(
    url: str,
    reach: Reach,
    *,
    first: Reach | None = None,
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
    proxies: bool = False,
    patience_s: float = PATIENCE_S,
    verify: "ssl.SSLContext | bool" = True,
) -> AsyncIterator["httpx.Response"]:
    """Yield the answer of a URL, to be read in pieces; `redirects` are followed so often, each judged anew.

    `first` is how far the URL itself may lead, where that is further than redirects may: the operator's own choice.
    With `proxies` the machine's own (``HTTPS_PROXY`` …) are used where they are set for such a URL: it is theirs then
    to say what may be reached. `verify` is how the other end proves itself, where that is not as usual. Headers of the
    caller's go to the first address only. Raises: AddressRefused, AddressUnreachable.
    """
    import httpx

    own, within = dict(headers or {}), first or reach
    how: dict[str, Any] = {"timeout": patience_s, "follow_redirects": False, "verify": verify}
    for _ in range(min(redirects, _MOST_REDIRECTS) + 1):
        proxy = _proxy_of(url) if proxies else None
        target = await judged(url, within) if proxy is None else _unjudged(url)
        # A proxy's certificates are told by variables too.
        async with httpx.AsyncClient(**how, proxy=proxy, trust_env=proxy is not None) as client:
            try:
                async with _asked(client, target, own) as answer:
                    onward = answer.headers.get("location") if answer.status_code in _REDIRECTS and redirects else None
                    if onward is None:
                        yield answer
                        return
                    url = urljoin(url, onward)
                    own, within = {}, reach
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
                raise AddressUnreachable(f"{target.host} can't be reached: {reason}.") from error
    raise AddressUnreachable(f"{target.host} sends from one address to the next.")


def _asked(
    client: "httpx.AsyncClient", target: Target, headers: Mapping[str, str]
) -> AbstractAsyncContextManager["httpx.Response"]:
    parts = urlsplit(target.url)
    named = {"Host": parts.netloc, "User-Agent": "runyard", **headers}
    if not target.address:
        return client.stream("GET", target.url, headers=named)
    bracketed = f"[{target.address}]" if ":" in target.address else target.address
    there = parts._replace(netloc=f"{bracketed}:{target.port}").geturl()
    return client.stream("GET", there, headers=named, extensions={"sni_hostname": target.host})


def _proxy_of(url: str) -> str | None:
    """Return the proxy that the machine's variables name for a URL, if they do."""
    from urllib.request import getproxies, proxy_bypass

    try:
        parts, named = urlsplit(url), getproxies()
    except ValueError:
        return None
    if parts.scheme not in PORTS or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    found = named.get(parts.scheme) or named.get("all")
    return found if not found or "://" in found else f"http://{found}"


def _unjudged(url: str) -> Target:
    """Return a URL whose host a proxy will look up."""
    parts = urlsplit(url)
    return Target(url, parts.hostname or "", parts.port or 0, "")


async def fetched(url: str, reach: Reach, *, most: int, headers: Mapping[str, str] | None = None) -> bytes:
    """Return what a URL answers, of at most so many bytes; raise `AddressRefused`, `AddressUnreachable`."""
    async with opened(url, reach, headers=headers) as answer:
        host = urlsplit(url).hostname
        if answer.status_code != 200:  # noqa: PLR2004 - OK
            raise AddressUnreachable(f"{host} answered {answer.status_code}.")
        data = b""
        async for chunk in answer.aiter_bytes():
            data += chunk
            if len(data) > most:
                raise AddressRefused(f"{host} answers more than {most // 2**20} MiB.")
        return data
