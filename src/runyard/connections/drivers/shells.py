"""SSH, and files over it. A server whose key is not known is shown neither password nor key."""

from typing import Any

import asyncssh

from runyard.connections.drivers.seen import Refused, Seen

_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "rsa-sha2-512", "rsa-sha2-256")


async def ssh(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, and ask for the system."""
    async with await enter(settings, patience_s) as connection:
        done = await connection.run("uname -sr", check=False)
    said = str(done.stdout or "").strip()[:100] if done.exit_status == 0 else ""
    return Seen(_server(connection), {"system": said} if said else {})


async def sftp(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, and look into the directory."""
    async with await enter(settings, patience_s) as connection, connection.start_sftp_client() as client:
        place = await client.realpath(settings["path"] or ".")
        found = len([name for name in await client.listdir(place) if name not in {".", ".."}])
    return Seen(_server(connection), {"directory": str(place), "entries": str(found)})


async def enter(settings: dict[str, Any], patience_s: float) -> asyncssh.SSHClientConnection:
    """Return a connection to a server that has proved that it is the one."""
    key = await _proved(settings)
    private = settings.get("private_key")
    own = [asyncssh.import_private_key(private, settings.get("passphrase"))] if private else None
    try:
        return await asyncssh.connect(
            settings["host"],
            settings["port"],
            username=settings["username"],
            password=settings.get("password"),
            client_keys=own,
            known_hosts=([key], [], []),
            server_host_key_algs=_algorithms(key),
            # Nothing of whoever runs the server takes part.
            config=None,
            agent_path=None,
            login_timeout=patience_s,
            gss_host=None,
        )
    except asyncssh.PermissionDenied as error:
        raise Refused(f"The server does not let {settings['username']} in: {error.reason}") from error


async def _proved(settings: dict[str, Any]) -> asyncssh.SSHKey:
    """Return the server's key if it is the expected one; nothing is said to the server but hello."""
    wanted, kinds = _expected(settings["host_key"])
    first: asyncssh.SSHKey | None = None
    for kind in kinds:
        try:
            key = await asyncssh.get_server_host_key(
                settings["host"], settings["port"], server_host_key_algs=kind, config=None
            )
        except (asyncssh.DisconnectError, OSError):
            if first is None:
                raise
            # It has no key of that kind, and says so or hangs up.
            continue
        if key is None:
            continue
        first = first or key
        if wanted == key.get_fingerprint():
            return key
        if not wanted:
            break
    if first is None:
        raise Refused("The server has no host key of a kind that is taken.")
    found = first.get_fingerprint()
    if wanted:
        raise Refused(f"The server's host key is another one: {found}.", "host_key_differs", host_key=found)
    raise Refused(
        f"The server's host key is {found}. Compare it, and keep it with the connection; nothing was sent yet.",
        "host_key_unknown",
        host_key=found,
    )


def _expected(text: str) -> tuple[str, tuple[list[str] | tuple[()], ...]]:
    """Return the wanted fingerprint, and for which algorithms to ask, the likeliest first."""
    words = text.split()
    if not words:
        return "", ((),)
    if words[0].startswith("SHA256:"):
        return words[0], ((), *([kind] for kind in _KINDS))
    for at, word in enumerate(words[:-1]):
        if word.startswith(("ssh-", "ecdsa-", "sk-")):
            try:
                key = asyncssh.import_public_key(f"{word} {words[at + 1]}")
            except asyncssh.KeyImportError:
                break
            return key.get_fingerprint(), (_algorithms(key),)
    raise Refused("The host key is neither a fingerprint (SHA256:…) nor a line of known_hosts.")


def _algorithms(key: asyncssh.SSHKey) -> list[str]:
    kind = key.get_algorithm()
    return ["rsa-sha2-512", "rsa-sha2-256"] if kind == "ssh-rsa" else [kind]


def _server(connection: asyncssh.SSHClientConnection) -> str:
    said = connection.get_extra_info("server_version", b"")
    return (said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)).removeprefix("SSH-2.0-")
