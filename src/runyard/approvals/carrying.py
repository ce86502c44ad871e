"""Keeping a request as it came, and sending it again as its asker, once a second person has agreed."""

import asyncio
import base64
import json
from typing import Any

from fastapi import FastAPI, Request
from msgspec import Struct
from starlette.types import Message

from runyard import clock, log
from runyard.access.actors import Actors
from runyard.access.guards import STAND_IN
from runyard.access.permissions import Actor
from runyard.access.tokens import BadToken
from runyard.approvals.demanding import Clearance, cleared
from runyard.approvals.errors import CannotWait, NoSuchApproval
from runyard.approvals.lifecycle import State
from runyard.approvals.models import Approval
from runyard.approvals.operations import Operation
from runyard.approvals.repository import get
from runyard.approvals.service import Approvals
from runyard.db.session import Database

logger = log.get("approvals")
LARGEST = 2 * 1024 * 1024
_KEPT = ("content-type", "x-runyard-client")
_ERROR = 400


class Asked(Struct, frozen=True):
    """A request as it came, without who sent it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    async def of(cls, request: Request) -> "Asked":
        """Return a request; raise `CannotWait` for one with files, and for one that is too large to be kept."""
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        if headers.get("content-type", "").startswith("multipart/"):
            raise CannotWait
        body = await request.body()
        if len(body) > LARGEST:
            raise CannotWait
        query = request.scope.get("query_string", b"").decode("ascii", "replace")
        return cls(request.method, request.url.path, query, headers, body)

    @classmethod
    def read(cls, kept: bytes) -> "Asked":
        """Return what `bytes` has made."""
        facts = json.loads(kept)
        return cls(**{**facts, "body": base64.b64decode(facts["body"])})

    def __bytes__(self) -> bytes:
        facts = {"method": self.method, "path": self.path, "query": self.query, "headers": self.headers}
        return json.dumps({**facts, "body": base64.b64encode(self.body).decode()}).encode()


class Carrier:
    """Carries out what was agreed to, once."""

    def __init__(self, database: Database, actors: Actors, approvals: Approvals) -> None:
        self._database = database
        self._actors = actors
        self._approvals = approvals

    async def carry_out(self, app: FastAPI, row: Approval) -> None:
        """Send the request again as its asker, whose rights are looked at anew; note it where it can't be done."""
        # It is seen through, whatever becomes of who agreed; and in a context of its own, for it is another's act.
        await asyncio.shield(asyncio.create_task(self._carry_out(app, row), name="approvals.carry"))

    async def _carry_out(self, app: FastAPI, row: Approval) -> None:
        asked = Asked.read(self._approvals.request_of(row))
        try:
            actor = await self._actors.standing_in(row.asked_by, row.token_id)
        except BadToken:
            status, body = 403, b'{"code": "asker_gone", "detail": "Who asked may not sign in any more."}'
        else:
            with cleared(Clearance(row.id, Operation(row.kind), row.digest)):
                status, body = await send(app, asked, actor)
        code, why = ("", "") if status < _ERROR else _problem(body)
        logger.info("approval.carried_out", approval_id=row.id, status=status, code=code)
        async with self._database.write() as session:
            kept = await get(session, row.id, lock=True)
            if kept is None:
                raise NoSuchApproval
            if code and kept.state == State.carrying:
                await self._approvals.failed(session, kept, code, why)
            elif kept.state == State.carrying:
                kept.state, kept.finished_at, kept.sealed = State.done, clock.now(), None
                await session.flush()
            self._approvals.tell(session, kept)


async def send(app: FastAPI, asked: Asked, actor: Actor) -> tuple[int, bytes]:
    """Have the application answer a request of somebody who is not there; return status and body."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in asked.headers.items()],
        "client": None,
        "server": None,
        "state": {},
        STAND_IN: actor,
    }
    status, parts = 500, list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def take(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    try:
        await app(scope, receive, take)
    except Exception:
        logger.exception("approval.crashed", path=asked.path)
        return 500, b""
    return status, b"".join(parts)


def _problem(body: bytes) -> tuple[str, str]:
    try:
        said = json.loads(body)
        return str(said["code"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        return "internal_error", "Something went wrong on our side. The server's log has the details."
