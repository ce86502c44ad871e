"""What a conversation with a language server needs: the program, the script's environment, a place."""

import asyncio
from collections.abc import Callable, Sequence

from runyard.editor.cells import Cells
from runyard.editor.problems import ProgramMissing
from runyard.editor.programs import Lack, Program, find, find_typescript
from runyard.editor.sessions import Sessions
from runyard.environments.service import EnvironmentService
from runyard.environments.toolchain import Ready
from runyard.environments.wants import want_for
from runyard.errors import Problem


class Servers:
    """Where language servers come from. `idle_s` is how long one may be silent."""

    def __init__(
        self,
        cells: Cells,
        environments: EnvironmentService,
        *,
        most: int,
        idle_s: float,
        memory_mb: int,
        find: Callable[[str], Program | Lack] = find,
        find_typescript: Callable[[], Program | Lack] = find_typescript,
    ) -> None:
        self.cells = cells
        self.environments = environments
        self.sessions = Sessions(most)
        self.idle_s = idle_s
        self.memory_mb = memory_mb
        self._find = find
        self._find_typescript = find_typescript

    async def program(self, language: str) -> Program | Lack:
        """Return the server for a language; raise `ProgramMissing` where none is known."""
        if language == "python":
            return await asyncio.to_thread(self._find, "ty")
        if language == "javascript":
            return await asyncio.to_thread(self._find_typescript)
        raise ProgramMissing(f"No language server is known for {language}.")

    async def environment(self, language: str, code: str, requirements: Sequence[str]) -> Ready | None:
        """Return the environment that a script of this text would run in, if it has been built; builds nothing."""
        try:
            want = want_for(language, code, requirements)
            return None if want is None else await self.environments.standing(want)
        except Problem:
            # What is wrong with the requirements is said where they are written.
            return None
