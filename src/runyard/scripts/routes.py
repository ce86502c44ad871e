"""Scripts over HTTP."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import AfterValidator, StringConstraints

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.projects.service import DEFAULT
from runyard.scripts import parameters
from runyard.scripts.describing import described
from runyard.scripts.files import tree_of
from runyard.scripts.hooks import Hooks
from runyard.scripts.models import ScriptVersion
from runyard.scripts.moving import Moving
from runyard.scripts.ownership import Ownership
from runyard.scripts.pinning import project_of
from runyard.scripts.policy import policy_of
from runyard.scripts.repository import Listed
from runyard.scripts.schemas import (
    CopyRequest,
    NewScript,
    OwnerChoice,
    ProjectChoice,
    RollbackRequest,
    ScriptBody,
    ScriptChange,
    ScriptSummary,
    TagCount,
    VersionBody,
    VersionSummary,
    one_line,
)
from runyard.scripts.sealed import shown
from runyard.scripts.service import Catalogue, ScriptService, Whole
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import BadCursor, Page, Paging, cursor_of, cut, sliced

router = APIRouter(tags=["scripts"])
Scripts = Annotated[ScriptService, Depends(provided(ScriptService))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]
Project = Annotated[str, Query(max_length=64, description="A project's name.")]
Tag = Annotated[str, StringConstraints(max_length=50), AfterValidator(one_line)]
LATEST_US = clock.to_us(datetime.max.replace(tzinfo=UTC))
LARGEST_NUMBER = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


@router.get("/scripts", operation_id="list_scripts")
async def list_scripts(
    actor: Reader,
    session: Reading,
    scripts: Scripts,
    window: Paging,
    project: Project = DEFAULT,
    q: Annotated[str, Query(max_length=200, description="Words to find in name, description or code.")] = "",
    language: Annotated[Literal["python", "javascript", "shell", "sql"] | None, Query()] = None,
    tag: Annotated[list[Tag] | None, Query(max_length=20, description="Repeat for several; all are demanded.")] = None,
    kind: Annotated[Literal["script", "module"], Query(description="Scripts, or the library's modules.")] = "script",
    folder: Annotated[str | None, Query(max_length=500, description="With all below it; empty: in no folder.")] = None,
    category: Annotated[str | None, Query(max_length=100)] = None,
    starred: Annotated[bool, Query(description="Only those with your star.")] = False,  # noqa: FBT002 - a query
    owner: Annotated[str | None, Query(max_length=64, description="Only those that are this user's.")] = None,
    sort: Annotated[Literal["updated", "name", "position"], Query()] = "updated",
) -> Page[ScriptSummary]:
    """List scripts, the last changed first, by name or as people have put them; all conditions hold at once."""
    found = await scripts.page(
        session,
        actor,
        project=project,
        query=q,
        language=language,
        tags=tag or [],
        kind=kind,
        folder=folder,
        category=category,
        starred=starred,
        owner=owner,
        sort=sort,
        after=_after(window, sort),
        limit=window.limit + 1,
    )
    rows, last = cut(found.rows, window.limit)
    return Page(
        items=[_summary(row, found, actor) for row in rows],
        next_cursor=None if last is None else _cursor(last, sort),
    )


@router.post("/scripts", status_code=201, operation_id="create_script")
async def create_script(
    actor: Writer, session: Transaction, scripts: Scripts, body: NewScript, response: Response
) -> ScriptBody:
    """Save a new script as its version 1."""
    return _answer(await scripts.create(session, actor, body), response)


@router.get(
    "/scripts/{script_id}",
    operation_id="get_script",
    response_model=ScriptBody,
    responses={304: {"description": "Unchanged since the `ETag` that was sent."}},
)
async def get_script(
    actor: Reader,
    session: Reading,
    scripts: Scripts,
    script_id: str,
    response: Response,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Any:
    """Return a script as its newest version has it."""
    body = _answer(await scripts.get(session, actor, script_id), response)
    if _knows(if_none_match, response.headers["etag"]):
        return Response(status_code=304, headers=dict(response.headers))
    return body


@router.patch("/scripts/{script_id}", operation_id="change_script")
async def change_script(
    actor: Writer, session: Transaction, scripts: Scripts, script_id: str, body: ScriptChange, response: Response
) -> ScriptBody:
    """Change what the body names; changed code, parameters, requirements or limits become a new version."""
    return _answer(await scripts.change(session, actor, script_id, body), response)


@router.put("/scripts/{script_id}/owner", operation_id="transfer_script")
async def transfer_script(
    actor: Writer,
    session: Transaction,
    scripts: Scripts,
    ownership: Annotated[Ownership, Depends(provided(Ownership))],
    script_id: str,
    body: OwnerChoice,
    response: Response,
) -> ScriptBody:
    """Make somebody else the owner: as its owner, or as who looks after the project's members."""
    await ownership.transfer(session, actor, script_id, body.username)
    return _answer(await scripts.get(session, actor, script_id), response)


@router.post("/scripts/{script_id}/move", status_code=201, operation_id="move_script")
async def move_script(
    actor: Writer,
    session: Transaction,
    moving: Annotated[Moving, Depends(provided(Moving))],
    script_id: str,
    body: ProjectChoice,
    response: Response,
) -> ScriptBody:
    """Move a script to another project, where it begins anew; its versions and runs stay, hidden, where they are."""
    return _answer(await moving.move(session, actor, script_id, body.project), response)


@router.delete("/scripts/{script_id}", status_code=204, operation_id="delete_script")
async def delete_script(actor: Writer, session: Transaction, scripts: Scripts, script_id: str) -> None:
    """Hide a script; its versions and runs stay, and it can be restored."""
    await scripts.delete(session, actor, script_id)


@router.post("/scripts/{script_id}/restore", operation_id="restore_script")
async def restore_script(
    actor: Writer, session: Transaction, scripts: Scripts, script_id: str, response: Response
) -> ScriptBody:
    """Bring a deleted script back."""
    return _answer(await scripts.restore(session, actor, script_id), response)


@router.post("/scripts/{script_id}/copy", status_code=201, operation_id="copy_script")
async def copy_script(
    actor: Writer,
    session: Transaction,
    scripts: Scripts,
    script_id: str,
    response: Response,
    body: CopyRequest | None = None,
) -> ScriptBody:
    """Make a new script of the newest version of this one."""
    return _answer(await scripts.copy(session, actor, script_id, body or CopyRequest()), response)


@router.get("/scripts/{script_id}/versions", operation_id="list_script_versions")
async def list_versions(
    actor: Reader, session: Reading, scripts: Scripts, script_id: str, window: Paging
) -> Page[VersionSummary]:
    """List a script's versions, newest first."""
    after = window.after(int)
    before = max(0, min(after[0], LARGEST_NUMBER)) if after else None
    rows, authors = await scripts.versions(session, actor, script_id, before, window.limit + 1)
    kept, last = cut(rows, window.limit)
    return Page(
        items=[VersionSummary(**_version(row, authors)) for row in kept],
        next_cursor=None if last is None or last.number is None else cursor_of(last.number),
    )


@router.get("/scripts/{script_id}/versions/{number}", operation_id="get_script_version")
async def get_version(actor: Reader, session: Reading, scripts: Scripts, script_id: str, number: Number) -> VersionBody:
    """Return one version of a script, whole."""
    row, authors = await scripts.version(session, actor, script_id, number)
    return VersionBody(
        **_version(row, authors),
        code=row.code,
        parameters=list(shown(row.parameters)),
        requirements=row.requirements,
        timeout_s=row.timeout_s,
        network=row.network,
        **dict(policy_of(row.options)),
        **_shape(row),
    )


@router.get(
    "/scripts/{script_id}/versions/{number}/files/{path:path}",
    operation_id="get_script_file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def get_file(
    actor: Reader, session: Reading, scripts: Scripts, script_id: str, number: Number, path: str
) -> Response:
    """Return a file of a script with several, as it is."""
    data = await scripts.file(session, actor, script_id, number, path)
    # Never shown as what it says it is: a page of somebody's making would have this site's rights.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/scripts/{script_id}/rollback", operation_id="rollback_script")
async def rollback_script(
    actor: Writer, session: Transaction, scripts: Scripts, script_id: str, body: RollbackRequest, response: Response
) -> ScriptBody:
    """Make an older version's content the newest version."""
    return _answer(await scripts.rollback(session, actor, script_id, body), response)


@router.get("/scripts/{script_id}/schema", operation_id="get_script_schema")
async def get_schema(actor: Reader, session: Reading, scripts: Scripts, script_id: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a script's parameters, by which every run of it is checked."""
    return await scripts.schema(session, actor, script_id)


@router.get("/scripts/{script_id}/openapi", operation_id="get_script_openapi")
async def get_openapi(actor: Reader, session: Reading, scripts: Scripts, script_id: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of running just this script, with its own parameters."""
    whole = await scripts.get(session, actor, script_id)
    return described(whole.script, parameters.schema(shown(whole.version.parameters)))


@router.get("/tags", operation_id="list_tags")
async def list_tags(
    actor: Reader, session: Reading, scripts: Scripts, window: Paging, project: Project = DEFAULT
) -> Page[TagCount]:
    """List every tag in use by name, with the number of scripts that have it."""
    found = [TagCount(name=name, count=count) for name, count in await scripts.tags(session, actor, project)]
    shown, cursor = sliced(found, window, lambda tag: (tag.name,))
    return Page(items=list(shown), next_cursor=cursor)


def _answer(whole: Whole, response: Response) -> ScriptBody:
    script, version = whole.script, whole.version
    # Everything that an answer shows changes `updated_at` when it changes.
    star = ("s" if whole.starred else "") + ("d" if whole.owner_disabled else "")
    if script.published_id is not None:
        star += f"p{script.published or ''}"
    response.headers["ETag"] = f'W/"{script.version}-{clock.to_us(script.updated_at):x}{star}"'
    response.headers["Cache-Control"] = "private, no-cache"
    return ScriptBody(
        id=script.id,
        project=whole.project,
        name=script.name,
        language=script.language,
        description=script.description,
        tags=whole.tags,
        kind="module" if script.kind == "module" else "script",
        folder=script.folder,
        category=whole.category,
        starred=whole.starred,
        timeout_s=version.timeout_s,
        network=version.network,
        version=script.version,
        created_at=script.created_at,
        created_by=whole.usernames.get(script.created_by),
        updated_at=script.updated_at,
        updated_by=whole.usernames.get(script.updated_by),
        owner=whole.usernames.get(script.owner_id),
        owner_disabled=whole.owner_disabled,
        four_eyes=script.published_id is not None,
        published=script.published,
        marked=script.marked,
        code=version.code,
        parameters=list(shown(version.parameters)),
        requirements=version.requirements,
        **dict(policy_of(version.options)),
        **_shape(version),
    )


def _shape(version: ScriptVersion) -> dict[str, Any]:
    return {
        "hooks": Hooks.model_validate(version.options.get("hooks", {})),
        "entry": version.options.get("entry", ""),
        "files": list(tree_of(version.options)),
        "in_workspace": version.options.get("in_workspace", False),
    }


def _knows(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _summary(row: Listed, found: Catalogue, actor: Actor) -> ScriptSummary:
    script = row.script
    return ScriptSummary(
        id=script.id,
        project=actor.project_name(project_of(script)),
        name=script.name,
        language=script.language,
        description=script.description,
        tags=found.tags[script.id],
        kind="module" if script.kind == "module" else "script",
        folder=script.folder,
        category=found.categories.get(script.category_id),
        starred=script.id in found.starred,
        timeout_s=row.timeout_s,
        network=row.network,
        version=script.version,
        created_at=script.created_at,
        created_by=found.usernames.get(script.created_by),
        updated_at=script.updated_at,
        updated_by=found.usernames.get(script.updated_by),
        owner=found.usernames.get(script.owner_id),
        owner_disabled=script.owner_id in found.disabled,
        four_eyes=script.published_id is not None,
        published=script.published,
        marked=script.marked,
    )


def _after(window: Paging, sort: str) -> tuple[Any, str] | None:
    keys = window.after(str if sort == "name" else int, str)
    if keys is None:
        return None
    if any(unicodedata.category(c) in {"Cc", "Cs"} for key in keys if isinstance(key, str) for c in key):
        # No key that we gave out, and some databases refuse to compare with it.
        raise BadCursor
    if sort == "position":
        return max(-(2**63), min(keys[0], 2**63 - 1)), keys[1]
    return (clock.from_us(max(0, min(keys[0], LATEST_US))) if sort == "updated" else keys[0]), keys[1]


def _cursor(row: Listed, sort: str) -> str:
    script = row.script
    if sort == "position":
        return cursor_of(script.position, script.id)
    return cursor_of(clock.to_us(script.updated_at) if sort == "updated" else script.name_key, script.id)


def _version(row: ScriptVersion, authors: dict[str | None, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "script_id": row.script_id,
        "version": row.number,
        "language": row.language,
        "note": row.note,
        "author": authors.get(row.author_id),
        "created_at": row.created_at,
        "content_hash": row.content_hash,
    }
