"""What runs tell together: failures that are the same, two runs side by side; and many runs at once."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import Machine, Project
from runyard.cli.output import as_json, brief, table
from runyard.cli.runs import states

if TYPE_CHECKING:
    from runyard.cli.client import Server

ACTIONS = ("cancel", "retry", "delete")


def failures(
    script: Annotated[str, typer.Option("--script", help="Only failures of this script (name or id).")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 20,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """List failures that are the same, each with how often it was seen; the latest first."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    asked: dict[str, object] = {"project": project}
    if script:
        asked["script_id"] = lookup.script(server, script, project)["id"]
    found = list(server.items("/failures", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("There are no failures.", file=sys.stderr)
        return
    columns = ("TIMES", "SCRIPT", "ERROR", "FIRST", "LAST", "LAST RUN")
    rows = [
        (
            str(one["count"]),
            one["script_name"],
            one["title"],
            brief(one["first_at"]),
            brief(one["last_at"]),
            one["last_run_id"],
        )
        for one in found
    ]
    table(columns, rows, flexible="ERROR")


def compare(
    a: Annotated[str, typer.Argument(metavar="RUN", help="The id of one run.")],
    b: Annotated[str, typer.Argument(metavar="OTHER", help="The id of the other.")],
    machine: Machine = False,
) -> None:
    """Set two runs side by side: code, packages, parameters, duration, memory, output. Exits with 1 if they differ."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    found = Server.current().get("/runs/compare", {"a": lookup.run_id(a), "b": lookup.run_id(b)})
    if machine:
        as_json(found)
    else:
        _show(found)
    differ = bool(found["changed"]) or not found["outputs"]["same"]
    raise typer.Exit(1 if differ else 0)


def _show(found: dict[str, Any]) -> None:
    for change in found["changed"]:
        print(f"{change['what'].replace('_', ' ')}: {change['detail']}")
    figures = [
        (one["name"], _figure(one["a"]), _figure(one["b"]), "" if one["change"] is None else f"×{one['change']:g}")  # noqa: RUF001 - a multiple
        for one in found["figures"]
        if one["a"] is not None or one["b"] is not None
    ]
    table(("FIGURE", "A", "B", "CHANGE"), figures, flexible="FIGURE")
    for title, lines in (("Code", found["code"]["diff"]), ("Output", found["outputs"]["diff"])):
        if lines:
            print(f"\n{title}:")
            print("\n".join(lines))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def batch(
    action: Annotated[str, typer.Argument(metavar="cancel|retry|delete", help="What is done to each run.")],
    state: Annotated[list[str] | None, typer.Option("--state", help="Only runs in this state; repeatable.")] = None,
    script: Annotated[str, typer.Option("--script", help="Only runs of this script (name or id).")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", help="NAME or NAME=VALUE; repeatable.")] = None,
    failure: Annotated[str, typer.Option("--failure", help="Only runs of this group of failures.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Cancel, run again or delete all runs that a filter finds; first you are told how many they are."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if action not in ACTIONS:
        raise Misuse(f"{action!r} can't be done; there are {', '.join(ACTIONS)}.")
    which: dict[str, Any] = {"project": project, "state": states(state or []), "label": label or []}
    server = Server.current()
    if script:
        which["script_id"] = lookup.script(server, script, project)["id"]
    if failure:
        which["failure_id"] = failure
    body = {"action": action, "filter": which}
    if not yes:
        _ask(server, body)
    result = _done(server, body)
    if machine:
        as_json(result)
    else:
        print(f"{_runs(result['done'])}: done.")
        for one in result["refused"]:
            print(f"{one['id']}: {one['message']}", file=sys.stderr)
        if result["more"]:
            print("More runs fit the filter; do it again for them.", file=sys.stderr)
    if result["refused"]:
        raise typer.Exit(1)


def _ask(server: "Server", body: dict[str, Any]) -> None:
    """Tell how many runs a batch concerns, and go on only if that is wanted."""
    preview = server.post("/runs/batch/preview", body)
    count = _runs(preview["count"], "+" if preview["capped"] else "")
    if not sys.stdin.isatty():
        raise Misuse(f"This would {body['action']} {count}; say --yes to do it.")
    typer.confirm(f"{body['action'].capitalize()} {count}?", abort=True)


def _runs(count: int, more: str = "") -> str:
    return "1 run" if count == 1 else f"{count:,}{more} runs"


def _done(server: "Server", body: dict[str, Any]) -> dict[str, Any]:
    """Do a batch, request after request, and return what was done in all."""
    whole: dict[str, Any] = {"done": 0, "refused": [], "more": True}
    while whole["more"]:
        result = server.post("/runs/batch", body)
        whole["done"] += result["done"]
        whole["refused"] += result["refused"]
        whole["more"] = result["more"]
        # What could not be treated would be found again, and so would runs that were run again.
        if not result["done"] or body["action"] == "retry":
            break
    return whole


def keep(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    note: Annotated[str, typer.Option("--note", "-m", help="Why.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Let it go the way of the others again.")] = False,
) -> None:
    """Keep a run, whatever the rules of retention say."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    found = lookup.run_id(run_id)
    if off:
        server.ask("DELETE", f"/runs/{found}/keep")
        print(f"{found} is kept as long as the others.")
    else:
        server.ask("PUT", f"/runs/{found}/keep", json={"note": note})
        print(f"{found} is kept.")
