"""The one place where errors become HTTP: RFC 9457 problems."""

import errno
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from runyard import log
from runyard.db.session import DatabaseUnavailable
from runyard.errors import Conflict, Kind, Problem

logger = log.get("web")

MEDIA_TYPE = "application/problem+json"
STATUS: dict[Kind, HTTPStatus] = {
    Kind.invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.unauthenticated: HTTPStatus.UNAUTHORIZED,
    Kind.forbidden: HTTPStatus.FORBIDDEN,
    Kind.missing: HTTPStatus.NOT_FOUND,
    Kind.conflict: HTTPStatus.CONFLICT,
    Kind.too_large: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Kind.too_many: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.broken: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_DATA_EXCEPTION = "22"
"""The class of SQLSTATE that says that a value is at fault."""
_RACED = frozenset(
    {"23505", "23503", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_FOREIGNKEY"}
)
"""What a database says when another request has made the same thing, or taken away what is named, a moment before."""
_FULL = frozenset({"53100", "SQLITE_FULL"})
"""What a database says when the disk that holds it is full."""
NO_ROOM = "There is not enough free disk space to take this."
_CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
}


class FieldProblem(BaseModel):
    """One refused field."""

    field: str
    message: str
    code: str


class ProblemBody(BaseModel):
    """RFC 9457 problem details with a stable ``code``; 422 lists each field."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


def respond(
    request: Request,
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Build a problem response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.scope.get("runyard.request_id"),
    }
    if errors is not None:
        body["errors"] = errors
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=headers)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer one of our own nouns."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
    errors = [{"field": f.field, "message": f.message, "code": f.code} for f in error.fields]
    status = STATUS[error.kind]
    headers = {"WWW-Authenticate": "Bearer"} if error.kind is Kind.unauthenticated else {}
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(retry_after_s))
    listed = errors if errors or status == HTTPStatus.UNPROCESSABLE_ENTITY else None
    return respond(request, status, error.code, error.detail, listed, headers)


async def on_validation(request: Request, error: Exception) -> Response:
    """Answer a body, path or query that is not of the documented shape; never echo what was sent."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    errors = []
    for item in error.errors():
        place = [str(part) for part in item["loc"]]
        if place and place[0] in {"body", "query", "path", "header"}:
            place = place[1:] or place
        errors.append({"field": ".".join(place), "message": str(item["msg"]), "code": str(item["type"])})
    detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:3]) or "The input is not valid."
    return respond(request, 422, "invalid", detail, errors)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    code = getattr(error, "code", None) or _CODES.get(error.status_code, "http_error")
    headers = dict(error.headers or {})
    return respond(request, error.status_code, code, str(error.detail), headers=headers)


async def on_database(request: Request, error: Exception) -> Response:
    """Answer what the database refuses: values that no column can hold, or being asked at all."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if str(state).startswith(_DATA_EXCEPTION):
        return respond(request, 422, "invalid", "The input holds something that can't be kept, such as NUL.", [])
    if {str(state), getattr(getattr(error, "orig", None), "sqlite_errorname", "")} & _RACED:
        logger.warning("request.raced", path=request.url.path, exc_info=error)
        return respond(request, 409, Conflict.code, "Somebody else has changed the same at this moment; look again.")
    if {str(state), getattr(getattr(error, "orig", None), "sqlite_errorname", "")} & _FULL:
        return _disk_full(request, error)
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("request.database_unavailable", path=request.url.path, exc_info=error)
        return respond(request, 503, DatabaseUnavailable.code, DatabaseUnavailable().detail)
    return await on_crash(request, error)


async def on_system(request: Request, error: Exception) -> Response:
    """Answer what the operating system refuses: a full disk by its name."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _disk_full(request, error)
    return await on_crash(request, error)


def _disk_full(request: Request, error: Exception) -> Response:
    logger.error("request.disk_full", path=request.url.path, exc_info=error)
    return respond(request, 503, "disk_full", NO_ROOM)


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer an unforeseen error without telling its text."""
    logger.error("request.crashed", path=request.url.path, exc_info=error)
    return respond(
        request, 500, "internal_error", "Something went wrong on our side. The server's log has the details."
    )


def install(app: FastAPI) -> None:
    """Have `app` answer every error as a problem."""
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(OSError, on_system)
    app.add_exception_handler(Exception, on_crash)
