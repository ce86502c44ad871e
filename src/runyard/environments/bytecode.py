"""Bytecode of Python packages, compiled once for each wheel and linked into every environment that holds it.

A read-only environment never heals itself, so the bytecode is never checked against its source. What is kept belongs to
a wheel whose hash the installer has verified; it is compiled by the base interpreter without any of the
environment's own start-up files.
"""

import contextlib
import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from packaging.utils import canonicalize_name

from runyard import ids
from runyard.environments.interpreters import Interpreter
from runyard.environments.locks import hashes_of

COMPILE = """
import json, os, py_compile, sys
from concurrent.futures import ProcessPoolExecutor

def one(job):
    source, target, shown = job
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, target, shown, doraise=True, invalidation_mode=mode)
    except Exception:
        pass

if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    if len(jobs) < 40:
        for job in jobs:
            one(job)
    else:
        with ProcessPoolExecutor() as pool:
            list(pool.map(one, jobs, chunksize=16))
"""
_DONE = ".done"


class Job(Struct, frozen=True):
    """A source file, where its bytecode is kept, and where it is wanted."""

    source: str
    kept: str
    wanted: str


class BytecodeStore:
    """Bytecode by interpreter and wheel below one directory that only we write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def link(self, environment: Path, interpreter: Interpreter, lock_text: str) -> "Missing":
        """Link the bytecode that is kept into an environment; return what has to be compiled first."""
        suffix = _suffix(interpreter)
        hashes = hashes_of(lock_text)
        missing = Missing([], [])
        for info in environment.glob("lib/python*/site-packages/*.dist-info"):
            kept = self._folder / _digest(interpreter.identity) / _key(info, hashes)
            jobs = list(_jobs(info, kept, suffix))
            if (kept / _DONE).exists():
                os.utime(kept)
                _link(jobs)
            else:
                missing.jobs.extend(jobs)
                missing.folders.append(kept)
        return missing

    def settle(self, missing: "Missing") -> None:
        """Link what has been compiled, and keep it for the next environment."""
        for folder in missing.folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / _DONE).touch()
        _link(missing.jobs)

    def sweep(self, before: datetime) -> None:
        """Remove what no environment was built with since `before`; environments keep what they were linked."""
        for folder in self._folder.glob("*/*"):
            # Another process may sweep at the same time.
            with contextlib.suppress(FileNotFoundError):
                if folder.stat().st_mtime < before.timestamp():
                    doomed = folder.with_name(ids.new("del"))
                    folder.rename(doomed)
                    shutil.rmtree(doomed, ignore_errors=True)


class Missing(Struct, frozen=True):
    """What is to be compiled, and the folders that are complete then."""

    jobs: list[Job]
    folders: list[Path]

    def as_json(self) -> str:
        """Return what `COMPILE` reads."""
        return json.dumps([(job.source, job.kept, os.path.basename(job.source)) for job in self.jobs])  # noqa: PTH119


def _key(info: Path, hashes: dict[str, tuple[str, ...]]) -> str:
    """Return what names a verified wheel: all hashes that its lock allows, and which of the files it says it is."""
    name, _, version = info.name.removesuffix(".dist-info").partition("-")
    try:
        tags = sorted(line for line in (info / "WHEEL").read_text().splitlines() if line.startswith(("Tag:", "Build:")))
    except OSError:
        tags = []
    return _digest(json.dumps([name, version, hashes.get(canonicalize_name(name), ()), tags]))


def _jobs(info: Path, kept: Path, suffix: str) -> Iterator[Job]:
    site = str(info.parent)
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as file:
            names = [row[0] for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error):
        return
    for name in names:
        if not name.endswith(".py") or name.startswith("/") or ".." in name.split("/"):
            continue
        folder, _, base = name.rpartition("/")
        place = f"{folder}/__pycache__/{base[:-3]}.{suffix}.pyc" if folder else f"__pycache__/{base[:-3]}.{suffix}.pyc"
        yield Job(f"{site}/{name}", f"{kept}/{place}", f"{site}/{place}")


def _link(jobs: list[Job]) -> None:
    made: set[str] = set()
    for job in jobs:
        folder = job.wanted.rpartition("/")[0]
        try:
            if folder not in made:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - thousands of them
                made.add(folder)
            os.link(job.kept, job.wanted)
        except OSError:
            # Not compilable, or there already: the source serves as well.
            continue


def _suffix(interpreter: Interpreter) -> str:
    major, minor = interpreter.version.split(".")[:2]
    return f"{interpreter.implementation.lower()}-{major}{minor}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
