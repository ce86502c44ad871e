"""Scripts as files: the code, and beside it a ``script.toml`` with everything else.

A folder holds one script; ``entry`` names the file with its code. Writing a script and reading it back gives the
same script.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runyard.cli.errors import Misuse, Trouble

MANIFEST = "script.toml"
LANGUAGES = {".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".sh": "shell"}
FIELDS = ("name", "language", "description", "tags", "requirements", "timeout_s", "network", "parameters")
_IGNORED = frozenset({"entry", "description_zh"})
_UNSET: dict[str, Any] = {
    "description": "",
    "tags": [],
    "requirements": [],
    "timeout_s": None,
    "network": True,
    "parameters": [],
}
_AS_JSON = "default_json"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A script on disk: what it is called, its code, and what its manifest says (None without one)."""

    path: Path
    name: str
    language: str
    code: str
    manifest: dict[str, Any] | None
    unknown: tuple[str, ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        """Everything that this source decides: all fields with a manifest, name, language and code without."""
        return {**(self.manifest or {}), "name": self.name, "language": self.language, "code": self.code}


def read(path: Path) -> Source:
    """Read a script from its file, or from its folder; raises Misuse, UnusableManifest."""
    if path.is_dir():
        return _read_folder(path)
    language = LANGUAGES.get(path.suffix.lower())
    if language is None:
        raise Misuse(f"{path} is none of Runyard's languages: {', '.join(sorted(LANGUAGES))}.")
    beside = path.parent / MANIFEST
    if beside.is_file():
        facts = _facts(beside)
        if facts.get("entry") == path.name:
            return _source(beside, facts)
    return Source(path, path.stem, language, _text(path), None)


def folders(path: Path) -> list[Path]:
    """Return `path` if it holds a script, else the folders in it that do."""
    if path.is_file() or (path / MANIFEST).is_file():
        return [path]
    return sorted(found.parent for found in path.glob(f"*/{MANIFEST}"))


def files(script: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the two files of a script as the API gives it: name → content."""
    from runyard.environments.entry import entry_name

    entry = entry_name(script["language"], script["code"])
    facts = {"name": script["name"], "language": script["language"], "entry": entry}
    facts |= {name: script[name] for name in _UNSET if name != "parameters"}
    if facts["timeout_s"] is not None and float(facts["timeout_s"]).is_integer():
        facts["timeout_s"] = int(facts["timeout_s"])
    lines = [f"{name} = {_toml(value)}" for name, value in facts.items() if value is not None]
    for parameter in script["parameters"]:
        lines += ["", "[[parameters]]", *_parameter(parameter)]
    return {MANIFEST: ("\n".join(lines) + "\n").encode(), entry: script["code"].encode()}


def folder_name(name: str) -> str:
    """Return a folder's name for a script's: letters and digits of any alphabet, the rest as hyphens."""
    return re.sub(r"[^\w.]+", "-", name, flags=re.UNICODE).strip("-.").lower() or "script"


class UnusableManifest(Trouble):
    """The script's manifest can't be used."""


def _read_folder(folder: Path) -> Source:
    manifest = folder / MANIFEST
    if manifest.is_file():
        return _source(manifest, _facts(manifest))
    raise Misuse(f"{folder} holds no {MANIFEST}.", hint="Name a file with code, or a folder that has one.")


def _facts(manifest: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(manifest))
    except tomllib.TOMLDecodeError as error:
        raise UnusableManifest(f"{manifest} is not TOML: {error}.") from error


def _source(manifest: Path, facts: dict[str, Any]) -> Source:
    entry = facts.get("entry")
    if not isinstance(entry, str) or not entry or Path(entry).name != entry:
        raise UnusableManifest(f'{manifest} must name the file with the code beside it: entry = "main.py".')
    path = manifest.parent / entry
    language = facts.get("language") or LANGUAGES.get(path.suffix.lower())
    if not isinstance(language, str):
        raise UnusableManifest(f"{manifest} must say the language: python, javascript or shell.")
    body = {**_UNSET, **{name: facts[name] for name in FIELDS if name in facts}}
    body["parameters"] = [_definition(manifest, parameter) for parameter in body["parameters"]]
    unknown = tuple(sorted(set(facts) - set(FIELDS) - _IGNORED))
    return Source(path, str(body.get("name") or manifest.parent.name), language, _text(path), body, unknown)


def _definition(manifest: Path, parameter: Any) -> dict[str, Any]:
    if not isinstance(parameter, dict):
        raise UnusableManifest(f"{manifest}: every parameter is a table, [[parameters]].")
    found = dict(parameter)
    if _AS_JSON in found:
        try:
            found["default"] = json.loads(found.pop(_AS_JSON))
        except (TypeError, ValueError) as error:
            raise UnusableManifest(f"{manifest}: {_AS_JSON} of {found.get('key')} is not JSON: {error}.") from error
    return found


def _text(path: Path) -> str:
    try:
        # Line ends stay as they are.
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Misuse(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is not UTF-8 text.") from error


def _parameter(parameter: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in parameter.items():
        if value is None or (value in ("", []) and name != "default"):
            continue
        if name == "default" and not _carried(value):
            lines.append(f"{_AS_JSON} = {_toml(json.dumps(value, ensure_ascii=False))}")
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
