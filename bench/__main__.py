"""`bench/run [--check] [NAME …]`."""

import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile

BENCHES = (
    "footprint",
    "noop",
    "output",
    "history",
    "crowd",
    "flood",
    "environments",
    "masking",
    "permissions",
    "recurrence",
    "jobs",
)
# What is promised: figure → (worst value allowed, whether smaller is better).
PROMISED = {
    "noop_added_ms": (15.0, True),
    "env_pandas_warm_ratio": (1.2, True),
    "env_second_run_added_ms": (5.0, True),
    "env_fifty_requests_builds": (1.0, True),
    "noop_throughput_ratio": (0.60, False),
    "line_to_sse_p95_ms": (100.0, True),
    "flood_line_to_sse_p95_ms": (100.0, True),
    "flood_kept_line_to_sse_p95_ms": (100.0, True),
    "million_lines_tail_p95_ms": (200.0, True),
    "million_lines_middle_p95_ms": (200.0, True),
    "up_to_ready_s": (2.0, True),
    "idle_pss_mb": (160.0, True),
    "help_ms": (200.0, True),
    "sqlite_list_p95_ms": (20.0, True),
    "sqlite_list_worst_mix_p95_ms": (20.0, True),
    "postgresql_list_p95_ms": (20.0, True),
    "postgresql_list_worst_mix_p95_ms": (20.0, True),
    "sqlite_submit_p95_ratio": (2.0, True),
    "postgresql_submit_p95_ratio": (2.0, True),
    "sqlite_removed_runs_per_s": (5000.0, False),
    "postgresql_removed_runs_per_s": (5000.0, False),
    "crowd_p95_ms": (200.0, True),
    "masking_log_mb_per_s": (100.0, False),
    "masking_noise_mb_per_s": (100.0, False),
    "masking_told_mb_per_s": (100.0, False),
    "permission_session_us": (50.0, True),
    "permission_token_us": (50.0, True),
    "preview_fresh_ms": (10.0, True),
    "next_of_10000_ms": (50.0, True),
    "jobs_tick_p50_ms": (50.0, True),
    "jobs_idle_cpu_percent": (2.0, True),
    "jobs_jitter_p95_ms": (50.0, True),
    "jobs_thousand_queued_s": (2.0, True),
}


def main(arguments: list[str]) -> int:
    """Run the chosen benches; with ``--check``, 1 when a promised figure is missed."""
    names = [name for name in arguments if not name.startswith("-")] or list(BENCHES)
    figures: dict[str, float] = {}
    for name in names:
        # A yard in this process moves where Python puts what is temporary.
        tempfile.tempdir = None
        figures |= importlib.import_module(f"bench.{name}").measure()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, commit {commit}")
    print(f"load average at the end: {os.getloadavg()[0]:.2f}\n")
    missed = 0
    for name, value in figures.items():
        verdict = ""
        if name in PROMISED:
            worst, smaller = PROMISED[name]
            kept = value <= worst if smaller else value >= worst
            missed += not kept
            verdict = f"  {'kept  ' if kept else 'MISSED'} ({'<=' if smaller else '>='} {worst:g})"
        print(f"{name:34} {value:10.3f}{verdict}")
    if "--json" in arguments:
        print(json.dumps(figures))
    return 1 if missed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
