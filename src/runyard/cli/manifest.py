"""Scripts as files: the code, and beside it a ``script.toml`` with everything else.

A folder holds one script; ``entry`` names the file with its code. Writing a script and reading it back gives the
same script.
"""

import json
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runyard.cli.errors import Misuse, Trouble
from runyard.scripts.manifest import AS_JSON, FIELDS, LANGUAGES, MANIFEST, UNSET, folder_name, written

__all__ = ["FIELDS", "LANGUAGES", "MANIFEST", "files", "folder_name", "folders", "inside", "read"]
_IGNORED = frozenset({"entry", "files", "description_zh"})


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


def files(script: Mapping[str, Any], others: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return the manifest and the code of a script as the API gives it, and its other files: path → content."""
    return written(script, others)


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
    if not isinstance(entry, str) or not inside(entry) or ("/" in entry and not facts.get("files")):
        raise UnusableManifest(f'{manifest} must name the file with the code beside it: entry = "main.py".')
    path = manifest.parent / entry
    language = facts.get("language") or LANGUAGES.get(path.suffix.lower())
    if not isinstance(language, str):
        raise UnusableManifest(f"{manifest} must say the language: python, javascript, shell or sql.")
    body = {**UNSET, **{name: facts[name] for name in FIELDS if name in facts}}
    body["parameters"] = [_definition(manifest, parameter) for parameter in body["parameters"]]
    others = facts.get("files")
    if others is not None:
        if not isinstance(others, list) or not all(isinstance(name, str) and inside(name) for name in others):
            raise UnusableManifest(f'{manifest} must list files below it: files = ["pack/words.py"].')
        body |= {"entry": entry, "files": [_content(manifest.parent, name) for name in others]}
    unknown = tuple(sorted(set(facts) - set(FIELDS) - _IGNORED))
    return Source(path, str(body.get("name") or manifest.parent.name), language, _text(path), body, unknown)


def _definition(manifest: Path, parameter: Any) -> dict[str, Any]:
    if not isinstance(parameter, dict):
        raise UnusableManifest(f"{manifest}: every parameter is a table, [[parameters]].")
    found = dict(parameter)
    if AS_JSON in found:
        try:
            found["default"] = json.loads(found.pop(AS_JSON))
        except (TypeError, ValueError) as error:
            raise UnusableManifest(f"{manifest}: {AS_JSON} of {found.get('key')} is not JSON: {error}.") from error
    return found


def inside(name: str) -> bool:
    """Whether a name leads to a place below the folder that it is looked for in."""
    parts = name.split("/")
    return bool(name) and "\\" not in name and not any(part in {"", ".", ".."} for part in parts)


def _content(folder: Path, name: str) -> dict[str, Any]:
    """Return a file of a project as the API takes it."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise Misuse(f"{folder / name} can't be read: {error.strerror}.") from error
    try:
        return {"path": name, "text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"path": name, "base64": b64encode(data).decode()}


def _text(path: Path) -> str:
    try:
        # Line ends stay as they are.
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Misuse(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is not UTF-8 text.") from error
