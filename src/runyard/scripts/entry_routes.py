"""Which secrets and variables a script is given, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.scripts.entries import Resolution, resolution
from runyard.secrets.service import Vault
from runyard.web.depends import Reading, provided

router = APIRouter(tags=["scripts"])


@router.get("/scripts/{script_id}/variables", operation_id="script_variables")
async def script_variables(
    actor: Annotated[Actor, allow(Permission.secret_use)],
    session: Reading,
    vault: Annotated[Vault, Depends(provided(Vault))],
    script_id: str,
    stage: Annotated[str | None, Query(max_length=32, description="As if a run named this stage.")] = None,
) -> Resolution:
    """Return which secrets and variables a script is given, which value of each wins, and why."""
    return await resolution(session, actor, vault, script_id, stage)
