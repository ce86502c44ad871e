"""From what a script, a submit and the installation say to what a sandbox is asked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runyard.engine.crew import Crew
from runyard.engine.workspace import Layout
from runyard.environments.toolchain import Ready
from runyard.runner import Spec
from runyard.runs.repository import Claim
from runyard.sandbox import Confinement, Level, Limits, Request, Sandboxes
from runyard.sandbox.mounts import checked
from runyard.sandbox.plan import Mount
from runyard.scripts.content import Pinned
from runyard.scripts.launch import Launch
from runyard.scripts.policy import Policy
from runyard.secrets.giving import Given
from runyard.settings import RunSettings

MIB = 1024 * 1024


def limits_of(runs: RunSettings, policy: Policy, wished: Mapping[str, Any] | None) -> Limits:
    """Return the limits of one attempt: the submit's where it names one, else the script's, else the installation's."""
    said = {**(wished or {})}

    def choose(name: str) -> Any:
        for value in (said.get(name), getattr(policy.limits, name)):
            if value is not None:
                return value
        return getattr(runs, name)

    return Limits(**{name: choose(name) for name in ("cpu", "memory_mb", "pids", "open_files", "disk_mb")})


def output_cap(runs: RunSettings, policy: Policy, wished: Mapping[str, Any] | None) -> int:
    """Return how many bytes of output are kept of one attempt."""
    for value in ((wished or {}).get("output_mb"), policy.limits.output_mb):
        if value is not None:
            return int(value) * MIB
    return int(runs.output_cap)


def level_of(policy: Policy) -> Level | None:
    """Return the isolation level that a script demands; None leaves the choice to the machine."""
    return None if policy.isolation is None else Level(policy.isolation)


def mounts_of(policy: Policy, sandboxes: Sandboxes, layout: Layout, read_only: Sequence[Path]) -> tuple[Mount, ...]:
    """Return the host directories that a script sees. Raises MountRefused for one that nobody has allowed."""
    if not policy.mounts:
        return ()
    wishes = ((mount.source, mount.target, mount.mode == "rw") for mount in policy.mounts)
    return checked(wishes, sandboxes.allowed, closed=sandboxes.hidden, own=(layout.base, *read_only))


def environment_of(
    crew: Crew,
    claim: Claim,
    pinned: Pinned,
    layout: Layout,
    ready: Ready | None,
    values: dict[str, Any],
    launch: Launch,
    given: Given,
) -> dict[str, str]:
    """Return the environment variables that a script finds."""
    script_id = pinned.script_id
    # A draft without a script has nothing to come back to: a place of its own, gone with the attempt.
    state = layout.own_state if script_id is None else crew.workspaces.state(script_id)
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": claim.inputs.timezone or "UTC",
        "PYTHONUNBUFFERED": "1",
        **(ready.env if ready else {}),
        **launch.env,
        **given.environment,
        **crew.environment(pinned, values),
        "HOME": str(layout.files),
        "RUNYARD_RUN_ID": claim.token.run_id,
        "RUNYARD_ATTEMPT": str(claim.token.attempt),
        "RUNYARD_RUN_URL": f"{crew.settings.base_url}/runs/{claim.token.run_id}",
        "RUNYARD_PARAMETERS": str(layout.parameters),
        "RUNYARD_OUTPUTS": str(layout.outputs),
        "RUNYARD_STATE_DIR": str(state),
    }


def request_of(
    crew: Crew,
    claim: Claim,
    pinned: Pinned,
    layout: Layout,
    attempt_id: str,
    ready: Ready | None,
    values: dict[str, Any],
    launch: Launch,
    given: Given,
) -> Request:
    """Return what an attempt asks of its sandbox."""
    script_id, policy = pinned.script_id, pinned.policy
    state: tuple[Path, ...] = ()
    if script_id is not None and crew.states.try_take(script_id, attempt_id):
        state = (crew.workspaces.state(script_id),)
    read_only = (
        layout.code,
        *(layout.base / name for name in launch.folders),
        *(ready.read_only if ready else ()),
    )
    return Request(
        attempt_id=attempt_id,
        argv=launch.argv,
        env=environment_of(crew, claim, pinned, layout, ready, values, launch, given),
        workspace=layout.files,
        read_only=read_only,
        read_write=(layout.io, *state),
        network=pinned.network,
        egress=policy.egress,
        mounts=mounts_of(policy, crew.sandboxes, layout, read_only),
        limits=limits_of(crew.settings.runs, policy, claim.inputs.limits),
    )


def spec_of(confinement: Confinement, **rest: Any) -> Spec:
    """Return what the runner is told: the plan of the sandbox, and `rest`."""
    return Spec(
        argv=confinement.argv,
        env=confinement.env,
        uid=confinement.uid,
        gid=confinement.gid,
        rlimits=confinement.rlimits,
        cgroups=confinement.cgroups,
        spare_leader=confinement.spare_leader,
        container=confinement.container,
        egress=confinement.egress,
        guard=confinement.guard,
        disk=confinement.disk,
        **rest,
    )
