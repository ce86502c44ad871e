"""Packages over all environments, and known vulnerabilities, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, UploadFile

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.environments import inventory
from runyard.environments.advisories import AdvisoryService, Status, Taken
from runyard.environments.routes import Environments, Reader
from runyard.environments.schemas import (
    AdvisoryImportAnswer,
    AdvisoryImportBody,
    AdvisoryStatus,
    PackageSummary,
    PackageUserBody,
)
from runyard.environments.views import newest_first
from runyard.environments.wants import Kind
from runyard.ids import ProjectId
from runyard.web.depends import Reading, provided
from runyard.web.paging import Page, Paging, cursor_of, cut, sliced

router = APIRouter(tags=["packages"])

Advisories = Annotated[AdvisoryService, Depends(provided(AdvisoryService))]
Administrator = Annotated[Actor, allow(Permission.system_manage)]
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.get("/packages", operation_id="list_packages")
async def list_packages(
    actor: Reader,
    session: Reading,
    environments: Environments,
    window: Paging,
    q: Annotated[str | None, Query(max_length=200, description="A part of the name.")] = None,
) -> Page[PackageSummary]:
    """List the packages of all environments, by name."""
    after = window.after(str, str)
    rows = await inventory.packages(session, actor, q, (after[0], after[1]) if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    versions = await inventory.versions(session, actor, [(kind, name) for kind, name, _count in shown])
    known = await environments.advisories.of(session, ((*key, v) for key, found in versions.items() for v in found))
    return Page(
        items=[
            PackageSummary(
                name=name,
                kind=Kind(kind),
                versions=newest_first(versions[kind, name]),
                environment_count=count,
                vulnerability_count=len({v.id for of in versions[kind, name] for v in known.get((kind, name, of), ())}),
            )
            for kind, name, count in shown
        ],
        next_cursor=cursor_of(last[1], last[0]) if last else None,
    )


@router.get("/packages/users", operation_id="list_package_users")
async def list_package_users(
    actor: Reader,
    session: Reading,
    environments: Environments,
    window: Paging,
    name: Annotated[str, Query(min_length=1, max_length=214, description="The package's name.")],
    kind: Annotated[Kind | None, Query(description="Only packages of this kind.")] = None,
    version: Annotated[str | None, Query(max_length=200, description="Only this version.")] = None,
) -> Page[PackageUserBody]:
    """Tell which scripts use a package, by name: those whose present environment holds it."""
    users = await environments.users.of_package(session, actor, name, kind and kind.value, version)
    shown, cursor = sliced(users, window, lambda user: (user.name, user.script_id, user.environment_id), 3)
    return Page(
        items=[
            PackageUserBody(
                script_id=user.script_id,
                name=user.name,
                project=actor.project_name(ProjectId(user.project_id)),
                environment_id=user.environment_id,
                kind=Kind(user.kind),
                version=user.version,
                last_used_at=user.last_used_at,
            )
            for user in shown
        ],
        next_cursor=cursor,
    )


@router.get("/advisories", operation_id="get_advisory_status")
async def get_advisory_status(_actor: Reader, session: Reading, advisories: Advisories) -> AdvisoryStatus:
    """Tell how many advisories on vulnerabilities are known, and since when."""
    return _status(await advisories.status(session))


@router.post("/advisories/import", operation_id="import_advisories", openapi_extra=FILE)
async def import_advisories(actor: Administrator, advisories: Advisories, file: UploadFile) -> AdvisoryImportAnswer:
    """Import advisories: a zip of OSV records such as osv.dev offers for each ecosystem, or JSON."""
    taken = await advisories.take_in(file.file, file.filename or "upload", actor.username)
    return _answer(taken, await advisories.total())


@router.post("/advisories/refresh", operation_id="refresh_advisories")
async def refresh_advisories(actor: Administrator, advisories: Advisories) -> AdvisoryImportAnswer:
    """Fetch advisories from the addresses that the settings name; there are none by default."""
    taken = await advisories.refresh(actor.username)
    return _answer(taken, await advisories.total())


def _answer(taken: Taken, total: int) -> AdvisoryImportAnswer:
    return AdvisoryImportAnswer(
        advisories=taken.advisories, withdrawn=taken.withdrawn, skipped=taken.skipped, total=total
    )


def _status(status: Status) -> AdvisoryStatus:
    return AdvisoryStatus(
        total=sum(status.by_ecosystem.values()),
        by_ecosystem=status.by_ecosystem,
        newest_modified_at=status.newest,
        refresh_urls=list(status.urls),
        imports=[
            AdvisoryImportBody(at=row.at, source=row.source, by=row.by, advisories=row.advisories)
            for row in status.imports
        ],
    )
