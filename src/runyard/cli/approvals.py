"""A second person's consent from a terminal: what waits, what it is about, and the decision."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Machine
from runyard.cli.output import as_json, brief, note, table

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Decide on what waits for a second person: drafts to be published, and sensitive operations.",
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The request's id, such as apv_01h….")]
Reason = Annotated[str, typer.Option("--reason", "-m", help="Why.")]


@app.command("list")
def list_(
    view: Annotated[
        Literal["waiting", "mine", "done"], typer.Option("--view", help="What others ask, what you ask, what is over.")
    ] = "waiting",
    project: Annotated[str | None, typer.Option("--project", help="Only those of this project.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 50,
    machine: Machine = False,
) -> None:
    """List requests for consent, newest first."""
    from runyard.cli.client import Server

    asked = {"view": view} if project is None else {"view": view, "project": project}
    found = list(Server.current().items("/approvals", asked, most=limit))
    if machine:
        as_json(found)
        return
    rows = [
        (
            one["id"],
            one["kind"],
            one["subject"]["name"],
            one["project"] or "",
            one["state"],
            one["asked_by"] or "",
            brief(one["asked_at"]),
        )
        for one in found
    ]
    table(("ID", "WHAT", "ABOUT", "PROJECT", "STATE", "ASKED BY", "ASKED"), rows, flexible="ABOUT")


@app.command()
def show(approval: Id, machine: Machine = False) -> None:
    """Show a request: what it would change, and what was said about it."""
    from runyard.cli.client import Server
    from runyard.cli.output import visible

    one = Server.current().get(f"/approvals/{quote(approval, safe='')}")
    if machine:
        as_json(one)
        return
    about = f" of version {one['revision']} (published: {one['base'] or 'none'})" if one["revision"] else ""
    print(f"{one['id']}  {one['kind']}: {visible(one['subject']['name'])}{about}")
    print(f"{one['state']}; {one['asked_by']} asked {brief(one['asked_at'])}")
    for line in (one["note"], one["reason"] and f"{one['decided_by']}: {one['reason']}"):
        if line:
            print(visible(line))
    for field, (old, new) in one["changes"].items():
        print(f"  {visible(field)}: {visible(str(old))} → {visible(str(new))}")
    for entry in one["entries"]:
        place = f" line {entry['line']}" if entry["line"] else ""
        print(f"- {entry['by'] or 'Runyard'} {entry['what']}{place}: {visible(entry['text'])}")
    if one["outcome"]:
        print(visible(one["outcome"]["message"]))


@app.command()
def approve(
    approval: Id,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="The version of a script that you have looked at.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish the version at once.")] = False,
    reason: Reason = "",
) -> None:
    """Agree. An operation is carried out at once, as who asked for it."""
    from runyard.cli.client import Server

    server = Server.current()
    path = f"/approvals/{quote(approval, safe='')}"
    if revision is None and (known := server.get(path)["revision"]) is not None:
        raise Misuse(f"Say which version you have looked at: --revision {known} is the present one.")
    said: dict[str, Any] = {"reason": reason, "publish": publish}
    one = server.post(f"{path}/approve", said if revision is None else {**said, "revision": revision})
    if one["state"] == "failed":
        raise Trouble(f"It was agreed to, and could not be done: {one['outcome']['message']}")
    note(f"{one['id']} is {one['state']}.")


@app.command()
def reject(approval: Id, reason: Reason) -> None:
    """Refuse, and say why."""
    from runyard.cli.client import Server

    one = Server.current().post(f"/approvals/{quote(approval, safe='')}/reject", {"reason": reason})
    note(f"{one['id']} is {one['state']}.")


@app.command()
def withdraw(approval: Id) -> None:
    """Take a request of yours back."""
    from runyard.cli.client import Server

    one = Server.current().post(f"/approvals/{quote(approval, safe='')}/withdraw")
    note(f"{one['id']} is {one['state']}.")
