"""Running a build's commands: in a session of their own, with a scrubbed environment, heard line by line."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

KEPT = frozenset(
    {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX_STRATEGY",
        "UV_INSECURE_HOST",
        "UV_SYSTEM_CERTS",
        "UV_NATIVE_TLS",
        "UV_HTTP_TIMEOUT",
        "UV_HTTP_RETRIES",
        "UV_EXCLUDE_NEWER",
        "NPM_CONFIG_REGISTRY",
        "npm_config_registry",
        "NPM_CONFIG_USERCONFIG",
        "npm_config_userconfig",
        "npm_config_cafile",
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "PKG_CONFIG_PATH",
        "LD_LIBRARY_PATH",
    }
)
"""What builds may see of the agent's environment: where to find tools, certificates, proxies and indexes."""

_KEPT_PATTERN = re.compile(r"UV_INDEX_[A-Z0-9_]+_(?:USERNAME|PASSWORD)|npm_config_//\S+", re.IGNORECASE)
_ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_LINE_CAP = 4096
_OUTPUT_CAP = 32 * 1024 * 1024
_GRACE_S = 3.0
_LINGER_S = 1.0

Hear = Callable[[str, str], None]
"""Takes a stream's name (``stdout`` or ``stderr``) and a line."""


class Command(Struct, frozen=True):
    """What is to be run, and which directories it has to write."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    writable: tuple[Path, ...]


class Done(Struct, frozen=True):
    """How a command ended: exit code (negative: minus the signal), and both outputs as text."""

    code: int
    stdout: str
    stderr: str


def scrubbed(source: Mapping[str, str], **added: str) -> dict[str, str]:
    """Return what of `source` a build may see, and `added` over it."""
    kept = {name: value for name, value in source.items() if name in KEPT or _KEPT_PATTERN.fullmatch(name)}
    return {**kept, **added}


def without_credentials(text: str) -> str:
    """Return `text` with user names and passwords taken out of URLs."""
    return _CREDENTIALS.sub("***@", text)


async def run(command: Command, hear: Hear, started: Callable[[int], None], *, quiet_stdout: bool = False) -> Done:
    """Run a command to its end and have every line heard; kill all of its session if we are cancelled.

    It is over when its first process ends, whatever holds on to its output. `started` is told the process id, which is
    the process group's too. Standard output is not heard if it is the result rather than a message (`quiet_stdout`).
    """
    # Pipes of our own: the event loop's would keep it from telling of the end while anything has them open.
    out, err = _Ear("stdout", None if quiet_stdout else hear), _Ear("stderr", hear)
    with out.opened() as stdout, err.opened() as stderr:
        process = await asyncio.create_subprocess_exec(
            # Environments are read by users other than the one who builds them; not every event loop knows `umask`.
            "/bin/sh",
            "-c",
            'umask 022; exec "$@"',
            "sh",
            *command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    listening = asyncio.gather(out.listen(), err.listen())
    try:
        started(process.pid)
        code = await process.wait()
        # Nothing of a build outlives it. One that has fled into a session of its own is left to the cage.
        signal_group(process.pid, signal.SIGKILL)
        await asyncio.wait({listening}, timeout=_LINGER_S)
    finally:
        if process.returncode is None:
            await asyncio.shield(_end(process))
        signal_group(process.pid, signal.SIGKILL)
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    return Done(code, out.text(), err.text())


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal a whole process group; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


async def _end(process: asyncio.subprocess.Process) -> None:
    signal_group(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _GRACE_S)
    except TimeoutError:
        signal_group(process.pid, signal.SIGKILL)
        await process.wait()


class _Ear:
    """Takes what a command prints into one of its outputs: line by line, and as a whole."""

    def __init__(self, stream: str, hear: Hear | None) -> None:
        self._stream = stream
        self._hear = hear
        self._whole = bytearray()
        self._rest = b""
        self._end = -1

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Have the end that a command is given open while it is started."""
        self._end, given = os.pipe()
        try:
            yield given
        except BaseException:
            os.close(self._end)
            raise
        finally:
            os.close(given)

    async def listen(self) -> None:
        """Take what comes until nobody can print any more."""
        pipe = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(pipe), os.fdopen(self._end, "rb", buffering=0)
        )
        try:
            while chunk := await pipe.read(65_536):
                self._take(chunk)
        finally:
            transport.close()

    def text(self) -> str:
        """Return all that came, and have an unfinished line heard."""
        if self._rest and self._hear is not None:
            self._hear(self._stream, _text(self._rest))
            self._rest = b""
        return _ANSI.sub(b"", bytes(self._whole)).decode(errors="replace")

    def _take(self, chunk: bytes) -> None:
        if len(self._whole) < _OUTPUT_CAP:
            self._whole += chunk
        if self._hear is None:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._hear(self._stream, _text(line))
        if len(self._rest) > _LINE_CAP:
            self._hear(self._stream, _text(self._rest))
            self._rest = b""


def _text(line: bytes) -> str:
    # A progress bar redraws its line: what counts is what stood there last.
    last = _ANSI.sub(b"", line).rstrip(b"\r").rpartition(b"\r")[2]
    return without_credentials(last[:_LINE_CAP].decode(errors="replace"))
