"""The doctor's looks at one thing each. None of them changes anything that stays."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runyard import locks
from runyard.cli.doctor import Finding
from runyard.cli.output import size
from runyard.errors import Problem

if TYPE_CHECKING:
    from runyard.db.migrate import SchemaState
    from runyard.settings import Settings

_MOVE = "Choose another place with --data or RUNYARD_DATA, or make this one writable for you."


def variables() -> Iterator[Finding]:
    """Look for variables of the environment that were meant for Runyard and say nothing to it."""
    from runyard.stray_settings import strangers

    for name, meant in strangers(os.environ).items():
        fix = f"Did you mean {meant}?" if meant else "docs/reference/settings.md names all that there are."
        yield Finding("Variables", "degraded", f"{name} is no setting of Runyard", fix)


def data_directory(chosen: "Settings") -> Finding:
    """Look whether the data directory can be written, or made."""
    name, data = "Data directory", chosen.data
    try:
        if data.is_dir():
            _try_writing(data)
            return Finding(name, "ok", str(data), essential=True)
        if data.exists():
            return Finding(name, "missing", f"{data} is not a directory.", _MOVE, essential=True)
        above = next(parent for parent in data.parents if parent.exists())
        if not above.is_dir():
            return Finding(name, "missing", f"{data} can't be made: {above} is not a directory.", _MOVE, essential=True)
        _try_writing(above)
    except OSError as error:
        return Finding(name, "missing", f"{data} can't be written: {error.strerror}.", _MOVE, essential=True)
    return Finding(name, "ok", f"{data} (made at the first start)", essential=True)


def _try_writing(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * 4096)
        file.flush()


def free_space(chosen: "Settings") -> Finding:
    """Look whether the disk has room."""
    found = os.statvfs(next(place for place in (chosen.data, *chosen.data.parents) if place.exists()))
    free, needed = found.f_bavail * found.f_frsize, int(chosen.limits.free_disk)
    if free < needed:
        fix = f"Make room, or set RUNYARD_LIMITS__FREE_DISK lower than {size(needed)}."
        return Finding("Free space", "missing", f"{size(free)} left; {size(needed)} are needed.", fix, essential=True)
    if free < 4 * needed:
        return Finding("Free space", "degraded", f"{size(free)} left", "Make room soon.")
    return Finding("Free space", "ok", f"{size(free)} left")


def master_key(chosen: "Settings") -> Finding:
    """Look whether the master key can be used; never makes one."""
    from runyard.secrets import custody, keys

    name = "Master key"
    if not os.environ.get(keys.VARIABLE, "").strip() and not (chosen.data / keys.FILE).exists():
        return Finding(name, "ok", "made at the first start", essential=True)
    try:
        custody.ring_of(chosen)
    except Problem as problem:
        return Finding(name, "missing", problem.detail, "Restore it from your backup, or repair it.", essential=True)
    where = keys.VARIABLE if os.environ.get(keys.VARIABLE, "").strip() else str(chosen.data / keys.FILE)
    return Finding(name, "ok", f"{where}, readable by you alone", essential=True)


def database(chosen: "Settings") -> Finding:
    """Look whether the database answers and which schema it has."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    name = "Database"
    try:
        url = make_url(chosen.sqlalchemy_url)
    except ArgumentError as error:
        return Finding(name, "missing", f"RUNYARD_DATABASE_URL: {error}", essential=True)
    shown = f"SQLite, {url.database}" if url.get_backend_name() == "sqlite" else url.render_as_string()
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding(name, "ok", f"{shown} (made at the first start)", essential=True)
    try:
        found = asyncio.run(_schema(chosen))
    except ModuleNotFoundError as error:
        fix = "Install the driver: pip install 'runyard[postgres]'."
        return Finding(name, "missing", f"{shown}: the driver {error.name} is not installed.", fix, essential=True)
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        why = str(getattr(error, "orig", None) or error) or type(error).__name__
        fix = "Check that it runs and that RUNYARD_DATABASE_URL is right."
        return Finding(name, "missing", f"{shown}: {why.splitlines()[0]}", fix, essential=True)
    if found.fits:
        return Finding(name, "ok", f"{shown}; schema {found.current}", essential=True)
    fix = "`runyard up` and `runyard migrate` bring it up to date."
    return Finding(name, "degraded", f"{shown}; schema {found.current or 'empty'} of {found.wanted}", fix)


async def _schema(chosen: "Settings") -> "SchemaState":
    from runyard.db import migrate
    from runyard.db.session import Database

    yard = Database.connect(chosen.sqlalchemy_url, busy_timeout_s=5)
    try:
        return await migrate.state(yard)
    finally:
        await yard.close()


def address(chosen: "Settings") -> Finding:
    """Look whether Runyard serves already, or whether its port is free."""
    name = "Address"
    for role, facts in locks.holders(chosen.data / "locks").items():
        if role == "api":
            return Finding(name, "ok", f"Runyard serves at {facts.get('url') or '?'} (pid {facts.get('pid', '?')})")
    where = f"{chosen.host}:{chosen.port}"
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            fix = "Choose another one with --port or RUNYARD_PORT."
            return Finding(name, "missing", f"{where}: {error.strerror}.", fix, essential=True)
    return Finding(name, "ok", f"{where} is free")


def sandboxes(chosen: "Settings", *, usable: bool) -> Iterator[Finding]:
    """Look how strongly scripts can be kept apart; tries it for real."""
    from runyard.wiring import make_sandboxes

    with tempfile.TemporaryDirectory(prefix="runyard-doctor-") as elsewhere:
        # Where there is no data directory yet, the trial takes place in a passing one.
        if not usable:
            Path(elsewhere).chmod(0o711)
            chosen = chosen.model_copy(update={"data": Path(elsewhere)})
        try:
            made = make_sandboxes(chosen)
            probes = made.probe()
            default = made.default_level()
        except (OSError, Problem) as error:
            yield Finding("Isolation", "missing", f"It can't be tried: {error}.", essential=True)
            return
    for probe in probes:
        name = f"Isolation {probe.level.value}"
        chosen_one = " (used unless a script says otherwise)" if probe.level is default else ""
        said = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in probe.details.items())
        if probe.available:
            yield Finding(name, "ok", f"{said}{chosen_one}")
        elif probe.level.value == "container" and not chosen.sandbox.engine:
            # Nobody has asked for it, so nothing is missing.
            yield Finding(name, "ok", f"not used: {probe.reason}")
        else:
            yield Finding(name, "missing", f"{probe.reason}.", probe.fix)
    # Containers build nothing.
    able = [probe.level.value for probe in probes if probe.available and probe.level.value != "container"]
    wish = chosen.sandbox.level
    level = wish if wish in able else "bubblewrap" if "bubblewrap" in able else "process"
    detail = f"what they run is at {level}, with the network, services on this machine's loopback included"
    yield Finding("Builds of packages", "ok", detail)


def control_groups(chosen: "Settings") -> Finding:
    """Look whether limits of memory, processes and processor can be enforced."""
    from runyard.sandbox import cgroups

    name = "Control groups"
    found = cgroups.detect(configured=chosen.sandbox.cgroup_root)
    if not found.version:
        detail = f"Limits of memory and processor are not enforced: {found.why}."
        return Finding(name, "missing", detail, found.fix)
    lacking = [controller for controller in ("memory", "pids", "cpu") if found.why_not(controller)]
    if lacking:
        detail = f"{found.by}; without {', '.join(lacking)}"
        return Finding(name, "degraded", detail, found.fix)
    return Finding(name, "ok", f"{found.by}: memory, pids, cpu")


def tools(chosen: "Settings") -> Iterator[Finding]:
    """Look for what builds and runs script environments."""
    from runyard.environments import interpreters

    probes = (
        ("Python for scripts", interpreters.probe_python(chosen.environments.python)),
        ("uv", interpreters.probe_uv()),
        ("Node.js with npm", interpreters.probe_node()),
    )
    for name, probe in probes:
        if not probe.available:
            detail, _, fix = probe.fix.partition(". ")
            yield Finding(name, "missing", f"{detail}." if fix else "not found", fix or probe.fix)
        elif probe.fix:
            yield Finding(name, "degraded", f"{probe.version} ({probe.path})", probe.fix)
        else:
            yield Finding(name, "ok", f"{probe.version} ({probe.path})")


def editor_programs() -> Finding:
    """Look for what completes, checks and formats code in the editor."""
    from runyard.editor import programs

    name = "Editor's programs"
    found = [programs.find(one) for one in ("ty", "ruff", "oxlint", "shellcheck", "shfmt")]
    found += [programs.find_prettier(), programs.find_typescript()]
    there = [f"{one.name} {one.version}" for one in found if isinstance(one, programs.Program)]
    lacking = {one.name: one.fix for one in found if isinstance(one, programs.Lack)}
    if not lacking:
        return Finding(name, "ok", ", ".join(there))
    detail = f"without {', '.join(lacking)}" + (f"; {', '.join(there)}" if there else "")
    return Finding(name, "degraded", detail, " ".join(dict.fromkeys(lacking.values())))
