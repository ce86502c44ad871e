"""Showing what a run printed."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from runyard.cli.client import Server
    from runyard.cli.show import Show

PAGE = 5000


def logs(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends; Ctrl-C leaves it.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, help="Only the last lines.")] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", "-t", help="Say when each line was printed.")] = False,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="An earlier attempt.")] = None,
    machine: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show what a run printed; output and errors both on standard output, in their order."""
    from runyard.cli import follow as following
    from runyard.cli import lookup
    from runyard.cli.client import Server
    from runyard.cli.show import Ndjson, Terminal

    run = lookup.run_id(run_id)
    server = Server.current()
    show = Ndjson() if machine else Terminal(together=True, timestamps=timestamps)
    if not follow:
        _printed(server, run, show, tail, attempt)
        return
    after = 0
    if tail is not None:
        after = _printed(server, run, show, tail, attempt)
    following.follow(server, run_id.strip(), show, after=after, cancels=False)


def _printed(server: "Server", run: str, show: "Show", tail: int | None, attempt: int | None) -> int:
    """Show the lines that there are, from the start or the last `tail`; return the number of the last one."""
    path = f"/runs/{run}/logs"
    extra = {"attempt": attempt} if attempt else {}
    after = 0
    if tail is not None:
        total = server.get(path, {"limit": 1, **extra})["total"]
        after = max(0, total - tail)
    while True:
        page: dict[str, Any] = server.get(path, {"after": str(after), "limit": PAGE, **extra})
        for line in page["items"]:
            show.line(line)
            after = line["n"]
        show.flush()
        if not page["items"] or page["next_cursor"] is None:
            return after
