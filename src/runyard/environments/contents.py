"""How large each package of an environment is. Reads what installers leave behind; follows no links."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

_MODULES = "node_modules"
Sizes = dict[str, int]
"""Bytes by name of the package, without bytecode that was compiled afterwards."""


def python_sizes(environment: Path) -> Sizes:
    """Return the sizes of Python packages, as their RECORD files list them; by normalised name."""
    sizes: Sizes = {}
    for record in environment.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        name = canonicalize_name(record.parent.name.removesuffix(".dist-info").partition("-")[0])
        try:
            with record.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if row]
        except (OSError, ValueError, csv.Error):
            continue
        site = record.parent.parent
        sizes[name] = sizes.get(name, 0) + sum(_listed(site, row) for row in rows)
    return sizes


def node_sizes(environment: Path) -> Sizes:
    """Return the sizes of npm packages, all copies of one together."""
    sizes: Sizes = {}
    for name, folder in _node_packages(environment / _MODULES):
        sizes[name] = sizes.get(name, 0) + _measure(folder)
    return sizes


def conda_sizes(environment: Path) -> Sizes:
    """Return the sizes of conda packages, as their records list the files."""
    sizes: Sizes = {}
    for record in (environment / "conda-meta").glob("*.json"):
        try:
            told = json.loads(record.read_text())
            files = [path for path in told["files"] if isinstance(path, str)]
            sizes[str(told["name"])] = sum(_size(environment, path) for path in files)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sizes


def _listed(site: Path, row: list[str]) -> int:
    if len(row) > 2 and row[2].isdecimal():  # noqa: PLR2004 - path, hash, size
        return int(row[2])
    return _size(site, row[0])


def _size(folder: Path, name: str) -> int:
    try:
        return os.lstat(folder / name).st_size
    except (OSError, ValueError):
        return 0


def _node_packages(modules: Path) -> Iterator[tuple[str, Path]]:
    try:
        entries = sorted(os.scandir(modules), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            continue
        found = [(entry.name, Path(entry.path))]
        if entry.name.startswith("@"):
            inner = [path for path in Path(entry.path).iterdir() if path.is_dir() and not path.is_symlink()]
            found = [(f"{entry.name}/{path.name}", path) for path in inner]
        for name, folder in found:
            yield name, folder
            yield from _node_packages(folder / _MODULES)


def _measure(folder: Path) -> int:
    """Return the bytes of a package, without the packages that lie within it."""
    total = 0
    stack = [str(folder)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_size
                elif entry.name != _MODULES:
                    stack.append(entry.path)
    return total
