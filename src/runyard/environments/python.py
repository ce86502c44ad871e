"""Python environments, by uv.

Source distributions run code of their own while they are built: confined, with a cache of their own. Wheels run none.
"""

import asyncio
import functools
from datetime import datetime
from pathlib import Path

from runyard.environments import verdicts
from runyard.environments.bytecode import COMPILE, BytecodeStore
from runyard.environments.contents import Sizes, python_sizes
from runyard.environments.failures import PythonMissing
from runyard.environments.interpreters import Interpreter, ask_python, find_python, uv_program
from runyard.environments.locks import Lock
from runyard.environments.mirrors import Sources
from runyard.environments.processes import without_credentials
from runyard.environments.registry import InterpreterRegistry
from runyard.environments.toolchain import SYSTEM_PATH, Ready, Site, build_environment
from runyard.environments.wants import Kind, Want
from runyard.settings import EnvironmentSettings

_INDEX_NAMES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_EXCLUDE_NEWER",
)


class PythonToolchain:
    """Resolves by ``uv pip compile``, builds by ``uv venv`` and ``uv pip sync``: hardlinked, with bytecode."""

    kind = Kind.python
    program = "bin/python"

    def __init__(self, settings: EnvironmentSettings, cache: Path, registry: InterpreterRegistry) -> None:
        self._cache = cache / "uv"
        self._bytecode = BytecodeStore(cache / "bytecode")
        self._registry = registry
        self._find = functools.cache(lambda requires: find_python(settings.python, requires))
        self._at = functools.cache(ask_python)

    def surroundings(self, sources: Sources) -> tuple[str, ...]:
        """Return the indexes in use."""
        env = self._env(sources)
        return tuple(f"{name}={without_credentials(env[name])}" for name in _INDEX_NAMES if name in env)

    def interpreter(self, want: Want) -> Interpreter:
        """Return the Python to build on: the default that was chosen, else what is found; raise `PythonMissing`."""
        requires = want.requires_python
        chosen = self._registry.default(Kind.python, requires)
        if chosen is not None and (known := self.interpreter_at(chosen)) is not None:
            return known
        try:
            return self._found(requires)
        except PythonMissing:
            for path in self._registry.others(Kind.python, requires):
                if (known := self.interpreter_at(path)) is not None:
                    return known
            raise

    def _found(self, requires: str) -> Interpreter:
        found: Interpreter = self._find(requires)
        if not found.path.exists():
            # Python was upgraded or removed while we run.
            self._find.cache_clear()
            found = self._find(requires)
        return found

    def interpreter_at(self, path: Path) -> Interpreter | None:
        """Return the Python at `path`."""
        return self._at(path) if path.exists() else None

    async def resolve(self, want: Want, interpreter: Interpreter, site: Site) -> Lock:
        """Decide every version and its hashes. Wheels come first; only where they don't do, code of packages runs."""
        if not want.requirements:
            return Lock(Kind.python, "")
        asked = site.scratch / "requirements.in"
        asked.write_text("".join(f"{line}\n" for line in want.requirements))
        command = (
            *(uv_program(), "pip", "compile", str(asked), "--python", str(interpreter.path)),
            *("--generate-hashes", "--no-header", "--no-annotate"),
        )
        env = self._env(site.sources)
        done = await site.run(*command, "--no-build", env=env, writable=(self._cache,), quiet_stdout=True)
        if done.code != 0 and verdicts.needs_build(done.stderr):
            site.log.say("Not all packages come as wheels: source distributions are built")
            done = await site.run_confined(
                *command, env=self._own_cache(env, site), reads=_readable(interpreter), quiet_stdout=True
            )
        if done.code != 0:
            raise verdicts.resolving(done.stderr)
        return Lock(Kind.python, done.stdout)

    async def install(self, lock: Lock, interpreter: Interpreter, target: Path, site: Site) -> None:
        """Make the environment and put the packages in."""
        uv, env = uv_program(), self._env(site.sources)
        writable = (self._cache, target)
        await self._make(uv, interpreter, target, site)
        if not lock.text:
            return
        locked = site.scratch / "requirements.txt"
        locked.write_text(lock.text)
        sync = [uv, "pip", "sync", str(locked), "--python", str(target / self.program)]
        if site.wheels is not None:
            sync += ["--no-index", "--find-links", str(site.wheels), "--require-hashes"]
        done = await site.run(*sync, "--no-build", "--link-mode", "hardlink", env=env, writable=writable)
        if done.code == 0:
            await self._compile(lock, interpreter, target, site)
            return
        if site.wheels is None and verdicts.needs_build(done.stderr):
            site.log.say("Not all packages come as wheels: source distributions are built")
            # Nothing that such code can write is shared with another environment.
            done = await site.run_confined(
                *(*sync, "--link-mode", "copy", "--compile-bytecode"),
                env=self._own_cache(env, site),
                writable=(target,),
                reads=_readable(interpreter),
            )
        if done.code != 0:
            raise verdicts.installing(done.stderr)

    async def _make(self, uv: str, interpreter: Interpreter, target: Path, site: Site) -> None:
        done = await site.run(
            *(uv, "venv", str(target), "--python", str(interpreter.path), "--quiet"),
            env=self._env(site.sources),
            writable=(self._cache, target),
        )
        if done.code != 0:
            raise PythonMissing(verdicts.last_words(done.stderr))

    async def _compile(self, lock: Lock, interpreter: Interpreter, target: Path, site: Site) -> None:
        missing = await asyncio.to_thread(self._bytecode.link, target, interpreter, lock.text)
        if not missing.jobs:
            return
        program, jobs = site.scratch / "compile.py", site.scratch / "jobs.json"
        program.write_text(COMPILE)
        jobs.write_text(missing.as_json())
        # Without -S the environment's own start-up files would run; without -I what the agent's variables name.
        done = await site.run(
            *(str(interpreter.path), "-I", "-S", str(program), str(jobs)), env=self._env(site.sources)
        )
        if done.code == 0:
            await asyncio.to_thread(self._bytecode.settle, missing)
        else:
            site.log.say("Some modules could not be compiled: they are read from source")

    @staticmethod
    def _own_cache(env: dict[str, str], site: Site) -> dict[str, str]:
        return {**env, "UV_CACHE_DIR": str(site.scratch / "uv")}

    def sizes(self, path: Path) -> Sizes:
        """Return how large each package is."""
        return python_sizes(path)

    def ready(self, id_: str, path: Path, interpreter: Interpreter) -> Ready:
        """Return how scripts run in the environment at `path`."""
        return Ready(
            id=id_,
            argv=(str(path / self.program), "-u"),
            env={"VIRTUAL_ENV": str(path), "PATH": f"{path / 'bin'}:{SYSTEM_PATH}"},
            read_only=(path, *interpreter.roots),
        )

    def sweep(self, before: datetime) -> None:
        """Remove bytecode that no environment was built with since `before`."""
        self._bytecode.sweep(before)

    def _env(self, sources: Sources) -> dict[str, str]:
        env = build_environment(
            sources,
            UV_CACHE_DIR=str(self._cache),
            UV_NO_CONFIG="1",
            UV_NO_PROGRESS="1",
            UV_PYTHON_DOWNLOADS="never",
            NO_COLOR="1",
        )
        if sources.index_url or sources.official_index:
            for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
                env.pop(name, None)
        if sources.index_url:
            env["UV_DEFAULT_INDEX"] = sources.index_url
        if sources.extra_index_urls:
            env.pop("UV_EXTRA_INDEX_URL", None)
            env["UV_INDEX"] = " ".join(sources.extra_index_urls)
        return env


def _readable(interpreter: Interpreter) -> tuple[Path, ...]:
    """Return what a confined build has to read besides the system: uv and the interpreter."""
    uv = Path(uv_program())
    return (uv, *interpreter.roots)
