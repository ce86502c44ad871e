"""Second factors over HTTP: one's own, and anybody's for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from runyard.access.cookies import client_of
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.access.schemas import CodeBody, NewSecondFactor, PasswordAgain, RecoveryCodes, SecondFactorBody
from runyard.access.second_factors import SecondFactors
from runyard.access.users import Users
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["access"])
Factors = Annotated[SecondFactors, Depends(provided(SecondFactors))]
Directory = Annotated[Users, Depends(provided(Users))]
Myself = Annotated[Actor, allow(Permission.self_manage)]
Newcomer = Annotated[Actor, allow(Permission.self_manage, before_second_factor=True)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


@router.get("/me/second-factor", operation_id="read_second_factor")
async def read_second_factor(actor: Newcomer, session: Reading, factors: Factors) -> SecondFactorBody:
    """Read whether your sign-in asks for a code."""
    state = await factors.state(session, actor.user_id)
    return SecondFactorBody(confirmed_at=state.confirmed_at, recovery_codes=state.recovery_codes)


@router.post("/me/second-factor", operation_id="begin_second_factor", status_code=201)
async def begin_second_factor(
    actor: Newcomer, request: Request, factors: Factors, body: PasswordAgain
) -> NewSecondFactor:
    """Get a secret for your authenticator app. It holds once you confirm it by a code."""
    begun = await factors.begin(actor, body.current_password.get_secret_value(), client_of(request))
    return NewSecondFactor(secret=begun.secret, uri=begun.uri)


@router.post("/me/second-factor/confirm", operation_id="confirm_second_factor")
async def confirm_second_factor(actor: Newcomer, factors: Factors, body: CodeBody) -> RecoveryCodes:
    """Turn your second factor on with a code that the app shows; your other sessions end."""
    return RecoveryCodes(recovery_codes=await factors.confirm(actor, body.code))


@router.post("/me/second-factor/recovery-codes", operation_id="renew_recovery_codes")
async def renew_recovery_codes(actor: Myself, request: Request, factors: Factors, body: PasswordAgain) -> RecoveryCodes:
    """Get new recovery codes; the ones before are worth nothing."""
    given = body.current_password.get_secret_value()
    return RecoveryCodes(recovery_codes=await factors.new_recovery_codes(actor, given, client_of(request)))


@router.post("/me/second-factor/drop", operation_id="drop_second_factor", status_code=204)
async def drop_second_factor(actor: Myself, request: Request, factors: Factors, body: PasswordAgain) -> None:
    """Turn your second factor off."""
    await factors.turn_off(actor, body.current_password.get_secret_value(), client_of(request))


@router.delete("/users/{user}/second-factor", operation_id="reset_second_factor", status_code=204)
async def reset_second_factor(
    actor: Administrator, session: Transaction, factors: Factors, users: Directory, user: str
) -> None:
    """Take a user's second factor away, because they have lost it; their sessions end."""
    await factors.reset(session, actor, await users.find(session, user))
