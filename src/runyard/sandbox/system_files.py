"""The sandbox's own ``/etc`` and its seccomp filter, written once into a directory the platform keeps.

Directories are named by their content and never changed afterwards, so that several processes may write them at once
and running sandboxes keep what they started with.
"""

import hashlib
import os
import platform
import pwd
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runyard.sandbox import seccomp

HOSTNAME = "runyard"
HOME_LINK = "/runyard-home"

# What programs look up in /etc and what holds no secrets. Patterns are for Path.glob; only what anybody may read is
# taken, so private keys under ssl/ or pki/ stay out.
_CHOSEN = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "locale.alias", "locale.conf"),
    *("nsswitch.conf", "host.conf", "gai.conf", "protocols", "services", "networks", "ethers", "rpc", "netconfig"),
    *("ssl", "pki", "ca-certificates", "ca-certificates.conf", "crypto-policies", "krb5.conf", "krb5.conf.d"),
    *("alternatives", "mime.types", "magic", "magic.mime", "fonts", "terminfo", "inputrc", "bash.bashrc", "shells"),
    *("os-release", "debian_version", "lsb-release", "redhat-release", "alpine-release"),
    *("ssh/ssh_config", "ssh/ssh_config.d", "ssh/ssh_known_hosts", "perl", "python3*", "java*", "R", "php"),
    "postgresql-common",
)
_ENOUGH = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SystemFiles:
    """Where the sandbox's ``/etc`` lies, and the seccomp filter (None: none for this machine)."""

    etc: Path
    seccomp: Path | None


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    link: str | None
    content: bytes


def write(home: Path, *, users: range, filter_: bytes | None, source: Path = Path("/etc")) -> SystemFiles:
    """Write what sandboxes need under `home` and return where it lies; what is there already is kept.

    `users` are the ids that must have a name; an empty range names our own user only. Raises OSError.
    """
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    entries = [*_copied(source), *_written(source, users)]
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.name):
        digest.update(f"{entry.name}\0{entry.link}\0{len(entry.content)}\0".encode())
        digest.update(entry.content)
    etc = home / f"etc-{digest.hexdigest()[:16]}"
    if not etc.exists():
        _lay_out(etc, entries)
    return SystemFiles(etc, _keep(home, filter_) if filter_ else None)


def filter_file(home: Path) -> Path | None:
    """Write this processor's filter of system calls under `home`; None if none is known or it can't be written."""
    filter_ = seccomp.program(platform.machine())
    if filter_ is None or sys.platform != "linux":
        return None
    try:
        home.mkdir(mode=0o755, parents=True, exist_ok=True)
        return _keep(home, filter_)
    except OSError:
        return None


def _keep(home: Path, filter_: bytes) -> Path:
    kept = home / f"seccomp-{hashlib.sha256(filter_).hexdigest()[:16]}"
    if not kept.exists():
        fresh = home / f".{secrets.token_hex(8)}"
        fresh.write_bytes(filter_)
        fresh.rename(kept)
    return kept


def _lay_out(etc: Path, entries: list[_Entry]) -> None:
    fresh = etc.parent / f".{secrets.token_hex(8)}"
    try:
        for entry in entries:
            place = fresh / entry.name
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.link is not None:
                place.symlink_to(entry.link)
            else:
                place.write_bytes(entry.content)
                place.chmod(0o644)
        for directory in (fresh, *(path for path in fresh.rglob("*") if path.is_dir() and not path.is_symlink())):
            directory.chmod(0o755)
        fresh.rename(etc)
    except OSError:
        if not etc.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copied(source: Path) -> Iterator[_Entry]:
    room = _ENOUGH
    for pattern in _CHOSEN:
        for path in sorted(source.glob(pattern)):
            for entry in _read(path, str(path.relative_to(source)), top=True):
                room -= len(entry.content)
                if room < 0:
                    return
                yield entry


def _read(path: Path, name: str, *, top: bool) -> Iterator[_Entry]:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            # A link into a tree that the sandbox has stays one; one that leaves it (as /etc/ssl/certs does on some
            # systems) is replaced by what it names.
            if not top or path.resolve().is_relative_to("/usr") or not path.exists():
                yield _Entry(name, os.readlink(path), b"")  # noqa: PTH115 - the text, not a path
                return
            mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            if mode & stat.S_IXOTH and mode & stat.S_IROTH:
                for child in sorted(path.iterdir()):
                    yield from _read(child, f"{name}/{child.name}", top=False)
        elif stat.S_ISREG(mode) and mode & stat.S_IROTH:
            yield _Entry(name, None, path.read_bytes())
    except OSError:
        return


def _written(source: Path, users: range) -> Iterator[_Entry]:
    passwd = ["root:x:0:0:root:/root:/usr/sbin/nologin", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    group = ["root:x:0:", "nogroup:x:65534:"]
    if users:
        passwd += [f"run{uid}:x:{uid}:{uid}:Runyard run:{HOME_LINK}:/bin/bash" for uid in users]
        group += [f"run{uid}:x:{uid}:" for uid in users]
    elif os.getuid():
        name = _own_name()
        passwd.append(f"{name}:x:{os.getuid()}:{os.getgid()}:Runyard run:{HOME_LINK}:/bin/bash")
        group.append(f"{name}:x:{os.getgid()}:")
    try:
        hosts = (source / "hosts").read_text(errors="replace")
    except OSError:
        hosts = ""
    yield _Entry("passwd", None, "\n".join([*passwd, ""]).encode())
    yield _Entry("group", None, "\n".join([*group, ""]).encode())
    yield _Entry("hosts", None, f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost\n{hosts}".encode())
    yield _Entry("hostname", None, f"{HOSTNAME}\n".encode())
    yield _Entry("mtab", "../proc/self/mounts", b"")
    yield _Entry("resolv.conf", None, b"")


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "runyard"
