"""Secrets and variables over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.ids import ProjectId
from runyard.secrets.models import Entry, SecretUse
from runyard.secrets.schemas import (
    LastUse,
    LevelName,
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
from runyard.secrets.service import SECRET, VARIABLE, Kind, Vault
from runyard.secrets.users import User as ListedBy
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, Window, cursor_of, cut, sliced

router = APIRouter(tags=["secrets"])

Values = Annotated[Vault, Depends(provided(Vault))]
User = Annotated[Actor, allow(Permission.secret_use)]
Manager = Annotated[Actor, allow(Permission.secret_manage)]
Reader = Annotated[Actor, allow(Permission.project_read)]
Project = Annotated[str | None, Query(max_length=64, description="Its values, its scripts', and those of all.")]
AtLevel = Annotated[LevelName | None, Query(description="Only those that belong there.")]
OfScript = Annotated[str | None, Query(max_length=32, description="Only this script's own.")]
ForStage = Annotated[str | None, Query(max_length=32, description="Only those for this stage; empty: every stage.")]
Text = Annotated[str, Query(max_length=64, description="Part of the name.")]
Force = Annotated[bool, Query(description="Delete it even though scripts list it.")]


@router.get("/secrets", operation_id="list_secrets")
async def list_secrets(
    actor: User,
    session: Reading,
    vault: Values,
    window: Paging,
    project: Project = None,
    level: AtLevel = None,
    script_id: OfScript = None,
    stage: ForStage = None,
    q: Text = "",
) -> Page[SecretBody]:
    """List secrets by name, without their values."""
    rows, cursor = await _page(session, vault, actor, SECRET, window, project, level, script_id, stage, q)
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
    return users_of(actor, await vault.users(session, actor, SECRET, secret_id), window)


@router.get("/secrets/{secret_id}/uses", operation_id="list_secret_uses")
async def list_secret_uses(
    actor: User, session: Reading, vault: Values, window: Paging, secret_id: str
) -> Page[SecretUseBody]:
    """List the runs that were given a secret, newest first."""
    after = window.after(int)
    found = await vault.uses(session, actor, secret_id, after[0] if after else None, window.limit + 1)
    rows, last = cut(found, window.limit)
    names = {m.project_id: m.name for m in actor.memberships}
    items = [SecretUseBody(id=row.id, project=names.get(ProjectId(row.project_id)), **use_of(row)) for row in rows]
    return Page(items=items, next_cursor=cursor_of(last.id) if last else None)


@router.get("/variables", operation_id="list_variables")
async def list_variables(
    actor: User,
    session: Reading,
    vault: Values,
    window: Paging,
    project: Project = None,
    level: AtLevel = None,
    script_id: OfScript = None,
    stage: ForStage = None,
    q: Text = "",
) -> Page[VariableBody]:
    """List variables by name."""
    rows, cursor = await _page(session, vault, actor, VARIABLE, window, project, level, script_id, stage, q)
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
    return users_of(actor, await vault.users(session, actor, VARIABLE, variable_id), window)


@router.get("/projects/{project}/stages", operation_id="get_stages")
async def get_stages(actor: Reader, session: Reading, vault: Values, project: str) -> StagesBody:
    """Return the stages that a project knows: dev, staging and prod unless it says something else."""
    return await vault.stages(session, actor, project)


@router.put("/projects/{project}/stages", operation_id="set_stages")
async def set_stages(actor: Manager, session: Transaction, vault: Values, project: str, body: StagesBody) -> StagesBody:
    """Lay down which stages a project knows, and which its runs are in when nobody says."""
    return await vault.set_stages(session, actor, project, body)


async def _page(
    session: AsyncSession,
    vault: Vault,
    actor: Actor,
    kind: Kind,
    window: Window,
    project: str | None,
    level: str | None,
    script_id: str | None,
    stage: str | None,
    text: str,
) -> tuple[Sequence[Entry], str | None]:
    after = window.after(str, str)
    found = await vault.page(
        session,
        actor,
        kind,
        project=project,
        level=level,
        script_id=script_id,
        stage=stage,
        text=text,
        after=(after[0], after[1]) if after else None,
        limit=window.limit + 1,
    )
    rows, last = cut(found, window.limit)
    return rows, cursor_of(last.name, last.id) if last else None


async def _secrets(session: AsyncSession, vault: Vault, actor: Actor, rows: Sequence[Entry]) -> list[SecretBody]:
    shelf = await vault.shelf(session, actor, rows)
    made = []
    for row in rows:
        use = shelf.last_uses.get(row.id)
        last_used = LastUse(**use_of(use)) if use is not None else None
        made.append(SecretBody(**entry_of(actor, row, shelf.usernames, shelf.scripts), last_used=last_used))
    return made


async def _variables(session: AsyncSession, vault: Vault, actor: Actor, rows: Sequence[Entry]) -> list[VariableBody]:
    shelf = await vault.shelf(session, actor, rows)
    return [VariableBody(**entry_of(actor, row, shelf.usernames, shelf.scripts), value=row.value or "") for row in rows]


def entry_of(
    actor: Actor, row: Entry, usernames: dict[str | None, str], scripts: dict[str | None, str]
) -> dict[str, Any]:
    """Return what all answers about what scripts are given have in common."""
    return {
        "id": row.id,
        "name": row.name,
        "level": row.level.value,
        "project": actor.project_name(ProjectId(row.project_id)) if row.project_id is not None else None,
        "script_id": row.script_id,
        "script_name": scripts.get(row.script_id),
        "stage": row.stage or None,
        "description": row.description,
        "version": row.version,
        "created_at": row.created_at,
        "created_by": usernames.get(row.created_by),
        "updated_at": row.updated_at,
        "updated_by": usernames.get(row.updated_by),
        "valued_at": row.valued_at,
    }


def use_of(row: SecretUse) -> dict[str, Any]:
    """Return what is told of a use."""
    names = ("run_id", "attempt", "script_id", "script_name", "version", "at")
    return {name: getattr(row, name) for name in names}


def users_of(actor: Actor, found: Sequence[ListedBy], window: Window) -> Page[ScriptUser]:
    """Return a page of the scripts that use something."""
    shown, cursor = sliced(found, window, lambda user: (user.name, user.id), 2)
    items = [
        ScriptUser(id=user.id, name=user.name, project=actor.project_name(ProjectId(user.project_id))) for user in shown
    ]
    return Page(items=items, next_cursor=cursor)
