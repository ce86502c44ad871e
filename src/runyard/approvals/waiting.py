"""The answer to what waits for a second person: 202 with the request for consent, whatever the route answers else."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from runyard.approvals.carrying import Asked
from runyard.approvals.errors import CannotWait, NeedsSecondPerson
from runyard.approvals.schemas import WaitingAnswer
from runyard.approvals.service import Approvals
from runyard.approvals.views import body
from runyard.audit.origin import present
from runyard.db.session import Database
from runyard.web.problems import on_problem

HEADER = "Runyard-Approval"


async def on_waiting(request: Request, error: Exception) -> Response:
    """Keep the request until a second person has decided; its own transaction has been undone by now."""
    assert isinstance(error, NeedsSecondPerson)  # noqa: S101 - registered for this class only
    provided = request.app.state.provided
    approvals: Approvals = provided[Approvals]
    try:
        asked = await Asked.of(request)
    except CannotWait as refusal:
        return await on_problem(request, refusal)
    if (act := present()) is not None:
        # It was asked for, not done.
        act.told = True
    async with provided[Database].write() as session:
        row = await approvals.ask(session, error, bytes(asked))
        shown = await body(session, approvals.shown(error.actor, row))
    headers = {HEADER: row.id, "Location": f"/api/v1/approvals/{row.id}"}
    return JSONResponse(WaitingAnswer(approval=shown).model_dump(mode="json"), 202, headers=headers)


def install(app: FastAPI) -> None:
    """Have every route of `app` answer so."""
    app.add_exception_handler(NeedsSecondPerson, on_waiting)
