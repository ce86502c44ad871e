"""Environments, as far as a terminal needs them."""

import sys
from typing import Annotated

import typer

from runyard.cli.options import group
from runyard.cli.output import as_json, brief, lasting, size, table, tame

app = group("Look at environments and look after them.")
_SHOWN = 3
Id = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="The environment's id.")]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 50,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only those in this state.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only python, node or conda ones.")] = None,
    package: Annotated[str | None, typer.Option("--package", help="Only those that hold this package.")] = None,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List environments, newest first."""
    from runyard.cli.client import Server

    wanted = {"state": state, "kind": kind, "package": package}
    asked = {name: value for name, value in wanted.items() if value}
    found = list(Server.current().items("/environments", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("There are no environments yet.", file=sys.stderr)
        return
    table(
        ("ENVIRONMENT", "STATE", "INTERPRETER", "PACKAGES", "SCRIPTS", "SIZE", "BUILT IN", "LAST USED"),
        [
            (
                item["id"],
                item["state"],
                item["interpreter"],
                _brief(item["requirements"]),
                str(item["used_by_count"]),
                size(item["size_bytes"]),
                lasting(item["build_s"]),
                brief(item["last_used_at"]),
            )
            for item in found
        ],
        flexible="PACKAGES",
    )


@app.command()
def log(environment: Id) -> None:
    """Show what its last build printed."""
    from runyard.cli.client import Server

    server = Server.current()
    after: str | None = "0"
    while after is not None:
        page = server.get(f"{path_of(environment)}/log", {"after": after})
        for line in page["items"]:
            print(tame(line["text"], sys.stdout))
        after = page["next_cursor"]


@app.command()
def show(environment: Id, machine: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Show an environment: its packages with sizes and known vulnerabilities, and the scripts that use it."""
    from runyard.cli.client import Server

    found = Server.current().get(path_of(environment))
    if machine:
        as_json(found)
        return
    print(f"{found['id']}  {found['kind']}  {found['state']}  {found['interpreter']}  {size(found['size_bytes'])}")
    if found["error"]:
        print(tame(found["error"]["message"], sys.stdout))
    for user in found["used_by"]:
        print(f"used by {tame(user['name'], sys.stdout)}{'' if user['current'] else ' (not any more)'}")
    rows = [
        (package["name"], package["version"], size(package["size_bytes"]), _told(package["vulnerabilities"]))
        for package in found["packages"] or ()
    ]
    if rows:
        table(("PACKAGE", "VERSION", "SIZE", "VULNERABILITIES"), rows, flexible="VULNERABILITIES")


@app.command()
def packages(
    query: Annotated[
        str, typer.Argument(metavar="[PART OF A NAME]", help="Only packages with this in their name.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 200,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List the packages of all environments."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/packages", {"q": query} if query else {}, most=limit))
    if machine:
        as_json(found)
        return
    table(
        ("PACKAGE", "KIND", "VERSIONS", "ENVIRONMENTS", "VULNERABILITIES"),
        [
            (
                item["name"],
                item["kind"],
                _brief(item["versions"]),
                str(item["environment_count"]),
                str(item["vulnerability_count"]),
            )
            for item in found
        ],
        flexible="VERSIONS",
    )


@app.command()
def users(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="The package's name.")],
    version: Annotated[str | None, typer.Option("--version", help="Only this version.")] = None,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Tell which scripts use a package."""
    from runyard.cli.client import Server

    asked = {"name": package, **({"version": version} if version else {})}
    found = Server.current().get("/packages/users", asked)["items"]
    if machine:
        as_json(found)
        return
    if not found:
        print(f"No script uses {package}.", file=sys.stderr)
        return
    rows = [(i["name"], i["project"], i["version"], i["environment_id"], brief(i["last_used_at"])) for i in found]
    table(("SCRIPT", "PROJECT", "VERSION", "ENVIRONMENT", "LAST USED"), rows, flexible="SCRIPT")


@app.command()
def rebuild(environment: Id) -> None:
    """Build an environment anew, or try again after a failure; its versions stay."""
    from runyard.cli.client import Server

    print(Server.current().post(f"{path_of(environment)}/rebuild")["state"])


@app.command()
def cancel(environment: Id) -> None:
    """Stop the build of an environment."""
    from runyard.cli.client import Server

    Server.current().post(f"{path_of(environment)}/cancel")


@app.command()
def delete(environment: Id) -> None:
    """Delete an environment; the next run that wants it resolves its requirements afresh."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", path_of(environment))


@app.command()
def clean(
    unused_days: Annotated[float, typer.Option("--unused-days", min=0, help="Unused for so many days.")] = 90,
) -> None:
    """Delete environments that nothing has used for long."""
    from runyard.cli.client import Server

    answer = Server.current().post("/environments/cleanup", {"unused_days": unused_days})
    print(f"Deleted {answer['deleted']}, freed {size(answer['freed_bytes'])}.")


def path_of(environment: str) -> str:
    """Return where an environment is found."""
    from runyard.cli import lookup

    return f"/environments/{lookup.run_id(environment)}"


def _told(vulnerabilities: list[dict[str, str]]) -> str:
    return ", ".join(" ".join(filter(None, (item["id"], item["severity"]))) for item in vulnerabilities)


def _brief(requirements: list[str]) -> str:
    more = len(requirements) - _SHOWN
    return ", ".join(requirements[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
