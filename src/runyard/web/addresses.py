"""Where a request comes from: the one place that believes, or does not believe, what proxies say. Mostly pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

FORWARDING = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})
"""Headers by which a proxy shows that it is one."""
_SCHEMES = {"http": "ws", "https": "wss"}
_LONGEST = 64


class Networks:
    """Networks, of both families, that an address is in or not; an IPv4 address within IPv6 counts as itself."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = tuple(ip_network(text) for text in texts)
        # The same few addresses ask all the time.
        self._holds = lru_cache(4096)(self._look)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        return self._holds(address)

    def _look(self, address: str) -> bool:
        found = parsed(address)
        return found is not None and any(
            found.version == network.version and found in network for network in self._networks
        )


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, or None; one of IPv4 within IPv6 is given as what it stands for."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    found = parsed(address)
    return found is not None and found.is_loopback


def client_of(peer: str, forwarded: Sequence[str], trusted: Networks) -> str:
    """Return the client's address: the peer's own, or what trusted proxies say of it.

    `forwarded` are the lines of ``X-Forwarded-For``. They are read from the end, for everybody may have written what
    comes first: the last entry that no trusted proxy has is the client. An entry that is no address makes the client
    unknown, which is the empty string.
    """
    address = plain(peer)
    if not trusted or address not in trusted:
        return address
    entries = [entry.strip() for line in forwarded for entry in line.split(",")]
    for entry in reversed(entries):
        address = plain(_host(entry))
        if not address or address not in trusted:
            return address
    return address


def plain(text: str) -> str:
    """Return an address in its plainest form, and for what is none the empty string."""
    if "." in text and ":" not in text and text.replace(".", "").isdigit():
        found: object = text if len(text) <= _LONGEST and parsed(text) else ""
    else:
        found = parsed(text) or ""
    return str(found)


def counted_as(address: str) -> str:
    """Return under which name an address's requests are counted: of IPv6 somebody always has a whole /64."""
    found = parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def address_of(connection: HTTPConnection) -> str:
    """Return the address that a request comes from, for all rooms alike; empty when there is none."""
    return connection.client.host if connection.client else ""


def came_by_proxy(scope: Scope) -> bool:
    """Whether a proxy has left its traces in a request, trusted or not."""
    return any(name in FORWARDING for name, _ in scope["headers"])


def _host(entry: str) -> str:
    """Return the address of ``1.2.3.4:5678``, ``[::1]:5678`` and plain ones."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


class ClientAddress:
    """Writes what `client_of` says into ``scope["client"]``, and the scheme: all that follows reads it there."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self._app = app
        self._trusted = Networks(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        client = scope.get("client")
        if client is not None and scope["type"] != "lifespan":
            peer = client[0]
            if self._trusted and plain(peer) in self._trusted:
                self._believe(scope, peer, client[1])
            elif ":" in peer:
                scope["client"] = (plain(peer), client[1])
        await self._app(scope, receive, send)

    def _believe(self, scope: Scope, peer: str, port: int) -> None:
        lines, scheme = [], ""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                lines.append(value.decode("latin-1"))
            elif name == b"x-forwarded-proto":
                scheme = value.decode("latin-1").partition(",")[0].strip().lower()
        found = client_of(peer, lines, self._trusted)
        scope["client"] = (found, 0 if lines else port)
        if scheme in _SCHEMES:
            scope["scheme"] = scheme if scope["type"] == "http" else _SCHEMES[scheme]
