"""The HTTP application over a wired yard."""

from copy import copy
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.utils import generate_unique_id
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute, compile_path

from runyard import __version__
from runyard.access.routes import router as access_routes
from runyard.access.session_routes import router as session_routes
from runyard.access.team_routes import router as team_routes
from runyard.access.token_routes import router as token_routes
from runyard.access.user_routes import router as user_routes
from runyard.api import docs, health, live, metrics, page
from runyard.audit import refusals
from runyard.audit.routes import router as audit_routes
from runyard.editor.routes import router as editor_routes
from runyard.editor.socket import router as language_routes
from runyard.environments.machine_routes import router as machine_routes
from runyard.environments.package_routes import router as package_routes
from runyard.environments.routes import router as environment_routes
from runyard.environments.transfer_routes import router as transfer_routes
from runyard.environments.trial_routes import router as trial_routes
from runyard.insights.routes import router as insight_routes
from runyard.projects.member_routes import router as member_routes
from runyard.projects.routes import router as project_routes
from runyard.runs.history_routes import router as history_routes
from runyard.runs.log_routes import router as log_routes
from runyard.runs.policy_routes import router as run_policy_routes
from runyard.runs.routes import router as run_routes
from runyard.runs.schemas import Submit, SubmitAny
from runyard.runs.scrub_routes import router as scrub_routes
from runyard.scripts.analysis_routes import router as analysis_routes
from runyard.scripts.entry_routes import router as entry_routes
from runyard.scripts.routes import router as script_routes
from runyard.scripts.set_routes import router as set_routes
from runyard.scripts.shelf_routes import router as shelf_routes
from runyard.scripts.source_routes import router as source_routes
from runyard.scripts.transfer_routes import router as script_transfer_routes
from runyard.secrets.key_routes import router as key_routes
from runyard.secrets.routes import router as secret_routes
from runyard.web import problems
from runyard.web.depends import provide
from runyard.wiring import Yard

PREFIX = "/api/v1"
ROUTERS: tuple[APIRouter, ...] = (
    # What is asked for most is found first.
    history_routes,
    run_routes,
    run_policy_routes,
    log_routes,
    access_routes,
    session_routes,
    user_routes,
    team_routes,
    token_routes,
    project_routes,
    member_routes,
    audit_routes,
    # Before the scripts' own, whose paths begin with an id.
    shelf_routes,
    analysis_routes,
    script_transfer_routes,
    set_routes,
    source_routes,
    entry_routes,
    script_routes,
    secret_routes,
    key_routes,
    scrub_routes,
    environment_routes,
    package_routes,
    machine_routes,
    trial_routes,
    transfer_routes,
    insight_routes,
    editor_routes,
    language_routes,
    live.router,
)


def make_app(yard: Yard | None) -> FastAPI:
    """Return the application; without a yard it can only describe itself."""
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
    for router in ROUTERS:
        app.router.routes.extend(_below(PREFIX, route) for route in router.routes)
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
            *yard.people,
            yard.scripts,
            *yard.script_services,
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
    return app


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
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
