"""Coming in, and getting in again: registration, invitations and links by mail, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from runyard import clock
from runyard.access import cookies
from runyard.access.account_schemas import (
    AcceptBody,
    Arrived,
    EmailAnswer,
    EmailBody,
    ForgottenBody,
    InvitationBody,
    InvitationCreate,
    InvitationFacts,
    NewcomerBody,
    NewInvitation,
    Place,
    ResetBody,
    SelfService,
    TokenOnly,
)
from runyard.access.arrivals import Arrivals, Newcomer
from runyard.access.guards import allow
from runyard.access.mail_links import MailLinks
from runyard.access.models import Invitation, User
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.settings import Settings
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["access"])
Links = Annotated[MailLinks, Depends(provided(MailLinks))]
Door = Annotated[Arrivals, Depends(provided(Arrivals))]
Access = Annotated[AccessService, Depends(provided(AccessService))]
Configured = Annotated[Settings, Depends(provided(Settings))]
Myself = Annotated[Actor, allow(Permission.self_manage)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


@router.get("/auth/self-service", operation_id="read_self_service")
async def read_self_service(links: Links, door: Door, access: Access) -> SelfService:
    """Tell what the login page may offer; nothing where passwords of Runyard's own are switched off."""
    local = access.local_login.is_on()
    return SelfService(password_reset=local and links.post.is_set_up, registration=local and door.open_to_all)


@router.post("/auth/password/forgotten", operation_id="ask_password_reset", status_code=202)
async def ask_password_reset(
    body: ForgottenBody, request: Request, links: Links, access: Access, settings: Configured
) -> None:
    """Have a link for a new password sent. The answer is the same whether or not there is such a user."""
    cookies.refuse_cross_site(request, settings)
    access.local_login.demand()
    await links.ask(body.name, cookies.client_of(request))


@router.post("/auth/password/reset", operation_id="use_password_reset", status_code=204)
async def use_password_reset(body: ResetBody, request: Request, links: Links, settings: Configured) -> None:
    """Set a new password by a link that was sent; all sessions end."""
    cookies.refuse_cross_site(request, settings)
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    await links.use(token, password, cookies.client_of(request))


@router.post("/auth/email/confirm", operation_id="confirm_email", status_code=204)
async def confirm_email(body: TokenOnly, request: Request, links: Links, settings: Configured) -> None:
    """Show a mail address to be yours by a link that was sent there."""
    cookies.refuse_cross_site(request, settings)
    await links.confirm_address(body.token.get_secret_value(), cookies.client_of(request))


@router.post("/auth/invitations/look", operation_id="look_at_invitation")
async def look_at_invitation(
    body: TokenOnly, request: Request, session: Transaction, door: Door, settings: Configured
) -> InvitationFacts:
    """Read what a link invites to."""
    cookies.refuse_cross_site(request, settings)
    row, inviter = await door.look(session, body.token.get_secret_value())
    who = inviter.display_name or inviter.username
    return InvitationFacts(email=row.email, invited_by=who, expires_at=row.expires_at)


@router.post("/auth/invitations/accept", operation_id="accept_invitation", status_code=201)
async def accept_invitation(
    body: AcceptBody, request: Request, door: Door, access: Access, settings: Configured
) -> Arrived:
    """Make yourself a user by a link that invites you; then sign in."""
    cookies.refuse_cross_site(request, settings)
    access.local_login.demand()
    user = await door.accept(body.token.get_secret_value(), _newcomer(body), cookies.client_of(request))
    return Arrived(username=user.username)


@router.post("/auth/register", operation_id="register", status_code=201)
async def register(body: NewcomerBody, request: Request, door: Door, access: Access, settings: Configured) -> Arrived:
    """Make yourself a user, where the installation allows it; then sign in."""
    cookies.refuse_cross_site(request, settings)
    access.local_login.demand()
    return Arrived(username=(await door.register(_newcomer(body), cookies.client_of(request))).username)


@router.post("/me/email", operation_id="change_email")
async def change_email(actor: Myself, body: EmailBody, request: Request, links: Links, access: Access) -> EmailAnswer:
    """Change where letters to you go. Where mail is set up, the new address holds once you open the link sent there."""
    given, client = body.current_password.get_secret_value(), cookies.client_of(request)
    pending = await links.change_address(actor, given, body.email, client)
    return EmailAnswer(email=await access.email_of(actor), pending=pending)


@router.get("/invitations", operation_id="list_invitations")
async def list_invitations(actor: Administrator, session: Reading, door: Door, window: Paging) -> Page[InvitationBody]:
    """List the invitations that are open, the newest first."""
    after = window.after(str)
    rows = await door.page(session, clock.now(), after[0] if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    items = [_body(row, inviter, actor) for row, inviter in shown]
    return Page(items=items, next_cursor=cursor_of(last[0].id) if last else None)


@router.post("/invitations", operation_id="create_invitation", status_code=201)
async def create_invitation(
    actor: Administrator, session: Transaction, door: Door, access: Access, body: InvitationCreate
) -> NewInvitation:
    """Invite somebody, by mail or by a link to hand on; the link is told in the answer, this once."""
    places = [(place.project, place.role) for place in body.projects]
    made = await door.invite(session, actor, email=body.email, places=places, is_admin=body.is_admin, days=body.days)
    inviter = await access.user_of(session, actor)
    shown = _body(made.row, inviter, actor).model_dump()
    return NewInvitation(**shown, link=made.link, mailed=made.mailed)


@router.delete("/invitations/{invitation_id}", operation_id="revoke_invitation", status_code=204)
async def revoke_invitation(actor: Administrator, session: Transaction, door: Door, invitation_id: str) -> None:
    """Have an invitation's link open nothing any more."""
    await door.revoke(session, actor, invitation_id)


def _newcomer(body: NewcomerBody) -> Newcomer:
    return Newcomer(body.username, body.password.get_secret_value(), body.display_name)


def _body(row: Invitation, inviter: User, actor: Actor) -> InvitationBody:
    names = {str(place.project_id): place.name for place in actor.memberships}
    return InvitationBody(
        id=row.id,
        email=row.email,
        is_admin=row.is_admin,
        projects=[Place(project=names.get(project, project), role=role) for project, role in row.places],
        invited_by=inviter.username,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
