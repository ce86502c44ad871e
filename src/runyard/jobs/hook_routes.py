"""Where webhooks are called. The signature or the token of a call is all that it needs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from runyard.jobs.hooks import LARGEST, Call, Called, Hooks, PayloadTooLarge, PayloadUnsupported
from runyard.jobs.signatures import PROOFS
from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.schemas import RunError
from runyard.web.depends import provided

router = APIRouter(tags=["triggers"])
Kept = Annotated[Hooks, Depends(provided(Hooks))]
CUT_OFF = 400
UNSUPPORTED = 415


class PayloadCutOff(HTTPException):
    """The connection ended before the body did: nobody hears it, but it is written down."""

    code = "payload_cut_off"

    def __init__(self) -> None:
        super().__init__(CUT_OFF, "The connection ended before the body did.")


class CalledHook(BaseModel):
    """What a call started. `outputs` and `error` are there once the run is over, for a webhook that waits for it."""

    id: str | None = Field(None, description="The run; null where the webhook's condition was not met.")
    state: State | None = None
    outcome: str = Field(description="accepted, duplicate, or ignored.")
    outputs: Any = None
    error: RunError | None = None


@router.post(
    "/hooks/{trigger_id}",
    operation_id="call_webhook",
    status_code=202,
    responses={200: {"model": CalledHook, "description": "The run is over, or there was to be none."}},
)
async def call_webhook(hooks: Kept, request: Request, response: Response, trigger_id: str) -> CalledHook:
    """Start a run of a job: JSON, a form or text, signed with `X-Runyard-Timestamp` and `X-Runyard-Signature`.

    The signature is `sha256=` and the hexadecimal HMAC-SHA256 of timestamp, a full stop and body; a webhook with a
    token takes `X-Runyard-Token` or `Authorization: Bearer` instead. The same call twice starts one run.
    """
    try:
        called = await hooks.call(trigger_id, await _call(request))
    except PayloadUnsupported as problem:
        raise HTTPException(UNSUPPORTED, problem.detail) from problem
    return await _answer(hooks, called, request, response)


async def _call(request: Request) -> Call:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        # What proves who calls stands once, or proves nothing.
        known = headers.get(name)
        headers[name] = value if known is None else ("" if name in PROOFS else f"{known}, {value}")
    client = request.client.host if request.client is not None else ""
    return Call(headers, dict(request.query_params), await _body(request), client)


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:12]) > LARGEST:
        raise PayloadTooLarge
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise PayloadTooLarge
    except ClientDisconnect as error:
        raise PayloadCutOff from error
    return bytes(body)


async def _answer(hooks: Hooks, called: Called, request: Request, response: Response) -> CalledHook:
    told = CalledHook(id=called.run_id, state=called.state, outcome=called.outcome.value)
    if called.run_id is None:
        response.status_code = 200
        return told
    if called.wait_s is None:
        return told
    stand = await hooks.wait(called.run_id, called.wait_s)
    if stand is not None:
        error = RunError(code=stand.error[0], message=stand.error[1]) if stand.error is not None else None
        told = told.model_copy(update={"state": stand.state, "outputs": stand.outputs, "error": error})
    status = 200 if stand is not None and stand.state in TERMINAL else 202
    response.status_code = status
    # Who has left meanwhile was told nothing.
    if called.delivery_id is not None and not await request.is_disconnected():
        await hooks.answered(called.delivery_id, status, called.took_ms)
    return told
