"""Linting and formatting of a script's code, by whatever programs this machine has."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from runyard.editor import formatting, linting
from runyard.editor.cells import Cells, Done, Order
from runyard.editor.linting import Finding
from runyard.editor.problems import CodeUnreadable, ProgramFailed, ProgramMissing
from runyard.editor.programs import Lack, Program, find, find_prettier, find_typescript
from runyard.environments.entry import entry_name
from runyard.errors import FieldError

_CPU_S = 10
_CLEAN, _FOUND = 0, 1


class Checked(Struct, frozen=True):
    """What was found and by what; `by` is None when nothing could look, `lack` names what would look better."""

    by: Program | None
    lack: Lack | None
    findings: list[Finding]


class Helpers(Struct, frozen=True):
    """Who helps with one language; None where nothing is known that could."""

    server: Program | Lack | None
    linter: Program | Lack | None
    formatter: Program | Lack | None


Find = Callable[[str], Program | Lack]


class EditorService:
    """Asks helper programs about code. `find` answers which there are."""

    def __init__(
        self,
        cells: Cells,
        *,
        find: Find = find,
        find_prettier: Callable[[], Program | Lack] = find_prettier,
        find_typescript: Callable[[], Program | Lack] = find_typescript,
    ) -> None:
        self._cells = cells
        self._find = find
        self._find_prettier = find_prettier
        self._find_typescript = find_typescript

    async def helpers(self) -> dict[str, Helpers]:
        """Return who helps with each language here."""
        return await asyncio.to_thread(self._helpers)

    async def lint(self, language: str, code: str) -> Checked:
        """Return what a linter says of the code; without one for the language, what is left to say.

        Raises: ProgramFailed, ProgramTooSlow, ProgramUnconfined.
        """
        if language == "python":
            return await self._checked("ruff", linting.read_ruff, code, linting.ruff)
        if language == "javascript":
            file = entry_name(language, code)
            return await self._checked(
                "oxlint", linting.read_oxlint, code, lambda program: linting.oxlint(program, file), file=file
            )
        checked = await self._checked("shellcheck", linting.read_shellcheck, code, linting.shellcheck)
        return checked if checked.by is not None else await self._by_bash(checked.lack, code)

    async def format(self, language: str, code: str) -> tuple[Program, str]:
        """Return the formatter and the code in its style.

        Raises: CodeUnreadable where the syntax is wrong; ProgramMissing, ProgramFailed, ProgramTooSlow,
        ProgramUnconfined.
        """
        program = await asyncio.to_thread(self._formatter, language)
        if isinstance(program, Lack):
            raise ProgramMissing(f"{program.name} is not installed here. {program.fix}")
        path = str(program.path)
        if language == "python":
            order = Order(formatting.ruff(path), program.reads, cpu_s=_CPU_S)
        elif language == "shell":
            order = Order(formatting.shfmt(path), program.reads, cpu_s=_CPU_S)
        else:
            # Node.js reserves far more address space than it uses, and bounds its memory itself.
            order = Order(formatting.prettier(path, program.reads[-1]), program.reads, memory_mb=None, cpu_s=_CPU_S)
        done = await self._cells.run(order, code)
        if done.code != _CLEAN:
            raise _refusal(program, done)
        return program, done.stdout

    def _helpers(self) -> dict[str, Helpers]:
        linters = {"python": "ruff", "javascript": "oxlint", "shell": "shellcheck"}
        return {
            language: Helpers(
                server=self._server(language),
                linter=self._find(linter),
                formatter=self._formatter(language),
            )
            for language, linter in linters.items()
        }

    def _server(self, language: str) -> Program | Lack | None:
        if language == "javascript":
            return self._find_typescript()
        return self._find("ty") if language == "python" else None

    def _formatter(self, language: str) -> Program | Lack:
        if language == "javascript":
            return self._find_prettier()
        return self._find("ruff" if language == "python" else "shfmt")

    async def _checked(
        self,
        name: str,
        read: Callable[[str, str], list[Finding]],
        code: str,
        argv: Callable[[str], tuple[str, ...]],
        file: str = "",
    ) -> Checked:
        program = await asyncio.to_thread(self._find, name)
        if isinstance(program, Lack):
            return Checked(None, program, [])
        order = Order(argv(str(program.path)), program.reads, {file: code} if file else {}, cpu_s=_CPU_S)
        done = await self._cells.run(order, "" if file else code)
        if done.code not in {_CLEAN, _FOUND}:
            raise _failed(program, done)
        return Checked(program, None, await asyncio.to_thread(read, done.stdout, code))

    async def _by_bash(self, lack: Lack | None, code: str) -> Checked:
        done = await self._cells.run(Order(linting.bash("main.sh"), files={"main.sh": code}, cpu_s=_CPU_S))
        bash = await asyncio.to_thread(self._find, "bash")
        return Checked(None if isinstance(bash, Lack) else bash, lack, linting.read_bash(done.stderr, code))


def _refusal(program: Program, done: Done) -> CodeUnreadable | ProgramFailed:
    refused = formatting.read_refusal(done.stderr)
    if refused is None:
        return _failed(program, done)
    line, column, message = refused
    said = f"Line {line}: {message}"
    return CodeUnreadable(said, fields=[FieldError(f"code.{line}.{column}", message, "syntax")])


def _failed(program: Program, done: Done) -> ProgramFailed:
    words = done.stderr.strip().splitlines()
    return ProgramFailed(f"{program.name} failed: {words[-1][:300] if words else f'it ended with {done.code}'}")
