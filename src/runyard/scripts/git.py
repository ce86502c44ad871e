"""A path of a Git repository, read by the ``git`` program without ever checking anything out.

No hook, filter, submodule or configuration of the repository or the machine takes part: objects are fetched into a
bare directory and come out as a tar stream, which is unpacked like any other archive.
"""

import asyncio
import os
import re
import shutil
import tempfile
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from runyard.errors import FieldError
from runyard.scripts import archives
from runyard.scripts.errors import SourceRefused, SourceUnreachable
from runyard.web.outbound import Target

REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}", re.ASCII)
MOST_BLOCKS = 256 * 1024
"""The largest file that git may write, in KiB."""
_SAFE = (
    "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false", "submodule.recurse=false",
    "fetch.recurseSubmodules=false", "http.followRedirects=false", "protocol.allow=never",
    "credential.helper=", "gc.auto=0", "maintenance.auto=false", "fetch.fsckObjects=true", "core.askPass=/bin/false",
    "tar.umask=0022", "protocol.https.allow=always",
)  # fmt: skip


class Snapshot(Struct, frozen=True):
    """The files of one commit below a path."""

    revision: str
    files: dict[str, bytes]
    executable: frozenset[str]


async def snapshot(target: Target, ref: str, path: str, login: tuple[str, str] | None, patience_s: float) -> Snapshot:
    """Return the files below `path` as they are at `ref` (the default branch if empty).

    Raises: SourceUnreachable in git's words; SourceRefused, BadTree.
    """
    program = shutil.which("git")
    if program is None:
        raise SourceUnreachable("The program git is not installed on the server.")
    if ref and (not REF.fullmatch(ref) or ".." in ref):
        raise SourceRefused("That is no branch or tag.", fields=[FieldError("ref", "That is no branch or tag.", "ref")])
    folder = Path(tempfile.mkdtemp(prefix="git-"))
    try:
        async with asyncio.timeout(patience_s):
            git = _Git(program, folder, target, login)
            await git.run("init", "--quiet", "--bare", "--template=", ".")
            wanted = ref or "HEAD"
            options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
            await git.run("fetch", *options, "--", target.url, wanted)
            revision = (await git.run("rev-parse", "--verify", "FETCH_HEAD^{commit}")).decode().strip()
            data = await git.run("archive", "--format=tar", *await _named(git, revision, path, wanted))
    except TimeoutError as error:
        raise SourceUnreachable(f"{target.host} took longer than {patience_s:g} s.") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    files, executable = await asyncio.to_thread(archives.unpacked, "repository.tar", data)
    if path in files:
        # A file of its own comes with its whole path.
        name = path.rpartition("/")[2]
        return Snapshot(revision, {name: files[path]}, frozenset({name} if path in executable else ()))
    return Snapshot(revision, files, executable)


async def _named(git: "_Git", revision: str, path: str, ref: str) -> tuple[str, ...]:
    """Return the words that name what lies at a path of a commit; raise `SourceRefused` where nothing does."""
    if not path:
        return (revision,)
    if not {"", ".", ".."} & set(path.split("/")):
        listed = await git.run("ls-tree", "--full-tree", "-z", revision, "--", path)
        # Its mode, its type, its hash and its name.
        kind = (listed.split(maxsplit=2) or [b""] * 2)[1]
        if kind == b"tree":
            return (f"{revision}:{path}",)
        if kind == b"blob":
            return (revision, "--", f":(literal){path}")
    sentence = f"The repository has no {path} at {ref}."
    raise SourceRefused(sentence, fields=[FieldError("path", sentence, "path")])


class _Git:
    """Runs git in one bare directory, with nothing of the machine's configuration."""

    def __init__(self, program: str, folder: Path, target: Target, login: tuple[str, str] | None) -> None:
        self._program = program
        self._folder = folder
        address = f"[{target.address}]" if ":" in target.address else target.address
        settings = [*_SAFE, f"http.curloptResolve={target.host}:{target.port}:{address}"]
        if target.url.startswith("http:"):
            settings.append("protocol.http.allow=always")
        if login is not None:
            # In the environment, which nobody else can read, and not on the command line.
            token = b64encode(":".join(login).encode()).decode()
            settings.append(f"http.extraHeader=Authorization: Basic {token}")
        self._env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for number, setting in enumerate(settings):
            name, _, value = setting.partition("=")
            self._env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}

    async def run(self, *words: str) -> bytes:
        """Run one command; return what it writes, bounded. Raises: SourceUnreachable, SourceRefused."""
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f'ulimit -f {MOST_BLOCKS * 2}; exec "$@"',
            "sh",
            self._program,
            *words,
            cwd=self._folder,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        assert process.stderr is not None  # noqa: S101 - asked for above
        try:
            reading = _read(process.stdout, archives.MOST_UNPACKED), _read(process.stderr, 100_000)
            out, said = await asyncio.gather(*reading)
            code = await process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()
            raise
        if code != 0:
            lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
            raise SourceUnreachable(f"git says: {(lines or ['nothing'])[-1][:300]}")
        return out


async def _read(stream: asyncio.StreamReader, most: int) -> bytes:
    data = bytearray()
    while chunk := await stream.read(65_536):
        data += chunk
        if len(data) > most:
            raise SourceRefused(f"The repository holds more than {most // 2**20} MiB.")
    return bytes(data)
