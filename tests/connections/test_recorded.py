"""Kinds for which no real server is at hand: the exchanges that their protocols lay down, played back."""

import asyncio
import json
import struct
from typing import Any

from . import counterparts
from .test_real_servers import look

TOKEN = "eyJhbGciOi.a.token"


def as_json(status: int, body: Any, **headers: str) -> counterparts.Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


async def test_kubernetes() -> None:
    def answer(request: Any) -> counterparts.Answer:
        if request.path == "/version":
            return as_json(200, {"major": "1", "minor": "31", "gitVersion": "v1.31.4"})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return as_json(401, {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401})
        if request.path == "/api/v1/namespaces/default":
            return as_json(200, {"kind": "Namespace", "metadata": {"name": "default"}})
        if request.path == "/api/v1/namespaces/closed":
            return as_json(403, {"kind": "Status", "message": 'namespaces "closed" is forbidden', "code": 403})
        return as_json(404, {"kind": "Status", "message": 'namespaces "gone" not found', "code": 404})

    with counterparts.web(answer) as url:
        seen = await look(kind="kubernetes", url=url, token=TOKEN)
        assert (seen.ok, seen.server) == (True, "Kubernetes v1.31.4")
        assert seen.details == {"namespace": "default: found"}
        closed = await look(kind="kubernetes", url=url, token=TOKEN, namespace="closed")
        assert (closed.ok, closed.details["namespace"]) == (True, "closed: may not be looked at")
        gone = await look(kind="kubernetes", url=url, token=TOKEN, namespace="gone")
        assert 'namespaces "gone" not found' in gone.said
        wrong = await look(kind="kubernetes", url=url, token="another")
        assert "Unauthorized" in wrong.said


async def test_a_registry_that_sends_elsewhere_for_a_token() -> None:
    asked: list[str] = []

    def answer(request: Any) -> counterparts.Answer:
        path, said = request.path, request.headers.get("Authorization", "")
        if path.startswith("/token"):
            asked.append(path)
            if said != counterparts.basic("puller", TOKEN):
                return as_json(401, {"details": "incorrect username or password"})
            return as_json(200, {"token": "a-short-lived-one", "expires_in": 300})
        if said == "Bearer a-short-lived-one":
            return as_json(200, {}, **{"Docker-Distribution-Api-Version": "registry/2.0"})
        host = request.headers["Host"]
        challenge = f'Bearer realm="http://{host}/token",service="registry.example"'
        refused = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        return as_json(401, refused, **{"WWW-Authenticate": challenge})

    with counterparts.web(answer) as url:
        who = {"username": "puller", "password": TOKEN}
        seen = await look(kind="registry", url=url, **who)
        assert seen.ok, seen
        assert asked == ["/token?service=registry.example"]
        assert (await look(kind="registry", url=url, repository="team/image", **who)).ok
        assert asked[1] == "/token?service=registry.example&scope=repository%3Ateam%2Fimage%3Apull"
        wrong = await look(kind="registry", url=url, username="puller", password="another")
        assert "401" in wrong.said


async def test_a_registry_with_a_password() -> None:
    def answer(request: Any) -> counterparts.Answer:
        if request.headers.get("Authorization") == counterparts.basic("puller", TOKEN):
            return as_json(200, {}, **{"Docker-Distribution-Api-Version": "registry/2.0"})
        return as_json(401, {"errors": [{"message": "no basic auth"}]}, **{"WWW-Authenticate": 'Basic realm="r"'})

    with counterparts.web(answer) as url:
        assert (await look(kind="registry", url=url, username="puller", password=TOKEN)).ok
        wrong = await look(kind="registry", url=url, username="puller", password="another")
        assert "no basic auth" in wrong.said


async def test_mongodb() -> None:
    """OP_MSG, as its specification writes it: hello, then buildInfo."""
    import bson

    heard: list[dict[str, Any]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size, request, _, code = struct.unpack("<iiii", await reader.readexactly(16))
                body = await reader.readexactly(size - 16)
                # The first hello still comes as OP_QUERY (2004), everything else as OP_MSG (2013).
                said = bson.decode(body[body.index(b"\0", 4) + 9 :] if code == 2004 else body[5:])
                heard.append(said)
                reply: dict[str, Any] = {
                    "ok": 1.0,
                    "maxWireVersion": 25,
                    "minWireVersion": 0,
                    "isWritablePrimary": True,
                }
                reply |= {"maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "helloOk": True}
                if "buildInfo" in said:
                    reply = {"ok": 1.0, "version": "8.0.4"}
                document = bson.encode(reply)
                if code == 2004:
                    payload = struct.pack("<iqii", 8, 0, 0, 1) + document
                    head = struct.pack("<iiii", 16 + len(payload), 1, request, 1)
                else:
                    payload = struct.pack("<ib", 0, 0) + document
                    head = struct.pack("<iiii", 16 + len(payload), 1, request, 2013)
                writer.write(head + payload)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await look(kind="mongodb", host="127.0.0.1", port=port, tls="off")
    assert (seen.ok, seen.server) == (True, "MongoDB 8.0.4"), seen
    assert any("buildInfo" in one for one in heard)
