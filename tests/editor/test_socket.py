"""Editors and a real language server over a real socket."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import websockets
from fastapi import FastAPI

from runyard.access.actors import TOPIC
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.access.service import AccessService
from runyard.editor.cells import Cells
from runyard.editor.programs import Lack, find_typescript
from runyard.editor.servers import Servers
from runyard.editor.socket import router
from runyard.environments.interpreters import find_python, uv_program
from runyard.environments.toolchain import Ready
from runyard.environments.wants import Want
from runyard.errors import Unauthenticated
from runyard.ids import ProjectId, UserId
from runyard.live.bus import LocalBus

DOCUMENT = {"uri": "file:///script/main.py"}


class Doorman:
    """Knows actors by the names of their roles, but for those who were shown out."""

    def __init__(self) -> None:
        self.bus = LocalBus()
        self.out: set[str] = set()

    @property
    def actors(self) -> "Doorman":
        return self

    async def again(self, actor: Actor) -> Actor:
        return await self.actor_of(actor.username)

    def change(self, role: str) -> None:
        self.out.add(role)
        self.bus.publish(TOPIC, {"type": TOPIC})

    async def actor_of(self, token: str) -> Actor:
        if token not in {"developer", "admin", "viewer"} - self.out:
            raise Unauthenticated
        place = Membership(ProjectId("prj_1"), "default", ROLES[Role(token)])
        return Actor(UserId(f"usr_{token}"), token, "ses_1", is_admin=False, memberships=(place,))


class OneEnvironment:
    """Has one environment, for whoever asks for `greeting`."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    async def standing(self, want: Want) -> Ready | None:
        return self._ready if want.requirements and want.requirements[0].startswith("greeting") else None

    def hold(self, id_: str) -> AbstractContextManager[None]:
        assert id_ == self._ready.id
        return nullcontext()


@pytest.fixture
def environments(tmp_path: Path) -> OneEnvironment:
    path = tmp_path / "data" / "envs" / "abc"
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o711)
    python = find_python()
    subprocess.run([uv_program(), "venv", "--quiet", "--python", python.path, path], check=True)
    package = next(path.glob("lib/python*/site-packages")) / "greeting.py"
    package.write_text('def hello(name: str, *, loud: bool = False) -> str:\n    """Say hello."""\n    return name\n')
    ready = Ready("env_1", (str(path / "bin/python"),), {"VIRTUAL_ENV": str(path)}, (path, *python.roots))
    return OneEnvironment(ready)


@pytest.fixture
def servers(cells: Cells, environments: OneEnvironment) -> Servers:
    return Servers(cells, environments, most=1, idle_s=120, memory_mb=3072)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(servers: Servers, doorman: Doorman | None = None) -> AsyncIterator[str]:
    doorman = doorman or Doorman()
    app = FastAPI()
    app.include_router(router)
    app.state.provided = {AccessService: doorman, Servers: servers}
    app.state.bus = doorman.bus
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="websockets-sansio"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/editor/language"
    finally:
        server.should_exit = True
        await running


class Page:
    """An editor's side of the conversation."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._next = 0
        self.document = DOCUMENT["uri"]
        self.heard = ""

    async def greet(self, requirements: Sequence[str] = (), **more: Any) -> dict[str, Any]:
        await self._socket.send(
            json.dumps({"token": "developer", "language": "python", "requirements": list(requirements), **more})
        )
        return json.loads(await self._socket.recv())  # type: ignore[no-any-return]

    async def ask(self, method: str, **params: Any) -> Any:
        self._next += 1
        await self._socket.send(json.dumps({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params}))
        while (answer := json.loads(await self._hear())).get("id") != self._next:
            pass
        return answer.get("result", answer.get("error"))

    async def tell(self, method: str, **params: Any) -> None:
        await self._socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def _hear(self) -> str:
        text = str(await self._socket.recv())
        self.heard += text
        return text

    async def items(self, line: int, character: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.at("completion", line, character))["items"]
        return found

    async def labels(self, line: int, character: int) -> set[str]:
        return {item["label"] for item in await self.items(line, character)}

    async def show(self, code: str, language: str = "python") -> None:
        await self.ask("initialize", capabilities={"textDocument": {"hover": {"contentFormat": ["markdown"]}}})
        await self.tell("initialized")
        await self.tell(
            "textDocument/didOpen",
            textDocument={"uri": self.document, "languageId": language, "version": 1, "text": code},
        )

    async def at(self, what: str, line: int, character: int) -> Any:
        return await self.ask(
            f"textDocument/{what}", textDocument={"uri": self.document}, position={"line": line, "character": character}
        )


async def closed_with(socket: websockets.ClientConnection) -> tuple[int, str]:
    await socket.wait_closed()
    return socket.close_code or 0, socket.close_reason or ""


async def test_a_server_knows_the_scripts_own_packages(servers: Servers) -> None:
    async with serving(servers) as url, websockets.connect(url) as socket:
        page = Page(socket)
        ready = await page.greet(["greeting"])
        assert (ready["type"], ready["server"], ready["environment"]) == ("ready", "ty", "env_1")
        assert ready["document"] == DOCUMENT["uri"]
        await page.show("import greeting\n\ndef mine():\n    pass\n\ngreeting.he\ngreeting.hello(\nmine()\n")
        labels = [item["label"] for item in (await page.at("completion", 5, 11))["items"]]
        assert "hello" in labels
        assert "Say hello." in (await page.at("hover", 6, 11))["contents"]["value"]
        assert "loud" in (await page.at("signatureHelp", 6, 15))["signatures"][0]["label"]
        [defined] = await page.at("definition", 7, 1)
        assert (defined["uri"], defined["range"]["start"]["line"]) == (DOCUMENT["uri"], 2)
        [outside] = await page.at("definition", 6, 11)
        assert outside["uri"].startswith("file:///environment/lib/")
        assert (await page.ask("workspace/executeCommand", command="ty.printDebugInformation"))["code"] == -32601


async def test_without_an_environment_the_standard_library_is_known(servers: Servers) -> None:
    async with serving(servers) as url, websockets.connect(url) as socket:
        page = Page(socket)
        assert (await page.greet(["elsewhere"]))["environment"] is None
        await page.show("import json\njson.dum")
        assert {"dump", "dumps"} <= {item["label"] for item in (await page.at("completion", 1, 8))["items"]}
        # A renewed token goes between the protocol's messages.
        await socket.send(json.dumps({"token": "developer"}))
        assert await page.at("hover", 0, 8)
        await socket.send(json.dumps({"token": "nobody"}))
        assert (await closed_with(socket))[0] == 4401


async def test_who_comes_again_without_the_right_is_let_go(servers: Servers) -> None:
    async with serving(servers) as url, websockets.connect(url) as socket:
        assert (await Page(socket).greet())["type"] == "ready"
        await socket.send(json.dumps({"token": "viewer"}))
        assert (await closed_with(socket))[0] == 4403


async def test_who_loses_the_right_is_let_go_at_once(servers: Servers) -> None:
    doorman = Doorman()
    async with serving(servers, doorman) as url, websockets.connect(url) as socket:
        page = Page(socket)
        assert (await page.greet())["type"] == "ready"
        doorman.change("admin")
        await page.show("import json")
        doorman.change("developer")
        async with asyncio.timeout(20):
            assert (await closed_with(socket))[0] == 4401
    assert len(servers.sessions) == 0


async def test_javascript_knows_itself_node_and_the_scripts_own_packages(cells: Cells, tmp_path: Path) -> None:
    found = find_typescript()
    # It comes with the built page.
    assert not isinstance(found, Lack), found.fix
    package = tmp_path / "data" / "envs" / "npm" / "node_modules" / "greeting"
    package.mkdir(parents=True)
    (tmp_path / "data" / "envs").chmod(0o711)
    (package / "package.json").write_text('{"name": "greeting", "version": "1.0.0", "main": "index.js"}')
    (package / "index.js").write_text(
        "/** Say hello.\n * @param {string} name */\nfunction hello(name) { return name }\nexports.hello = hello\n"
    )
    folder = package.parent.parent
    ready = Ready("env_1", ("node",), {}, (folder,), (("node_modules", folder / "node_modules"),))
    servers = Servers(cells, OneEnvironment(ready), most=1, idle_s=120, memory_mb=1024)  # type: ignore[arg-type]
    code = "import greeting from 'greeting'\nimport fs from 'node:fs'\n"
    code += "greeting.he\nfs.readFileS\ngreeting.hello(\n[].fla\n"
    async with serving(servers) as url, websockets.connect(url) as socket:
        page = Page(socket)
        ready_said = await page.greet(["greeting"], language="javascript", code=code)
        assert (ready_said["server"], ready_said["environment"]) == ("typescript-language-server", "env_1")
        assert ready_said["document"] == "file:///script/main.mjs"
        page.document = ready_said["document"]
        await page.show(code, "javascript")
        assert "hello" in await page.labels(2, 11)
        assert "readFileSync" in await page.labels(3, 12)
        assert {"flat", "flatMap"} <= await page.labels(5, 6)
        # There is no browser around a script.
        assert not {"document", "window"} & await page.labels(6, 0)
        hovered = await page.at("hover", 4, 11)
        assert "Say hello." in hovered["contents"]["value"]
        assert "name" in (await page.at("signatureHelp", 4, 15))["signatures"][0]["label"]
        [outside] = await page.at("definition", 4, 11)
        assert outside["uri"] == "file:///environment/node_modules/greeting/index.js"
        library, *_ = await page.at("definition", 1, 8)
        assert library["uri"] == "file:///library/%40types/node/fs.d.ts"
        item = next(item for item in await page.items(3, 12) if item["label"] == "readFileSync")
        assert "readFileSync" in (await page.ask("completionItem/resolve", **item))["detail"]
    assert str(tmp_path) not in page.heard


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        ({"token": "viewer", "language": "python"}, 4403),
        ({"token": "stranger", "language": "python"}, 4401),
        ({"token": "developer", "language": "cobol"}, 4401),
        ({"token": "developer"}, 4401),
        ([], 4401),
        ({"token": "developer", "language": "shell"}, 4503),
    ],
)
async def test_only_who_may_write_is_answered(servers: Servers, greeting: Any, code: int) -> None:
    async with serving(servers) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps(greeting))
        assert (await closed_with(socket))[0] == code
    assert len(servers.sessions) == 0


async def test_a_missing_server_is_named(cells: Cells, environments: OneEnvironment) -> None:
    servers = Servers(
        cells,
        environments,  # type: ignore[arg-type]
        most=1,
        idle_s=60,
        memory_mb=3072,
        find=lambda name: Lack(name, "pip install it"),
    )
    async with serving(servers) as url, websockets.connect(url) as socket:
        await socket.send(json.dumps({"token": "developer", "language": "python"}))
        assert await closed_with(socket) == (4503, "ty is not installed here. pip install it")


async def test_there_are_no_more_servers_than_allowed(servers: Servers) -> None:
    async with serving(servers) as url, websockets.connect(url) as first:
        assert (await Page(first).greet())["type"] == "ready"
        async with websockets.connect(url) as second:
            await second.send(json.dumps({"token": "developer", "language": "python"}))
            assert (await closed_with(second))[0] == 4429
    while len(servers.sessions):
        await asyncio.sleep(0.01)


async def test_a_silent_conversation_ends_and_a_dishonest_one_too(cells: Cells, environments: OneEnvironment) -> None:
    servers = Servers(cells, environments, most=2, idle_s=0.2, memory_mb=3072)  # type: ignore[arg-type]
    async with serving(servers) as url:
        async with websockets.connect(url) as socket:
            assert (await Page(socket).greet())["type"] == "ready"
            assert (await closed_with(socket))[0] == 4408
        servers.idle_s = 60
        async with websockets.connect(url) as socket:
            page = Page(socket)
            await page.greet()
            await page.tell("textDocument/didOpen", textDocument={"uri": "file:///etc/passwd"})
            assert (await closed_with(socket))[0] == 4503
