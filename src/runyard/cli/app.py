"""The command tree: commands are imported when they are called."""

import importlib
import os
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from runyard.cli.commands import TARGETS, overview
from runyard.cli.errors import Trouble
from runyard.errors import FieldError, Problem

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
UNFORESEEN = 70  # sysexits.h: EX_SOFTWARE


class _Commands(MutableMapping[str, Any]):
    """Commands by name; each is loaded when it is first looked up."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TARGETS)

    def __len__(self) -> int:
        return len(TARGETS)


def _load(name: str) -> Any:
    target, summary = TARGETS[name]
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(f"runyard.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        lone = typer.Typer(rich_markup_mode=None, add_completion=False)
        lone.command(name, short_help=summary, context_settings=HELP_NAMES)(found)
        found = lone
    command = typer.main.get_command(found)
    command.name = name
    command.short_help = summary
    return command


class _Tree(TyperGroup):
    """The root: its commands are `_Commands`, its help is the overview."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the same overview that `main` gives without loading anything."""
        del ctx
        formatter.write(overview() + "\n")


app = typer.Typer(
    cls=_Tree,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=HELP_NAMES,
)


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Write, run and schedule scripts on machines of your own."""
    if debug:
        os.environ["RUNYARD_DEBUG"] = "1"


def start(arguments: Sequence[str]) -> NoReturn:
    """Run the command; every error is one sentence on stderr and an exit code, never a trace unless asked for."""
    # httpx brings a command line of its own, and with it half of rich and pygments: 50 ms for nothing.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show a letter is no reason to fail.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(list(arguments), prog_name="runyard")
    except Problem as problem:
        _raise_if_debugging()
        tell(problem)
        sys.exit(problem.exit_code if isinstance(problem, Trouble) else 1)
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        _raise_if_debugging()
        print(f"Error: something unforeseen went wrong: {type(error).__name__}: {error}", file=sys.stderr)
        print("Run the command again with `runyard --debug …` to see where.", file=sys.stderr)
        sys.exit(UNFORESEEN)
    sys.exit(0)


def tell(problem: Problem) -> None:
    """Print a problem on stderr: the sentence, the fields that it does not name itself, what to do."""
    from runyard.cli.output import visible

    print(f"Error: {visible(problem.detail)}", file=sys.stderr)
    for field in unsaid(problem):
        print(f"  {visible(field.field)}: {visible(field.message)}", file=sys.stderr)
    if isinstance(problem, Trouble) and problem.hint:
        print(problem.hint, file=sys.stderr)


def unsaid(problem: Problem) -> list[FieldError]:
    """Return the refused fields that the sentence does not already hold."""
    return [field for field in problem.fields if field.message not in problem.detail]


def _raise_if_debugging() -> None:
    if os.environ.get("RUNYARD_DEBUG"):
        raise  # noqa: PLE0704 - called from handlers only
