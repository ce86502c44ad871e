"""The HTTP application over a wired yard."""

from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.utils import generate_unique_id
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute, compile_path
from starlette.types import ASGIApp

from runyard import __version__
from runyard.access.routes import router as access_routes
from runyard.api import docs, health, metrics, page
from runyard.api.late import LateRoutes
from runyard.approvals import waiting
from runyard.audit import refusals
from runyard.jobs.door import Door
from runyard.web import problems
from runyard.web.depends import provide
from runyard.web.security import armoured
from runyard.wiring import Yard

PREFIX = "/api/v1"


def make_app(yard: Yard | None) -> FastAPI:
    """Return the application, whole; without a yard it can only describe itself."""
    app, late = begin_app(yard)
    late.replace(_load_rooms(app, yard))
    return app


def begin_app(yard: Yard | None) -> tuple[FastAPI, LateRoutes]:
    """Return an application that answers what is asked for first, and what is to be settled for all the rest."""
    app = FastAPI(
        title="Runyard",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    refusals.install(app)
    waiting.install(app)
    late = LateRoutes(f"{PREFIX}/", app.router, partial(_load_rooms, app, yard))
    app.router.routes.extend([*_placed(access_routes), late])
    app.add_api_route(f"{PREFIX}/openapi.json", lambda: JSONResponse(app.openapi()), include_in_schema=False)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(docs.router)
    app.include_router(page.router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    if yard is not None:
        settings = yard.settings
        provide(
            app.state,
            settings,
            yard.database,
            yard.access,
            yard.audit,
            yard.projects,
            *yard.people.services,
            yard.scripts,
            *yard.script_services,
            yard.scripts.publishing,
            yard.approvals,
            yard.connections,
            *yard.consent,
            yard.environments,
            yard.environments.advisories,
            yard.environments.interpreters,
            yard.environments.sources,
            yard.runs,
            yard.policies,
            yard.batches,
            yard.archives,
            yard.sealer,
            yard.vault,
            yard.rotation,
            yard.scrubs,
            yard.gauge,
            yard.editor,
            yard.servers,
            yard.snippets,
        )
        app.state.bus = yard.bus
        app.state.yard = yard
    # Setting a compressor up takes longer than sending a few kilobytes.
    app.add_middleware(GZipMiddleware, minimum_size=4096, compresslevel=5)
    return app, late


def served(app: ASGIApp, yard: Yard, **heard: Any) -> ASGIApp:
    """Return the application as it is served: behind `armoured`, which is told what is `heard`."""

    async def note(trigger_id: str, client: str, status: int, code: str, message: str) -> None:
        # Loaded by the first call that is refused, not by the start.
        await yard.hooks.turned_away(trigger_id, client, status, code, message)

    return armoured(app, yard.settings, around=lambda inner: Door(inner, note), **heard)


def _load_rooms(app: FastAPI, yard: Yard | None) -> Sequence[BaseRoute]:
    from runyard.api.rooms import ROUTERS

    if yard is not None:
        provide(app.state, *yard.late_services)
    return _placed(*ROUTERS)


def _placed(*routers: APIRouter) -> list[BaseRoute]:
    return [_below(PREFIX, route) for router in routers for route in router.routes]


def _below(prefix: str, route: BaseRoute) -> BaseRoute:
    """Return a route as it stands below `prefix`.

    Routers that are included keep their routes to themselves: matching them took a millisecond of each request.
    """
    placed = copy(route)
    assert isinstance(placed, Route | WebSocketRoute)  # noqa: S101 - a room's router has nothing else
    placed.path = prefix + placed.path
    placed.path_regex, placed.path_format, placed.param_convertors = compile_path(placed.path)
    if isinstance(placed, APIRoute):
        placed.unique_id = placed.operation_id or generate_unique_id(placed)
    return placed


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; built once."""
    from runyard.runs.schemas import Submit, SubmitAny

    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description="Write, run, schedule and orchestrate scripts and workflows on machines of your own.",
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for shape in (Submit, SubmitAny):
            described = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {name: part for name, part in described.pop("$defs", {}).items() if name not in schemas}
            schemas[shape.__name__] = described
        schemas["Problem"] = problems.ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schemas["Problem"].pop("$defs", {})
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"bearer": []}]
        answer = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = {"description": "A problem (RFC 9457).", "content": answer}
        waiting.describe(document)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
