"""What was refused is written down where it becomes an answer: its own transaction has been undone by then."""

from fastapi import FastAPI, Request, Response

from runyard.audit.service import AuditService
from runyard.errors import Forbidden
from runyard.web.problems import on_problem


async def on_forbidden(request: Request, error: Exception) -> Response:
    """Answer an act that the actor's role does not allow, and write it down."""
    assert isinstance(error, Forbidden)  # noqa: S101 - registered for this class only
    audit: AuditService = request.app.state.provided[AuditService]
    await audit.note_refusal(error.code)
    return await on_problem(request, error)


def install(app: FastAPI) -> None:
    """Have refusals of `app` written down."""
    app.add_exception_handler(Forbidden, on_forbidden)
