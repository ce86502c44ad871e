"""Secrets and variables over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.secrets.answers import Force, Narrowed, Values, entry_of, last_use_of, page_of, users_of, uses_of
from runyard.secrets.models import Entry
from runyard.secrets.schemas import (
    NewSecret,
    NewVariable,
    ScriptUser,
    SecretBody,
    SecretChange,
    SecretUseBody,
    StagesBody,
    VariableBody,
    VariableChange,
)
from runyard.secrets.service import SECRET, VARIABLE, Vault
from runyard.web.depends import Reading, Transaction
from runyard.web.paging import Page, Paging

router = APIRouter(tags=["secrets"])

User = Annotated[Actor, allow(Permission.secret_use)]
Manager = Annotated[Actor, allow(Permission.secret_manage)]
Reader = Annotated[Actor, allow(Permission.project_read)]


@router.get("/secrets", operation_id="list_secrets")
async def list_secrets(
    actor: User,
    session: Reading,
    vault: Values,
    asked: Narrowed,
    window: Paging,
) -> Page[SecretBody]:
    """List secrets by name, without their values."""
    rows, cursor = await page_of(session, vault, actor, SECRET, asked, window)
    return Page(items=await _secrets(session, vault, actor, rows), next_cursor=cursor)


@router.post("/secrets", status_code=201, operation_id="create_secret")
async def create_secret(actor: Manager, session: Transaction, vault: Values, body: NewSecret) -> SecretBody:
    """Keep a secret. Scripts that list its name find it as an environment variable; its value is never shown again."""
    return (await _secrets(session, vault, actor, [await vault.add(session, actor, body)]))[0]


@router.get("/secrets/{secret_id}", operation_id="get_secret")
async def get_secret(actor: User, session: Reading, vault: Values, secret_id: str) -> SecretBody:
    """Return a secret without its value."""
    return (await _secrets(session, vault, actor, [await vault.get(session, actor, SECRET, secret_id)]))[0]


@router.patch("/secrets/{secret_id}", operation_id="change_secret")
async def change_secret(
    actor: Manager, session: Transaction, vault: Values, secret_id: str, body: SecretChange
) -> SecretBody:
    """Change a secret; another value is a new version, which runs are given from their next attempt on."""
    return (await _secrets(session, vault, actor, [await vault.change(session, actor, SECRET, secret_id, body)]))[0]


@router.delete("/secrets/{secret_id}", status_code=204, operation_id="delete_secret")
async def delete_secret(
    actor: Manager, session: Transaction, vault: Values, secret_id: str, *, force: Force = False
) -> None:
    """Delete a secret for good; refused while scripts list it, unless told to."""
    await vault.delete(session, actor, SECRET, secret_id, force=force)


@router.get("/secrets/{secret_id}/scripts", operation_id="list_secret_scripts")
async def list_secret_scripts(
    actor: User, session: Reading, vault: Values, window: Paging, secret_id: str
) -> Page[ScriptUser]:
    """List the scripts that use a secret, by name."""
    return await users_of(session, vault, actor, SECRET, secret_id, window)


@router.get("/secrets/{secret_id}/uses", operation_id="list_secret_uses")
async def list_secret_uses(
    actor: User, session: Reading, vault: Values, window: Paging, secret_id: str
) -> Page[SecretUseBody]:
    """List the runs that were given a secret, newest first."""
    return await uses_of(session, vault, actor, SECRET, secret_id, window)


@router.get("/variables", operation_id="list_variables")
async def list_variables(
    actor: User,
    session: Reading,
    vault: Values,
    asked: Narrowed,
    window: Paging,
) -> Page[VariableBody]:
    """List variables by name."""
    rows, cursor = await page_of(session, vault, actor, VARIABLE, asked, window)
    return Page(items=await _variables(session, vault, actor, rows), next_cursor=cursor)


@router.post("/variables", status_code=201, operation_id="create_variable")
async def create_variable(actor: Manager, session: Transaction, vault: Values, body: NewVariable) -> VariableBody:
    """Keep a variable. Scripts that list its name find it as an environment variable."""
    return (await _variables(session, vault, actor, [await vault.add(session, actor, body)]))[0]


@router.get("/variables/{variable_id}", operation_id="get_variable")
async def get_variable(actor: User, session: Reading, vault: Values, variable_id: str) -> VariableBody:
    """Return a variable."""
    return (await _variables(session, vault, actor, [await vault.get(session, actor, VARIABLE, variable_id)]))[0]


@router.patch("/variables/{variable_id}", operation_id="change_variable")
async def change_variable(
    actor: Manager, session: Transaction, vault: Values, variable_id: str, body: VariableChange
) -> VariableBody:
    """Change a variable."""
    entry = await vault.change(session, actor, VARIABLE, variable_id, body)
    return (await _variables(session, vault, actor, [entry]))[0]


@router.delete("/variables/{variable_id}", status_code=204, operation_id="delete_variable")
async def delete_variable(
    actor: Manager, session: Transaction, vault: Values, variable_id: str, *, force: Force = False
) -> None:
    """Delete a variable; refused while scripts list it, unless told to."""
    await vault.delete(session, actor, VARIABLE, variable_id, force=force)


@router.get("/variables/{variable_id}/scripts", operation_id="list_variable_scripts")
async def list_variable_scripts(
    actor: User, session: Reading, vault: Values, window: Paging, variable_id: str
) -> Page[ScriptUser]:
    """List the scripts that use a variable, by name."""
    return await users_of(session, vault, actor, VARIABLE, variable_id, window)


@router.get("/projects/{project}/stages", operation_id="get_stages")
async def get_stages(actor: Reader, session: Reading, vault: Values, project: str) -> StagesBody:
    """Return the stages that a project knows: dev, staging and prod unless it says something else."""
    return await vault.stages(session, actor, project)


@router.put("/projects/{project}/stages", operation_id="set_stages")
async def set_stages(actor: Manager, session: Transaction, vault: Values, project: str, body: StagesBody) -> StagesBody:
    """Lay down which stages a project knows, and which its runs are in when nobody says."""
    return await vault.set_stages(session, actor, project, body)


async def _secrets(session: AsyncSession, vault: Vault, actor: Actor, rows: Sequence[Entry]) -> list[SecretBody]:
    shelf = await vault.shelf(session, actor, rows)
    return [SecretBody(**entry_of(actor, row, shelf), last_used=last_use_of(row, shelf)) for row in rows]


async def _variables(session: AsyncSession, vault: Vault, actor: Actor, rows: Sequence[Entry]) -> list[VariableBody]:
    shelf = await vault.shelf(session, actor, rows)
    return [VariableBody(**entry_of(actor, row, shelf), value=row.value or "") for row in rows]
