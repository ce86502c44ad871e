"""What a script's command is, and which files lie around it: arguments, hooks, project files, library modules. Pure."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from runyard.environments.entry import entry_name, is_module
from runyard.environments.wants import Want, want_for
from runyard.scripts import arguments, hooks
from runyard.scripts.content import Pinned
from runyard.scripts.modules import PACKAGE, Module

KIT = ".runyard"
"""The folder beside the code in which Runyard's own files lie."""
SQL = "sqlrun.py"
SQL_DRIVERS = ("psycopg[binary]>=3.2", "pymysql>=1.1")
"""What SQL on a connection needs; one environment serves all scripts in SQL."""
_SITE = """\
import os
import sys

for at, before, key in {hidden}:
    if len(sys.argv) > at and sys.argv[at] == before + "***":
        sys.argv[at] = before + os.environ.get(key, "")
# The environment may have a file of this name too.
here = sys.modules.pop("sitecustomize", None)
sys.path[:] = [path for path in sys.path if path != os.path.dirname(__file__)]
try:
    import sitecustomize
except ImportError:
    pass
finally:
    sys.modules.setdefault("sitecustomize", here)
"""
_REQUIRE = """\
for (const [at, before, key] of {hidden}) {{
  if (process.argv[at] === before + '***') process.argv[at] = before + (process.env[key] ?? '')
}}
"""


class Launch(Struct, frozen=True):
    """A command and its surroundings. `files` are relative to the attempt's base; `folders` must be visible to it."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


def want_of(pinned: Pinned) -> Want | None:
    """Return the environment that a script's runs need; None for the plain interpreter of the machine."""
    policy = pinned.policy
    language, code, requirements = pinned.language, pinned.code, pinned.requirements
    if language == "sql":
        # What executes it is a program in Python.
        language, code, requirements = "python", "", SQL_DRIVERS if policy.connections else ()
    return want_for(
        language,
        code,
        requirements,
        python_version=policy.python_version,
        package_manager=policy.package_manager,
    )


def entry_of(pinned: Pinned) -> str:
    """Return the path of a script's code, relative to the folder of its code."""
    return pinned.entry or entry_name(pinned.language, pinned.code)


def launch(
    pinned: Pinned,
    values: Mapping[str, Any],
    interpreter: Iterable[str],
    environment: Mapping[str, str],
    base: Path,
    modules: Iterable[Module] = (),
) -> Launch:
    """Return how a version is started with `values` (files as paths) by `interpreter`, in the attempt's `base`."""
    code, kit = base / "code", base / "code" / KIT
    line, hidden = arguments.hide(arguments.command_line(pinned.definitions, values))
    files: dict[str, bytes] = {}
    env: dict[str, str] = {}
    folders: list[str] = []
    python_path: list[str] = []
    command = [*interpreter]
    if pinned.language == "sql":
        files[f"code/{KIT}/{SQL}"] = (Path(__file__).parent / SQL).read_bytes()
        command.append(str(kit / SQL))
        env["RUNYARD_SQL_CONNECTION"] = next(iter(pinned.policy.connections), "")
        env["RUNYARD_SQL_ROWS"] = str(pinned.policy.row_limit)
        env["RUNYARD_SQL_PARAMETERS"] = " ".join(definition.key for definition in pinned.definitions)
    if hidden:
        first = 1 if pinned.language == "python" else 2
        listed = json.dumps([[hole.at + first, hole.before, hole.key] for hole in hidden])
        if pinned.language == "python":
            files[f"code/{KIT}/sitecustomize.py"] = _SITE.format(hidden=listed).encode()
            python_path.append(str(kit))
        else:
            files[f"code/{KIT}/arguments.cjs"] = _REQUIRE.format(hidden=listed).encode()
            command += ["--require", str(kit / "arguments.cjs")]
    if pinned.tree:
        python_path.append(str(code))
    found = tuple(modules)
    if found:
        parent = "node_modules" if pinned.language == "javascript" else "modules"
        files |= {f"{parent}/{PACKAGE}/{name}": text for name, text in _package(pinned.language, found).items()}
        folders.append(parent)
        python_path.append(str(base / parent))
        env["RUNYARD_LIBRARY"] = str(base / parent / PACKAGE)
    if pinned.language == "python" and python_path:
        env["PYTHONPATH"] = ":".join([*python_path, *filter(None, [environment.get("PYTHONPATH")])])
    argv = [*command, str(code / entry_of(pinned)), *line]
    if pinned.hooks.before or pinned.hooks.after:
        argv = [*_around(pinned, [*interpreter], base, files), *argv]
    return Launch(tuple(argv), env, files, tuple(folders))


def _around(pinned: Pinned, interpreter: list[str], base: Path, files: dict[str, bytes]) -> list[str]:
    commands: dict[str, tuple[str, ...]] = {"before": (), "after": ()}
    for name, hook in (("before", pinned.hooks.before), ("after", pinned.hooks.after)):
        if hook is None:
            continue
        language = "shell" if hook.shell else pinned.language
        path = f"code/{KIT}/{name}-{entry_name(language, hook.code)}"
        files[path] = hook.code.encode()
        commands[name] = (*(["/bin/bash"] if language == "shell" else interpreter), str(base / path))
    text = hooks.wrapper(commands["before"], commands["after"], str(base / "io" / hooks.RECORD))
    files[f"code/{KIT}/run.sh"] = text.encode()
    return ["/bin/bash", str(base / "code" / KIT / "run.sh")]


def _package(language: str, modules: tuple[Module, ...]) -> dict[str, bytes]:
    """Return the files of the package that a project's modules make, by name."""
    if language == "python":
        return {"__init__.py": b"", **{f"{module.name}.py": module.code.encode() for module in modules}}
    if language == "shell":
        return {f"{module.name}.sh": module.code.encode() for module in modules}
    files: dict[str, bytes] = {}
    exports = {}
    for module in modules:
        name = f"{module.name}.{'mjs' if is_module(module.code) else 'js'}"
        files[name] = module.code.encode()
        exports[f"./{module.name}"] = f"./{name}"
    files["package.json"] = json.dumps({"name": PACKAGE, "exports": exports}, indent=2).encode()
    return files
