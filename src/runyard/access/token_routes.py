"""Tokens of the API over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.api_tokens import ApiTokens
from runyard.access.guards import allow
from runyard.access.models import ApiToken
from runyard.access.people_schemas import ApiTokenBody, ApiTokenCreate, NewApiToken
from runyard.access.permissions import Actor, Permission
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["tokens"])
Keys = Annotated[ApiTokens, Depends(provided(ApiTokens))]
Myself = Annotated[Actor, allow(Permission.self_manage)]


@router.get("/tokens", operation_id="list_tokens")
async def list_tokens(
    actor: Myself,
    session: Reading,
    keys: Keys,
    window: Paging,
    *,
    everybody: Annotated[bool, Query(alias="all", description="Everybody's; for administrators.")] = False,
) -> Page[ApiTokenBody]:
    """List your tokens of the API, newest first; revoked ones are gone."""
    after = window.after(str)
    before = after[0] if after else None
    rows = await keys.page(session, actor, before, window.limit + 1, everybody=everybody)
    shown, last = cut(rows, window.limit)
    items = [_body(token, user.username, actor) for token, user in shown]
    return Page(items=items, next_cursor=cursor_of(last[0].id) if last else None)


@router.post("/tokens", operation_id="create_token", status_code=201)
async def create_token(actor: Myself, session: Transaction, keys: Keys, body: ApiTokenCreate) -> NewApiToken:
    """Make a token that may do some of what you may; it is told in the answer, this once."""
    made = await keys.create(session, actor, body.name, body.permissions, body.projects, body.until())
    return NewApiToken(**_body(made.row, actor.username, actor).model_dump(), token=made.text)


@router.delete("/tokens/{token_id}", operation_id="revoke_token", status_code=204)
async def revoke_token(actor: Myself, session: Transaction, keys: Keys, token_id: str) -> None:
    """Revoke a token: it is worth nothing from now on."""
    await keys.revoke(session, actor, token_id)


def _body(token: ApiToken, username: str, actor: Actor) -> ApiTokenBody:
    names = {str(m.project_id): m.name for m in actor.memberships}
    return ApiTokenBody.model_validate(
        {
            "id": token.id,
            "name": token.name,
            "hint": token.hint,
            "username": username,
            "permissions": token.permissions,
            # One that the asker does not see any more is told by its id.
            "projects": None if token.project_ids is None else [names.get(id_, id_) for id_ in token.project_ids],
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": token.used_at,
        }
    )
