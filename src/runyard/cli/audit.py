"""What was done: looked up, taken away, verified."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Trouble
from runyard.cli.options import Data, DatabaseUrl, group, settings
from runyard.cli.output import as_json, brief, table, visible

if TYPE_CHECKING:
    from runyard.audit.verify import Report
    from runyard.settings import Settings

app = group("Look up what was done, and prove that nobody has tampered with it.")
Actor = Annotated[str, typer.Option("--actor", help="Only what this user did (name or id).")]
Action = Annotated[list[str] | None, typer.Option("--action", help="Only this, such as script.update; repeatable.")]
Kind = Annotated[str, typer.Option("--kind", help="Only what was done to this kind of object, such as script.")]
Object = Annotated[str, typer.Option("--object", help="Only what was done to the object of this id.")]
Address = Annotated[str, typer.Option("--address", help="Only what came from this address.")]
Since = Annotated[str, typer.Option("--from", help="Then or later, such as 2026-03-01T00:00:00Z.")]
Until = Annotated[str, typer.Option("--to", help="Before.")]
Place = Annotated[str, typer.Option("--project", envvar="RUNYARD_PROJECT", help="Only this project.")]


@app.command("list")
def list_events(
    actor: Actor = "",
    action: Action = None,
    kind: Kind = "",
    object_id: Object = "",
    address: Address = "",
    since: Since = "",
    until: Until = "",
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 50,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    project: Place = "",
) -> None:
    """List what was done, newest first."""
    from runyard.cli.client import Server

    asked = _asked(actor, action, kind, object_id, address, since, until, project)
    if refused:
        asked["outcome"] = "refused"
    found = list(Server.current().items("/audit", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("Nothing was done that fits.", file=sys.stderr)
        return
    rows = [
        (
            str(one["seq"]),
            brief(one["at"]),
            one["actor"]["name"] or one["actor"]["kind"],
            one["action"] + ("" if one["outcome"] == "ok" else f" ({one['code'] or one['outcome']})"),
            one["object"]["name"] or one["object"]["id"] or "",
            one["project"] or "",
            one["address"] or "",
        )
        for one in found
    ]
    table(("EVENT", "AT", "ACTOR", "ACTION", "OBJECT", "PROJECT", "ADDRESS"), rows, flexible="OBJECT")


@app.command("export")
def export(
    form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    actor: Actor = "",
    action: Action = None,
    kind: Kind = "",
    object_id: Object = "",
    address: Address = "",
    since: Since = "",
    until: Until = "",
    project: Place = "",
) -> None:
    """Write all events that fit to standard output, as CSV or JSON."""
    from runyard.cli.client import Server

    asked = _asked(actor, action, kind, object_id, address, since, until, project)
    with Server.current().opened("GET", "/audit/export", params={**asked, "format": form}) as response:
        for piece in response.iter_bytes():
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@app.command("verify")
def verify(
    accept: Annotated[
        bool,
        typer.Option("--accept", help="You have put a backup back yourself: from now on its end is the known one."),
    ] = False,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Check the chain of hashes on the data directory itself, server or not; exits with 1 if anything is wrong."""
    chosen = settings(data=data, database_url=database_url)
    if not (chosen.data / "locks").is_dir():
        raise Trouble(f"There is no Runyard in {chosen.data}.", hint="Name its data directory with --data.")
    report = asyncio.run(_verify(chosen, accept=accept))
    if machine:
        as_json(
            {
                "intact": report.flaw is None,
                "checked": report.checked,
                "first": report.first,
                "last": report.last,
                "pruned_through": report.pruned_through,
                "flaw": report.flaw and report.flaw.value,
                "seq": report.seq,
            }
        )
    else:
        print(visible(report.sentence), file=sys.stdout if report.flaw is None else sys.stderr)
        if report.pruned_through:
            print(f"Events up to {report.pruned_through} were pruned; a sealed checkpoint stands for them.")
    if report.flaw is not None:
        raise typer.Exit(1)


async def _verify(chosen: "Settings", *, accept: bool) -> "Report":
    from runyard.audit.events import SYSTEM
    from runyard.audit.service import AuditService
    from runyard.audit.trail import Trail
    from runyard.secrets import custody
    from runyard.wiring import connect

    database = connect(chosen)
    try:
        trail = Trail.beside(chosen.data, custody.ring_of(chosen), database)
        return await AuditService(database, trail).verify(SYSTEM, accept=accept)
    finally:
        await database.close()


def _asked(
    actor: str,
    action: list[str] | None,
    kind: str,
    object_id: str,
    address: str,
    since: str,
    until: str,
    project: str,
) -> dict[str, Any]:
    given = {
        "actor": actor,
        "action": action,
        "kind": kind,
        "object": object_id,
        "address": address,
        "from": since,
        "to": until,
        "project": project,
    }
    return {name: value for name, value in given.items() if value}
