"""What an administrator can put right on the data directory itself."""

import asyncio
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from runyard.cli.errors import Misuse, NothingFound, Trouble
from runyard.cli.options import Data, DatabaseUrl, group, settings

if TYPE_CHECKING:
    from runyard.settings import Settings

app = group("Put things right without a running server.")


@app.callback()
def admin() -> None:
    """Put things right without a running server."""


@app.command("reset-password")
def reset_password(
    username: Annotated[str, typer.Argument(metavar="USER", help="The user's name.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from standard input.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give a user a new password and end all their sessions; works on the data directory, server or not."""
    from runyard.access.passwords import is_common
    from runyard.access.schemas import LONGEST, SHORTEST

    chosen = settings(data=data, database_url=database_url)
    if not (chosen.data / "locks").is_dir():
        raise Trouble(f"There is no Runyard in {chosen.data}.", hint="Name its data directory with --data.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(15)
    if not SHORTEST <= len(password) <= LONGEST or not password.strip():
        raise Misuse(f"A password has at least {SHORTEST} characters.")
    if is_common(password):
        raise Misuse("So many people have this password that it is among the first to be tried.")
    asyncio.run(_reset(chosen, username, password))
    print(f"{username} has a new password; all sessions have ended.")
    if not password_stdin:
        print(f"Password: {password}")


async def _reset(chosen: "Settings", username: str, password: str) -> None:
    from runyard import clock
    from runyard.access import repository
    from runyard.access.passwords import Passwords
    from runyard.audit.events import Target
    from runyard.audit.record import record
    from runyard.audit.trail import Trail
    from runyard.secrets import custody
    from runyard.wiring import connect

    passwords = Passwords()
    async with passwords.turn():
        hashed = await passwords.hash(password)
    database = connect(chosen)
    Trail.beside(chosen.data, custody.ring_of(chosen), database)
    try:
        async with database.write() as session:
            user = await repository.user_named(session, username)
            if user is None:
                raise NothingFound(f"There is no user {username!r}.")
            user.password_hash = hashed
            user.password_changed_at = clock.now()
            await repository.revoke_others(session, user.id, "", clock.now())
            record(session, None, "user.reset_password", Target("user", user.id, user.username))
    finally:
        await database.close()


@app.command("open-local-login")
def open_local_login(
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=1440, help="For how long.")] = 30,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Let local passwords be good for a while although access.local_login is off; a running server follows at once."""
    chosen = settings(data=data, database_url=database_url)
    if not (chosen.data / "locks").is_dir():
        raise Trouble(f"There is no Runyard in {chosen.data}.", hint="Name its data directory with --data.")
    asyncio.run(_open_local_login(chosen, minutes))
    print(f"Local passwords are good for {minutes} minutes. Without one: runyard admin reset-password USER")


async def _open_local_login(chosen: "Settings", minutes: int) -> None:
    from datetime import timedelta

    from runyard import clock
    from runyard.access import local_login
    from runyard.audit.events import Target
    from runyard.audit.record import record
    from runyard.audit.trail import Trail
    from runyard.secrets import custody
    from runyard.wiring import connect

    until = clock.now() + timedelta(minutes=minutes)
    database = connect(chosen)
    Trail.beside(chosen.data, custody.ring_of(chosen), database)
    try:
        async with database.write() as session:
            record(session, None, "local_login.open", Target("user"), after={"until": clock.rfc3339(until)})
    finally:
        await database.close()
    local_login.open_until(chosen.data, until)
