"""What builders of every kind share: the place where a build happens and the promise they keep."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from runyard.environments import processes
from runyard.environments.buildlog import BuildLog
from runyard.environments.cage import Cage
from runyard.environments.contents import Sizes
from runyard.environments.directory import Grip
from runyard.environments.interpreters import Interpreter
from runyard.environments.locks import Lock
from runyard.environments.mirrors import Sources
from runyard.environments.processes import Command, Done
from runyard.environments.wants import Kind, Want

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a script finds programs besides those of its environment."""


_PROXY_NAMES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


class Ready(Struct, frozen=True):
    """An environment that stands, as the executor needs it.

    `argv` begins the command line, the script's path follows. `env` goes over the run's own; its PATH is whole.
    `read_only` must be visible to the script at these very paths. Each of `links` is a name to be placed beside the
    script's code as a symbolic link to that target.
    """

    id: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    read_only: tuple[Path, ...]
    links: tuple[tuple[str, Path], ...] = ()


class Site:
    """Where one build happens: a private directory, a log, and the way commands are run there."""

    def __init__(self, scratch: Path, log: BuildLog, cage: Cage, sources: Sources) -> None:
        self.scratch = scratch
        self.log = log
        self.sources = sources
        self.wheels: Path | None = None
        """Where the packages lie, for an environment that was imported; nothing is fetched then."""
        self.grip: Grip | None = None
        self._cage = cage

    async def run(
        self, *argv: str, env: Mapping[str, str], writable: tuple[Path, ...] = (), quiet_stdout: bool = False
    ) -> Done:
        """Run a tool of ours, which runs no code of packages, with the scratch directory as its home."""
        command = self._command(argv, env, writable)
        return await processes.run(command, self.log.hear, self._started, quiet_stdout=quiet_stdout)

    async def run_confined(
        self,
        *argv: str,
        env: Mapping[str, str],
        writable: tuple[Path, ...] = (),
        reads: tuple[Path, ...] = (),
        quiet_stdout: bool = False,
    ) -> Done:
        """Run a command that may run code of packages: it sees the scratch directory, `writable`, `reads`, no more."""
        with self._cage.around(self._command(argv, env, writable), reads) as caged:
            self.log.say(f"Code of packages runs confined: {caged.told}")
            return await processes.run(caged.command, self.log.hear, self._started, quiet_stdout=quiet_stdout)

    def _command(self, argv: tuple[str, ...], env: Mapping[str, str], writable: tuple[Path, ...]) -> Command:
        home = {"HOME": str(self.scratch), "TMPDIR": str(self.scratch)}
        return Command(argv, {**env, **home}, self.scratch, (self.scratch, *writable))

    def _started(self, pid: int) -> None:
        if self.grip is not None:
            self.grip.note(pid)


class Toolchain(Protocol):
    """Resolves and installs the packages of one kind."""

    kind: Kind
    program: str
    """The interpreter within an environment, relative to its directory; empty if it is outside."""

    def surroundings(self, sources: Sources) -> tuple[str, ...]:
        """Return what else a resolution depends on: the index and its options, without credentials."""

    def interpreter(self, want: Want) -> Interpreter:
        """Return what runs such scripts; blocks for some milliseconds when asked the first time.

        Raises: BuildFailed, of a kind that tells what is missing and how to get it.
        """

    def interpreter_at(self, path: Path) -> Interpreter | None:
        """Return the interpreter at a known path, if it is still there."""

    async def resolve(self, want: Want, interpreter: Interpreter, site: Site) -> Lock:
        """Decide every package; raise `BuildFailed` in the resolver's words."""

    async def install(self, lock: Lock, interpreter: Interpreter, target: Path, site: Site) -> None:
        """Install a lock's packages at `target`, which is not there yet; raise `BuildFailed`."""

    def sizes(self, path: Path) -> Sizes:
        """Return how large each package of the environment at `path` is."""

    def ready(self, id_: str, path: Path, interpreter: Interpreter) -> Ready:
        """Return how scripts run in the environment at `path`."""

    def sweep(self, before: datetime) -> None:
        """Remove what it keeps for further environments and has not used since `before`; blocks."""


def build_environment(sources: Sources, **added: str) -> dict[str, str]:
    """Return the environment of a build's commands: the agent's own, scrubbed, the proxy's, and `added`."""
    env = processes.scrubbed(os.environ, **added)
    proxy = sources.proxy_variables()
    if proxy is not None:
        env = {name: value for name, value in env.items() if name.lower() not in _PROXY_NAMES} | proxy
    return env
