"""What all attempts of a worker share: services, places, and the ways to tell the yard."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runyard import clock
from runyard.audit.events import SYSTEM, Who
from runyard.db.session import Database
from runyard.engine.sampler import Sampler
from runyard.engine.states import StateLocks
from runyard.engine.workspace import Workspaces
from runyard.environments.service import EnvironmentService
from runyard.environments.toolchain import Ready
from runyard.live.bus import Bus
from runyard.runner import Launcher
from runyard.runs import records, repository
from runyard.runs.lifecycle import Move
from runyard.runs.logs import LogStore
from runyard.runs.newruns import sealed_context
from runyard.runs.repository import Claim
from runyard.sandbox import Sandboxes
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.scripts.launch import Launch, launch
from runyard.scripts.modules import Module
from runyard.scripts.service import ScriptService
from runyard.secrets.giving import NOTHING, Given, Giver, Recipient
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings

VERSIONS = 256


@dataclass
class Crew:
    """Shared by attempts. Everything here outlives any one of them."""

    settings: Settings
    database: Database
    bus: Bus
    launcher: Launcher
    sandboxes: Sandboxes
    environments: EnvironmentService
    scripts: ScriptService
    sealer: Sealer
    logs: LogStore
    workspaces: Workspaces
    spool: Path
    giver: Giver
    states: StateLocks = field(default_factory=StateLocks)
    log_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    sampler: Sampler = field(init=False)
    _versions: dict[str, Pinned] = field(default_factory=dict)
    _kept: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.database, self.bus, self.sandboxes)

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something small beside the attempt; it is not lost to the garbage collector."""
        task = asyncio.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def finish_small_work(self) -> None:
        """Wait for what `keep` has begun."""
        await asyncio.gather(*self._kept, return_exceptions=True)

    def known_version(self, version_id: str) -> Pinned | None:
        """Return a version that is in memory."""
        return self._versions.get(version_id)

    async def version(self, version_id: str) -> Pinned:
        """Return a version; they never change, so those that are run over and over are kept in memory."""
        pinned = self._versions.pop(version_id, None)
        if pinned is None:
            async with self.database.read() as session:
                pinned = await self.scripts.version_of(session, version_id)
        self._versions[version_id] = pinned
        while len(self._versions) > VERSIONS:
            del self._versions[next(iter(self._versions))]
        return pinned

    async def launch(
        self, pinned: Pinned, claim: Claim, values: dict[str, Any], ready: Ready | None, base: Path
    ) -> tuple[Launch, dict[str, bytes]]:
        """Return how a version is started, and the contents of its project's files."""
        tree: dict[str, bytes] = {}
        modules: list[Module] = []
        if pinned.tree or pinned.wants_library:
            async with self.database.read() as session:
                tree = await self.scripts.tree_of(session, pinned)
                if pinned.wants_library:
                    modules = await self.scripts.modules_of(session, claim.token.run_id)
        return self.launch_plain(pinned, values, ready, base, modules), tree

    def launch_plain(
        self, pinned: Pinned, values: dict[str, Any], ready: Ready | None, base: Path, modules: Sequence[Module] = ()
    ) -> Launch:
        """Return how a version is started whose other files are at hand, or that has none."""
        argv, env = (ready.argv, ready.env) if ready else (("/bin/bash",), {})
        return launch(pinned, values, argv, env, base, modules)

    def values_of(self, claim: Claim) -> dict[str, Any]:
        """Return a run's parameters with the sealed ones opened."""
        values = dict(claim.inputs.parameters)
        if claim.inputs.sealed:
            opened = self.sealer.open(claim.inputs.sealed, sealed_context(claim.token.run_id))
            values |= json.loads(opened)
        return values

    async def give(self, pinned: Pinned, claim: Claim) -> Given:
        """Return the secrets and variables that an attempt is given; the attempt keeps a sealed copy of the secrets.

        Raises: SecretMissing, VariableMissing, SealBroken.
        """
        policy = pinned.policy
        if not policy.secrets and not policy.variables and not policy.connections:
            return NOTHING
        async with self.database.write() as session:
            to = recipient_of(pinned, claim, await records.submitter_of(session, claim.token.run_id))
            given = await self.giver.give(session, to, policy.secrets, policy.variables, policy.connections)
            if given.hidden:
                await repository.note_attempt(session, claim.token, sealed=self.giver.copy(to, given))
        return given

    async def given_before(self, pinned: Pinned, claim: Claim) -> tuple[str, ...]:
        """Return the secrets that an attempt was given in an earlier life of this worker."""
        if not pinned.policy.secrets and not pinned.policy.connections:
            return ()
        async with self.database.read() as session:
            copy = await records.copy_of(session, claim.token)
        return self.giver.hidden(recipient_of(pinned, claim), copy)

    def secrets_of(self, pinned: Pinned, claim: Claim) -> tuple[str, ...]:
        """Return the values that must not be seen in anything the run says."""
        if not claim.inputs.sealed:
            return ()
        return tuple(parameters.secret_values(pinned.definitions, self.values_of(claim)))

    def document(self, values: dict[str, Any]) -> bytes:
        """Return the file that RUNYARD_PARAMETERS names."""
        return parameters.document(values)

    def environment(self, pinned: Pinned, values: dict[str, Any]) -> dict[str, str]:
        """Return parameters as environment variables."""
        return parameters.environment(pinned.definitions, values)

    def announce(
        self,
        claim: Claim,
        pinned: Pinned,
        state: str,
        move: Move | None = None,
        began: str | None = None,
        lines: int | None = None,
    ) -> None:
        """Tell whoever watches the run, and lists of its project, where it stands.

        Where it is known since when its command has lived (`began`), all that followers are told goes along, and with
        the end how many `lines` were stored, so that who has read them all need not look again.
        """
        run = {
            "id": claim.token.run_id,
            "project_id": claim.project_id,
            "script_id": claim.script_id,
            "script_name": pinned.script_name,
            "state": str(state),
            "attempt": claim.token.attempt,
        }
        if claim.job_id is not None:
            run["job_id"] = claim.job_id
        if move is not None:
            run["at"] = clock.rfc3339(move.at)
            if began is not None and state == move.target:
                ended = run["at"] if move.is_terminal else None
                run |= {"exit_code": move.exit_code, "started_at": began, "finished_at": ended}
                if lines is not None:
                    run["lines"] = lines
        message = {"type": "run", "run": run}
        self.bus.publish(f"run:{claim.token.run_id}", message)
        self.bus.publish(f"project:{claim.project_id}", message)

    def announce_progress(self, claim: Claim, progress: dict[str, Any]) -> None:
        """Tell whoever watches the run how far it says it is."""
        run = {"id": claim.token.run_id, "project_id": claim.project_id, "progress": progress}
        message = {"type": "progress", "run": run}
        self.bus.publish(f"run:{claim.token.run_id}", message)
        self.bus.publish(f"project:{claim.project_id}", message)


def recipient_of(pinned: Pinned, claim: Claim, by: Who = SYSTEM) -> Recipient:
    """Return who is given secrets when an attempt is."""
    token = claim.token
    return Recipient(
        project_id=claim.project_id,
        script_id=pinned.script_id,
        script_name=pinned.script_name,
        run_id=token.run_id,
        attempt=token.attempt,
        fence=token.fence,
        stage=claim.inputs.stage,
        by=by,
    )
