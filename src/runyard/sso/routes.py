"""Single sign-on over HTTP: to the provider, back from it, and out again."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from runyard.access import cookies
from runyard.access.service import AccessService
from runyard.errors import Problem
from runyard.settings import Settings
from runyard.sso.id_tokens import ProviderNotTrusted
from runyard.sso.journeys import LASTS, safe_next
from runyard.sso.schemas import LogOutBody, ProviderBody, WaysBody
from runyard.sso.service import Answer, SsoService
from runyard.web.depends import provided

router = APIRouter(prefix="/auth", tags=["access"])
Sso = Annotated[SsoService, Depends(provided(SsoService))]
Access = Annotated[AccessService, Depends(provided(AccessService))]
Configured = Annotated[Settings, Depends(provided(Settings))]
JOURNEY = "runyard_journey"
_SEE_OTHER = 303


@router.get("/ways", operation_id="read_ways_to_sign_in")
async def read_ways(settings: Configured, access: Access) -> WaysBody:
    """Say how people sign in here, for the page before anybody has."""
    sso = settings.sso
    local = access.local_login.is_on()
    label = ProviderBody(label=sso.oidc.label) if sso.oidc.issuer else None
    form = local or bool(sso.ldap.url)
    return WaysBody(form=form, local=local, second_factor=settings.access.second_factor, oidc=label)


@router.get("/oidc/start", operation_id="begin_oidc", status_code=_SEE_OTHER, response_class=RedirectResponse)
async def start(
    request: Request,
    sso: Sso,
    settings: Configured,
    next: Annotated[str, Query(max_length=2000, description="The path of this page to come back to.")] = "/",  # noqa: A002
) -> Response:
    """Send the browser to the provider."""
    try:
        url, packed = await sso.begin(next, f"{_here(request, settings)}/api/v1/auth/oidc/callback")
    except Problem as problem:
        return _back_to_login(problem.code, next)
    answer = RedirectResponse(url, _SEE_OTHER)
    # The provider's site sends the browser back: a strict cookie would stay behind.
    cookies.put_short(answer, request, settings, JOURNEY, packed, int(LASTS.total_seconds()))
    return answer


@router.get("/oidc/callback", operation_id="finish_oidc", status_code=_SEE_OTHER, response_class=RedirectResponse)
async def callback(
    request: Request,
    sso: Sso,
    settings: Configured,
    code: Annotated[str | None, Query(max_length=4096)] = None,
    state: Annotated[str | None, Query(max_length=512)] = None,
    error: Annotated[str | None, Query(max_length=512)] = None,
    iss: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Take the browser back from the provider, and lead it to the page, signed in or told why not."""
    next_path = "/"
    try:
        journey = sso.returning(cookies.read(request, settings, JOURNEY), state)
        next_path = journey.next
        signed_in = await sso.finish(journey, Answer(code, state, error, iss), cookies.client_of(request))
    except Problem as problem:
        answer = _back_to_login(problem.code, next_path)
    else:
        answer = RedirectResponse(f"/login/sso?{urlencode({'next': next_path})}", _SEE_OTHER)
        cookies.put(answer, request, settings, signed_in)
    cookies.put_short(answer, request, settings, JOURNEY, "", 0)
    return answer


@router.post("/oidc/logout", operation_id="logout_oidc")
async def logout(request: Request, response: Response, sso: Sso, access: Access, settings: Configured) -> LogOutBody:
    """End the session of the refresh cookie, and say where it goes on at the provider."""
    cookies.refuse_cross_site(request, settings)
    token = cookies.read(request, settings, cookies.REFRESH)
    url = await sso.log_out(access.sessions_of(token), f"{_here(request, settings)}/login")
    await access.logout(token, None, cookies.client_of(request))
    cookies.drop(response, request, settings)
    return LogOutBody(url=url)


@router.post("/oidc/backchannel", operation_id="logged_out_at_provider")
async def backchannel(sso: Sso, logout_token: Annotated[str, Form(max_length=65_536)]) -> Response:
    """Hear from the provider that somebody has logged out there (OpenID Connect Back-Channel Logout 1.0)."""
    try:
        await sso.logged_out_there(logout_token)
    except ProviderNotTrusted as problem:
        said = {"error": "invalid_request", "error_description": problem.detail}
        return JSONResponse(said, 400, {"Cache-Control": "no-store"})
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


def _back_to_login(code: str, next_path: str) -> Response:
    return RedirectResponse(f"/login?{urlencode({'sso': code, 'next': safe_next(next_path)})}", _SEE_OTHER)


def _here(request: Request, settings: Settings) -> str:
    """Return where the browser sees this page: as the settings say, else as it came; a provider knows it or refuses."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
