"""Real container engines, started for the tests that need them."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runyard.runner import engine as http
from runyard.runner.engine import EngineTrouble

PATIENCE_S = 60
NEEDED = {"docker": ("dockerd", "containerd", "runc"), "podman": ("podman", "runc", "conmon")}


def lacking(kind: str) -> str:
    """Why an engine can't be started here, or an empty string."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return f"{kind} needs Linux and root"
    missing = [program for program in NEEDED[kind] if not shutil.which(program)]
    return f"{kind} needs {', '.join(missing)}" if missing else ""


@contextmanager
def running(kind: str) -> Iterator[str]:
    """Start an engine with a store of its own and yield its socket; skips the test by name where it can't be had."""
    if why := lacking(kind):
        pytest.skip(why)
    place = Path(tempfile.mkdtemp(prefix="ry-engine-", dir="/tmp"))
    log = (place / "log").open("wb")
    process = subprocess.Popen(_command(kind, place), stdout=log, stderr=log, start_new_session=True)
    try:
        if not _answers(process, str(place / "s")):
            log.close()
            said = (place / "log").read_text(errors="replace").splitlines()[-3:]
            pytest.skip(f"{kind} does not start here: {' / '.join(said)}")
        yield str(place / "s")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if (at := line.split()[1]).startswith(str(place)):
                subprocess.run(["umount", "-l", at], check=False, capture_output=True)
        shutil.rmtree(place, ignore_errors=True)


def _command(kind: str, place: Path) -> list[str]:
    if kind == "docker":
        return [
            *("dockerd", "--storage-driver=overlay2", "--iptables=false", "--ip6tables=false", "--bridge=none"),
            *("--data-root", f"{place}/data", "--exec-root", f"{place}/exec", "--pidfile", f"{place}/pid"),
            *("-H", f"unix://{place}/s"),
        ]
    return [
        *("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--storage-driver", "overlay"),
        *("--root", f"{place}/data", "--runroot", f"{place}/run", "--tmpdir", f"{place}/tmp"),
        *("system", "service", "--time=0", f"unix://{place}/s"),
    ]


def _answers(process: subprocess.Popen[bytes], socket: str) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if http.call(socket, "GET", "/info", timeout_s=5)[0] == 200:
                return True
        except EngineTrouble:
            time.sleep(0.1)
    return False
