"""Environments as files over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, UploadFile
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from runyard.environments import views
from runyard.environments.models import Environment
from runyard.environments.package_routes import FILE
from runyard.environments.routes import Administrator, Environments, Reader, visible_environment
from runyard.environments.schemas import EnvironmentSummary
from runyard.web.depends import Reading

router = APIRouter(prefix="/environments", tags=["environments"])


@router.get("/{environment_id}/export", operation_id="export_environment", response_class=FileResponse)
async def export_environment(
    _actor: Reader,
    session: Reading,
    environments: Environments,
    row: Annotated[Environment, Depends(visible_environment)],
) -> FileResponse:
    """Get a Python environment as a zip of its lock and packages, for a machine without a network."""
    path = await environments.transfers.export(session, row.id)
    name = f"{row.id}.runyard-env.zip"
    return FileResponse(path, filename=name, media_type="application/zip", background=BackgroundTask(path.unlink))


@router.post("/import", operation_id="import_environment", status_code=202, openapi_extra=FILE)
async def import_environment(
    actor: Administrator, session: Reading, environments: Environments, file: UploadFile
) -> EnvironmentSummary:
    """Take in an exported environment: scripts with the same requirements use it from now on, without any index."""
    row = await environments.transfers.take_in(file.file)
    return (await views.summaries(environments, session, actor, [row]))[0]
