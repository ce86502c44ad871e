"""Jobs into files and out of them, and schedules of other systems: taken over, compared, and cut over."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.job_times import app
from runyard.cli.job_wishes import Name
from runyard.cli.options import Machine, Project
from runyard.cli.output import as_json, local, note, table, visible

__all__ = ["app"]
KINDS = ("crontab", "cron_d", "github", "qinglong", "runyard")
BEGINS = ("shadow", "enabled", "disabled")
_OWN = re.compile(r"[\s\S]*\bformat\b\W+runyard-jobs\b")
_SHOWN = 20
_MS = 1000


@app.command("export")
def export(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Names or ids; without, all.")] = None,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    form: Annotated[str, typer.Option("--format", help="yaml or json; told by the file's name.")] = "",
    project: Project = "default",
) -> None:
    """Write jobs with their triggers and blackout calendars into a file that `import` takes; no secret is in it."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if form not in {"", "yaml", "json"}:
        raise Misuse(f"--format {form!r}: there are yaml and json.")
    server = Server.current()
    asked = {
        "project": project,
        "format": form or ("json" if out is not None and out.suffix.lower() == ".json" else "yaml"),
        "job_id": [lookup.job(server, name, project)["id"] for name in names or []],
    }
    with server.opened("GET", "/jobs/export", params=asked) as response:
        text = response.read().decode()
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with out.expanduser().open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Misuse(f"{out} can't be written: {error.strerror}.") from error
    note(f"Written to {out}.")


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A crontab, a file of cron.d, a workflow, or an export of QingLong or of `jobs export`.",
        ),
    ],
    kind: Annotated[str, typer.Option("--kind", help=f"One of {', '.join(KINDS)}; told by the file's name.")] = "",
    timezone: Annotated[str, typer.Option("--timezone", help="The zone it went by; this machine's by default.")] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Make the scripts and jobs; without it, only say which.")
    ] = False,
    begin: Annotated[str, typer.Option("--begin", help="How the jobs begin: shadow, enabled or disabled.")] = "shadow",
    only: Annotated[str, typer.Option("--only", metavar="N,N", help="Only the entries of these numbers.")] = "",
    folder: Annotated[str, typer.Option("--folder", help="The folder that the scripts go into.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Tag the scripts; repeatable.")] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="What the names begin with.")] = "",
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Make jobs of another system's schedules or of `jobs export`; what can't be carried is listed.

    Jobs begin in shadow: they start nothing, and can be compared with the other system until it is switched off.
    """
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import here

    if begin not in BEGINS:
        raise Misuse(f"--begin {begin!r}: there are {', '.join(BEGINS)}.")
    known, text = _known(kind, file)
    body: dict[str, Any] = {
        "kind": known,
        "text": text,
        "timezone": timezone or here(),
        "project": project,
        "apply": apply,
        "begin": begin,
        "prefix": prefix,
        "tags": tag or [],
    }
    if only:
        body["entries"] = _numbers(only)
    if folder:
        body["folder"] = folder
    done = Server.current().post("/jobs/import", body)
    if machine:
        as_json(done)
        return
    _say_taken(done)
    jobs = len({one["job_id"] for one in done["items"] if one["job_id"]})
    note(f"Made {jobs} job{'' if jobs == 1 else 's'}." if apply else "Nothing was made; --apply makes them.")


@app.command()
def shadow(
    name: Name,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="The other system's log; - reads standard input.")
    ] = None,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Compare from then on; a week ago.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Compare until then; now.")] = "",
    tolerance: Annotated[
        str, typer.Option("--tolerance", metavar="DURATION", help="How far apart is the same.")
    ] = "60",
    contains: Annotated[str, typer.Option("--contains", help="Only lines of the log that hold this.")] = "",
    timezone: Annotated[str, typer.Option("--timezone", help="The log's zone; this machine's by default.")] = "",
    begin: Annotated[bool, typer.Option("--begin", help="Put the job into shadow: it starts nothing.")] = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Compare when a job would have run with when another system did run it; the exit code is 1 if they differ.

    Without --log it is the one that was given last.
    """
    from datetime import timedelta

    from runyard import clock
    from runyard.cli import lookup, values
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import here, instant

    now = clock.now()
    asked: dict[str, Any] = {
        "from": instant(start) if start else (now - timedelta(days=7)).isoformat(),
        "to": instant(end) if end else now.isoformat(),
        "tolerance_s": values.seconds(tolerance),
    }
    server = Server.current()
    path = f"/jobs/{lookup.job(server, name, project)['id']}/shadow"
    if begin:
        job = server.post(f"{path}/begin")
        note(f"{job['name']} is in shadow; `runyard jobs cut-over` ends that.")
        return
    if log is None:
        seen = server.get(path, asked)
    else:
        about = {"log": _read(log), "contains": contains, "timezone": timezone or here()}
        seen = server.post(path, {**asked, **about})
    if machine:
        as_json(seen)
    else:
        _say_compared(seen)
    if seen["only_here"] or seen["only_there"]:
        raise typer.Exit(1)


@app.command("cut-over")
def cut_over(name: Name, project: Project = "default") -> None:
    """End a job's shadow: from now on it starts its runs itself."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    job = server.post(f"/jobs/{lookup.job(server, name, project)['id']}/cut-over")
    ahead = f"; next {local(job['next']['at'])}" if job["next"] else ""
    note(f"{job['name']} is {job['state']}{ahead}.")


def _say_taken(done: dict[str, Any]) -> None:
    rows = [
        (str(one["index"]), one["name"], one["cron"], one["timezone"], one["words"]["en"], one["command"].strip())
        for one in done["items"]
    ]
    if rows:
        table(("N", "JOB", "CRON", "ZONE", "WHEN", "COMMAND"), rows, flexible="COMMAND")
    for one in done["items"]:
        for remark in one["notes"]:
            note(f"{one['at']}: {visible(remark)}.")
    for one in done["left_out"]:
        note(f"Left out, {one['at']}: {visible(one['text'])}: {visible(one['why'])}")
    for one in done["items"]:
        for trigger, secret in one["secrets"].items():
            note(f"{visible(one['name'])}: secret of webhook {trigger}, shown this once: {secret}")


def _say_compared(seen: dict[str, Any]) -> None:
    for field, said in (("only_here", "only here"), ("only_there", "only there")):
        for at in seen[field][:_SHOWN]:
            print(f"{local(at)}  {said}")
        if seen[f"{field}_count"] > _SHOWN:
            print(f"… and {seen[f'{field}_count'] - _SHOWN} more {said}")
    late = f", usually {seen['late_ms'] / _MS:g} s later there" if seen["matched_count"] else ""
    here, there = seen["only_here_count"], seen["only_there_count"]
    note(f"{seen['matched_count']} agree{late}; {here} only here, {there} only there.")
    if seen["unread"]:
        note(f"{seen['unread']} lines of the log tell no time.")


def _known(kind: str, file: Path) -> tuple[str, str]:
    """Return of which kind a file is, and its text."""
    if kind and kind not in KINDS:
        raise Misuse(f"--kind {kind!r}: there are {', '.join(KINDS)}.")
    text = _read(file)
    if kind or _OWN.match(text[:2000]):
        return kind or "runyard", text
    told = {".yml": "github", ".yaml": "github", ".json": "qinglong"}.get(file.suffix.lower())
    return told or ("cron_d" if file.resolve().parent.name == "cron.d" else "crontab"), text


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise Misuse(f"--only {text!r}: write numbers such as 0,2,5.") from error


def _read(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.expanduser().read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Misuse(f"{path} can't be read: {error.strerror}.") from error
