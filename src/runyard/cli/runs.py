"""Listing and cancelling runs."""

import sys
from typing import Annotated

import typer

from runyard.cli.errors import Misuse, Refused
from runyard.cli.output import as_json, between, brief, lasting, table, width

STATES = ("queued", "starting", "running", "succeeded", "failed", "timed_out", "cancelled", "lost")
WIDE = 100


def states(given: list[str]) -> list[str]:
    """Return names of states as they were given; raise `Misuse` for one that there isn't."""
    for name in given:
        if name not in STATES:
            raise Misuse(f"{name!r} is not a state; there are {', '.join(STATES)}.")
    return given


def runs(
    state: Annotated[list[str] | None, typer.Option("--state", help=f"One of {', '.join(STATES)}; repeatable.")] = None,
    script: Annotated[str, typer.Option("--script", help="Only runs of this script (name or id).")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", help="NAME or NAME=VALUE; repeatable.")] = None,
    failure: Annotated[str, typer.Option("--failure", help="Only runs of this group of failures.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 20,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    project: Annotated[str, typer.Option("--project", envvar="RUNYARD_PROJECT", help="The project.")] = "default",
) -> None:
    """List runs, newest first."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    asked: dict[str, object] = {"project": project}
    if state:
        asked["state"] = states(state)
    if label:
        asked["label"] = label
    if failure:
        asked["failure_id"] = failure
    server = Server.current()
    if script:
        asked["script_id"] = lookup.script(server, script, project)["id"]
    found = list(server.items("/runs", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print(
            "There are no such runs." if state or script or label or failure else "There are no runs yet.",
            file=sys.stderr,
        )
        return
    wide = width() >= WIDE
    columns = ("RUN", "SCRIPT", "STATE", "CODE", "QUEUED", "TOOK", "BY")
    rows = [
        (
            run["id"],
            run["script_name"] + (" (draft)" if run["draft"] else ""),
            run["state"],
            "" if run["exit_code"] is None else str(run["exit_code"]),
            brief(run["queued_at"]),
            lasting(between(run["started_at"], run["finished_at"])),
            run["trigger"]["by"] or run["trigger"]["kind"],
        )
        for run in found
    ]
    table(columns if wide else columns[:-1], rows if wide else [row[:-1] for row in rows], flexible="SCRIPT")


def cancel(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of runs.")],
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list of the runs.")] = False,
) -> None:
    """Cancel runs: their whole process trees end, politely, then by force.

    Exits with 1 if one of them is unknown or was over already.
    """
    from runyard.cli import lookup
    from runyard.cli.app import tell
    from runyard.cli.client import Server

    server = Server.current()
    done = []
    refused = False
    for run_id in run_ids:
        try:
            run = server.post(f"/runs/{lookup.run_id(run_id)}/cancel")
        except Refused as refusal:
            refusal.detail = f"{run_id}: {refusal.detail}"
            tell(refusal)
            refused = True
            continue
        done.append(run)
        if not machine:
            over = run["state"] == "cancelled"
            print(f"{run['id']} is cancelled." if over else f"{run['id']} is being cancelled.")
    if machine:
        as_json(done)
    if refused:
        raise typer.Exit(1)
