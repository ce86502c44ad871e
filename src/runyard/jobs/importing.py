"""What an import makes of the schedules of other systems: one shell script and one job for each command. Pure."""

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import count, groupby
from pathlib import PurePosixPath
from typing import Any, TypeVar

from msgspec import Struct

from runyard.errors import FieldError, Invalid
from runyard.jobs import crontabs, github_steps
from runyard.jobs.crontabs import Carried, Imported, LeftOut

T = TypeVar("T")
LONGEST_TEXT = 1_000_000
LONGEST_YAML = 200_000
MOST_IMPORTED = 500
LONGEST_COMMAND = 100_000
_LONGEST_NAME = 100
_DEEPEST = 50
_INTERPRETERS = re.compile(r"(python|pypy|node|php|perl|ruby|bash|sh|zsh|ksh|java|deno|bun|task|source|\.)[\d.]*")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_CD = re.compile(r"\s*cd\s+[^;&|]+(?:&&|;)\s*")
_QINGLONG = re.compile(r"\s*(task|ql)\s")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Kind(StrEnum):
    """Where schedules come from."""

    crontab = "crontab"
    cron_d = "cron_d"
    github = "github"
    qinglong = "qinglong"


class UnreadableSchedules(Invalid):
    """The schedules can't be read."""

    code = "invalid_import"


class Planned(Struct, frozen=True):
    """A job that an import makes, and the script that it runs; `entries` are what of the import it carries."""

    name: str
    code: str
    entries: tuple[Carried, ...]
    enabled: bool


def read(kind: Kind, text: str, timezone: str) -> Imported:
    """Return what a text of that kind holds; raise `UnreadableSchedules`."""
    if kind in {Kind.crontab, Kind.cron_d}:
        found = crontabs.crontab(text, timezone, with_users=kind is Kind.cron_d)
    elif kind is Kind.github:
        found = crontabs.github_workflow(_yaml(text))
    else:
        found = crontabs.qinglong(_items(text), timezone)
    return _carriable(found)


def plan(
    kind: Kind, text: str, chosen: Sequence[Carried], taken: Collection[str], *, prefix: str = ""
) -> list[Planned]:
    """Return the jobs that chosen entries make; names are those of nobody else."""
    names = set(taken)
    steps = github_steps.script(_yaml(text)) if kind is Kind.github else None
    planned = []
    for _, group in groupby(chosen, _of_one):
        entries = tuple(group)
        first = entries[0]
        name = _free(f"{prefix}{_name(first)}"[:_LONGEST_NAME].strip() or "imported", names)
        names.add(name)
        code = steps.code if steps else _code(kind, first)
        # What lacks a part of its steps does not begin by running without it.
        enabled = first.enabled and not (steps and steps.left_out)
        planned.append(Planned(name, code, entries, enabled))
    return planned


def notes(kind: Kind, text: str, entry: Carried) -> list[str]:
    """Return what of an entry is not carried."""
    found = list(entry.notes)
    if kind is Kind.github:
        found = list(github_steps.script(_yaml(text)).left_out)
    if kind is Kind.qinglong and (own := _QINGLONG.match(entry.command)):
        found.append(f"{own[1]} is a command of QingLong's own; name the script's interpreter in its place")
    return found


def _carriable(found: Imported) -> Imported:
    """Return it with what no script may hold among what is left out."""
    carried, left_out = [], list(found.left_out)
    for entry in found.carried:
        texts = (entry.command, entry.stdin or "", *entry.environment.values())
        if any("\0" in text for text in texts):
            left_out.append(LeftOut(entry.at, entry.cron.text, "its command holds a NUL character"))
        elif len(entry.cron.text) > _LONGEST_NAME * 5 or sum(map(len, texts)) > LONGEST_COMMAND:
            left_out.append(LeftOut(entry.at, entry.cron.text[:200], "it is longer than can be kept"))
        else:
            carried.append(entry)
    if len(carried) > MOST_IMPORTED:
        raise _unreadable(f"At most {MOST_IMPORTED} schedules are taken at once; there are {len(carried)}.")
    return Imported(tuple(carried), tuple(left_out))


def _of_one(entry: Carried) -> str:
    """Return what entries of one job have in common: a line of a crontab, an item of a list, a workflow."""
    return entry.at.partition(".")[0]


def _yaml(text: str) -> Mapping[Any, Any]:
    return yaml_of(text, "workflow", LONGEST_YAML)


def yaml_of(text: str, what: str, longest: int) -> Mapping[Any, Any]:
    """Return the mapping that a text is; nothing in it is followed or made. Raises: UnreadableSchedules."""
    # Few installations ever read YAML.
    import yaml

    if len(text) > longest:
        raise _unreadable(f"A {what} has at most {longest} characters.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        deep = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise _unreadable(f"The {what} uses YAML aliases, which are not read.")
            deep += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if deep > _DEEPEST:
                raise _unreadable(f"The {what} is nested too deeply.")
        found = yaml.load(text, Loader=loader)  # noqa: S506 - either loader is a safe one
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(f"It is not YAML: {_CONTROL.sub(' ', str(error))[:300]}.") from error
    if not isinstance(found, Mapping):
        raise _unreadable(f"It is no {what}: a YAML mapping is needed.")
    return found


def _items(text: str) -> list[object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"It is not JSON: {str(error)[:300]}.") from error
    # An answer of its API has the list within `data`, and there once more.
    while isinstance(found, dict) and "data" in found:
        found = found["data"]
    if not isinstance(found, list):
        raise _unreadable("It is no export of QingLong: a JSON list of jobs is needed.")
    return found


def _unreadable(sentence: str) -> UnreadableSchedules:
    return UnreadableSchedules(sentence, fields=[FieldError("text", sentence, UnreadableSchedules.code)])


def _code(kind: Kind, entry: Carried) -> str:
    """Return a script that does what a cron does with an entry: its settings, its command as written, its input."""
    source = {Kind.crontab: "a crontab", Kind.cron_d: "cron.d", Kind.qinglong: "QingLong"}[kind]
    lines = ["#!/usr/bin/env bash", f"# From {source}, {entry.at}: {_CONTROL.sub(' ', entry.cron.text)}"]
    # A cron takes its settings as they are: nothing in them is expanded.
    lines += [f"export {key}={shlex.quote(value)}" for key, value in entry.environment.items()]
    if entry.stdin is not None:
        mark = _mark(entry.stdin)
        lines += [f"exec <<'{mark}'", entry.stdin, mark]
    return "\n".join([*lines, entry.command, ""])


def _mark(text: str) -> str:
    """Return a word that ends the input: none of its lines."""
    lines = set(text.splitlines())
    return next(mark for number in count() if (mark := f"INPUT{number or ''}") not in lines)


def _name(entry: Carried) -> str:
    """Return what an entry is called, or what its command starts."""
    if entry.name.strip():
        return _CONTROL.sub(" ", entry.name).strip()
    command = entry.command
    while begun := _CD.match(command):
        command = command[begun.end() :]
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    named = [word for word in words if not _ASSIGNED.match(word)]
    while len(named) > 1 and _INTERPRETERS.fullmatch(PurePosixPath(named[0]).name):
        named = [word for word in named[1:] if not word.startswith("-")] or named[:1]
    return _CONTROL.sub(" ", PurePosixPath(named[0]).name if named else "").strip()


def _free(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(other for number in count(2) if (other := f"{name} {number}") not in taken)


def picked(entries: Sequence[T], indexes: Iterable[int] | None) -> list[T]:
    """Return the entries of those numbers, all where none are given; raise `UnreadableSchedules`."""
    if indexes is None:
        return list(entries)
    wanted = sorted(set(indexes))
    if wanted and wanted[-1] >= len(entries):
        sentence = f"There is no entry {wanted[-1]}; they are numbered from 0 to {len(entries) - 1}."
        raise UnreadableSchedules(sentence, fields=[FieldError("entries", sentence, UnreadableSchedules.code)])
    return [entries[index] for index in wanted]
