"""Finding what a name or an id on the command line means."""

import difflib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from runyard.cli.client import Server
from runyard.cli.errors import NothingFound, Refused

FORBIDDEN, MISSING = 403, 404
_SCRIPT_ID = re.compile(r"scr_[0-9A-Za-z]+")
_JOB_ID = re.compile(r"job_[0-9A-Za-z]+")
_CLOSE = 3
_TOLD = 5


def script(server: Server, name: str, project: str) -> dict[str, Any]:
    """Return the script of this id or exactly this name, whole; raise `NothingFound` with names that are close."""
    found = named(server, name, project)
    if found is not None:
        return found
    names = (item["name"] for item in server.items("/scripts", {"project": project, "sort": "name"}, most=2000))
    raise NothingFound(f"There is no script {name!r} in project {project!r}.", hint=_hint(name, names, "scripts"))


def named(server: Server, name: str, project: str, kind: str = "script") -> dict[str, Any] | None:
    """Return the script of this id or exactly this name, whole; None if there is none."""
    if _SCRIPT_ID.fullmatch(name):
        try:
            whole: dict[str, Any] = server.get(f"/scripts/{quote(name, safe='')}")
        except Refused as refused:
            if refused.status != MISSING:
                raise
        else:
            return whole
    # Words of a search all have to be there, so the very name is among what is found.
    for item in server.items("/scripts", {"project": project, "kind": kind, "q": name[:200]}):
        if item["name"] == name:
            found: dict[str, Any] = server.get(f"/scripts/{item['id']}")
            return found
    return None


def job(server: Server, name: str, project: str) -> dict[str, Any]:
    """Return the job of this id or exactly this name, whole; raise `NothingFound` with names that are close."""
    if _JOB_ID.fullmatch(name):
        try:
            whole: dict[str, Any] = server.get(f"/jobs/{name}")
        except Refused as refused:
            if refused.status != MISSING:
                raise
        else:
            return whole
    for item in server.items("/jobs", {"project": project, "q": name[:200]}):
        if item["name"] == name:
            return dict(item)
    names = (item["name"] for item in server.items("/jobs", {"project": project, "sort": "name"}, most=2000))
    raise NothingFound(f"There is no job {name!r} in project {project!r}.", hint=_hint(name, names, "jobs"))


def using(server: Server, what: dict[str, str]) -> str:
    """Return in words which jobs meet a condition; nothing where there are none, or none that one may see."""
    try:
        names = [item["name"] for item in server.items("/jobs", what, most=_TOLD + 1)]
    except Refused as refused:
        if refused.status != FORBIDDEN:
            raise
        return ""
    shown = ", ".join(map(repr, names[:_TOLD]))
    return f"{shown} and others" if len(names) > _TOLD else shown


def _hint(name: str, names: Iterable[str], kind: str) -> str:
    folded = {other.casefold(): other for other in names}
    close = [folded[other] for other in difflib.get_close_matches(name.casefold(), folded, _CLOSE, 0.5)]
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else f"`runyard {kind} list` shows what there is."


def run_id(text: str) -> str:
    """Return a run's id as it goes into a path."""
    return quote(text.strip(), safe="")
