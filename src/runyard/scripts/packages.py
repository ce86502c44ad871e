"""What was sent to be imported, understood: exported scripts, folders with a manifest, a project, one file. Pure."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct, field

from runyard.scripts import archives, trees
from runyard.scripts.detection import frameworks
from runyard.scripts.detection.frameworks import SCRAPY_ENTRY, Framework
from runyard.scripts.manifest import AS_JSON, FIELDS, MANIFEST

FORMAT = "runyard-scripts"
FORMAT_VERSION = 1
MOST_SCRIPTS = 500
_ENDINGS = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".json", *trees.LANGUAGES})


class Package(Struct, frozen=True):
    """What was sent. Either whole `scripts`, as bodies of the API; or the `files` of a project, of which one is chosen.

    `entries` are those that could be started, the likeliest first.
    """

    name: str
    scripts: tuple[dict[str, Any], ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    entries: tuple[str, ...] = ()
    requirements: dict[str, list[str]] = field(default_factory=dict)
    frameworks: tuple[Framework, ...] = ()


def package(name: str, data: bytes) -> Package:
    """Return what a file of this name holds; raise `BadTree` with a sentence for what can't be taken."""
    base = PurePosixPath(name.replace("\\", "/")).name or "script"
    if archives.is_archive(base):
        files, executable = archives.unpacked(base, data)
        return project(_stem(base), files, executable)
    if base.lower().endswith(".json"):
        return Package(_stem(base), scripts=_exported(data))
    if PurePosixPath(base).suffix.lower() in trees.LANGUAGES:
        return Package(_stem(base), files={base: data}, entries=(base,), frameworks=_frameworks({base: data}))
    endings = ", ".join([*trees.LANGUAGES, ".json", ".zip", ".tar.gz"])
    raise archives.bad(f"{base} is nothing that can be imported; take a file that ends in {endings}.")


def project(name: str, files: Mapping[str, bytes], executable: frozenset[str] = frozenset()) -> Package:
    """Return what a folder holds: scripts with their manifests, or one project."""
    bare = trees.without_root(files)
    if bare.keys() != files.keys():
        executable = frozenset(path.partition("/")[2] for path in executable)
        name = next(iter(files)).partition("/")[0]
    manifests = [path for path in bare if path == MANIFEST or path.endswith(f"/{MANIFEST}")]
    if manifests:
        if len(manifests) > MOST_SCRIPTS:
            raise archives.bad(f"At most {MOST_SCRIPTS} scripts are taken at once.")
        return Package(name, scripts=tuple(_from_manifest(path, bare) for path in sorted(manifests)))
    found = _frameworks(bare)
    if any(item.name == "Scrapy" and item.spiders for item in found) and SCRAPY_ENTRY not in bare:
        config = next((path for path in sorted(bare, key=len) if path.rpartition("/")[2] == "scrapy.cfg"), None)
        if config is not None:
            bare = {**bare, SCRAPY_ENTRY: frameworks.scrapy_start(config.rpartition("/")[0] or ".").encode()}
    entries = trees.entries(bare)
    entries.sort(key=lambda path: path != SCRAPY_ENTRY)
    return Package(name, (), dict(bare), executable, tuple(entries), _requirements(bare), found)


def _stem(name: str) -> str:
    stem = name
    while PurePosixPath(stem).suffix.lower() in _ENDINGS:
        stem = PurePosixPath(stem).stem
    return stem or name


def text_of(path: str, data: bytes) -> str:
    """Return a file's text; raise `BadTree` for what is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise archives.bad(f"{path} is not UTF-8 text.") from error


def _exported(data: bytes) -> tuple[dict[str, Any], ...]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise archives.bad(f"The file is not JSON: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("scripts"), list):
        raise archives.bad("The JSON is no export of scripts.")
    if found.get("version") != FORMAT_VERSION:
        raise archives.bad(f"The export is of version {found.get('version')}; version {FORMAT_VERSION} is understood.")
    if len(found["scripts"]) > MOST_SCRIPTS or not all(isinstance(item, dict) for item in found["scripts"]):
        raise archives.bad(f"At most {MOST_SCRIPTS} scripts are taken at once.")
    return tuple(found["scripts"])


def _from_manifest(path: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    folder = path.removesuffix(MANIFEST)
    try:
        facts = tomllib.loads(text_of(path, files[path]))
    except tomllib.TOMLDecodeError as error:
        raise archives.bad(f"{path} is not TOML: {error}.") from error
    entry, others = facts.get("entry"), facts.get("files", [])
    if not isinstance(entry, str) or folder + entry not in files:
        raise archives.bad(f"{path} must name the file with the code: entry.")
    if not isinstance(others, list) or any(not isinstance(name, str) or folder + name not in files for name in others):
        raise archives.bad(f"{path} lists files that are not there.")
    body = {name: facts[name] for name in FIELDS if name in facts}
    body.setdefault("name", folder.rstrip("/").rpartition("/")[2] or "script")
    body.setdefault("language", trees.LANGUAGES.get(PurePosixPath(entry).suffix))
    body["code"] = text_of(folder + entry, files[folder + entry])
    for parameter in body.get("parameters", []):
        if isinstance(parameter, dict) and AS_JSON in parameter:
            try:
                parameter["default"] = json.loads(parameter.pop(AS_JSON))
            except (TypeError, ValueError) as error:
                raise archives.bad(f"{path}: {AS_JSON} is not JSON: {error}.") from error
    if others:
        body |= {"entry": entry, "files": [carried(name, files[folder + name]) for name in others]}
    return body


def carried(path: str, data: bytes, *, executable: bool = False) -> dict[str, Any]:
    """Return a file as JSON carries it."""
    from base64 import b64encode

    more = {"executable": True} if executable else {}
    try:
        return {"path": path, "text": data.decode("utf-8"), **more}
    except UnicodeDecodeError:
        return {"path": path, "base64": b64encode(data).decode(), **more}


def _frameworks(files: Mapping[str, bytes]) -> tuple[Framework, ...]:
    wanted = {path: data for path, data in files.items() if path.endswith(("scrapy.cfg", *trees.LANGUAGES))}
    return tuple(frameworks.look({path: data.decode("utf-8", "replace") for path, data in wanted.items()}))


def _requirements(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return what a project's own files ask for, by language."""
    found: dict[str, list[str]] = {}
    lines = files.get("requirements.txt", b"").decode("utf-8", "replace").splitlines()
    python = [line.partition(" #")[0].strip() for line in lines]
    python = [line for line in python if line and not line.startswith(("#", "-"))]
    try:
        declared = tomllib.loads(files.get("pyproject.toml", b"").decode("utf-8", "replace"))
        python += [item for item in declared.get("project", {}).get("dependencies", []) if isinstance(item, str)]
    except (tomllib.TOMLDecodeError, AttributeError):
        # What a broken file would ask for, nobody knows; the build of the environment shows what is missing.
        python += []
    try:
        node = json.loads(files.get("package.json", b"{}"))
        wanted = node.get("dependencies", {})
        javascript = [f"{name}@{version}" for name, version in wanted.items() if isinstance(version, str)]
    except (ValueError, AttributeError, RecursionError):
        javascript = []
    if python:
        found["python"] = list(dict.fromkeys(python))
    if javascript:
        found["javascript"] = javascript
    return found
