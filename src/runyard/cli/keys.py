"""The keys that secrets are sealed with, from a terminal."""

from typing import Annotated

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import group
from runyard.cli.output import as_json, brief, note, table

app = group("Look at the keys that secrets are sealed with, and change them. For administrators.")


@app.command("list")
def list_(machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Tell how the keys stand; keys themselves are never shown."""
    from runyard.cli.client import Server

    found = Server.current().get("/keys")
    if machine:
        as_json(found)
        return
    note(f"Data keys are wrapped by: {found['wrapper']}. Older master keys kept: {found['older_master_keys']}.")
    rows = [
        (
            one["project"] or "(installation)",
            f"v{one['version']}",
            brief(one["created_at"]),
            str(one["secrets"]),
            str(one["behind"]),
            one["wrapped_by"],
        )
        for one in found["items"]
    ]
    table(("PROJECT", "KEY", "SINCE", "SECRETS", "BEHIND", "WRAPPED BY"), rows, flexible="WRAPPED BY")


@app.command()
def rotate(
    data_keys: Annotated[bool, typer.Option("--data-keys", help="New keys for all secrets.")] = False,
    master: Annotated[bool, typer.Option("--master", help="A new master key to wrap them.")] = False,
) -> None:
    """Change keys while runs go on. What was sealed before is sealed again in the background."""
    from runyard.cli.client import Server

    if data_keys == master:
        raise Misuse("Say which keys: --data-keys or --master.")
    Server.current().post("/keys/rotate", {"what": "data" if data_keys else "master"})
    note("The new keys hold from now on. `runyard keys list` shows how much is still sealed with older ones.")
