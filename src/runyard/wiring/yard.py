"""The one factory: settings in, a wired yard out."""

import asyncio
import tempfile
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.first_admin import FirstAdmin
from runyard.access.service import AccessService
from runyard.approvals.carrying import Carrier
from runyard.approvals.demanding import settling
from runyard.approvals.rules import ApprovalRules
from runyard.approvals.service import Approvals
from runyard.audit.service import AuditService
from runyard.audit.trail import Trail
from runyard.connections.service import Connections
from runyard.connections.testing import Scout
from runyard.db import migrate
from runyard.dispatch.local import LocalDispatch
from runyard.editor.servers import Servers
from runyard.editor.service import EditorService
from runyard.editor.snippets import SnippetService
from runyard.engine.crew import Crew
from runyard.engine.executor import Executor
from runyard.engine.listener import Listener
from runyard.engine.lookout import Lookout
from runyard.engine.reaper import Reaper
from runyard.engine.ticker import Ticker
from runyard.engine.undertaker import Undertaker
from runyard.engine.workspace import Workspaces
from runyard.environments.service import EnvironmentService
from runyard.ids import EnvironmentId
from runyard.insights.machine import Gauge
from runyard.live.bus import Bus, LocalBus
from runyard.live.peers import PeerBus
from runyard.locks import Locks
from runyard.projects.service import ProjectService
from runyard.runner import Launcher
from runyard.runs.archive import Archives
from runyard.runs.batches import Batches
from runyard.runs.gatekeeper import Gatekeeper
from runyard.runs.lifecycle import ACTIVE
from runyard.runs.limits import LimitBook
from runyard.runs.logs import FileLogs, LogStore
from runyard.runs.models import RunRow, is_open
from runyard.runs.policies import Policies
from runyard.runs.scrubbing import Scrubs
from runyard.runs.service import RunService
from runyard.scripts import seeds
from runyard.scripts.entries import ScriptListing
from runyard.scripts.moving import Moving
from runyard.scripts.organising import Shelf
from runyard.scripts.ownership import Ownership
from runyard.scripts.service import ScriptService
from runyard.scripts.sources import Sources
from runyard.scripts.transfer import Transfer
from runyard.scripts.uses import ScriptUses
from runyard.secrets import custody
from runyard.secrets.envelope import DataKeys
from runyard.secrets.giving import Giver
from runyard.secrets.rotation import Rotation
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import Vault
from runyard.settings import Settings
from runyard.web.outbound import Reach
from runyard.wiring.confinement import make_cage, make_cells, make_sandboxes, with_own_users
from runyard.wiring.housekeeping import Housekeeping
from runyard.wiring.people import People
from runyard.wiring.places import connect, prepare_data

if TYPE_CHECKING:
    from runyard.engine.watcher import Watcher
    from runyard.jobs.arrivals import Arrivals
    from runyard.jobs.expressions import Expressions
    from runyard.jobs.firing import Firing
    from runyard.jobs.following import Following
    from runyard.jobs.hooks import Hooks
    from runyard.jobs.service import JobService

ROLES = frozenset({"api", "scheduler", "worker"})


class Ready(Struct, frozen=True):
    """What whoever started the yard wants to tell people."""

    url: str
    roles: frozenset[str]
    first_admin: FirstAdmin | None
    examples: int
    backup: Path | None


class Yard:
    """Everything that one process of an installation consists of."""

    def __init__(self, settings: Settings, roles: frozenset[str] = ROLES) -> None:
        prepare_data(settings)
        tempfile.tempdir = str(settings.data / "tmp")
        self.roles = roles
        custody.demand(settings)
        ring = custody.ring_of(settings)
        self.locks = Locks(settings.data / "locks", roles)
        self.locks.take()
        settings, self._users = with_own_users(settings, roles)
        self.settings = settings
        self.sealer = Sealer(ring)
        self.database = connect(settings)
        self.trail = Trail.beside(settings.data, ring, self.database)
        self.database.closing = settling(self.trail.append)
        self.audit = AuditService(self.database, self.trail)
        data_keys = DataKeys(custody.wrapper_of(settings, ring))
        self.vault = Vault(data_keys, ScriptListing())
        self.connections = Connections(self.database, self.vault, Scout(settings.connections, settings.fetch_allow))
        self.rotation = Rotation(settings, self.database, data_keys, ring, custody.service_of(settings))
        self.bus: Bus = LocalBus() if roles == ROLES else PeerBus(settings.data / "live")
        self.dispatch = LocalDispatch(self.bus)
        self.logs: LogStore = FileLogs(settings.data / "logs")
        self.workspaces = Workspaces(settings.data / "work", settings.data / "state")
        self.projects = ProjectService()
        self.access = AccessService(
            self.database, settings, ring.present, self.projects, bus=self.bus, sealer=self.sealer
        )
        self.people = People(settings, self.database, self.access, self.projects, self.sealer)
        self.scripts = ScriptService(self.sealer, self.bus)
        self.approvals = Approvals(self.sealer, self.bus, (self.scripts.publishing,))
        transfer = Transfer(self.scripts)
        self.sources = Sources(settings.imports, Reach.of(settings.fetch_allow), self.database, transfer, self.sealer)
        self.consent = (Carrier(self.database, self.access.actors, self.approvals), ApprovalRules(self.approvals))
        self.script_services = (
            Shelf(),
            Moving(self.scripts, transfer),
            Ownership(self.projects),
            transfer,
            self.scripts.sets,
            self.sources,
        )
        self.environments = EnvironmentService(
            self.database,
            self.bus,
            settings,
            self.sealer,
            users=ScriptUses(),
            in_use=_in_use,
            cage=make_cage(settings),
            builder="worker" in roles,
        )
        self.limits = LimitBook(self.database, self.bus)
        self.policies = Policies(self.limits)
        self.runs = RunService(
            settings,
            self.database,
            self.scripts,
            self.sealer,
            self.dispatch,
            self.bus,
            self.logs,
            self.limits,
            self.vault,
        )
        self.scrubs = Scrubs(self.database, self.vault, self.logs)
        self.archives = Archives(settings.data / "archive")
        self.batches = Batches(self.database, self.runs)
        self.gauge = Gauge(settings.data)
        self.cells = make_cells(settings)
        self.editor = EditorService(self.cells)
        self.servers = Servers(
            self.cells,
            self.environments,
            most=settings.editor.servers,
            idle_s=settings.editor.idle_s,
            memory_mb=settings.editor.memory_mb,
        )
        self.snippets = SnippetService()
        self.executor: Executor | None = None
        self.reaper: Reaper | None = None
        self.gatekeeper: Gatekeeper | None = None
        self.undertaker: Undertaker | None = None
        self.ticker: Ticker | None = None
        self.lookout: Lookout | None = None
        self.listener: Listener | None = None

    @property
    def housekeeping(self) -> Housekeeping:
        """What is thrown away once a day."""
        return Housekeeping(self.settings, self.database, self.access, self.audit, self.rotation, self.approvals)

    @cached_property
    def jobs(self) -> "JobService":
        """Jobs and their triggers; loaded with the routes that ask for them, not with the start."""
        from runyard.jobs.service import JobService
        from runyard.jobs.watching import Folders

        return JobService(self.scripts, self.sealer, self.bus, self.vault, Folders.of(self.settings))

    @cached_property
    def firing(self) -> "Firing":
        """What starts the runs of jobs."""
        from runyard.jobs.firing import Firing

        return Firing(self.scripts, self.jobs.values, self.vault, self.runs.enlisting)

    @cached_property
    def expressions(self) -> "Expressions":
        """What works out what arrives."""
        from runyard.jobs.expressions import Expressions

        return Expressions()

    @cached_property
    def arrivals(self) -> "Arrivals":
        """What has runs started by calls and files."""
        from runyard.jobs.arrivals import Arrivals

        return Arrivals(self.database, self.firing, self.expressions, self.bus)

    @cached_property
    def hooks(self) -> "Hooks":
        """What takes calls of webhooks."""
        from runyard.jobs.hooks import Hooks

        return Hooks(self.database, self.jobs, self.arrivals, self.bus)

    @cached_property
    def watcher(self) -> "Watcher":
        """What watches for files that arrive."""
        from runyard.engine.watcher import Watcher
        from runyard.jobs.stores import Stores

        stores = Stores(self.database, self.connections, self.vault, Reach.of(self.settings.fetch_allow))
        return Watcher(self.settings, self.database, self.arrivals, stores)

    def following(self) -> "Following":
        """Return what follows the ends of jobs' runs."""
        from runyard.jobs.following import Following

        return Following(self.database, self.bus, self.firing, self.expressions.work)

    @property
    def late_services(self) -> tuple[object, ...]:
        """What routes ask for that are loaded once the server answers."""
        from runyard.jobs.calendars import Calendars
        from runyard.jobs.carrying import Carrying
        from runyard.jobs.holding import JobPauses
        from runyard.jobs.running import JobRuns
        from runyard.jobs.shadowing import Shadows
        from runyard.jobs.taking import Imports

        shadows, calendars = Shadows(self.jobs), Calendars(self.bus)
        return (
            self.jobs,
            self.expressions,
            self.hooks,
            JobPauses(self.jobs),
            JobRuns(self.database, self.jobs, self.firing),
            calendars,
            shadows,
            Imports(self.scripts, self.jobs, shadows),
            Carrying(self.scripts, self.jobs, calendars, shadows),
        )

    async def start(self) -> tuple[FirstAdmin | None, int, Path | None]:
        """Bring the schema up (or demand that it fits), then start the roles; answers first admin, examples, backup."""
        backup = await self._schema()
        first, examples = await self._first_start()
        await self.bus.start()
        await self.access.actors.start()
        await self.limits.start()
        await self.environments.recover()
        if "api" in self.roles:
            await asyncio.to_thread(self.cells.clear)
            await self.scrubs.resume()
        if "worker" in self.roles:
            crew = Crew(
                settings=self.settings,
                database=self.database,
                bus=self.bus,
                launcher=Launcher(),
                sandboxes=make_sandboxes(self.settings),
                environments=self.environments,
                scripts=self.scripts,
                sealer=self.sealer,
                logs=self.logs,
                workspaces=self.workspaces,
                spool=self.settings.data / "spool",
                giver=Giver(self.vault, self.sealer),
            )
            self.executor = Executor(crew, self.dispatch, self.settings.worker.queues or ("default",))
            await self.executor.start()
        if "scheduler" in self.roles:
            self.reaper = Reaper(
                self.settings,
                self.database,
                self.bus,
                self.dispatch,
                self.workspaces,
                daily=(
                    self.environments.sweep,
                    self.environments.advisories.sweep,
                    *self.housekeeping.duties,
                    self._prune_slots,
                ),
            )
            await self.reaper.start()
            await self.sources.start()
            self.gatekeeper = Gatekeeper(self.database, self.bus, self.dispatch, self.limits)
            await self.gatekeeper.start()
            self.ticker = Ticker(self.database, self.bus, lambda: self.firing)
            await self.ticker.start()
            self.lookout = Lookout(self.database, lambda: self.watcher)
            await self.lookout.start()
            self.listener = Listener(self.database, self.bus, self.following)
            await self.listener.start()
            self.undertaker = Undertaker(self.settings, self.database, self.workspaces, self.logs, self.archives)
            await self.undertaker.start()
        return first, examples, backup

    async def stop(self) -> int:
        """Stop the roles and leave runs going; answers how many go on."""
        left = 0
        if self.undertaker is not None:
            await self.undertaker.stop()
        if self.listener is not None:
            await self.listener.stop()
        if self.lookout is not None:
            await self.lookout.stop()
        if self.ticker is not None:
            await self.ticker.stop()
        if "expressions" in self.__dict__:
            await self.expressions.close()
        if self.gatekeeper is not None:
            await self.gatekeeper.stop()
        await self.sources.stop()
        await self.rotation.stop()
        await self.scrubs.stop()
        if self.reaper is not None:
            await self.reaper.stop()
        if self.executor is not None:
            left = await self.executor.stop()
        await self.limits.close()
        await self.people.close()
        await self.access.actors.close()
        await self.environments.close()
        await self.bus.close()
        await self.database.close()
        if self._users is not None:
            self._users.release()
        self.locks.release()
        return left

    async def _prune_slots(self) -> None:
        if self.ticker is not None:
            await self.ticker.prune(clock.now() - timedelta(days=self.settings.retention.slots_days))

    async def _schema(self) -> Path | None:
        if self.roles != ROLES:
            await migrate.demand(self.database)
            return None
        found = await migrate.state(self.database)
        if found.fits:
            return None
        if found.current is not None and not migrate.knows(found.current):
            await migrate.demand(self.database)
        backup = await migrate.back_up_sqlite(self.settings.sqlalchemy_url) if found.current else None
        await migrate.upgrade(self.database)
        return backup

    async def _first_start(self) -> tuple[FirstAdmin | None, int]:
        async with self.database.write() as session:
            project = await self.projects.ensure_default(session, clock.now())
            first = await self.access.first_admin(session, self.settings)
            examples = 0
            if self.settings.seed_examples:
                examples = await seeds.seed(session, self.scripts, project.id)
        return first, examples


async def _in_use(session: AsyncSession, environment_id: EnvironmentId) -> bool:
    statement = select(RunRow.id).where(
        is_open(), RunRow.environment_id == environment_id, RunRow.state.in_([state.value for state in ACTIVE])
    )
    return (await session.execute(statement.limit(1))).first() is not None
