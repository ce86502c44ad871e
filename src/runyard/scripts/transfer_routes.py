"""Imports and exports over HTTP."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.projects.service import DEFAULT
from runyard.scripts import packages, trees
from runyard.scripts.analysis_routes import FrameworkFound
from runyard.scripts.schemas import Body, Folder, Name, Note, Tags
from runyard.scripts.transfer import OnConflict, Taken, Transfer, Wanted, as_json, as_zip
from runyard.web.depends import Reading, provided

router = APIRouter(tags=["scripts"])
Transfers = Annotated[Transfer, Depends(provided(Transfer))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]
Sent = Annotated[UploadFile, File(description="A script, an export as JSON, or a zip or tar archive.")]


class ImportOptions(Body):
    """How a file is to be imported.

    `entry` is the file of a project that is started. `script_id` makes it the next version of that script.
    `on_conflict` says what happens to names that are taken. With `detect`, parameters are read off the code.
    """

    project: Annotated[str, StringConstraints(max_length=64)] = DEFAULT
    name: Name | None = None
    entry: Annotated[str, StringConstraints(max_length=trees.LONGEST_PATH)] | None = None
    folder: Folder | None = None
    tags: Tags = Field(default_factory=list)
    script_id: Annotated[str, StringConstraints(max_length=32)] | None = None
    on_conflict: OnConflict = "refuse"
    detect: bool = True
    note: Note = ""


class TakenScript(BaseModel):
    """What became of one script: created, updated, unchanged or skipped."""

    id: str
    name: str
    version: int
    outcome: Literal["created", "updated", "unchanged", "skipped"]


class TakenList(BaseModel):
    """What became of everything that was imported."""

    items: list[TakenScript]


class PackedFile(BaseModel):
    """A file of a project that could be imported."""

    path: str
    size: int


class Preview(BaseModel):
    """What a file holds: the names of whole scripts, or a project's files and which of them could be started."""

    name: str
    scripts: list[str]
    files: list[PackedFile]
    entries: list[str]
    requirements: dict[str, list[str]]
    frameworks: list[FrameworkFound]


@router.post("/imports/preview", operation_id="preview_import")
async def preview_import(actor: Writer, file: Sent) -> Preview:
    """Tell what a file holds, without saving anything."""
    del actor
    package = await _package(file)
    return Preview(
        name=package.name,
        scripts=[str(body.get("name", "")) for body in package.scripts],
        files=[PackedFile(path=path, size=len(data)) for path, data in package.files.items()],
        entries=list(package.entries),
        requirements=package.requirements,
        frameworks=[
            FrameworkFound(name=one.name, needs_browser=one.needs_browser, spiders=list(one.spiders), note=one.note)
            for one in package.frameworks
        ],
    )


@router.post("/imports", status_code=201, operation_id="import_scripts")
async def import_scripts(
    actor: Writer,
    database: Annotated[Database, Depends(provided(Database))],
    transfers: Transfers,
    file: Sent,
    payload: Annotated[str, Form(max_length=100_000, description="The options, `ImportOptions` as JSON.")] = "{}",
) -> TakenList:
    """Import a file, all of it or nothing: a script, an export, a folder of scripts, or a project."""
    try:
        options = ImportOptions.model_validate_json(payload.strip() or "{}")
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in listed]) from error
    wanted = Wanted(**{**dict(options), "tags": tuple(options.tags)})
    package = await _package(file)
    async with database.write() as session:
        taken = await transfers.take(session, actor, package, wanted)
    return TakenList(items=[shown_taken(item) for item in taken])


@router.get(
    "/scripts/export",
    operation_id="export_scripts",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "application/zip": {}}}},
)
async def export_scripts(
    actor: Reader,
    session: Reading,
    transfers: Transfers,
    script_id: Annotated[list[str] | None, Query(max_length=500, description="Repeatable; else all.")] = None,
    project: Annotated[str, Query(max_length=64)] = DEFAULT,
    shape: Annotated[Literal["json", "zip"], Query(alias="format")] = "json",
) -> Response:
    """Export scripts with all their files, as one JSON document or as folders in a zip. No password goes out."""
    found = await transfers.export(session, actor, project, script_id or [])
    data = await asyncio.to_thread(as_json if shape == "json" else as_zip, found)
    headers = {"Content-Disposition": f'attachment; filename="scripts.{shape}"'}
    return Response(data, media_type=f"application/{shape}", headers=headers)


async def _package(file: UploadFile) -> packages.Package:
    data = await file.read()
    return await asyncio.to_thread(packages.package, file.filename or "", data)


def shown_taken(item: Taken) -> TakenScript:
    """Return what became of a script as it is answered."""
    facts: dict[str, Any] = {"id": item.id, "name": item.name, "version": item.version, "outcome": item.outcome}
    return TakenScript.model_validate(facts)
