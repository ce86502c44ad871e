"""Signing in, and oneself, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access import cookies
from runyard.access.guards import allow
from runyard.access.identities import origins
from runyard.access.models import User
from runyard.access.permissions import Actor, Permission
from runyard.access.schemas import LoginBody, MeBody, MePatch, MyProject, PasswordBody, TokenBody
from runyard.access.service import AccessService, SessionEnded, SignedIn
from runyard.settings import Settings
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["access"])
Access = Annotated[AccessService, Depends(provided(AccessService))]
Configured = Annotated[Settings, Depends(provided(Settings))]
Reader = Annotated[Actor, allow(Permission.self_read, before_second_factor=True)]
Myself = Annotated[Actor, allow(Permission.self_manage)]


@router.post("/auth/login", operation_id="login")
async def login(
    body: LoginBody, request: Request, response: Response, access: Access, settings: Configured
) -> TokenBody:
    """Sign in: an access token, and the refresh token as a cookie.

    Who has a second factor and sends no `code` is answered 401 `second_factor_needed`: ask for the code and send all
    three.
    """
    cookies.refuse_cross_site(request, settings)
    client, password = cookies.client_of(request), body.password.get_secret_value()
    signed_in = await access.login(body.username, password, client, body.code)
    return _tokens(signed_in, request, response, settings)


@router.post("/auth/refresh", operation_id="refresh")
async def refresh(request: Request, response: Response, access: Access, settings: Configured) -> TokenBody:
    """Exchange the refresh cookie for a new access token and the next cookie."""
    cookies.refuse_cross_site(request, settings)
    token = cookies.read(request, settings, cookies.REFRESH)
    if not token:
        raise SessionEnded
    return _tokens(await access.refresh(token, cookies.client_of(request)), request, response, settings)


@router.post("/auth/logout", operation_id="logout", status_code=204)
async def logout(request: Request, response: Response, access: Access, settings: Configured) -> None:
    """End the session of the refresh cookie, or of the access token. Answers the same when there is none."""
    cookies.refuse_cross_site(request, settings)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else None
    await access.logout(cookies.read(request, settings, cookies.REFRESH), bearer, cookies.client_of(request))
    cookies.drop(response, request, settings)


@router.get("/me", operation_id="read_me")
async def read_me(actor: Reader, session: Reading, access: Access) -> MeBody:
    """Read who you are and what you may do."""
    return await _me(session, await access.user_of(session, actor), actor)


@router.patch("/me", operation_id="update_me")
async def update_me(body: MePatch, actor: Myself, session: Transaction, access: Access) -> MeBody:
    """Change your display name, language or theme."""
    user = await access.update(session, actor, body.model_dump(exclude_unset=True))
    return await _me(session, user, actor)


@router.post("/me/password", operation_id="change_password", status_code=204)
async def change_password(body: PasswordBody, actor: Myself, request: Request, access: Access) -> None:
    """Change your password; your other sessions end."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    await access.change_password(actor, current, new, cookies.client_of(request))


def _tokens(signed_in: SignedIn, request: Request, response: Response, settings: Settings) -> TokenBody:
    cookies.put(response, request, settings, signed_in)
    response.headers["cache-control"] = "no-store"
    return TokenBody(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        second_factor_required=signed_in.owes_second_factor,
    )


async def _me(session: AsyncSession, user: User, actor: Actor) -> MeBody:
    from_elsewhere = (await origins(session, [user.id])).get(user.id, [])
    return MeBody.model_validate(
        {
            "id": user.id,
            "username": user.username,
            "display_name": user.display_name,
            "email": user.email,
            "is_admin": user.is_admin,
            "has_password": user.password_hash is not None,
            "origins": from_elsewhere,
            "language": user.language,
            "theme": user.theme,
            "created_at": user.created_at,
            "projects": [
                MyProject(id=m.project_id, name=m.name, permissions=sorted(m.permissions)) for m in actor.memberships
            ],
        }
    )
