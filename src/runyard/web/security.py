"""What every request passes on its way in and every answer on its way out.

Its id and where it comes from, security headers, the list of addresses, rate limits, the limit of bodies. Plain ASGI,
outside the application, so that crashes and refusals carry the same headers as everything else.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runyard import clock, ids
from runyard.settings import Settings
from runyard.web.addresses import ClientAddress
from runyard.web.gate import Gate, Refused, crossing, forget_it
from runyard.web.problems import NO_ROOM, respond
from runyard.web.throttle import Taker, Throttle

REQUEST_ID = "runyard.request_id"
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_UPLOAD_PATH = re.compile(r"/api/v1/(?:runs|scripts/[^/]+/runs|imports(?:/preview)?)/?")
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_S = 5.0
SLOWEST = 1024
"""Bytes a second below which a body is too slow, once it takes longer than a client may be silent."""


def armoured(
    app: ASGIApp,
    settings: Settings,
    *,
    refused: Refused = forget_it,
    known: Callable[[Scope], Awaitable[bool]] | None = None,
    taker: Taker | None = None,
    around: Callable[[ASGIApp], ASGIApp] | None = None,
) -> ASGIApp:
    """Return `app` behind all of this module; serve the result instead of the application itself.

    `refused` hears of who was turned away, `known` tells whether somebody may send as much as an upload is, and
    `taker` keeps the buckets of rate limits. `around` stands before all that refuses, where addresses are known.
    """
    limits = settings.limits
    limited = BodyLimit(
        app,
        body=int(limits.body),
        upload=int(limits.upload),
        spare=int(limits.free_disk),
        silence_s=limits.silence_s,
        known=known or _anybody,
    )
    inner = crossing(Throttle(limited, settings.rates, taker), settings.cors_origins)
    gate: ASGIApp = Gate(inner, settings.allow_from, (settings.public_url, *settings.cors_origins), refused)
    if around is not None:
        gate = around(gate)
    return RequestId(
        ClientAddress(SecurityHeaders(gate, subdomains=settings.hsts_subdomains), settings.trusted_proxies)
    )


class RequestId:
    """Gives every request an id: the client's ``X-Request-Id`` if it is sane, else a new one.

    It is in ``scope["runyard.request_id"]``, in every log event of the request, and in the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        raw = given if _SANE_ID.fullmatch(given) else ids.new("req").encode()
        scope[REQUEST_ID] = request_id = raw.decode()

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", raw)]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, stamped)


def content_policy(*, styles: str = "'self'", scripts: str = "'self'") -> str:
    """Return the Content-Security-Policy of a page; a route that serves HTML may add a nonce to either list."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            f"style-src {styles}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def kept_safe(*, subdomains: bool) -> str:
    """Return how long browsers take HTTPS alone, for this host or for all below it as well."""
    return "max-age=31536000" + ("; includeSubDomains" if subdomains else "")


class SecurityHeaders:
    """Adds the headers that tell browsers to distrust; a header that the route has set itself stays."""

    def __init__(self, app: ASGIApp, policy: str | None = None, *, subdomains: bool = False) -> None:
        self._app = app
        self._headers = (
            (b"content-security-policy", (policy or content_policy()).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            # Not no-referrer: browsers would then send "Origin: null" with our own page's requests.
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (
                b"permissions-policy",
                b"camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()",
            ),
        )
        self._over_https = (*self._headers, (b"strict-transport-security", kept_safe(subdomains=subdomains).encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = self._over_https if scope.get("scheme") == "https" else self._headers
        if scope["path"].startswith("/api/"):
            headers = (*headers, (b"cache-control", b"no-store"))

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name.lower() for name, _ in own}
                message["headers"] = own + [header for header in headers if header[0] not in names]
            await send(message)

        await self._app(scope, receive, dressed)


class BodyTooLarge(HTTPException):
    """More arrived than is accepted; raised out of the reading of a body."""

    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(413, _sentence(limit))


class NoRoom(HTTPException):
    """An upload would leave less of the disk free than is to stay so."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__(503, NO_ROOM)


class BodyTooSlow(HTTPException):
    """A client has begun to send a body and then fallen silent, or nearly so."""

    def __init__(self) -> None:
        super().__init__(408, "The body did not arrive in time.", headers={"connection": "close"})


async def _anybody(_scope: Scope) -> bool:
    return True


def is_upload(scope: Scope) -> bool:
    """Whether a request may carry files: a form sent to where runs are submitted."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bool(kind.lower().startswith(b"multipart/form-data") and _UPLOAD_PATH.fullmatch(scope["path"]))


class BodyLimit:
    """Refuses bodies over a limit (413 ``too_large``): at once by their declared length, else as soon as they pass it.

    Uploads have a limit of their own, but only of who is `known`: a stranger fills no disk. They wait in temporary
    files, so one that would leave less than `spare` bytes free there is refused (503 ``disk_full``). A body that does
    not come on within `silence_s` is refused as well (408 ``too_slow``), and so is one that drips.

    What was not read is drained for a few seconds before the connection closes; a client that is still sending would
    otherwise see a reset instead of the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body: int,
        upload: int,
        spare: int = 0,
        silence_s: float = 30.0,
        known: Callable[[Scope], Awaitable[bool]] = _anybody,
    ) -> None:
        self._app = app
        self._body = body
        self._upload = upload
        self._spare = spare
        self._silence_s = silence_s
        self._knows = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        header = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        declared = int(header) if header.isdigit() else 0
        most, refusal = await self._bound(scope, declared)
        if declared > most:
            await _refuse(scope, receive, send, refusal)
            return
        meter = _Meter(receive, send, most, refusal, self._silence_s)
        await self._app(scope, meter.receive, meter.send)

    async def _bound(self, scope: Scope, declared: int) -> tuple[int, BodyTooLarge | NoRoom]:
        """Return how many bytes a request may bring, and how more of them are refused."""
        if not is_upload(scope) or not await self._knows(scope):
            return self._body, BodyTooLarge(self._body)
        room = max(shutil.disk_usage(tempfile.gettempdir()).free - self._spare, 0)
        if declared > self._upload or room >= self._upload:
            return self._upload, BodyTooLarge(self._upload)
        return room, NoRoom()


class _Meter:
    """Counts what a request's body brings, and how long it takes."""

    def __init__(self, receive: Receive, send: Send, limit: int, refusal: HTTPException, silence_s: float) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._refusal = refusal
        self._silence_s = silence_s
        self._seen = 0
        self._waited = 0.0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            # What may come now is that the client leaves, and that may take as long as it likes.
            return await self._receive()
        message = await self._next()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._seen > self._limit:
                raise self._refusal
        return message

    async def _next(self) -> Message:
        """Return the next piece; only the time that was waited for it counts against the client."""
        began = clock.monotonic()
        left = self._silence_s + self._seen / SLOWEST - self._waited
        try:
            async with asyncio.timeout(min(left, self._silence_s)):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow from error
        self._waited += clock.monotonic() - began
        return message

    async def send(self, message: Message) -> None:
        if self._seen <= self._limit:
            await self._send(message)
        elif message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await self._send(message)
        else:
            last = not message.get("more_body", False)
            await self._send({**message, "more_body": True})
            if last:
                await _drain(self._receive)
                await self._send({"type": "http.response.body"})


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: BodyTooLarge | NoRoom) -> None:
    answer = respond(Request(scope), refusal.status_code, refusal.code, refusal.detail, headers={"connection": "close"})
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    # A client that waits for "100 Continue" sends nothing after a refusal.
    if not any(name == b"expect" for name, _ in scope["headers"]):
        await _drain(receive)
    await send({"type": "http.response.body"})


async def _drain(receive: Receive) -> None:
    """Take in and drop what a client is still sending, within bounds."""
    dropped = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            while dropped < _DRAIN_BYTES:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _sentence(limit: int) -> str:
    size, unit = (limit / 1024**2, "MiB") if limit >= 1024**2 else (limit / 1024, "KiB")
    return f"The body is larger than the {size:.4g} {unit} accepted here."
