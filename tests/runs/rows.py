"""Runs as rows, without anybody who executes them."""

from datetime import datetime
from typing import Any

from runyard import clock, ids
from runyard.access.models import User
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.live.bus import LocalBus
from runyard.projects.service import ProjectService
from runyard.runs import records, repository
from runyard.runs.models import RunRow
from runyard.scripts.schemas import Draft, NewScript
from runyard.scripts.service import ScriptService
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer


class Rows:
    """A project with one script in a database, and short ways to put runs there and to look at them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.scripts = ScriptService(Sealer(MasterKey(bytes(32))), LocalBus())

    async def settle_in(self) -> None:
        async with self.database.write() as session:
            session.add(
                User(id="usr_ada", username="ada", username_key="ada", password_hash="-", created_at=clock.now())
            )
            project = await ProjectService().ensure_default(session, clock.now())
        self.project = ProjectId(project.id)
        member = Membership(self.project, "default", ROLES[Role.admin])
        self.actor = Actor(UserId("usr_ada"), "ada", "ses_x", is_admin=True, memberships=(member,))
        async with self.database.write() as session:
            pinned = await self.scripts.draft(session, self.actor, Draft(language="shell", code="true"), "default")
        self.version_id = pinned.version_id

    async def script(self, name: str) -> str:
        async with self.database.write() as session:
            made = await self.scripts.create(session, self.actor, NewScript(name=name, language="shell", code="true"))
        return str(made.script.id)

    async def add(self, run_id: str | None = None, **facts: Any) -> str:
        """Queue a run."""
        run_id = run_id or ids.new("run")
        labels = facts.pop("labels", {})
        at: datetime = facts.pop("at", clock.now())
        run = {
            "id": run_id,
            "project_id": self.project,
            "script_id": None,
            "version_id": self.version_id,
            "script_name": "Draft",
            "language": "shell",
            "version": None,
            "state": "queued",
            "attempt": 1,
            "fence": 0,
            "queue": "default",
            "priority": 0,
            "environment_id": None,
            "trigger_kind": "api",
            "created_by": "usr_ada",
            "created_by_name": "ada",
            "queued_at": at,
            **facts,
        }
        inputs = {
            "run_id": run_id,
            "parameters": {},
            "sealed": None,
            "labels": labels,
            "uploads": [],
            "timeout_s": None,
            "rerun_of": None,
        }
        await self.database.transact(lambda connection: repository.add(connection, run, inputs, at))
        return run_id

    async def row(self, run_id: str) -> RunRow:
        async with self.database.read() as session:
            row = await records.get(session, run_id)
            assert row is not None
            return row

    async def events(self, run_id: str) -> list[str]:
        async with self.database.read() as session:
            return [event.kind for event in await records.events_of(session, run_id, 0, 100)]
