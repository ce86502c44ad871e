"""Interpreters and package sources over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.environments import mirrors
from runyard.environments.mirrors import SourceChoice
from runyard.environments.models import RegisteredInterpreter
from runyard.environments.processes import without_credentials
from runyard.environments.registry import InterpreterRegistry
from runyard.environments.routes import Administrator, Keeper, Reader
from runyard.environments.schemas import (
    EffectiveSources,
    InterpreterBody,
    InterpreterChange,
    InterpreterList,
    MirrorList,
    NewInterpreter,
    SourcesBody,
)
from runyard.environments.sources import Chosen, SourceBook
from runyard.environments.wants import Kind
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter()

Registry = Annotated[InterpreterRegistry, Depends(provided(InterpreterRegistry))]
Book = Annotated[SourceBook, Depends(provided(SourceBook))]
Project = Annotated[str | None, Query(max_length=64, description="A project's name; without it, the installation.")]


@router.get("/interpreters", operation_id="list_interpreters", tags=["interpreters"])
async def list_interpreters(_actor: Reader, registry: Registry) -> InterpreterList:
    """List the interpreters that environments can be built on; the first time, the machine is searched for them."""
    return InterpreterList(items=[_body(row) for row in await registry.items()])


@router.post("/interpreters", operation_id="register_interpreter", tags=["interpreters"], status_code=201)
async def register_interpreter(actor: Administrator, registry: Registry, body: NewInterpreter) -> InterpreterBody:
    """Register the interpreter at a path of the server; it is run to tell its version. Administrators only."""
    return _body(await registry.register(actor, Kind(body.kind), body.path))


@router.post("/interpreters/scan", operation_id="scan_interpreters", tags=["interpreters"])
async def scan_interpreters(_actor: Administrator, registry: Registry) -> InterpreterList:
    """Search the machine for interpreters again, and probe the known ones."""
    await registry.scan()
    return InterpreterList(items=[_body(row) for row in await registry.items()])


@router.post("/interpreters/{interpreter_id}/probe", operation_id="probe_interpreter", tags=["interpreters"])
async def probe_interpreter(actor: Administrator, registry: Registry, interpreter_id: str) -> InterpreterBody:
    """Look again at what an interpreter is and whether runs can reach it."""
    return _body(await registry.probe(actor, interpreter_id))


@router.patch("/interpreters/{interpreter_id}", operation_id="change_interpreter", tags=["interpreters"])
async def change_interpreter(
    actor: Administrator, session: Transaction, registry: Registry, interpreter_id: str, body: InterpreterChange
) -> InterpreterBody:
    """Make an interpreter the default of its kind, or no default any more."""
    return _body(await registry.choose(session, actor, interpreter_id, default=body.is_default))


@router.delete(
    "/interpreters/{interpreter_id}", operation_id="forget_interpreter", tags=["interpreters"], status_code=204
)
async def forget_interpreter(
    actor: Administrator, session: Transaction, registry: Registry, interpreter_id: str
) -> None:
    """Forget an interpreter; environments that were built on it go on."""
    await registry.remove(session, actor, interpreter_id)


@router.get("/package-sources", operation_id="get_package_sources", tags=["packages"])
async def get_package_sources(actor: Reader, session: Reading, book: Book, project: Project = None) -> SourcesBody:
    """Tell where packages come from; names and passwords in addresses are left out."""
    return _sources(await book.show(session, actor, project), project)


@router.put("/package-sources", operation_id="put_package_sources", tags=["packages"])
async def put_package_sources(
    actor: Keeper, session: Transaction, book: Book, body: SourceChoice, project: Project = None
) -> SourcesBody:
    """Choose where packages come from; an address with `***` keeps the name and password that it had."""
    return _sources(await book.put(session, actor, project, body), project)


@router.delete("/package-sources", operation_id="delete_package_sources", tags=["packages"], status_code=204)
async def delete_package_sources(actor: Keeper, session: Transaction, book: Book, project: Project = None) -> None:
    """Forget a choice: a project follows the installation again, the installation its settings file."""
    await book.remove(session, actor, project)


@router.get("/package-sources/mirrors", operation_id="list_mirrors", tags=["packages"])
async def list_mirrors(_actor: Reader) -> MirrorList:
    """List the mirrors that are known by name."""
    return MirrorList(python=mirrors.PYTHON_MIRRORS, node=mirrors.NODE_MIRRORS, conda=mirrors.CONDA_MIRRORS)


def _body(row: RegisteredInterpreter) -> InterpreterBody:
    return InterpreterBody(
        id=row.id,
        kind=Kind(row.kind),
        path=row.path,
        version=row.version,
        implementation=row.implementation,
        platform=row.platform,
        is_default=row.is_default,
        source=row.source,
        trouble=row.trouble or None,
        reachable=not row.trouble and not row.closed,
        unreachable_reason=row.closed or None,
        created_at=row.created_at,
        probed_at=row.probed_at,
    )


def _sources(chosen: Chosen, project: str | None) -> SourcesBody:
    found = chosen.effective
    proxy = found.proxy
    return SourcesBody(
        project=project,
        choice=chosen.choice,
        effective=EffectiveSources(
            index_url=without_credentials(found.index_url),
            extra_index_urls=[without_credentials(url) for url in found.extra_index_urls],
            registry_url=without_credentials(found.npm_registry),
            channels=[without_credentials(url) for url in found.channels],
            http_proxy=None if proxy is None else without_credentials(proxy[0]),
            https_proxy=None if proxy is None else without_credentials(proxy[1] or proxy[0]),
            no_proxy=None if proxy is None else proxy[2],
        ),
        updated_at=chosen.updated_at,
        updated_by=chosen.updated_by,
    )
