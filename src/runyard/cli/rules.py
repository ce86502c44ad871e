"""What is laid down about runs, from a terminal: limits of a project, a queue or everything, bounds, and retention."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Machine, Project, group
from runyard.cli.output import as_json, brief, note, size, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Lay down how many runs go at once, what submits may ask for, and how long runs are kept.")

BUSY = ("queue", "skip", "cancel_previous")
NO = "none"


@app.command()
def show(project: Project = "default", machine: Machine = False) -> None:
    """Show what a project lays down about its runs."""
    from runyard.cli.client import Server

    found = Server.current().get(_policy(project))
    if machine:
        as_json(found)
        return
    bounds, kept = found["bounds"], found["retention"]
    print(f"at once: {_limit(found['concurrency'])}")
    print(f"longest timeout: {_or(bounds['timeout_s'], ' s')}")
    print(f"highest priority: {_or(bounds['priority'])}")
    print(f"queues: {', '.join(bounds['queues']) if bounds['queues'] is not None else 'any'}")
    for name, most in bounds["limits"].items():
        print(f"most {name}: {_or(most)}")
    if kept is None:
        print("runs are kept as the installation says")
        return
    print(f"runs are kept for: {_or(kept['max_age_days'], ' days')}")
    print(f"runs kept: {_or(kept['max_runs'])}")
    print(f"their files and logs: {_or(kept['max_size_mb'], ' MB')}")
    print(f"archived before they go: {'yes' if kept['archive'] else 'no'}")


@app.command("set")
def set_(
    project: Project = "default",
    at_once: Annotated[str | None, typer.Option(help="How many runs go at once, or `none`.")] = None,
    when_busy: Annotated[str | None, typer.Option(help=f"What one more does: {', '.join(BUSY)}.")] = None,
    longest: Annotated[str | None, typer.Option(help="The longest timeout of a submit, such as 2h, or `none`.")] = None,
    priority: Annotated[str | None, typer.Option(help="The highest priority of a submit, or `none`.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="A queue that submits may name; repeatable; `none`.")] = None,
    most: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a limit, such as memory_mb=512.")] = None,
    keep_days: Annotated[str | None, typer.Option(help="For how many days runs are kept, or `none`.")] = None,
    keep_runs: Annotated[str | None, typer.Option(help="How many runs are kept, or `none`.")] = None,
    keep_mb: Annotated[str | None, typer.Option(help="How many MB runs may take, or `none`.")] = None,
    archive: Annotated[bool | None, typer.Option(help="Write runs to a file before they are removed.")] = None,
    inherit: Annotated[bool, typer.Option("--as-installation", help="Keep runs as the installation says.")] = False,
) -> None:
    """Lay down rules of a project; what is not named stays, `none` lifts a rule."""
    from runyard.cli.client import Server
    from runyard.cli.values import pairs, seconds

    server = Server.current()
    policy = server.get(_policy(project))
    bounds = policy["bounds"]
    policy["concurrency"] = _changed(policy["concurrency"], at_once, when_busy)
    if longest is not None:
        bounds["timeout_s"] = None if longest == NO else seconds(longest)
    if priority is not None:
        bounds["priority"] = _whole("--priority", priority)
    if queue:
        bounds["queues"] = None if queue == [NO] else queue
    for name, value in pairs(most or (), "limit").items():
        bounds["limits"][name] = _figure(f"--most {name}", value)
    kept = {
        name: value
        for name, value in (
            ("max_age_days", _figure("--keep-days", keep_days) if keep_days is not None else ...),
            ("max_runs", _whole("--keep-runs", keep_runs) if keep_runs is not None else ...),
            ("max_size_mb", _whole("--keep-mb", keep_mb) if keep_mb is not None else ...),
            ("archive", archive if archive is not None else ...),
        )
        if value is not ...
    }
    if inherit and kept:
        raise Misuse("--as-installation leaves no rule of keeping to the project; leave the others out.")
    if inherit:
        policy["retention"] = None
    elif kept:
        policy["retention"] = {**(policy["retention"] or {}), **kept}
    server.ask("PUT", _policy(project), json=policy)
    show(project=project)


@app.command()
def installation(
    at_once: Annotated[str | None, typer.Option(help="How many runs go at once in all, or `none`.")] = None,
    when_busy: Annotated[str | None, typer.Option(help=f"What one more does: {', '.join(BUSY)}.")] = None,
    queue: Annotated[str, typer.Option(help="Set the limit of this queue, not that of everything.")] = "",
    machine: Machine = False,
) -> None:
    """Show the limits that hold for all projects together, or lay one down; for administrators."""
    from runyard.cli.client import Server

    server = Server.current()
    found = server.get("/run-limits")
    if at_once is not None or when_busy is not None:
        if queue:
            old = next((one for one in found["queues"] if one["queue"] == queue), {"queue": queue, "limit": None})
            others = [one for one in found["queues"] if one["queue"] != queue]
            found["queues"] = [*others, _changed(old, at_once, when_busy)]
        else:
            found["installation"] = _changed(found["installation"], at_once, when_busy)
        found = server.ask("PUT", "/run-limits", json=found)
    if machine:
        as_json(found)
        return
    if not queue:
        print(f"at once: {_limit(found['installation'])}")
    for one in found["queues"]:
        if queue in ("", one["queue"]):
            print(f"queue {one['queue']}: {_limit(one)}")


@app.command()
def archives(
    get: Annotated[str, typer.Option("--get", metavar="NAME", help="Fetch one.")] = "",
    out: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; its name here by default.")] = None,
    project: Project = "default",
    machine: Machine = False,
) -> None:
    """List the files of a project's removed runs, or fetch one: gzipped JSON, one run a line."""
    from runyard.cli.client import Server

    server = Server.current()
    path = f"/projects/{quote(project, safe='')}/run-archives"
    if get:
        _fetch(server, f"{path}/{quote(get, safe='')}", out or Path(Path(get).name))
        return
    found = server.get(path)["items"]
    if machine:
        as_json(found)
    elif found:
        rows = [(one["name"], size(one["size"]), brief(one["modified_at"])) for one in found]
        table(("ARCHIVE", "SIZE", "CHANGED"), rows, flexible="ARCHIVE")
    else:
        print("No run has been archived.", file=sys.stderr)


def _fetch(server: "Server", path: str, target: Path) -> None:
    with server.opened("GET", path) as response:
        content = response.read()
    try:
        target.write_bytes(content)
    except OSError as error:
        raise Trouble(f"{target} can't be written: {error.strerror}.") from error
    note(f"{target} ({size(len(content))})")


def _policy(project: str) -> str:
    return f"/projects/{quote(project, safe='')}/run-policy"


def _changed(limit: dict[str, Any], at_once: str | None, when_busy: str | None) -> dict[str, Any]:
    changed = dict(limit)
    if at_once is not None:
        changed["limit"] = _whole("--at-once", at_once)
    if when_busy is not None:
        policy = when_busy.replace("-", "_")
        if policy not in BUSY:
            raise Misuse(f"{when_busy!r} can't be done; there are {', '.join(BUSY)}.")
        changed["policy"] = policy
    return changed


def _whole(option: str, text: str) -> int | None:
    """Return a whole number, or None for `none`. Raises Misuse."""
    if text == NO:
        return None
    try:
        return int(text)
    except ValueError:
        raise Misuse(f"{option} takes a whole number or none, not {text!r}.") from None


def _figure(option: str, text: str) -> float | None:
    """Return a number, whole if it was written so, or None for `none`. Raises Misuse."""
    if text == NO:
        return None
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise Misuse(f"{option} takes a number or none, not {text!r}.") from None


def _limit(limit: dict[str, Any]) -> str:
    if limit["limit"] is None:
        return "no limit"
    return f"{limit['limit']}, one more: {limit['policy'].replace('_', ' ')}"


def _or(value: float | None, unit: str = "") -> str:
    return "no limit" if value is None else f"{value:g}{unit}"
