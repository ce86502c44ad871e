"""What was refused is written down where it becomes an answer: its own transaction has been undone by then."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.requests import HTTPConnection
from starlette.types import Scope

from runyard.audit.events import Who
from runyard.audit.origin import REQUEST_ID
from runyard.audit.service import AuditService
from runyard.errors import Forbidden
from runyard.web.addresses import address_of
from runyard.web.problems import on_problem


async def on_forbidden(request: Request, error: Exception) -> Response:
    """Answer an act that the actor's role does not allow, and write it down."""
    assert isinstance(error, Forbidden)  # noqa: S101 - registered for this class only
    audit: AuditService = request.app.state.provided[AuditService]
    await audit.note_refusal(error.code)
    return await on_problem(request, error)


def turned_away(audit: AuditService) -> Callable[[Scope, str], Awaitable[None]]:
    """Return what writes down who was turned away before any route was reached."""

    async def note(scope: Scope, code: str) -> None:
        connection = HTTPConnection(scope)
        who = Who(
            kind="stranger",
            address=address_of(connection),
            user_agent=connection.headers.get("user-agent", ""),
            request_id=str(scope.get(REQUEST_ID, "")),
        )
        await audit.note_stranger(who, code)

    return note


def install(app: FastAPI) -> None:
    """Have refusals of `app` written down."""
    app.add_exception_handler(Forbidden, on_forbidden)
