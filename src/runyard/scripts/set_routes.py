"""Saved parameter sets over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.scripts.sets import Kept, NewSet, ParameterSets, SetChange
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["scripts"])
Sets = Annotated[ParameterSets, Depends(provided(ParameterSets))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Runner = Annotated[Actor, allow(Permission.run_submit)]


class Misfit(BaseModel):
    """A value that the script, as it is now, would refuse."""

    field: str
    message: str
    code: str


class SetBody(BaseModel):
    """Values under a name; those of passwords are ``***``. A run takes them by `parameter_set`, its id or name."""

    id: str
    name: str
    description: str
    values: dict[str, Any]
    misfits: list[Misfit]
    created_at: datetime
    updated_at: datetime
    updated_by: str | None


class SetList(BaseModel):
    """A script's sets, by name."""

    items: list[SetBody]


@router.get("/scripts/{script_id}/parameter-sets", operation_id="list_parameter_sets")
async def list_sets(actor: Reader, session: Reading, sets: Sets, script_id: str) -> SetList:
    """List a script's saved parameter sets."""
    return SetList(items=[_shown(kept) for kept in await sets.all(session, actor, script_id)])


@router.post("/scripts/{script_id}/parameter-sets", status_code=201, operation_id="create_parameter_set")
async def create_set(actor: Runner, session: Transaction, sets: Sets, script_id: str, body: NewSet) -> SetBody:
    """Keep values under a name; each is checked, and any may be left out."""
    return _shown(await sets.add(session, actor, script_id, body))


@router.patch("/scripts/{script_id}/parameter-sets/{set_id}", operation_id="change_parameter_set")
async def change_set(
    actor: Runner, session: Transaction, sets: Sets, script_id: str, set_id: str, body: SetChange
) -> SetBody:
    """Rename a set, or give it other values."""
    return _shown(await sets.change(session, actor, script_id, set_id, body))


@router.delete("/scripts/{script_id}/parameter-sets/{set_id}", status_code=204, operation_id="delete_parameter_set")
async def delete_set(actor: Runner, session: Transaction, sets: Sets, script_id: str, set_id: str) -> None:
    """Remove a set."""
    await sets.drop(session, actor, script_id, set_id)


def _shown(kept: Kept) -> SetBody:
    row = kept.row
    return SetBody(
        id=row.id,
        name=row.name,
        description=row.description,
        values=kept.values,
        misfits=[Misfit(field=error.field, message=error.message, code=error.code) for error in kept.misfits],
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=kept.by,
    )
