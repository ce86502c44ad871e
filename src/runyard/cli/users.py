"""Looking after users on the data directory itself."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from runyard.cli.errors import NothingFound, Trouble
from runyard.cli.options import Data, DatabaseUrl, group, settings
from runyard.cli.output import as_json, table

if TYPE_CHECKING:
    from runyard.settings import Settings

app = group("Look after users on the data directory; a running server hears of it within seconds.")
T = TypeVar("T")
Name = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.callback()
def users() -> None:
    """Look after users on the data directory."""


@app.command("list")
def list_(
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List everybody who can sign in."""
    from sqlalchemy import select

    from runyard.access.models import User

    async def read(office: "_Office") -> list[dict[str, object]]:
        async with office.database.read() as session:
            rows = await session.scalars(select(User).order_by(User.username_key))
            return [
                {
                    "id": user.id,
                    "username": user.username,
                    "display_name": user.display_name,
                    "is_admin": user.is_admin,
                    "disabled": user.disabled,
                }
                for user in rows
            ]

    found = _do(data, database_url, read)
    if machine:
        as_json({"items": found})
        return
    rows = [
        (
            str(user["username"]),
            "administrator" if user["is_admin"] else "",
            "disabled" if user["disabled"] else "",
            str(user["display_name"]),
        )
        for user in found
    ]
    table(("USER", "", "", "SHOWN AS"), rows, flexible="SHOWN AS")


@app.command()
def add(
    username: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Make them an administrator.")] = False,
    password_stdin: PasswordStdin = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Add a user; the password is made up and printed, or read with --password-stdin."""
    from pydantic import ValidationError

    from runyard.access.people_schemas import UserCreate
    from runyard.audit.events import Target
    from runyard.audit.record import record
    from runyard.cli.errors import Misuse

    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    try:
        body = UserCreate.model_validate({"username": username, "password": given, "is_admin": admin})
    except ValidationError as error:
        raise Misuse("; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())) from error

    async def create(office: "_Office") -> str | None:
        made = await office.users.create(body.username, given, is_admin=admin)
        async with office.database.write() as session:
            target = Target("user", made.user.id, made.user.username)
            record(session, None, "user.create", target, after={"is_admin": admin})
        return made.password

    password = _do(data, database_url, create)
    print(f"There is a user {body.username} now.")
    if password:
        print(f"Password: {password}")


@app.command()
def disable(username: Name, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Sign a user out everywhere and keep them out; what they own goes on."""
    _change(username, data, database_url, f"{username} is disabled; all sessions have ended.", disabled=True)


@app.command()
def enable(username: Name, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Let a user sign in again."""
    _change(username, data, database_url, f"{username} can sign in again.", disabled=False)


@app.command("make-admin")
def make_admin(username: Name, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Make a user an administrator of the installation."""
    _change(username, data, database_url, f"{username} is an administrator.", is_admin=True)


@app.command("drop-admin")
def drop_admin(username: Name, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Make an administrator a user like others; the last one stays."""
    _change(username, data, database_url, f"{username} is no administrator any more.", is_admin=False)


@app.command("reset-password")
def reset_password(
    username: Name, password_stdin: PasswordStdin = False, data: Data = None, database_url: DatabaseUrl = None
) -> None:
    """Give a user a new password and end all their sessions."""
    from runyard.cli.admin import reset_password as reset

    reset(username, password_stdin, data, database_url)


@app.command("drop-second-factor")
def drop_second_factor(username: Name, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Let a user who has lost their authenticator app and recovery codes sign in by the password alone."""
    from runyard.access.second_factors import SecondFactorOff, take_away

    async def drop(office: "_Office") -> None:
        async with office.database.write() as session:
            await take_away(session, None, await office.users.find(session, username))

    try:
        _do(data, database_url, drop)
    except SecondFactorOff as error:
        raise NothingFound(f"{username} has no second factor.") from error
    print(f"{username} signs in by the password alone; all sessions have ended.")


class _Office:
    """The users of one data directory; what is done here is written down as Runyard's own doing."""

    def __init__(self, chosen: "Settings") -> None:
        import logging

        import structlog

        from runyard.access.actors import Actors
        from runyard.access.passwords import Passwords
        from runyard.access.users import Users
        from runyard.audit.trail import Trail
        from runyard.projects.service import ProjectService
        from runyard.secrets import custody
        from runyard.wiring import connect

        # What was done is said by the command.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        self.database = connect(chosen)
        Trail.beside(chosen.data, custody.ring_of(chosen), self.database)
        self.users = Users(self.database, Passwords(), Actors(self.database, ProjectService()))


def _change(username: str, data: Data, database_url: DatabaseUrl, said: str, **changes: Any) -> None:
    from runyard.access.users import Changes
    from runyard.audit.events import Target
    from runyard.audit.record import record

    async def change(office: _Office) -> None:
        async with office.database.write() as session:
            user = await office.users.change(session, username, Changes(**changes))
            record(session, None, "user.update", Target("user", user.id, user.username), after=changes)

    _do(data, database_url, change)
    print(said)


def _do(data: Data, database_url: DatabaseUrl, work: Callable[[_Office], Awaitable[T]]) -> T:
    from runyard.errors import Missing

    chosen = settings(data=data, database_url=database_url)
    if not (chosen.data / "locks").is_dir():
        raise Trouble(f"There is no Runyard in {chosen.data}.", hint="Name its data directory with --data.")

    async def done() -> T:
        office = _Office(chosen)
        try:
            return await work(office)
        finally:
            await office.database.close()

    try:
        return asyncio.run(done())
    except Missing as error:
        raise NothingFound(error.detail) from error
