"""The sign-in cookies, from where a request comes, and the refusal of requests that another site has sent with them."""

from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request, Response

from runyard.access.clients import Client
from runyard.access.service import SignedIn
from runyard.settings import Settings
from runyard.web.addresses import address_of
from runyard.web.gate import CrossSite, same_site

REFRESH = "runyard_refresh"
DEVICE = "runyard_device"
SECURE = "__Secure-"
"""What names of cookies begin with over HTTPS: browsers take such over HTTPS only. `__Host-` wants another path."""
PATH = "/api/v1/auth"
_DEVICE_S = 365 * 86_400


def client_of(request: Request) -> Client:
    """Return where a request comes from, and the known device that it names."""
    return Client(
        address=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        # It opens nothing, so that it does not matter which of the two it is.
        device=request.cookies.get(SECURE + DEVICE) or request.cookies.get(DEVICE),
        request_id=request.scope.get("runyard.request_id", ""),
    )


def read(request: Request, settings: Settings, name: str) -> str | None:
    """Return a cookie of ours. Over HTTPS one without its prefix is nobody's: another host could have set it."""
    return request.cookies.get(_full(name, secure=_over_https(request, settings)))


def refuse_cross_site(request: Request, settings: Settings) -> None:
    """Raise `CrossSite` when a browser says that another origin has caused this request.

    Browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin``; programs send neither and pass.
    """
    if request.headers.get("sec-fetch-site", "same-origin").lower() not in {"same-origin", "none"}:
        raise CrossSite
    origin = request.headers.get("origin")
    if origin is None:
        return
    # A proxy may have put its own name into Host.
    if not same_site(origin, request.headers.get("host", ""), (settings.public_url,)):
        raise CrossSite


def put(response: Response, request: Request, settings: Settings, signed_in: SignedIn) -> None:
    """Set the cookies that a sign-in or a refresh yields."""
    if signed_in.refresh_token is not None:
        _set(response, request, settings, REFRESH, signed_in.refresh_token, settings.access.refresh_token_s)
    if signed_in.device_token is not None:
        _set(response, request, settings, DEVICE, signed_in.device_token, _DEVICE_S)


def drop(response: Response, request: Request, settings: Settings) -> None:
    """Have the browser forget the refresh token; the device stays known."""
    _set(response, request, settings, REFRESH, "", 0)


def put_short(response: Response, request: Request, settings: Settings, name: str, value: str, seconds: int) -> None:
    """Set a cookie that comes back also where another site has sent the browser here; of 0 seconds: drop it."""
    _set(response, request, settings, name, value, seconds, "lax")


def _set(
    response: Response,
    request: Request,
    settings: Settings,
    name: str,
    value: str,
    seconds: int,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    secure = _over_https(request, settings)
    response.set_cookie(
        _full(name, secure=secure),
        value,
        max_age=seconds,
        path=PATH,
        secure=secure,
        httponly=True,
        samesite=same_site,
    )


def _full(name: str, *, secure: bool) -> str:
    return SECURE + name if secure else name


def _over_https(request: Request, settings: Settings) -> bool:
    if request.url.scheme == "https":
        return True
    public = urlsplit(settings.public_url)
    # Behind a proxy that ends TLS and does not say so.
    return public.scheme == "https" and public.netloc.lower() == request.headers.get("host", "").lower()
