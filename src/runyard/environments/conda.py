"""Conda environments, by py-rattler in a process of its own; link scripts of packages are never run."""

import asyncio
import functools
import importlib.util
import json
import platform
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from runyard.environments import verdicts
from runyard.environments.contents import Sizes, conda_sizes
from runyard.environments.failures import ToolMissing
from runyard.environments.interpreters import Interpreter
from runyard.environments.locks import Lock
from runyard.environments.mirrors import Sources
from runyard.environments.processes import Done, without_credentials
from runyard.environments.toolchain import SYSTEM_PATH, Ready, Site, build_environment
from runyard.environments.wants import Kind, Want

CONDA_FIX = "Install Runyard's extra that carries it: pip install 'runyard[conda]'."
_WORKER = Path(__file__).with_name("rattling.py")
_ANY_OF = re.compile(r"==([0-9.]+\.\*)")


class CondaToolchain:
    """Solves and installs with py-rattler; Python comes out of the channels as well."""

    kind = Kind.conda
    program = "bin/python"

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._find = functools.cache(_here)

    def surroundings(self, sources: Sources) -> tuple[str, ...]:
        """Return the channels in use."""
        return tuple(f"channel={without_credentials(url)}" for url in sources.channels)

    def interpreter(self, want: Want) -> Interpreter:  # noqa: ARG002 - one serves all
        """Return what stands for the machine, since the interpreter is a package; raise `ToolMissing`."""
        return self._find()

    def interpreter_at(self, path: Path) -> Interpreter | None:  # noqa: ARG002 - environments carry their own
        """Return the same, while the library is there."""
        return self._find() if _is_there() else None

    async def resolve(self, want: Want, interpreter: Interpreter, site: Site) -> Lock:  # noqa: ARG002 - see above
        """Decide every package, Python among them."""
        specs = list(want.requirements)
        if not any(re.fullmatch(r"(?:\S+::)?python(?:[\s=<>!~].*)?", spec) for spec in specs):
            wish = _ANY_OF.sub(r"\1", want.requires_python)
            specs.append(f"python {wish}".strip())
        order = {"specs": specs, "channels": list(site.sources.channels)}
        done = await self._run(site, "solve", order, ())
        if done.code != 0:
            raise verdicts.resolving(done.stderr)
        records = json.loads((site.scratch / "answer.json").read_text())
        for record in records:
            record["url"] = without_credentials(record["url"])
            record["channel"] = without_credentials(record["channel"])
        return Lock(Kind.conda, json.dumps(records, indent=1, sort_keys=True))

    async def install(self, lock: Lock, interpreter: Interpreter, target: Path, site: Site) -> None:  # noqa: ARG002
        """Put the packages in, and compile what Python code they hold."""
        target.mkdir(mode=0o755)  # noqa: ASYNC240 - one system call
        records = json.loads(lock.text or "[]")
        known = {without_credentials(url): url for url in site.sources.channels}
        for record in records:
            for shown, url in known.items():
                if record["url"].startswith(f"{shown}/"):
                    record["url"] = url + record["url"].removeprefix(shown)
        order = {"records": records, "target": str(target), "cache": str(self._cache)}
        done = await self._run(site, "install", order, (self._cache, target))
        if done.code != 0:
            raise verdicts.installing(done.stderr)
        modules = await asyncio.to_thread(lambda: [str(path) for path in target.glob("lib/python*/site-packages")])
        if modules:
            # The interpreter is a package's code too.
            await site.run_confined(
                *(str(target / self.program), "-I", "-S", "-m", "compileall", "-q"),
                *("--invalidation-mode", "unchecked-hash", *modules),
                env=build_environment(site.sources),
                writable=(target,),
            )

    def sizes(self, path: Path) -> Sizes:
        """Return how large each package is."""
        return conda_sizes(path)

    def ready(self, id_: str, path: Path, interpreter: Interpreter) -> Ready:  # noqa: ARG002 - they carry their own
        """Return how scripts run in the environment at `path`."""
        return Ready(
            id=id_,
            argv=(str(path / self.program), "-u"),
            env={"CONDA_PREFIX": str(path), "PATH": f"{path / 'bin'}:{SYSTEM_PATH}"},
            read_only=(path,),
        )

    def sweep(self, before: datetime) -> None:
        """Remove nothing: its cache is its own."""

    @staticmethod
    async def _run(site: Site, what: str, order: Mapping[str, object], writable: tuple[Path, ...]) -> Done:
        asked, answer = site.scratch / "order.json", site.scratch / "answer.json"
        asked.write_text(json.dumps(order))
        asked.chmod(0o600)
        return await site.run(
            *(sys.executable, "-I", str(_WORKER), what, str(asked), str(answer)),
            env=build_environment(site.sources, RATTLER_CACHE_DIR=str(site.scratch / "rattler")),
            writable=writable,
        )


def _is_there() -> bool:
    return importlib.util.find_spec("rattler") is not None


def _here() -> Interpreter:
    if not _is_there():
        raise ToolMissing(f"py-rattler is missing, which conda environments are built by. {CONDA_FIX}")
    machine = f"{sys.platform}-{platform.machine()}"
    return Interpreter(Kind.conda, Path(sys.executable), machine, "conda", machine)
