"""Signing in and out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from runyard.cli.errors import Misuse
from runyard.cli.output import as_json, note

if TYPE_CHECKING:
    from runyard.cli.client import Server

FIRST_USER = "admin"
STDIN = "-"
NEEDED = "second_factor_needed"


def login(
    url: Annotated[str, typer.Argument(help="The server's address; by default the one in use.")] = "",
    username: Annotated[str, typer.Option("--username", "-u", help="Asked for if it is not given.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[
        str,
        typer.Option("--code", help="The code of your authenticator app, or a recovery code; asked for if need be."),
    ] = "",
    token: Annotated[
        str,
        typer.Option("--token", help="A token of the API in place of a password; `-` reads it from standard input."),
    ] = "",
) -> None:
    """Sign in to a server and stay signed in.

    The session is kept in $XDG_CONFIG_HOME/runyard/session.json, or in the file that RUNYARD_CONFIG names.
    """
    from runyard.cli.client import Server
    from runyard.cli.session import Sessions, address, chosen, on_this_machine

    sessions = Sessions.here()
    server = Server(address(url) if url else chosen(sessions), sessions)
    if server.url.startswith("http:") and not on_this_machine(server.url):
        note(f"The way to {server.url} is not encrypted: whoever is on it can read your password.")
    if token:
        given = token if token != STDIN else sys.stdin.readline().strip()
        print(f"Signed in to {server.url} as {server.login_by_token(given)}, by a token.")
        return
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        username = username or FIRST_USER
    elif not sys.stdin.isatty():
        raise Misuse(
            "There is no terminal to ask for the password.", hint="Pipe it in: `runyard login --password-stdin`."
        )
    else:
        import getpass

        username = username or input(f"User name [{FIRST_USER}]: ").strip() or FIRST_USER
        password = getpass.getpass("Password: ")
    if not password:
        raise Misuse("The password is empty.")
    owes = _sign_in(server, username, password, code)
    print(f"Signed in to {server.url} as {username}.")
    if owes:
        note("A second factor is compulsory there: set yours up with `runyard second-factor` before anything else.")


def _sign_in(server: "Server", username: str, password: str, code: str) -> bool:
    """Sign in, asking for the code of a second factor where the server wants one and somebody is there to ask.

    Tells whether one has to be set up first.
    """
    from runyard.cli.errors import Refused

    try:
        return server.login(username, password, code)
    except Refused as refusal:
        if refusal.problem != NEEDED or code:
            raise
        if not sys.stdin.isatty():
            raise Misuse(
                "This account has a second factor.", hint="Give its code, or a recovery code, with --code."
            ) from refusal
        return server.login(username, password, input("Code: ").strip())


def second_factor(
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password, and then the code, from standard input."),
    ] = False,
) -> None:
    """Add an authenticator app to your password. Who has lost the app needs a recovery code, or an administrator."""
    from runyard.cli.client import Server

    server = Server.current()
    if not password_stdin and not sys.stdin.isatty():
        raise Misuse(
            "There is no terminal to ask for the password.",
            hint="Pipe it in: `runyard second-factor --password-stdin`.",
        )

    def asked(question: str, *, hidden: bool = False) -> str:
        if password_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        import getpass

        return getpass.getpass(question) if hidden else input(question)

    begun = server.post("/me/second-factor", {"current_password": asked("Password: ", hidden=True)})
    note("Add this to your authenticator app, then type the code that it shows:")
    print(f"  secret  {begun['secret']}\n  link    {begun['uri']}", flush=True)
    answer = server.post("/me/second-factor/confirm", {"code": asked("Code: ").strip()})
    note("Your second factor is on. Keep these recovery codes: each signs you in once without the app.")
    for code in answer["recovery_codes"]:
        print(code)


def logout() -> None:
    """End the session, here and at the server."""
    from runyard.cli.client import Server

    server = Server.current()
    ended = server.logout()
    print(f"Signed out of {server.url}." if ended else f"You were not signed in to {server.url}.")


def whoami(
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell who you are, and where."""
    from runyard.cli.client import Server

    server = Server.current()
    me = server.get("/me")
    if machine:
        as_json({"server": server.url, **me})
        return
    role = " (administrator)" if me["is_admin"] else ""
    print(f"{me['username']}{role} at {server.url}")
    for project in me["projects"]:
        print(f"  project {project['name']}")
