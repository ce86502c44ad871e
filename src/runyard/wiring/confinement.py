"""What runs, builds and the editor's programs are confined by, each under users of their own."""

import os
import sys
from pathlib import Path

from runyard.editor.cells import Cells
from runyard.environments.cage import SandboxCage
from runyard.sandbox import Level, Sandboxes
from runyard.sandbox.claims import UserClaim, claim
from runyard.sandbox.mounts import Allowed
from runyard.settings import Settings


def with_own_users(settings: Settings, roles: frozenset[str]) -> tuple[Settings, UserClaim | None]:
    """Return settings whose user ids no other Runyard of this machine lends, and the claim on them."""
    register = Path("/run/runyard-users.lock")
    if os.geteuid() != 0 or sys.platform != "linux" or not roles & {"api", "worker"}:
        return settings, None
    sandbox, editor = settings.sandbox, settings.editor
    size = sandbox.uid_count + editor.servers + editor.programs + 1 + settings.worker.builds + 1
    memory = settings.data / "sandbox" / f"users-{'-'.join(sorted(roles))}"
    claimed = claim(register, sandbox.uid_base, size, memory)
    own = sandbox.model_copy(update={"uid_base": claimed.first})
    return settings.model_copy(update={"sandbox": own}), claimed


def make_sandboxes(settings: Settings) -> Sandboxes:
    """Return the machine's sandboxes; looks at nothing yet."""
    sandbox = settings.sandbox
    return Sandboxes(
        settings.data / "sandbox",
        hidden=(settings.data,),
        uid_base=sandbox.uid_base,
        uid_count=sandbox.uid_count,
        default=Level(sandbox.level) if sandbox.level else None,
        cgroup_root=sandbox.cgroup_root,
        engine=sandbox.engine,
        image=sandbox.engine_image,
        network=sandbox.engine_network,
        allowed=tuple(map(Allowed.parse, sandbox.mounts)),
        floor=int(settings.limits.free_disk),
        guards=sandbox.guards,
    )


def make_cells(settings: Settings) -> Cells:
    """Return where the editor's programs run: confined like runs, under users that no run ever gets."""
    sandbox = settings.sandbox
    sandboxes = Sandboxes(
        settings.data / "sandbox",
        hidden=(settings.data,),
        uid_base=sandbox.uid_base + sandbox.uid_count,
        uid_count=settings.editor.servers + settings.editor.programs + 1,
        # They are started by the agent itself, which containers are not.
        default=Level(sandbox.level) if sandbox.level in {"process", "bubblewrap"} else None,
        cgroup_root=sandbox.cgroup_root,
    )
    editor = settings.editor
    return Cells(settings.data / "editor", sandboxes, at_once=editor.programs, patience_s=editor.patience_s)


def make_cage(settings: Settings) -> SandboxCage:
    """Return where packages are built: confined like runs, under users that neither runs nor the editor's get."""
    sandbox, editor = settings.sandbox, settings.editor
    sandboxes = Sandboxes(
        settings.data / "sandbox",
        hidden=(settings.data,),
        uid_base=sandbox.uid_base + sandbox.uid_count + editor.servers + editor.programs + 1,
        uid_count=settings.worker.builds + 1,
        # They are started by the agent itself, which containers are not.
        default=Level(sandbox.level) if sandbox.level in {"process", "bubblewrap"} else None,
        cgroup_root=sandbox.cgroup_root,
    )
    return SandboxCage(sandboxes, memory_mb=settings.runs.memory_mb)
