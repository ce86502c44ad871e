"""Masking secrets, and what is secret of connections, in what is stored, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.runs.schemas import Items
from runyard.runs.scrubbing import Scrubs
from runyard.secrets.models import SecretScrub
from runyard.secrets.service import CONNECTION
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter()
Searches = Annotated[Scrubs, Depends(provided(Scrubs))]
ScrubState = Literal["running", "finished", "failed"]
Manager = Annotated[Actor, allow(Permission.secret_manage)]
User = Annotated[Actor, allow(Permission.secret_use)]
SHOWN = 20


class Scrub(BaseModel):
    """A search for secret values in stored logs, outputs, parameters and errors."""

    id: str
    state: ScrubState
    total: int = Field(description="How many runs there were when it began.")
    done: int = Field(description="How many were looked into.")
    changed: int = Field(description="In how many a value was found.")
    note: str | None = Field(description="What could not be done, and why.")
    started_at: datetime
    started_by: str
    finished_at: datetime | None


@router.post("/secrets/{secret_id}/scrub", status_code=202, operation_id="scrub_secret", tags=["secrets"])
async def scrub_secret(actor: Manager, session: Transaction, scrubs: Searches, secret_id: str) -> Scrub:
    """Look for a secret's present value in what is stored of runs that are over, and mask it there."""
    return _shown(await scrubs.begin(session, actor, secret_id))


@router.get("/secrets/{secret_id}/scrubs", operation_id="list_secret_scrubs", tags=["secrets"])
async def list_secret_scrubs(actor: User, session: Reading, scrubs: Searches, secret_id: str) -> Items[Scrub]:
    """List the last searches for a secret's value, newest first."""
    found = await scrubs.of(session, actor, secret_id, SHOWN)
    return Items(items=[_shown(scrub) for scrub in found])


@router.post(
    "/connections/{connection_id}/scrub", status_code=202, operation_id="scrub_connection", tags=["connections"]
)
async def scrub_connection(actor: Manager, session: Transaction, scrubs: Searches, connection_id: str) -> Scrub:
    """Look for a connection's present secrets in what is stored of runs that are over, and mask them there."""
    return _shown(await scrubs.begin(session, actor, connection_id, CONNECTION))


@router.get("/connections/{connection_id}/scrubs", operation_id="list_connection_scrubs", tags=["connections"])
async def list_connection_scrubs(actor: User, session: Reading, scrubs: Searches, connection_id: str) -> Items[Scrub]:
    """List the last searches for a connection's secrets, newest first."""
    found = await scrubs.of(session, actor, connection_id, SHOWN, CONNECTION)
    return Items(items=[_shown(scrub) for scrub in found])


def _shown(row: SecretScrub) -> Scrub:
    kept = ("id", "total", "done", "changed", "started_at", "started_by", "finished_at")
    return Scrub(state=cast("ScrubState", row.state), note=row.error, **{name: getattr(row, name) for name in kept})
