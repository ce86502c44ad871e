"""A sign-in that is on its way to a provider: kept by the browser, sealed, until it comes back."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from runyard import clock
from runyard.errors import Unauthenticated
from runyard.secrets.sealing import SealBroken, Sealer

LASTS = timedelta(minutes=10)
_CONTEXT = "sso:journey"
_PATH = re.compile(r"/(?![/\\])[^\\\s\x00-\x1f\x7f]{0,1999}")


class JourneyLost(Unauthenticated):
    """This sign-in was begun elsewhere, or too long ago. Try once more."""

    code = "sso_expired"


@dataclass(frozen=True, slots=True)
class Journey:
    """What must be the same when the browser comes back: nobody else knows `verifier` and `nonce`."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    next: str
    redirect_uri: str
    began_us: int

    @property
    def challenge(self) -> str:
        """What the provider is shown of the verifier (PKCE, S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


def begin(next_path: str | None, redirect_uri: str, now: datetime) -> Journey:
    """Return a new journey that shall lead to a path of this page."""
    random = [secrets.token_urlsafe(size) for size in (24, 24, 48)]
    return Journey(random[0], random[1], random[2], safe_next(next_path), redirect_uri, clock.to_us(now))


def pack(journey: Journey, sealer: Sealer) -> str:
    """Return a journey as its browser keeps it."""
    return sealer.seal(json.dumps(asdict(journey)).encode(), _CONTEXT)


def unpack(packed: str | None, state: str | None, sealer: Sealer, now: datetime) -> Journey:
    """Return the journey that comes back with this state; raise `JourneyLost`."""
    if not packed or not state:
        raise JourneyLost
    try:
        journey = Journey(**json.loads(sealer.open(packed, _CONTEXT)))
    except (SealBroken, ValueError, TypeError) as error:
        raise JourneyLost from error
    age = now - clock.from_us(journey.began_us)
    same = hmac.compare_digest(journey.state.encode(), state.encode("utf-8", "replace"))
    if not same or not timedelta(0) <= age <= LASTS:
        raise JourneyLost
    return journey


def safe_next(path: str | None) -> str:
    """Return a path of this page, and ``/`` for whatever might lead elsewhere, such as ``//evil``."""
    inside = path is not None and _PATH.fullmatch(path) and not path.startswith(("/api/", "/login"))
    return path if inside and path is not None else "/"
