"""From what a script, a submit and the installation say to what a sandbox is asked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runyard.engine.workspace import Layout
from runyard.runner import Spec
from runyard.sandbox import Confinement, Level, Limits, Sandboxes
from runyard.sandbox.mounts import checked
from runyard.sandbox.plan import Mount
from runyard.scripts.policy import Policy
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
