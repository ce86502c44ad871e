"""Starting up, doing nothing, and asking for help."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench.yard import percentile, started


def measure() -> dict[str, float]:
    """Return seconds, milliseconds and megabytes."""
    figures = {}
    with tempfile.TemporaryDirectory(prefix="runyard-bench-") as folder:
        data = Path(folder)
        with started(data):
            pass
        times = []
        for _ in range(5):
            began = time.perf_counter()
            with started(data) as yard:
                # To the printed address; signing in is not part of it.
                times.append(yard.ready_at - began)
                time.sleep(1.5)
                agent = psutil.Process(yard.process.pid)
                pss = agent.memory_full_info().pss + sum(c.memory_full_info().pss for c in agent.children())
        figures["up_to_ready_s"] = percentile(times, 0.5)
        figures["idle_pss_mb"] = pss / 1e6
    runyard = Path(sys.executable).parent / "runyard"
    times = []
    for _ in range(10):
        began = time.perf_counter()
        subprocess.run([runyard, "--help"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    figures["help_ms"] = percentile(times, 0.5) * 1e3
    return figures
