"""The WebSocket between an editor and a language server in its script's environment."""

import asyncio
import contextlib
import json
import time
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from runyard import log
from runyard.access.actors import RECHECK_S, TOPIC
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.editor.language_server import LanguageServer, serving
from runyard.editor.problems import ProgramMissing
from runyard.editor.programs import Lack, Program
from runyard.editor.relay import MessageRefused, Relay
from runyard.editor.servers import Servers
from runyard.editor.sessions import Session
from runyard.editor.setups import setup
from runyard.environments.toolchain import Ready
from runyard.errors import Forbidden, Problem, Unauthenticated
from runyard.live.bus import Bus
from runyard.scripts.schemas import Code, Language, Requirements

router = APIRouter()
logger = log.get("editor")

PATIENCE_S = 10.0
_NOT_SIGNED_IN = 4401
_FORBIDDEN = 4403
_IDLE = 4408
_BUSY = 4429
_UNAVAILABLE = 4503
_CODES = {"forbidden": _FORBIDDEN, "servers_busy": _BUSY}
_LONGEST_REASON = 100


class Greeting(BaseModel):
    """An editor's first message: who asks, and for which code and packages."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    language: Language
    code: Code = ""
    requirements: Requirements = []


class _Idle(Exception):  # noqa: N818 - a signal, not a fault
    """Nobody has asked for anything in a long time."""


@router.websocket("/editor/language")
async def language(socket: WebSocket) -> None:
    """Speak the language server protocol about one document, for who may write scripts.

    The first message is ``{"token", "language", "code", "requirements"}``; the answer ``{"type": "ready", …}`` names
    the document. From then on each message is one of the protocol; ``{"token": …}`` may come again at any time.
    """
    await socket.accept()
    provided: dict[type, Any] = socket.app.state.provided
    access: AccessService = provided[AccessService]
    servers: Servers = provided[Servers]
    try:
        async with asyncio.timeout(PATIENCE_S):
            greeting = Greeting.model_validate_json(await socket.receive_text())
        actor = await access.actor_of(greeting.token)
        if not actor.may(Permission.script_write):
            raise Forbidden
    except Forbidden as problem:
        await _close(socket, _FORBIDDEN, problem.detail)
        return
    except (Problem, ValidationError, KeyError, TimeoutError):
        await _close(socket, _NOT_SIGNED_IN, "")
        return
    except WebSocketDisconnect:
        return
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        try:
            await _Conversation(socket, access, servers, socket.app.state.bus, greeting, actor).hold()
        except Unauthenticated:
            await _close(socket, _NOT_SIGNED_IN, "")
        except Problem as problem:
            await _close(socket, _CODES.get(problem.code, _UNAVAILABLE), problem.detail)
        except MessageRefused as refused:
            await _close(socket, _UNAVAILABLE, str(refused))
        except _Idle:
            await _close(socket, _IDLE, "")


class _Conversation:
    def __init__(
        self,
        socket: WebSocket,
        access: AccessService,
        servers: Servers,
        bus: Bus,
        greeting: Greeting,
        actor: Actor,
    ) -> None:
        self._socket = socket
        self._access = access
        self._servers = servers
        self._bus = bus
        self._greeting = greeting
        self._actor = actor
        self._token = greeting.token
        self._sending = asyncio.Lock()

    async def hold(self) -> None:
        program = await self._servers.program(self._greeting.language)
        if isinstance(program, Lack):
            raise ProgramMissing(f"{program.name} is not installed here. {program.fix}")
        greeting = self._greeting
        with ExitStack() as holding:
            session = holding.enter_context(self._servers.sessions.joined(self._actor.user_id, time.monotonic()))
            environment = await self._servers.environment(greeting.language, greeting.code, greeting.requirements)
            if environment is not None:
                holding.enter_context(self._servers.environments.hold(environment.id))
            await self._converse(session, program, environment)

    async def _converse(self, session: Session, program: Program, environment: Ready | None) -> None:
        servers = self._servers
        greeting = self._greeting
        plan = setup(program, greeting.language, greeting.code, environment, servers.memory_mb)
        async with serving(servers.cells, plan.order) as (server, cell):
            relay = Relay(cell, plan.file, plan.options, plan.places)
            await self._tell(
                json.dumps(
                    {
                        "type": "ready",
                        "server": program.name,
                        "version": program.version,
                        "document": relay.document,
                        "environment": environment.id if environment is not None else None,
                    }
                )
            )
            tasks = [
                asyncio.create_task(work)
                for work in (
                    self._from_page(relay, server, session),
                    self._from_server(relay, server),
                    self._watch(session),
                    self._guard(),
                )
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _from_page(self, relay: Relay, server: LanguageServer, session: Session) -> None:
        while True:
            text = await self._socket.receive_text()
            if text.startswith('{"token"'):
                await self._renew(text)
                continue
            session.spoke(time.monotonic())
            passage = relay.from_page(text)
            if passage.inward is not None:
                await server.send(passage.inward)
            if passage.answer is not None:
                await self._tell(passage.answer)

    async def _from_server(self, relay: Relay, server: LanguageServer) -> None:
        while True:
            passage = relay.from_server(await server.receive())
            if passage.inward is not None:
                await server.send(passage.inward)
            if passage.answer is not None:
                await self._tell(passage.answer)

    async def _watch(self, session: Session) -> None:
        """End the conversation of who has been silent for long."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._servers.idle_s):
                    await session.ended.wait()
                    raise _Idle
            if time.monotonic() - session.spoke_at >= self._servers.idle_s:
                raise _Idle

    async def _guard(self) -> None:
        """End the conversation of who may not write any more: as soon as that is told, or soon after."""
        with self._bus.subscribe(TOPIC) as news:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RECHECK_S):
                        await news.get()
                # What others remember of them may be older than the news.
                self._demand(await self._access.actors.again(self._actor))
                self._demand(await self._access.actor_of(self._token))

    def _demand(self, actor: Actor) -> None:
        if not actor.may(Permission.script_write):
            raise Forbidden

    async def _renew(self, text: str) -> None:
        try:
            token = json.loads(text)["token"]
        except (ValueError, KeyError, TypeError) as error:
            raise MessageRefused("no token") from error
        actor = await self._access.actor_of(str(token))
        self._demand(actor)
        self._token, self._actor = str(token), actor

    async def _tell(self, text: str) -> None:
        async with self._sending:
            await self._socket.send_text(text)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
