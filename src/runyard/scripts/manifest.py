"""A script as a folder: its code, its other files, and a ``script.toml`` with everything else.

``entry`` names the file with the code, ``files`` all others of a project. Standard library only: the command line
reads and writes the same.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runyard.environments.entry import entry_name

MANIFEST = "script.toml"
LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".sh": "shell",
    ".sql": "sql",
}
UNSET: dict[str, Any] = {
    "description": "",
    "tags": [],
    "requirements": [],
    "timeout_s": None,
    "network": True,
    "parameters": [],
}
"""What a manifest that does not name these means."""
MORE: dict[str, Any] = {
    "kind": "script",
    "folder": "",
    "category": None,
    "retries": 0,
    "retry_delay_s": 10.0,
    "backoff": "fixed",
    "retry_on": ["failed", "timed_out"],
    "concurrency": None,
    "limits": {},
    "isolation": None,
    "mounts": [],
    "egress": None,
    "queue": "default",
    "priority": 0,
    "secrets": [],
    "variables": [],
    "connections": [],
    "row_limit": 10_000,
    "stage": None,
    "hooks": {},
    "in_workspace": False,
}
"""What is written only where it is something else, and is left as it is by a manifest that does not name it."""
PLACE = frozenset({"kind", "folder", "category"})
"""Of these, what says where a script is kept rather than how it runs."""
FIELDS = ("name", "language", *UNSET, *MORE)
AS_JSON = "default_json"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(script: Mapping[str, Any], others: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return the files of a script as the API gives it, with the contents of `others`: path → content."""
    others = others or {}
    entry = script.get("entry") or entry_name(script["language"], script["code"])
    facts = {"name": script["name"], "language": script["language"], "entry": entry}
    if others:
        facts["files"] = sorted(others)
    facts |= {name: script[name] for name in UNSET if name != "parameters"}
    facts |= {name: _bare(script[name]) for name in MORE if name in script and _bare(script[name]) != MORE[name]}
    if facts["timeout_s"] is not None and float(facts["timeout_s"]).is_integer():
        facts["timeout_s"] = int(facts["timeout_s"])
    lines = [f"{name} = {_toml(value)}" for name, value in facts.items() if value is not None]
    for parameter in script["parameters"]:
        lines += ["", "[[parameters]]", *_parameter(parameter)]
    return {MANIFEST: ("\n".join(lines) + "\n").encode(), entry: script["code"].encode(), **others}


def folder_name(name: str, taken: Iterable[str] = ()) -> str:
    """Return a folder's name for a script's: letters and digits of any alphabet, the rest as hyphens."""
    made = base = re.sub(r"[^\w.]+", "-", name, flags=re.UNICODE).strip("-.").lower() or "script"
    number, taken = 2, set(taken)
    while made in taken:
        made, number = f"{base}-{number}", number + 1
    return made


def _bare(value: Any) -> Any:
    """Return a value without what is null in it: TOML has none, and leaving it out means the same."""
    if isinstance(value, Mapping):
        return {key: _bare(inner) for key, inner in value.items() if inner is not None}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value


def _parameter(parameter: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in parameter.items():
        if value is None or (value in ("", []) and name != "default"):
            continue
        if name == "default" and not _carried(value):
            lines.append(f"{AS_JSON} = {_toml(json.dumps(value, ensure_ascii=False))}")
        else:
            lines.append(f"{name} = {_toml(value)}")
    return lines


def _carried(value: Any) -> bool:
    """Whether TOML can hold a JSON value: it has no null."""
    if isinstance(value, dict):
        return all(map(_carried, value.values()))
    if isinstance(value, list):
        return all(map(_carried, value))
    return value is not None


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items() if item is not None)
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _toml(key)
