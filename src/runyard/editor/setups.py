"""How a language server is set up over a script's environment: what is started, and what it is told. Pure."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from runyard.editor.cells import Order
from runyard.editor.programs import Program
from runyard.environments.entry import entry_name
from runyard.environments.toolchain import SYSTEM_PATH, Ready

_SERVER_MB, _COMPILER_MB = 256, 1024
"""The heaps of JavaScript's server and of the compiler that it asks, at the most."""


class Setup(Struct, frozen=True):
    """A server to be started. `file` is the document's name, `options` what the server is told at first.

    `places` are where things lie that its answers may name, and how they are called then.
    """

    order: Order
    file: str
    options: Mapping[str, Any]
    places: tuple[tuple[Path, str], ...] = ()


def setup(program: Program, language: str, code: str, environment: Ready | None, memory_mb: int) -> Setup:
    """Return how `program` is started over an environment; None: what the language itself has, alone."""
    file = entry_name(language, code)
    reads = (*program.reads, *(environment.read_only if environment is not None else ()))
    named = () if environment is None else ((environment.read_only[0], "environment"),)
    if language == "javascript":
        return _typescript(program, file, environment, reads, named, memory_mb)
    env = {"TY_MAX_PARALLELISM": "2", "PATH": SYSTEM_PATH}
    if environment is not None and "VIRTUAL_ENV" in environment.env:
        env["VIRTUAL_ENV"] = environment.env["VIRTUAL_ENV"]
    order = Order((str(program.path), "server"), reads, files={file: ""}, env=env, memory_mb=memory_mb)
    return Setup(order, file, {"diagnosticMode": "off"}, named)


def _typescript(
    program: Program,
    file: str,
    environment: Ready | None,
    reads: tuple[Path, ...],
    named: tuple[tuple[Path, str], ...],
    memory_mb: int,
) -> Setup:
    tools = program.reads[-1]
    project = {
        "compilerOptions": {
            "target": "esnext",
            "lib": ["esnext"],
            "module": "nodenext",
            "noEmit": True,
            "allowJs": True,
            "maxNodeModuleJsDepth": 2,
            "types": ["node"],
            "typeRoots": [str(tools / "@types")],
        },
        "files": [file],
    }
    order = Order(
        (
            str(program.path),
            f"--max-old-space-size={_SERVER_MB}",
            str(tools / "typescript-language-server" / "lib" / "cli.mjs"),
            "--stdio",
        ),
        reads,
        files={file: "", "jsconfig.json": json.dumps(project)},
        links=() if environment is None else environment.links,
        env={"PATH": SYSTEM_PATH},
        # Node.js reserves far more address space than it uses, and bounds its memory itself.
        memory_mb=None,
    )
    options = {
        "tsserver": {"path": str(tools / "typescript" / "lib" / "tsserver.js"), "useSyntaxServer": "never"},
        "maxTsServerMemory": min(memory_mb, _COMPILER_MB),
        "disableAutomaticTypingAcquisition": True,
    }
    return Setup(order, file, options, (*named, (tools, "library")))
