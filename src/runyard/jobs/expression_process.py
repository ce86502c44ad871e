"""Works expressions out, in a process of its own: one JSON object a line, in and out. Standard library and CEL only.

An expression can ask for more time or memory than there is, and a deep one overflows the stack of whoever reads it: so
this process is given little of either, and nothing is lost when it dies. It is started without site packages; its one
argument is the directory of the package ``cel``, whose own beginning would load a whole command line.
"""

import json
import math
import resource
import sys
import types
from datetime import UTC, datetime, timedelta
from typing import Any

MEMORY = 768 * 1024 * 1024
CPU_S = 3
_CHECKED = frozenset({"body", "headers", "query", "file", "run", "now"})
_NAMES = "body, headers and query of a call, file of a file, run of a job, and now"


class UnfitError(ValueError):
    """A result that is no JSON."""


def main() -> None:
    """Answer until nobody asks any more."""
    package = types.ModuleType("cel")
    package.__path__ = [sys.argv[1]]
    sys.modules["cel"] = package
    from cel import cel, stdlib

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _tell({})
    for line in sys.stdin.buffer:
        _allow_cpu()
        asked = json.loads(line)
        _tell(_checked(cel, asked) if asked.get("check") else _worked(cel, stdlib, asked))


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    sys.stdout.flush()


def _allow_cpu() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + CPU_S, hard))


def _checked(cel: Any, asked: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, str] = {}
    for name, text in asked["expressions"].items():
        try:
            unknown = sorted(set(cel.compile(text).variables()) - _CHECKED)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about the expression
            errors[name] = _said(error)
        else:
            if unknown:
                errors[name] = f"Nothing is called {unknown[0]} here; there are {_NAMES}."
    return {"values": {}, "errors": errors}


def _worked(cel: Any, stdlib: Any, asked: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    context = cel.Context(variables={**asked["context"], "now": datetime.now(UTC)})
    stdlib.add_stdlib_to_context(context)
    for name, text in asked["expressions"].items():
        try:
            values[name] = _json(cel, cel.compile(text).execute(context))
        except Exception as error:  # noqa: BLE001 - the same
            errors[name] = _said(error)
    return {"values": values, "errors": errors}


def _json(cel: Any, value: Any) -> Any:
    if isinstance(value, cel.OptionalValue):
        return _json(cel, value.value()) if value.has_value() else None
    if isinstance(value, dict):
        return {_key(key): _json(cel, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(cel, inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise UnfitError("The result is no finite number.")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UnfitError("The result is nothing that a parameter can hold.")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int):
        return str(key)
    raise UnfitError("The keys of a map have to be texts or numbers.")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise UnfitError("The result is bytes that are no text.") from None


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"There is no {error.args[0]!r} in what arrived." if error.args else "Something is missing."
    said = str(error).strip()
    if isinstance(error, RecursionError):
        said = "It is nested too deep."
    if isinstance(error, MemoryError):
        said = "It needs too much memory."
    # A parser repeats the expression, and then draws under it.
    lines = [line for line in said.splitlines() if not line.startswith("|")]
    said = " ".join(lines)
    if said.startswith("Failed to parse expression"):
        said = "It can't be read: " + said.rpartition("ERROR: <input>:")[2]
    return said[:300] or type(error).__name__


if __name__ == "__main__":
    main()
