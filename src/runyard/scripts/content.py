"""What a version holds, and whether two of them are the same. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from runyard.scripts.definitions import Definitions
from runyard.scripts.hooks import Hooks
from runyard.scripts.modules import mentions
from runyard.scripts.policy import Policy
from runyard.scripts.trees import TreeFile


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that makes a version: `parameters` as stored (sealed defaults), `timeout_s` in seconds or None.

    `options` has what differs from the defaults: the policy of runs, and what else a script carries beside its code.
    """

    language: str
    code: str
    parameters: list[dict[str, Any]]
    requirements: list[str]
    timeout_s: float | None
    network: bool
    options: dict[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 of the whole in canonical JSON: equal contents have equal hashes."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of a script as a run takes it along; a draft has no number, and a script only if it belongs to one.

    `definitions` hold the defaults of passwords in clear: never answer them. Of a project with several files, `code`
    is the file at `entry` and `tree` all others; with `in_workspace` they are copied there too. `library` tells that
    some of them may import from the library, `state` that some use the state directory; `modules` are the ids of the
    library's versions that go along. A `gated` run may have to wait for a second person, one of a `marked` script
    wherever it runs.
    """

    script_id: str | None
    script_name: str
    project_id: str
    version_id: str
    number: int | None
    language: str
    code: str
    definitions: Definitions
    requirements: tuple[str, ...]
    timeout_s: float | None
    network: bool
    policy: Policy = field(default_factory=Policy)
    hooks: Hooks = field(default_factory=Hooks)
    entry: str = ""
    tree: tuple[TreeFile, ...] = ()
    in_workspace: bool = False
    library: bool = False
    state: bool = False
    modules: tuple[str, ...] = ()
    # Of the script at that moment, not of the version.
    marked: bool = field(default=False, compare=False)
    gated: bool = field(default=False, compare=False)

    @property
    def wants_library(self) -> bool:
        """Whether the code, a hook or another file may import from the project's library."""
        texts = (self.code, *(hook.code for hook in (self.hooks.before, self.hooks.after) if hook is not None))
        return self.library or any(map(mentions, texts))

    @property
    def wants_state(self) -> bool:
        """Whether it may use its state directory, which one run at a time has."""
        if self.language == "sql" and not self.policy.connections:
            # Its own file lies there.
            return True
        texts = (self.code, *(hook.code for hook in (self.hooks.before, self.hooks.after) if hook is not None))
        return self.state or any("RUNYARD_STATE_DIR" in text for text in texts)

    @property
    def draft(self) -> bool:
        """Whether this is an unsaved text."""
        return self.number is None


def copy_name(name: str, taken: Iterable[str], longest: int = 200) -> str:
    """Return the first of ``<name> copy``, ``<name> copy 2``, ``<name> copy 3`` … that is not taken.

    A copy of a copy counts on: ``x copy`` gives ``x copy 2``.
    """
    base, found, rest = name.rpartition(" copy")
    if not found or not (rest == "" or (rest[0] == " " and rest[1:].isascii() and rest[1:].isdigit())):
        base = name
    taken = set(taken)
    number = 1
    while True:
        ending = " copy" if number == 1 else f" copy {number}"
        made = base[: longest - len(ending)].rstrip() + ending
        if made not in taken:
            return made
        number += 1
