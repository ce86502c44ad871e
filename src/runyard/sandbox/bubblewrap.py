"""The bubblewrap level as a command line: namespaces, a private root, and rights dropped. Plans only."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runyard.sandbox.plan import Request
from runyard.sandbox.problems import UnsafeVariable
from runyard.sandbox.system_files import HOME_LINK, HOSTNAME, SystemFiles

SYSTEM_TREES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
# The programs that build the sandbox run with the script's environment and, where Runyard is root, with root's rights.
_UNSAFE = re.compile(
    r"LD_.*|MALLOC_.*|GLIBC_.*|GCONV_PATH|GETCONF_DIR|LOCPATH|NLSPATH|NIS_PATH|RESOLV_HOST_CONF"
    r"|ENV|BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|IFS|PS4"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILTER_FD = 9
# bubblewrap reads its filter from an open file; a shell opens it, since the runner hands none over.
_OPEN_FILTER = f'exec {_FILTER_FD}<"$0"; exec "$@"'
# Changing users needs the first two, emptying the bounding set the third, and entering a workspace that is closed to
# all but its owner the last. setpriv leaves none of them.
_RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")
OVERHEAD_PIDS = 2
_MADE = ("/tmp", "/run", "/var", "/var/tmp", "/var/run", "/dev", "/proc", "/etc")  # noqa: S108 - the sandbox's own
_SPECK = "65536"  # bytes: room for mount points, not for data


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What this machine builds sandboxes with.

    ``setpriv`` is empty where Runyard isn't root: then a user namespace takes the rights away, and ``no_userns`` says
    whether further ones can be forbidden. ``trees`` are the system's directories with the link each one is (or None).
    ``hidden`` are directories that must not show, whatever is mounted above them.
    """

    bwrap: str
    setpriv: str
    no_userns: bool
    files: SystemFiles
    trees: tuple[tuple[str, str | None], ...]
    resolv_conf: Path | None
    hidden: tuple[Path, ...] = ()
    tmp_mb: int = 1024
    shm_mb: int = 256


def check_variables(env: Mapping[str, str]) -> None:
    """Raise UnsafeVariable if a variable could load code into, or steer, the programs that build the sandbox."""
    for name in env:
        if not _NAME.fullmatch(name) or _UNSAFE.fullmatch(name):
            raise UnsafeVariable(f"The environment variable {name!r} can't be passed into a sandbox.")


def command(tools: Toolbox, request: Request, uid: int | None) -> tuple[str, ...]:
    """Return the whole command line; `uid` is the run's own user, None where the user namespace does."""
    argv: list[str] = []
    if tools.files.seccomp:
        argv += ["/bin/sh", "-c", _OPEN_FILTER, str(tools.files.seccomp)]
    argv += [tools.bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", HOSTNAME]
    argv += ["--unshare-cgroup-try", "--die-with-parent"]
    if uid is None:
        argv += ["--unshare-user"]
        if tools.no_userns:
            argv += ["--disable-userns"]
    # With a list of allowed places the shim has left the machine's network already.
    if not request.network:
        argv += ["--unshare-net"]
    argv += _system(tools, request)
    argv += _own_places(tools, request)
    argv += ["--remount-ro", "/", "--chdir", str(request.workspace)]
    if uid is not None:
        argv += ["--cap-drop", "ALL"]
        for right in _RIGHTS:
            argv += ["--cap-add", right]
    if tools.files.seccomp:
        argv += ["--seccomp", str(_FILTER_FD)]
    argv += ["--"]
    if uid is not None:
        argv += [tools.setpriv, "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
        argv += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"]
    return (*argv, *request.argv)


def _system(tools: Toolbox, request: Request) -> list[str]:
    argv: list[str] = []
    for tree, link in tools.trees:
        argv += ["--symlink", link, tree] if link is not None else ["--ro-bind", tree, tree]
    argv += ["--ro-bind", str(tools.files.etc), "/etc"]
    if request.network and request.egress is None and tools.resolv_conf:
        argv += ["--ro-bind", str(tools.resolv_conf), "/etc/resolv.conf"]
    argv += ["--proc", "/proc", "--dev", "/dev"]
    argv += ["--perms", "1777", "--size", str(tools.shm_mb * 1024 * 1024), "--tmpfs", "/dev/shm"]  # noqa: S108 - theirs
    argv += ["--remount-ro", "/dev"]
    if request.scratch:
        argv += ["--bind", str(request.scratch), "/tmp"]  # noqa: S108 - the sandbox's own
    else:
        argv += ["--perms", "1777", "--size", str(tools.tmp_mb * 1024 * 1024), "--tmpfs", "/tmp"]  # noqa: S108
    argv += ["--dir", "/run", "--dir", "/var"]
    # Nothing can be mounted below a link.
    if _has_below("/var/tmp", request):  # noqa: S108 - the sandbox's own
        argv += ["--perms", "1777", "--size", str(tools.tmp_mb * 1024 * 1024), "--tmpfs", "/var/tmp"]  # noqa: S108
    else:
        argv += ["--symlink", "/tmp", "/var/tmp"]  # noqa: S108 - the sandbox's own
    return [*argv, *(["--dir", "/var/run"] if _has_below("/var/run", request) else ["--symlink", "../run", "/var/run"])]


def _has_below(place: str, request: Request) -> bool:
    """Tell whether something of the run's own lies at `place` or below it, as it does with data in ``/var/tmp``."""
    own = (request.workspace, *request.read_write, *request.read_only, *request.interpreter_roots)
    paths = (*own, *(mount.target for mount in request.mounts))
    return any(f"{path}/".startswith(f"{place}/") for path in paths)


def _own_places(tools: Toolbox, request: Request) -> list[str]:
    """Bind the run's own paths, outer ones first, and cover what must not show through them.

    In plain strings: this is done for every run, and path objects would make it five times as long.
    """
    binds: dict[str, str] = {}
    for path in (*request.interpreter_roots, *request.read_only):
        binds |= {str(path): "--ro-bind", os.path.realpath(path): "--ro-bind"}
    binds |= dict.fromkeys((str(path) for path in (request.workspace, *request.read_write)), "--bind")
    trees = [tree for tree, link in tools.trees if link is None]
    covers = [hidden for hidden in map(str, tools.hidden) if _depth(hidden, (*trees, *binds))]
    shown = [*trees, *(path for path, how in binds.items() if how == "--ro-bind")]
    mounts = {str(mount.target): mount for mount in request.mounts}
    binds |= {place: "--bind" if mount.writable else "--ro-bind" for place, mount in mounts.items()}
    # Directories that bubblewrap makes on its own are closed to all but their owner, so each is made by name.
    ways = {way for path in binds for way in _above(path)} - set(_MADE)
    steps = [
        *((path, ["--dir", path]) for path in ways.difference(binds, covers) if not _showing(path, shown, covers)),
        *((path, ["--size", _SPECK, "--tmpfs", path]) for path in covers),
        *(
            (path, [how, str(mounts[path].source) if path in mounts else path, path])
            for path, how in binds.items()
            if how == "--bind" or path in mounts or not _showing(path, [tree for tree in shown if tree != path], covers)
        ),
    ]
    steps.sort(key=lambda step: (step[0].count("/"), step[0]))
    return [*(word for _, words in steps for word in words), "--symlink", str(request.workspace), HOME_LINK]


def _above(path: str) -> Iterator[str]:
    """Yield the directories above an absolute path, without the root."""
    while (path := path.rpartition("/")[0]) != "":
        yield path


def _showing(path: str, shown: Iterable[str], covers: Iterable[str]) -> bool:
    """Tell whether `path` is in the sandbox already: mounted with a tree above it, and not covered again below that."""
    return _depth(path, shown) > _depth(path, covers)


def _depth(path: str, trees: Iterable[str]) -> int:
    """Return how deep the innermost of `trees` lies that contains `path`; 0 if none does."""
    return max(
        (len(tree.rstrip("/").split("/")) for tree in trees if f"{path}/".startswith(f"{tree.rstrip('/')}/")), default=0
    )
