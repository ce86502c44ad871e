"""Rate limits: which requests they are about, under whose name they count, and what is told of them.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy: "address";q=120;w=60`` and
``RateLimit: "address";r=119;t=1``, where ``t`` says in how many seconds all of the quota is there again; after a
refusal, in how many there is something, as ``Retry-After`` does.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from fastapi import Request
from msgspec import Struct, field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runyard import clock
from runyard.errors import TooMany
from runyard.settings import RateSettings
from runyard.web.addresses import counted_as
from runyard.web.buckets import Buckets, Rate, Taken
from runyard.web.problems import respond

METER = "runyard.meter"
SIGNING_IN = ("/api/v1/auth/",)
"""What is asked before somebody is known, and to become known."""
WEBHOOKS = ("/api/v1/hooks/",)
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}


class TooManyRequests(TooMany):
    """Too many requests; wait a little before the next one."""

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"Too many requests. Try again in {self.retry_after_s} seconds.")


class Policy(Struct, frozen=True):
    """A limit, as headers name it."""

    name: str
    rate: Rate

    @property
    def header(self) -> bytes:
        """What ``RateLimit-Policy`` says."""
        return f'"{self.name}";q={self.rate.burst};w={math.ceil(self.rate.per_s)}'.encode()

    def left(self, taken: Taken) -> bytes:
        """Return what ``RateLimit`` says after a request."""
        return f'"{self.name}";r={taken.left};t={math.ceil(taken.full_s if taken.allowed else taken.next_s)}'.encode()


def policy_of(name: str, text: str) -> Policy | None:
    """Return the limit that a setting such as ``120/minute`` asks for; None for an empty one."""
    if not text:
        return None
    most, _, unit = text.partition("/")
    return Policy(name, Rate(int(most), _UNITS[unit]))


class Taker(Protocol):
    """Keeps buckets: in this process, or in Redis for all of them."""

    async def take(self, policy: Policy, name: str) -> Taken:
        """Take a token from the bucket of that name."""


class OwnBuckets:
    """Buckets of this process."""

    def __init__(self) -> None:
        self._of: dict[str, Buckets] = {}

    async def take(self, policy: Policy, name: str) -> Taken:
        """Take a token from the bucket of that name."""
        buckets = self._of.get(policy.name)
        if buckets is None:
            buckets = self._of[policy.name] = Buckets(policy.rate)
        return buckets.take(name, clock.monotonic())


class Meter(Struct):
    """What limits have said of one request; whoever finds out who asks charges them too."""

    taker: Taker
    user: Policy | None
    token: Policy | None
    told: list[tuple[Policy, Taken]] = field(default_factory=list)

    async def charge(self, policy: Policy, name: str) -> Taken:
        """Count the request under a name."""
        taken = await self.taker.take(policy, name)
        self.told.append((policy, taken))
        return taken

    async def charge_actor(self, user_id: str, token_id: str | None) -> None:
        """Count the request of somebody who is known; raise `TooManyRequests`."""
        policy, name = (self.token, token_id) if token_id is not None else (self.user, user_id)
        if policy is not None and name is not None:
            taken = await self.charge(policy, name)
            if not taken.allowed:
                raise TooManyRequests(taken.next_s)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return what the answer says of it."""
        if not self.told:
            return []
        return [
            (b"ratelimit-policy", b", ".join(policy.header for policy, _ in self.told)),
            (b"ratelimit", b", ".join(policy.left(taken) for policy, taken in self.told)),
        ]


class Throttle:
    """Answers 429 to who asks too often. A request that no limit is about passes as if this were not here."""

    def __init__(self, app: ASGIApp, rates: RateSettings, taker: Taker | None = None) -> None:
        self._app = app
        self._taker = taker or OwnBuckets()
        self._signing_in = policy_of("authentication", rates.authentication)
        self._webhooks = policy_of("webhooks", rates.webhooks)
        self._address = policy_of("address", rates.address)
        self._user = policy_of("user", rates.user)
        self._token = policy_of("token", rates.token)
        # What is left alone passes after one look at its path.
        everything = self._address is not None or self._user is not None or self._token is not None
        self._watched = ("/api/",) if everything else (*SIGNING_IN, *WEBHOOKS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        if not path.startswith(self._watched):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        name = counted_as(client[0] if client else "")
        meter = scope[METER] = Meter(self._taker, self._user, self._token)
        for policy in self._about(path):
            taken = await meter.charge(policy, name)
            if not taken.allowed:
                await self._refuse(scope, receive, send, TooManyRequests(taken.next_s))
                return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and meter.told:
                message["headers"] = [*message.get("headers", ()), *meter.headers()]
            await send(message)

        await self._app(scope, receive, telling)

    def _about(self, path: str) -> Sequence[Policy]:
        """Return the limits of addresses that a path falls under."""
        special = None
        if path.startswith(SIGNING_IN):
            special = self._signing_in
        elif path.startswith(WEBHOOKS):
            special = self._webhooks
        return tuple(policy for policy in (special, self._address) if policy is not None)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, problem: TooManyRequests) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": ""})
            return
        headers = {"retry-after": str(problem.retry_after_s)}
        headers |= {name.decode(): value.decode() for name, value in scope[METER].headers()}
        await respond(Request(scope), 429, problem.code, problem.detail, headers=headers)(scope, receive, send)
