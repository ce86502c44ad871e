"""Connections over HTTP."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.connections.kinds import DRIVERS
from runyard.connections.models import ConnectionCheck
from runyard.connections.schemas import (
    Check,
    ConnectionBody,
    ConnectionChange,
    ConnectionTry,
    KindBody,
    Kinds,
    NewConnection,
    Seen,
)
from runyard.connections.service import Connections
from runyard.connections.shapes import SHAPES, kind_of
from runyard.connections.testing import Outcome
from runyard.secrets.answers import Force, Narrowed, Values, entry_of, last_use_of, page_of, users_of, uses_of
from runyard.secrets.models import Entry
from runyard.secrets.schemas import ScriptUser, SecretUseBody
from runyard.secrets.service import CONNECTION, Vault
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging

router = APIRouter(prefix="/connections", tags=["connections"])

Service = Annotated[Connections, Depends(provided(Connections))]
User = Annotated[Actor, allow(Permission.secret_use)]
Manager = Annotated[Actor, allow(Permission.secret_manage)]
OfKind = Annotated[str | None, Query(max_length=32, description="Only those of this kind.")]


@router.get("", operation_id="list_connections")
async def list_connections(
    actor: User,
    session: Reading,
    vault: Values,
    connections: Service,
    asked: Narrowed,
    window: Paging,
) -> Page[ConnectionBody]:
    """List connections by name, without their secrets."""
    rows, cursor = await page_of(session, vault, actor, CONNECTION, asked, window)
    return Page(items=await _bodies(session, vault, connections, actor, rows), next_cursor=cursor)


@router.get("/kinds", operation_id="list_connection_kinds")
async def list_connection_kinds(actor: User) -> Kinds:
    """List the kinds of connections: what each consists of, and whether this server can test it."""
    del actor
    made = []
    for shape in SHAPES:
        kind = kind_of(shape)
        driver = DRIVERS[kind]
        made.append(
            KindBody(
                kind=kind,
                schema=shape.model_json_schema(),
                leads_to=[name for name in shape.leads_to if name in shape.model_fields],
                available=driver.available,
                extra=driver.extra,
                tried=driver.tried,
            )
        )
    return Kinds(items=made)


@router.post("", status_code=201, operation_id="create_connection")
async def create_connection(
    actor: Manager, session: Transaction, vault: Values, connections: Service, body: NewConnection
) -> ConnectionBody:
    """Keep a connection. Scripts that list its name find it as environment variables; secrets are never shown again."""
    return (await _bodies(session, vault, connections, actor, [await connections.add(session, actor, body)]))[0]


@router.post("/test", operation_id="try_connection")
async def try_connection(actor: Manager, connections: Service, body: ConnectionTry) -> Seen:
    """Connect by settings that are not kept, and tell what was seen."""
    return _seen(await connections.try_out(actor, body), read=True)


@router.get("/{connection_id}", operation_id="get_connection")
async def get_connection(
    actor: User, session: Reading, vault: Values, connections: Service, connection_id: str
) -> ConnectionBody:
    """Return a connection without its secrets."""
    row = await vault.get(session, actor, CONNECTION, connection_id)
    return (await _bodies(session, vault, connections, actor, [row]))[0]


@router.patch("/{connection_id}", operation_id="change_connection")
async def change_connection(
    actor: Manager,
    session: Transaction,
    vault: Values,
    connections: Service,
    connection_id: str,
    body: ConnectionChange,
) -> ConnectionBody:
    """Change a connection; other settings are a new version, which runs are given from their next attempt on."""
    row = await connections.change(session, actor, connection_id, body)
    return (await _bodies(session, vault, connections, actor, [row]))[0]


@router.delete("/{connection_id}", status_code=204, operation_id="delete_connection")
async def delete_connection(
    actor: Manager, session: Transaction, vault: Values, connection_id: str, *, force: Force = False
) -> None:
    """Delete a connection for good; refused while scripts list it, unless told to."""
    await vault.delete(session, actor, CONNECTION, connection_id, force=force)


@router.post("/{connection_id}/test", operation_id="test_connection")
async def test_connection(actor: User, connections: Service, connection_id: str) -> Check:
    """Connect for once, and tell what was seen."""
    row, outcome, check = await connections.test(actor, connection_id)
    seen = _seen(outcome, read=connections.may_read(actor, row))
    return Check(**seen.model_dump(), at=check.at, version=check.version)


@router.get("/{connection_id}/scripts", operation_id="list_connection_scripts")
async def list_connection_scripts(
    actor: User, session: Reading, vault: Values, window: Paging, connection_id: str
) -> Page[ScriptUser]:
    """List the scripts that use a connection, by name."""
    return await users_of(session, vault, actor, CONNECTION, connection_id, window)


@router.get("/{connection_id}/uses", operation_id="list_connection_uses")
async def list_connection_uses(
    actor: User, session: Reading, vault: Values, window: Paging, connection_id: str
) -> Page[SecretUseBody]:
    """List the runs that were given a connection, newest first."""
    return await uses_of(session, vault, actor, CONNECTION, connection_id, window)


async def _bodies(
    session: AsyncSession, vault: Vault, connections: Connections, actor: Actor, rows: Sequence[Entry]
) -> list[ConnectionBody]:
    shelf = await vault.shelf(session, actor, rows)
    checks = await connections.checks(session, rows)
    made = []
    for row in rows:
        check, read = checks.get(row.id), connections.may_read(actor, row)
        settings: dict[str, Any] = json.loads(row.value or "{}")
        kind, known = settings.get("kind", ""), settings.pop("secrets_set", [])
        made.append(
            ConnectionBody(
                **entry_of(actor, row, shelf),
                kind=kind,
                settings=settings if read else None,
                secrets_set=known if read else None,
                last_used=last_use_of(row, shelf),
                check=_check(check, read=read) if check is not None else None,
            )
        )
    return made


def _seen(outcome: Outcome | ConnectionCheck, *, read: bool) -> Seen:
    return Seen(
        ok=outcome.ok,
        code=outcome.code,
        said=outcome.said if read else "",
        server=outcome.server if read else "",
        details=outcome.details if read else {},
        took_ms=outcome.took_ms,
    )


def _check(row: ConnectionCheck, *, read: bool) -> Check:
    return Check(**_seen(row, read=read).model_dump(), at=row.at, version=row.version)
