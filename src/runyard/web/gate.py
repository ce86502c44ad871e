"""The list of addresses that are let in, and what pages of other sites may ask for."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from runyard.errors import Forbidden
from runyard.web.addresses import Networks, came_by_proxy, is_loopback
from runyard.web.problems import respond

PROBES = frozenset({"/healthz", "/readyz"})
"""What supervisors and load balancers ask from wherever they are; it tells nothing of anybody."""
_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}

Refused = Callable[[Scope, str], Awaitable[None]]
"""Is told of a request that was turned away, and by which code; it decides itself what to write down."""


class AddressNotAllowed(Forbidden):
    """Requests from this address are not accepted here."""


class CrossSite(Forbidden):
    """This request comes from another site."""


async def forget_it(scope: Scope, code: str) -> None:
    """Write nothing down."""


def admitted(allowed: Networks, address: str, *, by_proxy: bool) -> bool:
    """Whether requests of an address are let in. Without a list all are.

    This machine itself always is, so that nobody locks themselves out; but not what a proxy on it passes on, for that
    may come from anywhere.
    """
    return not allowed or address in allowed or (is_loopback(address) and not by_proxy)


def same_site(origin: str, host: str, ours: Sequence[str]) -> bool:
    """Whether an ``Origin`` is this very server's: the host that was asked, or one of our own addresses."""
    scheme, _, theirs = origin.lower().partition("://")
    if not theirs:  # "null": a sandboxed frame, a file, a redirect across origins
        return False
    known = {_portless(host.lower(), scheme)} | {_portless(urlsplit(url).netloc.lower(), scheme) for url in ours if url}
    return _portless(theirs, scheme) in known


def _portless(host: str, scheme: str) -> str:
    return host.removesuffix(_PORTS.get(scheme, ""))


class Gate:
    """Turns requests away whose address is not on the list, and sockets that pages of other sites open.

    Sockets carry no cookie, their first message must be a token; that their origin is looked at as well is a second
    lock on the same door.
    """

    def __init__(
        self, app: ASGIApp, allowed: Sequence[str], origins: Sequence[str] = (), refused: Refused = forget_it
    ) -> None:
        self._app = app
        self._allowed = Networks(allowed)
        self._origins = tuple(origins)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "websocket" and not self._own_page(scope):
            await self._refuse(scope, receive, send, CrossSite())
        elif self._allowed and kind in {"http", "websocket"} and not self._lets_in(scope):
            await self._refuse(scope, receive, send, AddressNotAllowed())
        else:
            await self._app(scope, receive, send)

    def _lets_in(self, scope: Scope) -> bool:
        if scope["path"] in PROBES:
            return True
        client = scope.get("client")
        return admitted(self._allowed, client[0] if client else "", by_proxy=came_by_proxy(scope))

    def _own_page(self, scope: Scope) -> bool:
        headers = {name: value for name, value in scope["headers"] if name in {b"origin", b"host"}}
        origin = headers.get(b"origin")
        if origin is None:  # a program
            return True
        host = headers.get(b"host", b"").decode("latin-1")
        return same_site(origin.decode("latin-1"), host, self._origins)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, problem: Forbidden) -> None:
        if scope["type"] == "http":
            answer = respond(Request(scope), 403, problem.code, problem.detail, headers={"connection": "close"})
            await answer(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        await self._refused(scope, problem.code)


def crossing(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return `app` with its API open to pages of `origins`, without cookies; without origins, `app` itself."""
    if not origins:
        return app
    from starlette.middleware.cors import CORSMiddleware

    open_to_them = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=(
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "last-event-id",
        ),
        expose_headers=("etag", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"),
        allow_credentials=False,
        max_age=600,
    )

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        # What cookies are for stays with our own page.
        path = scope.get("path", "")
        crosses = path.startswith("/api/v1/") and not path.startswith("/api/v1/auth/")
        await (open_to_them if crosses else app)(scope, receive, send)

    return chosen
