"""Known vulnerabilities, from a terminal."""

from pathlib import Path
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import group
from runyard.cli.output import as_json, brief

app = group("Know which packages are vulnerable.")


@app.command()
def status(machine: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Tell how many advisories are known, and since when."""
    from runyard.cli.client import Server

    found = Server.current().get("/advisories")
    if machine:
        as_json(found)
        return
    for ecosystem, count in sorted(found["by_ecosystem"].items()):
        print(f"{ecosystem}: {count}")
    print(f"newest: {brief(found['newest_modified_at'])}")
    print(f"refreshed from: {', '.join(found['refresh_urls']) or 'nowhere; import files'}")


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A zip of OSV records, or JSON.")]) -> None:
    """Import advisories from a file."""
    from runyard.cli.client import Server

    if not file.is_file():
        raise Misuse(f"There is no file {file}.")
    with file.open("rb") as opened:
        _tell(Server.current().post("/advisories/import", files={"file": (file.name, opened)}))


@app.command()
def refresh() -> None:
    """Fetch advisories from the addresses that the server's settings name."""
    from runyard.cli.client import Server

    _tell(Server.current().post("/advisories/refresh"))


def _tell(answer: dict[str, Any]) -> None:
    print(f"{answer['advisories']} new, {answer['withdrawn']} withdrawn, {answer['total']} known.")
