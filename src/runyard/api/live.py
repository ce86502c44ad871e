"""The WebSocket of state changes."""

import asyncio
import contextlib
import json
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from runyard.access.actors import RECHECK_S, TOPIC
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.environments.service import EnvironmentService
from runyard.errors import Problem
from runyard.live.bus import CLOSING, Bus, Message

router = APIRouter()

PATIENCE_S = 10.0
PING_S = 20.0
_NOT_SIGNED_IN = 4401
_RESTARTING = 1012
_NEEDED = {
    "run": Permission.run_read,
    "progress": Permission.run_read,
    "usage": Permission.run_read,
    "environment": Permission.run_read,
    "script": Permission.script_read,
    "job": Permission.job_read,
    "slot": Permission.job_read,
    "approval": None,
}
"""What is told at all, and to whom of a project's members."""
_OWN = ("run", "job", "slot")
"""Parts of messages that name their project by its id, and are to name it as people do."""


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Send what changes in the reader's projects. The first message is ``{"token": …}``; it may be sent again."""
    await socket.accept()
    provided: dict[type, Any] = socket.app.state.provided
    access: AccessService = provided[AccessService]
    bus: Bus = socket.app.state.bus
    try:
        async with asyncio.timeout(PATIENCE_S):
            token = await _token(socket)
        actor = await access.actor_of(token)
    except (Problem, ValueError, TimeoutError):
        await socket.close(_NOT_SIGNED_IN)
        return
    except WebSocketDisconnect:
        return
    await _Connection(socket, provided, bus, actor).serve()


async def _token(socket: WebSocket) -> str:
    """Wait for a message with a token; raise ValueError for any other."""
    try:
        message = json.loads(await socket.receive_text())
    except (KeyError, RecursionError) as error:
        raise ValueError("not a text, or one nested without end") from error
    if not isinstance(message, dict) or not isinstance(message.get("token"), str):
        raise ValueError("no token")  # noqa: TRY004 - the value of a message, not a programming error
    return str(message["token"])


class _Connection:
    def __init__(self, socket: WebSocket, provided: dict[type, Any], bus: Bus, actor: Actor) -> None:
        self._socket = socket
        self._access: AccessService = provided[AccessService]
        self._environments: EnvironmentService = provided[EnvironmentService]
        self._bus = bus
        self._actor = actor
        self._seen: set[str] = set()

    async def serve(self) -> None:
        listening = asyncio.create_task(self._listen())
        sending = asyncio.create_task(self._send())
        try:
            done, pending = await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            listening.cancel()
            sending.cancel()
            raise
        for task in pending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task
        for task in done:
            error = task.exception()
            if error is not None and not isinstance(error, WebSocketDisconnect | RuntimeError | Problem | ValueError):
                raise error
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(_NOT_SIGNED_IN)

    async def _listen(self) -> None:
        """Take renewed tokens; end when the other side does."""
        while True:
            token = await _token(self._socket)
            self._actor = await self._access.actor_of(token)
            self._seen.clear()

    async def _send(self) -> None:
        with self._bus.subscribe("project:*", "environment:*", TOPIC) as news:
            await self._socket.send_json({"type": "hello"})
            checked = asyncio.get_running_loop().time()
            while True:
                messages: list[tuple[str, Message]] = []
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PING_S):
                        messages = [await news.get(), *news.pending()]
                now = asyncio.get_running_loop().time()
                changed = news.missed or any(topic == TOPIC for topic, _message in messages)
                if changed or now - checked > RECHECK_S:
                    # Who has lost a right hears nothing more of what it was for; without a session, nothing at all.
                    self._actor = await self._access.actors.again(self._actor)
                    self._seen.clear()
                    checked = now
                if news.missed:
                    news.missed = False
                    await self._socket.send_json({"type": "missed"})
                if not messages:
                    await self._socket.send_json({"type": "ping"})
                if any(message is CLOSING for _topic, message in messages):
                    await self._socket.close(_RESTARTING)
                    return
                for topic, message in messages:
                    if shown := await self._shown(topic, message):
                        await self._socket.send_json(shown)

    async def _shown(self, topic: str, message: Message) -> Message | None:
        if message["type"] not in _NEEDED:
            return None
        if topic.startswith("environment:"):
            return message if await self._sees(topic.removeprefix("environment:")) else None
        project_id = topic.removeprefix("project:")
        if not project_id:
            # It belongs to the installation.
            return message if self._actor.is_admin else None
        member = next((m for m in self._actor.memberships if m.project_id == project_id), None)
        if member is None:
            return None
        needed = _NEEDED[message["type"]]
        if needed is not None and needed not in member.permissions:
            return None
        for part in _OWN:
            if part in message:
                told = {key: value for key, value in message[part].items() if key != "project_id"}
                return {**message, part: {**told, "project": member.name}}
        return message

    async def _sees(self, environment_id: str) -> bool:
        """Whether the reader may see an environment: asked once, for they come to see more of them by and by."""
        if environment_id in self._seen:
            return True
        seen = await self._environments.shown_to(self._actor, environment_id)
        if seen:
            self._seen.add(environment_id)
        return seen
