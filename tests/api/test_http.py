"""The application as a whole: problems, the document, health, headers."""

from typing import Any

import httpx
import pytest

from runyard.access.open_routes import OPEN_ROUTES
from runyard.api.app import make_app
from runyard.db import migrate
from runyard.db.migrate import SchemaState
from runyard.web.security import armoured
from tests.engine.yard import Running

from .test_guards import places

pytestmark = pytest.mark.asyncio(loop_scope="module")


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def stranger(yard: Running) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(armoured(yard.app, yard.yard.settings), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://yard.test")


async def test_without_a_token_every_guarded_route_answers_401(yard: Running) -> None:
    async with stranger(yard) as client:
        for (method, path), guards in places().items():
            if not guards:
                assert (method, path) in OPEN_ROUTES
                continue
            address = path.replace("{", "x").replace("}", "x").replace(":path", "")
            answer = await client.request(method, address, json={})
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_nothing_is_there(yard: Running) -> None:
    problem(await yard.client.get("/nothing"), 404, "not_found")
    for path in (
        "",
        "/logs",
        "/logs/stream",
        "/logs/search?q=a",
        "/files",
        "/files/a",
        "/archive",
        "/events",
        "/attempts",
    ):
        problem(await yard.client.get(f"/runs/run_x{path}"), 404, "no_such_run")
    for path in ("/runs/run_x/cancel", "/runs/run_x/rerun"):
        problem(await yard.client.post(path), 404, "no_such_run")
    problem(await yard.client.post("/scripts/scr_x/runs"), 404, "no_such_script")
    problem(await yard.client.get("/runs", params={"project": "nobody's"}), 404, "no_such_project")


async def test_a_method_that_is_not_allowed(yard: Running) -> None:
    problem(await yard.client.put("/runs"), 405, "method_not_allowed")


async def test_a_body_that_is_too_large(yard: Running) -> None:
    problem(await yard.client.post("/scripts", content=b"x" * 100_001), 413, "too_large")

    async def dripping() -> Any:
        for _ in range(20):
            yield b"x" * 10_000

    problem(await yard.client.post("/scripts", content=dripping()), 413, "too_large")


async def test_fields_that_are_wrong_are_named(yard: Running) -> None:
    answer = await yard.client.post("/scripts", json={"name": "", "language": "cobol", "extra": 1})
    body = problem(answer, 422, "invalid")
    fields = {error["field"] for error in body["errors"]}
    assert {"name", "language", "code", "extra"} <= fields
    assert all(error["message"] and error["code"] for error in body["errors"])
    body = problem(await yard.client.get("/runs", params={"limit": 0, "state": "odd"}), 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"limit", "state.0"}
    assert "cobol" not in str(body)


async def test_an_unforeseen_error_tells_nothing(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("the password is hunter22")

    monkeypatch.setattr(yard.yard.gauge, "read", broken)
    answer = await yard.client.get("/system")
    body = problem(answer, 500, "internal_error")
    assert "hunter22" not in str(body)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/runs?q=%00", "/runs?label=%00%3D%00", "/runs?script_id=%00", "/runs/%00", "/runs/latest?script_id=%00"),
        *(
            "/runs?cursor=%00",
            "/runs?cursor=zzzz",
            "/runs?cursor=WzFd",
            "/runs?cursor=W10",
            "/runs?cursor=%F0%9F%98%80",
        ),
        *("/scripts?q=%00", "/runs/run_x/logs?after=%C2%B2", "/environments?state=%00", "/runs?project=%00"),
        *("/runs/run_x/files/%00", "/runs/run_x/files/..%2f..", "/scripts/%ff%fe", "/runs?cursor=" + "W" * 1000),
    ],
)
async def test_nonsense_is_never_our_fault(yard: Running, path: str) -> None:
    answer = await yard.client.get(path)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


NESTED = b"[" * 40_000


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"NaN", NESTED, b'{"parameters": ' + NESTED),
        *(b'{"parameters": {"\\ud800": 1}}', b'{"\\ud800": 1}', b'{"labels": {"a": "\\ud800"}}'),
        *(b'{"labels": {"a": "\\u0000"}}', b'{"timeout_s": NaN}', b'{"timeout_s": 1e999}', b'{"timeout_s": -1}'),
        b'{"script_id": "\\u0000"}',
        *(b'{"script_id": "\\ud800"}', b'{"project": "\\u0000", "draft": {"language": "shell", "code": ""}}'),
        b'{"draft": {"language": "shell", "code": "\\ud800"}}',
        b'{"draft": {"language": "shell", "code": "", "name": "\\ud800"}}',
        b'{"parameters": {"A": 1' + b"0" * 5000 + b"}}",
    ],
)
@pytest.mark.parametrize("path", ["/runs", "/scripts/scr_x/runs", "/scripts"])
async def test_any_body_is_answered(yard: Running, path: str, content: bytes) -> None:
    answer = await yard.client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_document_is_served_and_sound(yard: Running) -> None:
    async with stranger(yard) as client:
        answer = await client.get("/api/v1/openapi.json")
        assert answer.status_code == 200
        document = answer.json()
        docs = await client.get("/api/docs")
        assert docs.status_code == 200
        assert "https://" not in docs.text
        assert "http://" not in docs.text
    assert document["openapi"].startswith("3.1")
    assert document == make_app(None).openapi()
    schemas = document["components"]["schemas"]
    used: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                kind, _, name = part["$ref"].rpartition("/")
                assert kind == "#/components/schemas"
                used.add(name)
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(document)
    assert used <= set(schemas)
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
    # every schema is one that JSON Schema 2020-12 knows how to read
    from jsonschema import Draft202012Validator

    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


async def test_health(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stranger(yard) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok"})

        async def old(_database: object) -> SchemaState:
            return SchemaState("0000", "0001")

        monkeypatch.setattr(migrate, "state", old)
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "schema does not fit"})

        async def away() -> None:
            raise OSError("gone")

        monkeypatch.setattr(yard.yard.database, "ping", away)
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "database unavailable"})
        assert (await client.get("/healthz")).status_code == 200


async def test_times_are_utc_with_a_z(yard: Running) -> None:
    me = await yard.get("/me")
    home = await yard.get("/home")
    assert all(hour["hour"].endswith("Z") for hour in home["hours"])
    assert me["username"] == "admin"
