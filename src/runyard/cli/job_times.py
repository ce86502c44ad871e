"""When jobs run: what is due, what became of it, and what is run for the past."""

import sys
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.job_changes import app
from runyard.cli.job_wishes import Name, Yes
from runyard.cli.options import Machine, Project
from runyard.cli.output import as_json, local, note, table

__all__ = ["app"]
OUTCOMES = ("fired", "skipped", "coalesced", "missed", "blackout", "paused", "dst")
_SHOWN = 20


@app.command()
def preview(
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help='A cron expression, such as "0 3 * * 1-5".')],
    timezone: Annotated[str, typer.Option("--timezone", help="The zone on whose clock it is due.")] = "UTC",
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=50, help="How many times.")] = 10,
    after: Annotated[str, typer.Option("--after", metavar="TIME", help="Those later than this; now by default.")] = "",
    machine: Machine = False,
) -> None:
    """Say a cron expression in words, with its next times and what clocks that are set do to them."""
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import instant

    body: dict[str, Any] = {"trigger": {"type": "cron", "cron": expression, "timezone": timezone}, "count": count}
    if after:
        body["after"] = instant(after, timezone)
    seen = Server.current().post("/triggers/preview", body)
    if machine:
        as_json(seen)
        return
    print(seen["words"]["en"])
    for time in seen["times"]:
        shown = time["local"].replace("T", " ", 1)
        print(f"  {shown if time['fires'] else f'({shown})'}  {time['note']['en']}".rstrip())


@app.command()
def slots(
    name: Name,
    outcome: Annotated[str, typer.Option("--outcome", help=f"One of {', '.join(OUTCOMES)}.")] = "",
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Due from then on.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Due before then.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many rows at the most.")] = 50,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Show what became of each time at which a job was due, and why; newest first."""
    from runyard.cli import lookup
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import instant

    if outcome and outcome not in OUTCOMES:
        raise Misuse(f"{outcome!r} is not an outcome; there are {', '.join(OUTCOMES)}.")
    asked = {"outcome": outcome, "from": start and instant(start), "to": end and instant(end)}
    server = Server.current()
    job = lookup.job(server, name, project)
    asked = {key: value for key, value in asked.items() if value}
    found = list(server.items(f"/jobs/{job['id']}/slots", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("Nothing was due yet." if not asked else "There are no such slots.", file=sys.stderr)
        return
    rows = [(_due(one), _many(one), one["outcome"], one["run_id"] or "", one["reason"]) for one in found]
    table(("DUE", "COUNT", "OUTCOME", "RUN", "WHY"), rows, flexible="WHY", states="OUTCOME")


@app.command()
def backfill(
    name: Name,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Due from then on.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Due up to then.")],
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help="How many runs at the most.")] = 100,
    newest: Annotated[bool, typer.Option("--newest-first", help="Begin with the newest.")] = False,
    trigger: Annotated[list[str] | None, typer.Option("--trigger", metavar="ID", help="Only of this trigger.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    yes: Yes = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Run a job for times that are past; its ledger stays as it is."""
    from runyard.cli import lookup
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import instant

    body: dict[str, Any] = {
        "from": instant(start),
        "to": instant(end),
        "most": most,
        "order": "newest" if newest else "oldest",
        "dry_run": True,
    }
    if trigger:
        body["trigger_ids"] = trigger
    server = Server.current()
    job = lookup.job(server, name, project)
    path = f"/jobs/{job['id']}/backfill"
    if dry_run or not yes:
        planned = server.post(path, body)
        if dry_run and machine:
            as_json(planned)
            return
        _say_planned(planned)
        if dry_run or not planned["count"]:
            return
        if not sys.stdin.isatty():
            raise Misuse("There is no terminal to ask on.", hint="Say --yes to run them without being asked.")
        typer.confirm("Run them?", abort=True)
    done = server.post(path, body | {"dry_run": False})
    if machine:
        as_json(done)
        return
    for one in done["runs"]:
        print(f"{one['id']}  {local(one['due_at'])}")
    note(f"Queued {done['count']} run{'' if done['count'] == 1 else 's'}.")


def _say_planned(planned: dict[str, Any]) -> None:
    items = planned["items"]
    for one in items[:_SHOWN]:
        print(f"{local(one['due_at'])}  {one['had'] or 'not in the ledger'}")
    if len(items) > _SHOWN:
        print(f"… and {len(items) - _SHOWN} more")
    many = f"{planned['count']} run{'' if planned['count'] == 1 else 's'}"
    note(f"{many}{'; there are more times than --most lets through' if planned['capped'] else ''}.")


def _due(slot: dict[str, Any]) -> str:
    if slot.get("due_at"):
        return local(slot["due_at"])
    return f"{local(slot['due_from'])} to {local(slot['due_to'])}"


def _many(slot: dict[str, Any]) -> str:
    return str(slot.get("count") or 1)
