"""Starting the yard, whole or in parts."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runyard.cli.options import Data, DatabaseUrl, Host, Port, Slots, option, settings
from runyard.cli.output import note, paint

if TYPE_CHECKING:
    from runyard.settings import Settings
    from runyard.wiring import Ready


def up(
    host: Host = None, port: Port = None, data: Data = None, slots: Slots = None, database_url: DatabaseUrl = None
) -> None:
    """Start everything on this machine: page, API, scheduler and worker.

    Ctrl-C or SIGTERM stops it and leaves runs going: the next start takes them up again, their logs whole.
    """
    from runyard.wiring import ROLES

    chosen = settings(host=host, port=port, data=data, slots=slots, database_url=database_url)
    _serve(chosen, ROLES, lambda ready: _welcome(ready, chosen), data)


def api(host: Host = None, port: Port = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Serve the page and the API only; a scheduler and a worker run beside it on the same data directory."""
    chosen = settings(host=host, port=port, data=data, database_url=database_url)
    _serve(chosen, frozenset({"api"}), lambda ready: _welcome(ready, chosen), data)


def scheduler(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Run the scheduler only."""
    chosen = settings(data=data, database_url=database_url)
    _serve(chosen, frozenset({"scheduler"}), lambda _ready: _say(f"The scheduler of {chosen.data} is ready."), data)


def worker(data: Data = None, slots: Slots = None, database_url: DatabaseUrl = None) -> None:
    """Execute runs only. Ctrl-C or SIGTERM leaves them going."""
    chosen = settings(data=data, slots=slots, database_url=database_url)
    _serve(chosen, frozenset({"worker"}), lambda _ready: _say(f"The worker of {chosen.data} is ready."), data)


def _serve(chosen: "Settings", roles: frozenset[str], on_ready: "Callable[[Ready], None]", data: Path | None) -> None:
    from runyard.api.server import serve

    serve(chosen, roles, on_ready=on_ready, on_stopped=lambda left: _farewell(left, roles, data))


def _welcome(ready: "Ready", chosen: "Settings") -> None:
    """Say where the page is and how to get in. Programs read the first line: the address is its last word."""
    from runyard import __version__
    from runyard.access.first_admin import FILE

    if ready.backup is not None:
        note(f"The database has a new schema; it was backed up to {ready.backup} before.")
    _say(f"Runyard {__version__} is ready at {paint(ready.url, 'bold')}")
    first = ready.first_admin
    if first is not None and first.password is not None:
        _say(f"Sign in as {first.username} with the password {paint(first.password, 'bold')}")
        _say(f"It is shown this once, and kept in {first.kept_in}.")
    elif first is not None:
        _say(f"Sign in as {first.username} with the password from RUNYARD_ADMIN_PASSWORD.")
    elif (chosen.data / FILE).exists():
        _say(f"The first password of admin is in {chosen.data / FILE}.")
    if ready.examples:
        _say(f"{ready.examples} example scripts are there to begin with.")
    note("Ctrl-C stops Runyard; runs go on.")


def _farewell(left: int, roles: frozenset[str], data: Path | None) -> None:
    if "worker" not in roles:
        _say("Stopped.")
        return
    again = "runyard up" if len(roles) > 1 else "runyard worker"
    if not left:
        _say("Stopped. No run was going on.")
        return
    which = "1 run goes" if left == 1 else f"{left} runs go"
    them = "it" if left == 1 else "them"
    _say(f"Stopped. {which} on without Runyard.")
    _say(f"`{again}{option(data)}` takes {them} up again, `runyard stop --cancel-runs{option(data)}` ends {them}.")


def _say(text: str) -> None:
    print(text, flush=True)
