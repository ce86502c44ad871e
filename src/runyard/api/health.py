"""Is it alive, and is it ready."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from runyard import log
from runyard.db import migrate

router = APIRouter(tags=["system"])
logger = log.get("api")


class Health(BaseModel):
    """An answer of a probe."""

    status: str


@router.get("/healthz")
async def healthz() -> Health:
    """Answer while the process lives."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health)
async def readyz(request: Request) -> JSONResponse:
    """Answer 200 when requests can be served: the database answers and has our schema; else 503 says what is not."""
    database = request.app.state.yard.database
    try:
        await database.ping()
        fits = (await migrate.state(database)).fits
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is not ready
        logger.warning("readyz.database", error=str(error))
        return JSONResponse({"status": "database unavailable"}, 503)
    if not fits:
        return JSONResponse({"status": "schema does not fit"}, 503)
    return JSONResponse({"status": "ok"})
