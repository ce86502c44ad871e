"""The room wired to a database, for tests over HTTP and below it."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

import runyard.jobs.models
import runyard.wiring  # noqa: F401 - every room's tables belong to the schema
from runyard import clock
from runyard.access.models import User
from runyard.access.permissions import Actor, Role
from runyard.access.service import AccessService
from runyard.approvals import waiting
from runyard.approvals.service import Approvals
from runyard.db.session import Database
from runyard.jobs.blackout_routes import router as blackout_router
from runyard.jobs.calendar_routes import router as calendar_router
from runyard.jobs.calendars import Calendars
from runyard.jobs.carrying import Carrying
from runyard.jobs.expressions import Expressions
from runyard.jobs.holding import JobPauses
from runyard.jobs.import_routes import router as import_router
from runyard.jobs.pause_routes import router as pause_router
from runyard.jobs.preview_routes import router as preview_router
from runyard.jobs.routes import router
from runyard.jobs.service import JobService
from runyard.jobs.shadow_routes import router as shadow_router
from runyard.jobs.shadowing import Shadows
from runyard.jobs.taking import Imports
from runyard.jobs.watching import Folders
from runyard.live.bus import LocalBus
from runyard.projects.models import Project
from runyard.scripts.entries import ScriptListing
from runyard.scripts.routes import router as script_router
from runyard.scripts.service import ScriptService
from runyard.scripts.set_routes import router as set_router
from runyard.secrets.envelope import DataKeys
from runyard.secrets.keys import KeyRing, MasterKey
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import Vault
from runyard.secrets.wrapping import LocalWrapper
from runyard.web import problems
from runyard.web.depends import provide
from tests.scripts.yard import Doorman, actor

_count = itertools.count()


@dataclass
class Yard:
    """Jobs and scripts over HTTP, with people who hold the tokens `ada` (developer), `vic` (viewer) and others."""

    database: Database
    jobs: JobService
    bus: LocalBus
    app: FastAPI
    actors: dict[str, Actor] = field(default_factory=dict)
    expressions: Expressions = field(default_factory=Expressions)

    def client(self, token: str = "ada") -> httpx.AsyncClient:  # noqa: S107 - no real token
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://yard/api/v1",
            headers={"Authorization": f"Bearer {token}"},
        )


async def furnished(database: Database) -> Yard:
    """Return the room over a database that has the schema and nothing else."""
    actors = {
        "ada": actor("ada", ("default", Role.developer), ("side", Role.developer)),
        "bob": actor("bob", ("default", Role.developer)),
        "vic": actor("vic", ("default", Role.viewer)),
        "zoe": actor("zoe", ("other", Role.admin)),
        "own": actor("own", ("default", Role.admin)),
    }
    async with database.write() as session:
        for name in ("default", "side", "other"):
            session.add(Project(id=f"prj_{name}", name=name, created_at=clock.now()))
        for person in actors.values():
            name = person.username
            session.add(User(id=person.user_id, username=name, username_key=name, created_at=clock.now()))
    bus, sealer = LocalBus(), Sealer(MasterKey(bytes(32)))
    scripts = ScriptService(sealer, bus)
    vault = Vault(DataKeys(LocalWrapper(KeyRing((MasterKey(bytes(32)),)))), ScriptListing())
    jobs = JobService(scripts, sealer, bus, vault, Folders((Path("/srv"),), (Path("/srv/runyard"),)))
    app = FastAPI()
    yard = Yard(database, jobs, bus, app, actors)
    # Those whose paths begin with an id come last.
    for each in (calendar_router, import_router, shadow_router, pause_router, preview_router, blackout_router):
        app.include_router(each, prefix="/api/v1")
    for each in (router, set_router, script_router):
        app.include_router(each, prefix="/api/v1")
    problems.install(app)
    waiting.install(app)
    shadows, approvals = Shadows(jobs), Approvals(sealer, bus, (scripts.publishing,))
    provide(app.state, database, scripts, scripts.sets, jobs, JobPauses(jobs), Calendars(bus), approvals)
    carrying = Carrying(scripts, jobs, Calendars(bus), shadows)
    provide(app.state, shadows, Imports(scripts, jobs, shadows), carrying, yard.expressions)
    app.state.provided[AccessService] = Doorman(actors)
    return yard


async def script(api: httpx.AsyncClient, **fields: Any) -> str:
    """Save a script and return its id."""
    body = {"name": f"script {next(_count)}", "language": "shell", "code": "true", **fields}
    answer = await api.post("/scripts", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def job(api: httpx.AsyncClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    """Save a job, of a script of its own where none is given; return what was answered."""
    target = fields.pop("script", None) or await script(api, project=fields.get("project", "default"))
    body = {"name": f"job {next(_count)}", "target": {"kind": "script", "id": target}, **fields}
    answer = await api.post("/jobs", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def fields(answer: httpx.Response) -> dict[str, str]:
    """Return the codes of what was refused, by field."""
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["code"] for error in answer.json()["errors"]}
