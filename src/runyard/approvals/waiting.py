"""The answer to what waits for a second person: 202 with the request for consent, whatever the route answers else."""

from typing import Any

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
MAY_WAIT = frozenset(
    {
        *("create_secret", "change_secret", "delete_secret"),
        *("create_variable", "change_variable", "delete_variable"),
        *("create_connection", "change_connection", "delete_connection"),
        *("add_member", "change_member", "remove_member"),
        *("add_project_team", "change_project_team", "remove_project_team"),
        *("change_role", "add_team_member", "rotate_keys", "set_approval_rules"),
        *("delete_script", "mark_script", "move_script", "export_scripts"),
        "submit_any_api_v1_runs_post",
        "submit_api_v1_scripts__script_id__runs_post",
        "rerun_api_v1_runs__run_id__rerun_post",
    }
)
"""The routes on whose way a `demand` lies, by the ids of their operations: what the API's document says of them."""


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


def describe(document: dict[str, Any]) -> None:
    """Say in the API's document which routes may answer so."""
    schemas = document["components"]["schemas"]
    described = WaitingAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, part in described.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    schemas[WaitingAnswer.__name__] = described
    waiting = {"$ref": f"#/components/schemas/{WaitingAnswer.__name__}"}
    headers = {HEADER: {"description": "The id of the request for consent.", "schema": {"type": "string"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            if operation.get("operationId") not in MAY_WAIT:
                continue
            answer = operation["responses"].setdefault("202", {"description": "It waits for a second person."})
            content = answer.setdefault("content", {}).setdefault("application/json", {})
            content["schema"] = {"anyOf": [content["schema"], waiting]} if "schema" in content else waiting
            answer["headers"] = headers
