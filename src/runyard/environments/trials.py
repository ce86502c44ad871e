"""Trial upgrades: newer versions, resolved and built beside an environment, run with, then kept or dropped."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from packaging.version import InvalidVersion, Version
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor
from runyard.db.session import after_commit
from runyard.environments import inventory, repository
from runyard.environments.builds import Builds
from runyard.environments.failures import NoSuchEnvironment
from runyard.environments.lifecycle import State, WrongMoment
from runyard.environments.models import Environment
from runyard.errors import Conflict, Missing
from runyard.ids import ProjectId
from runyard.live.bus import Bus

logger = log.get("environments")

_KINDS = {"python": "python", "javascript": "node"}


class NoTrial(Missing):
    """This environment has no trial upgrade."""


class TrialUnderWay(Conflict):
    """This environment has a trial upgrade already: keep or drop it first."""


class EnvironmentUnfit(Conflict):
    """The script can't run in that environment."""


class Change(Struct, frozen=True):
    """What an upgrade does to one package; a version is None where the package is not there."""

    name: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> Literal["added", "removed", "upgraded", "downgraded", "changed"]:
        """What it comes to."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        try:
            return "upgraded" if Version(self.after) > Version(self.before) else "downgraded"
        except InvalidVersion:
            return "changed"


def changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[Change]:
    """Return how two sets of packages differ, by name; of several copies of one the versions stand together."""
    old, new = _by_name(before), _by_name(after)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [Change(name, old.get(name), new.get(name)) for name in names]


class TrialService:
    """Begins, keeps and drops trial upgrades; an environment has one at the most."""

    def __init__(self, builds: Builds, bus: Bus) -> None:
        self._builds = builds
        self._bus = bus

    async def begin(self, session: AsyncSession, row: Environment) -> Environment:
        """Have an environment's requirements resolved afresh and built beside it; return the trial.

        Raises: WrongMoment unless the environment stands and answers requests itself; TrialUnderWay.
        """
        if row.state != State.ready or row.current is None:
            raise WrongMoment("Only an environment that is ready, and that new runs get, can be upgraded.")
        if await repository.trial(session, row.id) is not None:
            raise TrialUnderWay
        trial = Environment(
            id=ids.new("env"),
            request_hash=row.request_hash,
            current=None,
            kind=row.kind,
            requirements=row.requirements,
            requires_python=row.requires_python,
            interpreter=row.interpreter,
            interpreter_path=row.interpreter_path,
            state=State.pending.value,
            created_at=clock.now(),
            project_id=row.project_id,
            trial_of=row.id,
            origin="resolved",
        )
        session.add(trial)
        await session.flush()
        self._builds.due(session, trial.id)
        logger.info("environment.trial_begun", environment_id=row.id, trial_id=trial.id)
        return trial

    async def of(self, session: AsyncSession, row: Environment) -> Environment:
        """Return the trial of an environment; raise `NoTrial`."""
        id_ = await repository.trial(session, row.id)
        trial = None if id_ is None else await repository.find(session, id_)
        if trial is None:
            raise NoTrial
        return trial

    async def keep(self, session: AsyncSession, row: Environment) -> Environment:
        """Put the trial in the place of its environment: whoever asks from now on gets it.

        Runs that are pinned to the old one keep its lock. Raises: NoTrial; WrongMoment unless the trial is ready.
        """
        trial = await self.of(session, row)
        if trial.state != State.ready or row.current is None:
            raise WrongMoment("The trial is not ready: only one that was built can be kept.")
        await session.execute(update(Environment).where(Environment.id == row.id).values(current=None))
        await session.execute(
            update(Environment).where(Environment.id == trial.id).values(current=row.request_hash, trial_of=None)
        )
        after_commit(session, lambda: self._bus.publish("worker", {"type": "environments_changed"}))
        logger.info("environment.trial_kept", environment_id=row.id, trial_id=trial.id)
        kept = await repository.find(session, trial.id)
        assert kept is not None  # noqa: S101 - written just now
        return kept


async def demand(
    session: AsyncSession, actor: Actor, id_: str, project_id: str, language: str, package_manager: str
) -> None:
    """Raise unless a script in `language` of that project may be told to run in an environment.

    Raises: NoSuchEnvironment, EnvironmentUnfit.
    """
    row = await repository.find(session, id_)
    if row is None or row.deleted_at is not None or row.project_id not in (None, ProjectId(project_id)):
        raise NoSuchEnvironment
    if not await inventory.shows(session, actor, id_):
        raise NoSuchEnvironment
    kind = "conda" if language == "python" and package_manager == "conda" else _KINDS.get(language)
    if row.kind != kind:
        raise EnvironmentUnfit(f"A {language} script can't run in an environment of {row.kind} packages.")


def _by_name(packages: Sequence[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for package in packages:
        found.setdefault(package["name"], []).append(package["version"])
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}
