"""Imports from Git repositories and Gists over HTTP, and the calls by which they tell of changes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.scripts.errors import NoSuchSource
from runyard.scripts.models import ScriptSource
from runyard.scripts.source_schemas import NewSource, SourceAddress, SourceBody
from runyard.scripts.sources import Sources
from runyard.scripts.transfer_routes import TakenScript, shown_taken
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["scripts"])
Kept = Annotated[Sources, Depends(provided(Sources))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]


class SourceTaken(BaseModel):
    """What became of an import. `webhook_key` signs the calls of the webhook; it is told this once."""

    items: list[TakenScript]
    webhook: str | None
    webhook_key: str | None


@router.post("/imports/source", status_code=201, operation_id="import_source")
async def import_source(actor: Writer, sources: Kept, body: NewSource) -> SourceTaken:
    """Import a path of a Git repository, or a Gist, once or to be kept in step."""
    taken, key = await sources.bring(actor, body)
    return SourceTaken(
        items=[shown_taken(item) for item in taken],
        webhook=_webhook(taken[0].id) if key else None,
        webhook_key=key,
    )


@router.get("/scripts/{script_id}/source", operation_id="get_script_source")
async def get_source(actor: Reader, session: Reading, sources: Kept, script_id: str) -> SourceBody | None:
    """Return what a script is kept in step with; null for a script that is only here."""
    try:
        return _shown(await sources.source(session, actor, script_id))
    except NoSuchSource:
        return None


@router.put("/scripts/{script_id}/source", operation_id="attach_script_source")
async def attach_source(actor: Writer, sources: Kept, script_id: str, body: SourceAddress) -> SourceTaken:
    """Keep a script in step with a source: what that holds becomes the next version, settings stay as they are."""
    taken, key = await sources.attach(actor, script_id, body)
    return SourceTaken(items=[shown_taken(taken)], webhook=_webhook(taken.id), webhook_key=key)


@router.post("/scripts/{script_id}/source/sync", status_code=202, operation_id="sync_script_source")
async def sync_source(actor: Writer, session: Transaction, sources: Kept, script_id: str) -> SourceBody:
    """Have a script brought up to date soon."""
    return _shown(await sources.ask(session, actor, script_id))


@router.delete("/scripts/{script_id}/source", status_code=204, operation_id="drop_script_source")
async def drop_source(actor: Writer, session: Transaction, sources: Kept, script_id: str) -> None:
    """Leave a script as it is from now on."""
    await sources.drop(session, actor, script_id)


@router.post("/hooks/sources/{script_id}", status_code=202, operation_id="call_script_source")
async def call_source(
    session: Transaction,
    sources: Kept,
    request: Request,
    script_id: str,
    signature: Annotated[str, Header(alias="X-Hub-Signature-256", max_length=200)] = "",
) -> None:
    """Tell that a source has changed: a push webhook, signed ``sha256=HMAC(key, body)`` as GitHub and Gitea do."""
    await sources.called(session, script_id, await request.body(), signature)


def _shown(row: ScriptSource) -> SourceBody:
    return SourceBody(
        script_id=row.script_id,
        kind=row.kind,
        url=row.url,
        ref=row.ref,
        path=row.path,
        entry=row.entry,
        revision=row.revision,
        every_s=row.every_s,
        next_at=row.next_at,
        synced_at=row.synced_at,
        error=row.error,
        webhook=_webhook(row.script_id),
    )


def _webhook(script_id: str) -> str:
    return f"/api/v1/hooks/sources/{script_id}"
