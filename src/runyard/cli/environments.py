"""Environments, as far as a terminal needs them."""

import sys
from typing import Annotated

import typer

from runyard.cli.output import as_json, brief, lasting, size, table, tame

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="List environments and show how they were built.",
)
_SHOWN = 3


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 50,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List environments, newest first."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/environments", most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("There are no environments yet.", file=sys.stderr)
        return
    table(
        ("ENVIRONMENT", "STATE", "INTERPRETER", "PACKAGES", "SIZE", "BUILT IN", "LAST USED"),
        [
            (
                item["id"],
                item["state"],
                item["interpreter"],
                _brief(item["requirements"]),
                size(item["size_bytes"]),
                lasting(item["build_s"]),
                brief(item["last_used_at"]),
            )
            for item in found
        ],
        flexible="PACKAGES",
    )


@app.command()
def log(
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="The environment's id.")],
) -> None:
    """Show what its last build printed."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    after: str | None = "0"
    while after is not None:
        page = server.get(f"/environments/{lookup.run_id(environment)}/log", {"after": after})
        for line in page["items"]:
            print(tame(line["text"], sys.stdout))
        after = page["next_cursor"]


def _brief(requirements: list[str]) -> str:
    more = len(requirements) - _SHOWN
    return ", ".join(requirements[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
