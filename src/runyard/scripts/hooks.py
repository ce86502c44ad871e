"""Hooks: what runs before and after a script, within the same attempt and the same sandbox. Pure."""

import shlex
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

LONGEST_HOOK = 100_000
RECORD = "hooks"
"""The file beside the outputs in which the wrapper notes how each hook ended."""


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL characters can't be kept.")
    return text


class Hook(BaseModel):
    """A snippet in the script's own language, or in shell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_HOOK), AfterValidator(_without_nul)]
    shell: bool = True


class Hooks(BaseModel):
    """What runs around a script.

    `before` runs first; if it fails, the script is not run and the run fails with its exit code. `after` always runs,
    with the script's exit code in ``RUNYARD_EXIT_CODE``; after a cancel or a time limit it has what is left of the
    grace time. If `after` fails, a run whose script succeeded fails with its exit code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: Hook | None = None
    after: Hook | None = None


NONE = Hooks()


def wrapper(before: tuple[str, ...], after: tuple[str, ...], record: str) -> str:
    """Return the shell text that runs its arguments as the script, between two commands; an empty one is left out."""
    quoted = shlex.quote(record)
    lines = [
        # A polite end reaches the script itself; the wrapper stays for what comes after it.
        "trap : HUP INT TERM",
        f'ended() {{ printf \'%s %s\\n\' "$1" "$2" >> {quoted}',
        '    printf \'The hook %s the script ended with exit code %s.\\n\' "$1" "$2" >&2; }',
        "code=0",
    ]
    if before:
        lines += [shlex.join(before), "code=$?", 'ended before "$code"']
    main = f"    printf 'main %s\\n' \"$code\" >> {quoted}"
    lines += ['if [ "$code" -eq 0 ]; then', '    "$@"', "    code=$?", main, "fi"]
    if after:
        lines += [
            f'RUNYARD_EXIT_CODE="$code" {shlex.join(after)}',
            "last=$?",
            'ended after "$last"',
            'if [ "$code" -eq 0 ]; then code="$last"; fi',
        ]
    return "\n".join([*lines, 'exit "$code"', ""])


def outcomes(record: bytes) -> dict[str, int]:
    """Return exit codes under ``before``, ``main`` and ``after``; whatever else stands there is passed over."""
    found: dict[str, int] = {}
    for line in record[:1000].decode("ascii", "replace").splitlines():
        name, _, code = line.partition(" ")
        if name in {"before", "main", "after"} and code.isascii() and code.isdigit() and len(code) <= 3:  # noqa: PLR2004 - 0 to 255
            found[name] = int(code)
    return found
