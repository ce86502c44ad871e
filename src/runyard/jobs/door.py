"""What callers of webhooks are told before the webhook's room hears of them: that too stands in the call log."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runyard import log

logger = log.get("jobs")
CALLS = "/api/v1/hooks/"
BEFORE = frozenset({400, 403, 408, 413, 429, 500, 503})
"""Statuses that the room of webhooks writes down for none of its own answers: it has others, and those it does."""
LONGEST_ID = 64

Note = Callable[[str, str, int, str, str], Awaitable[None]]
"""Is told of a trigger's id, who called, and the status, the code and the sentence that they were answered with."""


class Door:
    """Has noted what was refused of calls for their size, their pace or their address, or failed altogether."""

    def __init__(self, app: ASGIApp, note: Note) -> None:
        self._app = app
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(CALLS):
            await self._app(scope, receive, send)
            return
        trigger_id = scope["path"].removeprefix(CALLS)
        held: Message | None = None

        async def telling(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and message["status"] in BEFORE:
                held = message
                return
            if held is not None:
                start, held = held, None
                # Written down first: whoever was refused finds it there.
                await self._tell(scope, trigger_id, start["status"], message.get("body", b""))
                await send(start)
            await send(message)

        await self._app(scope, receive, telling)

    async def _tell(self, scope: Scope, trigger_id: str, status: int, body: bytes) -> None:
        if not 0 < len(trigger_id) <= LONGEST_ID or "/" in trigger_id:
            return
        client = scope.get("client")
        said = _problem(body)
        try:
            code, detail = str(said.get("code", "http_error")), str(said.get("detail", ""))
            await self._note(trigger_id, client[0] if client else "", status, code, detail)
        except Exception:
            # It is no reason to answer something else.
            logger.exception("jobs.call_not_noted", trigger_id=trigger_id, status=status)


def _problem(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
