"""Node.js environments, by npm.

A script finds packages from its own place upwards, whether by ``require`` or by ``import``: a link named
``node_modules`` beside it leads into the environment, whose packages then find one another there. NODE_PATH serves
CommonJS scripts that lie elsewhere. Where packages have install scripts, the installation is confined.
"""

import functools
import json
from datetime import datetime
from pathlib import Path

from runyard.environments import verdicts
from runyard.environments.contents import Sizes, node_sizes
from runyard.environments.interpreters import Interpreter, ask_node, find_node
from runyard.environments.locks import Lock
from runyard.environments.mirrors import Sources
from runyard.environments.processes import without_credentials
from runyard.environments.registry import InterpreterRegistry
from runyard.environments.toolchain import SYSTEM_PATH, Ready, Site, build_environment
from runyard.environments.wants import Kind, Want, npm_parts

_MODULES = "node_modules"
_PACKAGE = {"name": "environment", "private": True}
_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--color=false")


class NodeToolchain:
    """Resolves by ``npm install --package-lock-only``, builds by ``npm ci``."""

    kind = Kind.node
    program = ""

    def __init__(self, cache: Path, registry: InterpreterRegistry) -> None:
        self._cache = cache
        self._registry = registry
        self._find = functools.cache(find_node)
        self._at = functools.cache(ask_node)

    def surroundings(self, sources: Sources) -> tuple[str, ...]:
        """Return the registry in use."""
        env = self._env(sources, None)
        found = env.get("npm_config_registry") or env.get("NPM_CONFIG_REGISTRY")
        return (f"registry={without_credentials(found)}",) if found else ()

    def interpreter(self, want: Want) -> Interpreter:  # noqa: ARG002 - one serves all
        """Return the Node.js: the default that was chosen, else what is found; raise `NodeMissing`."""
        chosen = self._registry.default(Kind.node)
        if chosen is not None and (known := self.interpreter_at(chosen)) is not None:
            return known
        found = self._find()
        if not found.path.exists():
            self._find.cache_clear()
            found = self._find()
        return found

    def interpreter_at(self, path: Path) -> Interpreter | None:
        """Return the Node.js at `path`."""
        return self._at(path) if path.exists() else None

    async def resolve(self, want: Want, interpreter: Interpreter, site: Site) -> Lock:
        """Decide every version and its integrity hash; addresses are left out, so that mirrors may change."""
        if not want.requirements:
            return Lock(Kind.node, "")
        place = site.scratch / "resolve"
        place.mkdir()
        asked = {**_PACKAGE, "dependencies": dict(npm_parts(spec) for spec in want.requirements)}
        (place / "package.json").write_text(json.dumps(asked))
        done = await site.run(
            *(*interpreter.installer, "install", "--package-lock-only", "--ignore-scripts"),
            *("--omit-lockfile-registry-resolved", "--prefix", str(place), *_QUIET),
            env=self._env(site.sources, interpreter),
            writable=(self._cache,),
        )
        if done.code != 0:
            raise verdicts.resolving(done.stderr)
        return Lock(Kind.node, (place / "package-lock.json").read_text())

    async def install(self, lock: Lock, interpreter: Interpreter, target: Path, site: Site) -> None:
        """Put the packages in."""
        target.mkdir(mode=0o755)  # noqa: ASYNC240 - one system call
        if not lock.text:
            return
        top = json.loads(lock.text)["packages"][""]
        (target / "package-lock.json").write_text(lock.text)
        (target / "package.json").write_text(json.dumps({**_PACKAGE, "dependencies": top.get("dependencies", {})}))
        command = (*interpreter.installer, "ci", "--prefix", str(target), *_QUIET)
        env = self._env(site.sources, interpreter)
        if any(entry.get("hasInstallScript") for entry in json.loads(lock.text)["packages"].values()):
            site.log.say("Some packages run scripts when they are installed")
            # Nothing that such code can write is shared with another environment.
            own = {**env, "npm_config_cache": str(site.scratch / "npm")}
            done = await site.run_confined(*command, env=own, writable=(target,), reads=interpreter.roots)
        else:
            done = await site.run(*command, "--ignore-scripts", env=env, writable=(self._cache, target))
        if done.code != 0:
            raise verdicts.installing(done.stderr)

    def sizes(self, path: Path) -> Sizes:
        """Return how large each package is."""
        return node_sizes(path)

    def ready(self, id_: str, path: Path, interpreter: Interpreter) -> Ready:
        """Return how scripts run in the environment at `path`."""
        modules = path / _MODULES
        return Ready(
            id=id_,
            argv=(str(interpreter.path),),
            env={
                "NODE_PATH": str(modules),
                "PATH": f"{modules / '.bin'}:{interpreter.path.parent}:{SYSTEM_PATH}",
            },
            read_only=(path, *interpreter.roots),
            links=((_MODULES, modules),) if modules.is_dir() else (),
        )

    def sweep(self, before: datetime) -> None:
        """Remove nothing: npm's cache is npm's own."""

    def _env(self, sources: Sources, interpreter: Interpreter | None) -> dict[str, str]:
        env = build_environment(
            sources,
            npm_config_cache=str(self._cache),
            NO_COLOR="1",
            # By itself npm would let people wait for more than a minute before it says that the registry is down.
            npm_config_fetch_retry_mintimeout="1000",
            npm_config_fetch_retry_maxtimeout="5000",
        )
        if sources.npm_registry or sources.official_npm:
            for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
                env.pop(name, None)
        if sources.npm_registry:
            env["npm_config_registry"] = sources.npm_registry
        if interpreter is not None:
            # npm and the install scripts of packages start "node" by its name.
            env["PATH"] = f"{interpreter.path.parent}:{env.get('PATH', SYSTEM_PATH)}"
        return env
