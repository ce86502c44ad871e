"""Keys over HTTP: how they stand, and changing them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation
from runyard.audit.events import Target
from runyard.db.session import Database
from runyard.ids import ProjectId
from runyard.projects.repository import every
from runyard.secrets.rotation import Rotation, What
from runyard.secrets.schemas import Body
from runyard.web.depends import Reading, provided

router = APIRouter(tags=["secrets"])
Keys = Annotated[Rotation, Depends(provided(Rotation))]
Manager = Annotated[Actor, allow(Permission.system_manage)]


class KeyBody(BaseModel):
    """The data keys of a project; of the installation where `project` is null."""

    project: str | None
    version: int
    created_at: datetime
    wrapped_by: str
    secrets: int
    behind: int = Field(description="Secrets that are still sealed with an older key.")
    retired: int = Field(description="Older keys that are still needed.")


class KeysBody(BaseModel):
    """How the installation's keys stand."""

    wrapper: str = Field(description="What wraps data keys now.")
    older_master_keys: int = Field(description="Master keys of the past that are kept, as something may need them.")
    busy: bool = Field(description="Whether this server is changing keys at this moment.")
    items: list[KeyBody]


class RotateRequest(Body):
    """Which keys are to be changed: those that secrets are sealed with, or the master key that wraps them."""

    what: What


@router.get("/keys", operation_id="list_keys")
async def list_keys(actor: Manager, session: Reading, keys: Keys) -> KeysBody:
    """Return how the installation's keys stand; for administrators. Keys themselves are never shown."""
    del actor
    names = {ProjectId(id_): name for id_, name in await every(session)}
    items = [
        KeyBody(
            project=names.get(ProjectId(one.scope)),
            version=one.version,
            created_at=one.created_at,
            wrapped_by=one.wrapped_by,
            secrets=one.secrets,
            behind=one.behind,
            retired=one.retired,
        )
        for one in await keys.states(session)
    ]
    return KeysBody(wrapper=keys.wrapper, older_master_keys=keys.older, busy=keys.is_busy, items=items)


@router.post("/keys/rotate", status_code=202, operation_id="rotate_keys")
async def rotate_keys(
    actor: Manager, database: Annotated[Database, Depends(provided(Database))], keys: Keys, body: RotateRequest
) -> None:
    """Change keys while runs go on; for administrators. What was sealed before is sealed again in the background."""
    async with database.read() as session:
        await demand(session, actor, Operation.keys_rotate, Target("keys"), after={"what": body.what})
    await keys.begin(body.what, actor)
