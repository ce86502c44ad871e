"""What an attempt finds when it starts: its files, and the plan of its sandbox."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from runyard.engine.confining import level_of, output_cap, request_of, spec_of
from runyard.engine.crew import Crew
from runyard.engine.workspace import Layout
from runyard.environments.toolchain import Ready
from runyard.runner import Spec
from runyard.runs.repository import Claim
from runyard.sandbox import Confinement
from runyard.sandbox.ownership import give
from runyard.scripts.content import Pinned
from runyard.scripts.launch import Launch, want_of
from runyard.scripts.parameters import placed
from runyard.secrets.giving import NOTHING, Given


class Ground(Struct, frozen=True):
    """Where an attempt is to start: whose it is, and what its places are."""

    crew: Crew
    claim: Claim
    pinned: Pinned
    layout: Layout
    attempt_id: str

    def at_hand(self) -> tuple[bool, Ready | None]:
        """Return whether the attempt has to wait for nothing at all, and then its environment if it has one.

        Neither files of a project nor uploads are to be copied, no secret is to be opened, nothing is to be built.
        """
        pinned, claim = self.pinned, self.claim
        policy, want = pinned.policy, want_of(pinned)
        given = policy.secrets or policy.variables or policy.connections or claim.inputs.sealed
        if given or pinned.tree or pinned.wants_library or self.has_uploads:
            return False, None
        if want is None:
            return True, None
        ready = self.crew.environments.cached(want, claim.environment_id, claim.project_id)
        return ready is not None, ready

    @property
    def has_uploads(self) -> bool:
        """Whether the run was given files."""
        return self.crew.workspaces.uploads(self.claim.token.run_id).exists()

    @property
    def timeout_s(self) -> float | None:
        """How long the command may take."""
        return self.claim.inputs.timeout_s or self.pinned.timeout_s or self.crew.settings.runs.timeout_s

    def values(self) -> dict[str, Any]:
        """Return the parameters, with the sealed ones opened and files by their paths."""
        return placed(self.pinned.definitions, self.crew.values_of(self.claim), self.layout.files)

    def put(self, ready: Ready | None, values: dict[str, Any], launch: Launch, tree: Mapping[str, bytes]) -> None:
        """Write the files."""
        self.crew.workspaces.prepare(
            self.layout,
            self.claim.token.run_id,
            self.pinned.code,
            self.crew.document(values),
            ready.links if ready else (),
            launch.files,
            tree,
            in_workspace=self.pinned.in_workspace,
        )

    def confine(self, ready: Ready | None, values: dict[str, Any], launch: Launch, given: Given) -> Confinement:
        """Plan the sandbox and give its user what is theirs.

        Raises what `Sandboxes.confine` does, and OSError.
        """
        crew, layout = self.crew, self.layout
        request = request_of(crew, self.claim, self.pinned, layout, self.attempt_id, ready, values, launch, given)
        if self.pinned.script_id is None:
            layout.own_state.mkdir(mode=0o700)
        confinement = crew.sandboxes.confine(level_of(self.pinned.policy), request)
        give(confinement.chown, confinement.owner)
        return confinement

    def lay_out(self, ready: Ready | None) -> Confinement:
        """Do both for an attempt that has to wait for nothing."""
        values = self.values()
        launch = self.crew.launch_plain(self.pinned, values, ready, self.layout.base)
        self.put(ready, values, launch, {})
        return self.confine(ready, values, launch, NOTHING)

    def spec(self, confinement: Confinement, spool: Path) -> Spec:
        """Return what the runner is told."""
        runs = self.crew.settings.runs
        return spec_of(
            confinement,
            attempt_id=self.attempt_id,
            spool=str(spool),
            cwd=str(self.layout.files),
            timeout_s=self.timeout_s,
            grace_s=runs.grace_s,
            output_cap=output_cap(runs, self.pinned.policy, self.claim.inputs.limits),
        )
