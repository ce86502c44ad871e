"""Where packages come from, as chosen by administrators: for the installation and for each project."""

from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import Database, after_commit
from runyard.environments import mirrors
from runyard.environments.mirrors import SourceChoice, Sources
from runyard.environments.models import PackageSource
from runyard.errors import FieldError, Forbidden, Invalid
from runyard.live.bus import Bus
from runyard.secrets.sealing import SealBroken, Sealer
from runyard.settings import EnvironmentSettings
from runyard.web.outbound import ANYWHERE, Reach, numeric

logger = log.get("environments")

INSTALLATION = ""


class BadSources(Invalid):
    """Packages can't come from there."""


class Chosen(Struct, frozen=True):
    """A choice as it is shown: without passwords, with what holds in the end."""

    choice: SourceChoice
    effective: Sources
    updated_at: datetime | None
    updated_by: str | None


class SourceBook:
    """Every choice, in memory for builds and sealed in rows.

    Whoever changes one tells every process by the bus's topic ``worker``.
    """

    def __init__(
        self, database: Database, bus: Bus, settings: EnvironmentSettings, sealer: Sealer, reach: Reach
    ) -> None:
        self._database = database
        self._bus = bus
        self._settings = settings
        self._sealer = sealer
        self._reach = reach
        self._choices: dict[str, SourceChoice] = {}

    async def load(self) -> None:
        """Read the choices."""
        async with self._database.read() as session:
            rows = (await session.scalars(select(PackageSource))).all()
        choices = {}
        for row in rows:
            try:
                choices[row.scope] = self._open(row)
            except SealBroken:
                logger.exception("package_sources.sealed_with_another_key", scope=row.scope)
        self._choices = choices

    def scope_of(self, project_id: str | None) -> str:
        """Return the project if it has sources of its own, else the installation's scope."""
        return project_id if project_id and project_id in self._choices else INSTALLATION

    def of(self, scope: str) -> Sources:
        """Return what builds of a scope use."""
        return self._effective(scope, self._choices)

    async def show(self, session: AsyncSession, actor: Actor, project: str | None) -> Chosen:
        """Return the choice for a project, or for the installation, without passwords.

        Raises: NoSuchProject, Forbidden.
        """
        scope = INSTALLATION if project is None else actor.project(project, Permission.environment_read)
        rows = {row.scope: row for row in await session.scalars(select(PackageSource))}
        choices = {key: self._open(row) for key, row in rows.items() if key in {INSTALLATION, scope}}
        row = rows.get(scope)
        return Chosen(
            mirrors.masked(choices.get(scope, SourceChoice())),
            self._effective(scope, choices),
            None if row is None else row.updated_at,
            None if row is None else row.updated_by,
        )

    async def put(self, session: AsyncSession, actor: Actor, project: str | None, choice: SourceChoice) -> Chosen:
        """Choose for a project, or for the installation; ``***`` in an address keeps what was there.

        Raises: NoSuchProject, Forbidden, BadSources.
        """
        scope = self._demand(actor, project)
        row = await session.get(PackageSource, scope, with_for_update=True)
        before = self._open(row) if row is not None else SourceChoice()
        whole = mirrors.unmasked(choice, before)
        fields = [FieldError(field, sentence, "required") for field, sentence in mirrors.incomplete(whole)]
        if mirrors.still_masked(whole):
            fields.append(FieldError("", "*** keeps a name and password that are set, and there are none.", "masked"))
        if not fields:
            fields = [FieldError("", sentence, "address") for sentence in self._refusals(actor, whole)]
        if fields:
            raise BadSources(" ".join(field.message for field in fields), fields=fields)
        about(_target(scope, project), before.model_dump(mode="json"), whole.model_dump(mode="json"))
        sealed = self._sealer.seal(whole.model_dump_json().encode(), _context(scope))
        now, who = clock.now(), actor.username
        if row is None:
            session.add(PackageSource(scope=scope, sealed=sealed, updated_at=now, updated_by=who))
        else:
            row.sealed, row.updated_at, row.updated_by = sealed, now, who
        await session.flush()
        after_commit(session, self._tell)
        return await self.show(session, actor, project)

    async def remove(self, session: AsyncSession, actor: Actor, project: str | None) -> None:
        """Forget a choice, so that what is above it holds again; raise `NoSuchProject` or `Forbidden`."""
        scope = self._demand(actor, project)
        about(_target(scope, project))
        await session.execute(delete(PackageSource).where(PackageSource.scope == scope))
        after_commit(session, self._tell)

    def _refusals(self, actor: Actor, choice: SourceChoice) -> list[str]:
        """Return why addresses of a choice are refused. Administrators of the installation may name private ones.

        Builds look names up by themselves: this keeps numbers away, names are what a network's own rules are for.
        """
        reach = ANYWHERE if actor.is_admin else self._reach
        found = []
        for url in mirrors.addresses(choice):
            host = urlsplit(url).hostname
            if host is None:
                if not actor.is_admin:
                    found.append("Only administrators of the installation name folders of the machine.")
            elif (place := numeric(host)) and (trouble := reach.trouble(place)):
                found.append(f"{host} {trouble}.")
        return found

    def _tell(self) -> None:
        logger.info("package_sources.changed")
        self._bus.publish("worker", {"type": "environments_changed"})

    @staticmethod
    def _demand(actor: Actor, project: str | None) -> str:
        if project is not None:
            return actor.project(project, Permission.environment_manage)
        if not actor.is_admin:
            raise Forbidden("Only administrators choose for the whole installation.")
        return INSTALLATION

    def _open(self, row: PackageSource) -> SourceChoice:
        return SourceChoice.model_validate_json(self._sealer.open(row.sealed, _context(row.scope)))

    def _effective(self, scope: str, choices: dict[str, SourceChoice]) -> Sources:
        scopes = (INSTALLATION,) if scope == INSTALLATION else (INSTALLATION, scope)
        return mirrors.sources_of(self._settings, *(choices[key] for key in scopes if key in choices))


def _target(scope: str, project: str | None) -> Target:
    return Target("package_sources", "", project or "installation", None if project is None else scope)


def _context(scope: str) -> str:
    return f"package_sources:{scope}"
