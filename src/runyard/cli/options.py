"""The options that commands share, and the settings that those on this machine make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.errors import FieldError

if TYPE_CHECKING:
    from runyard.settings import Settings

Host = Annotated[str | None, typer.Option("--host", help="Listen here; 0.0.0.0 for every interface. [RUNYARD_HOST]")]
Port = Annotated[int | None, typer.Option("--port", help="Listen on this port; 0 takes a free one. [RUNYARD_PORT]")]
Data = Annotated[Path | None, typer.Option("--data", help="The data directory. [RUNYARD_DATA]")]
Slots = Annotated[int | None, typer.Option("--slots", help="Runs at the same time; cores by default. [RUNYARD_SLOTS]")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="PostgreSQL instead of SQLite. [RUNYARD_DATABASE_URL]")
]

Machine = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Project = Annotated[str, typer.Option("--project", envvar="RUNYARD_PROJECT", help="The project.")]
About = Annotated[str | None, typer.Option("--description", help="What it is for.")]
Rename = Annotated[str | None, typer.Option("--rename", metavar="NAME", help="Call it this from now on.")]


def group(text: str) -> typer.Typer:
    """Return a command that has commands of its own; without one it shows what there are."""
    return typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=text,
    )


_WORDS = {"extra_forbidden": "There is no such setting."}


class BadSettings(Trouble):
    """The settings can't be used."""

    hint = "They come from options, from RUNYARD_… variables and from runyard.toml in the data directory."


def settings(**given: Any) -> "Settings":
    """Return the settings of this process; options that were not given leave it to the environment and the file."""
    import tomllib

    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from runyard.settings import Settings

    arguments = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**arguments)
    except ValidationError as error:
        fields = [
            FieldError(
                ".".join(map(str, item["loc"])) or "settings", _WORDS.get(item["type"], item["msg"]), item["type"]
            )
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        if all(field.field.split(".")[0] in arguments for field in fields):
            said = "; ".join(f"--{field.field.replace('_', '-')}: {field.message}" for field in fields)
            raise Misuse(f"{said}.") from error
        raise BadSettings(fields=fields) from error
    except SettingsError as error:
        raise BadSettings(f"{error}: write its value as JSON.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"runyard.toml is not TOML: {error}.") from error
    except OSError as error:
        raise BadSettings(f"{error.filename} can't be read: {error.strerror}.") from error


def option(data: Path | None) -> str:
    """Return ``--data`` as it has to be repeated in a command that is recommended."""
    import shlex

    return f" --data {shlex.quote(str(data))}" if data is not None else ""
