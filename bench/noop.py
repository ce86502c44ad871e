"""No-op runs: latency from POST to the end on an idle system, and throughput of a full queue, beside the floor."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from bench.yard import OVER, Yard, floor_command, percentile, started

LATENCY_RUNS = 60
QUEUED = 200
NOOP = "pass\n"


def measure() -> dict[str, float]:
    """Return milliseconds, runs per second and their ratio."""
    with started() as yard:
        script = yard.script("noop", NOOP)
        yard.wait(yard.submit(script))
        argv, env = floor_command(yard, script)
        figures = latency(yard, script, argv, env)
    with started() as yard:
        script = yard.script("noop", NOOP)
        yard.wait(yard.submit(script))
        argv, env = floor_command(yard, script)
        figures |= throughput(yard, script, argv, env)
    return figures


def latency(yard: Yard, script: str, argv: list[str], env: dict[str, str]) -> dict[str, float]:
    """Take turns between the floor and the yard, so that both see the same machine."""
    floor, ours = [], []
    for _ in range(LATENCY_RUNS):
        began = time.perf_counter()
        subprocess.run(argv, env=env, check=True)
        floor.append(time.perf_counter() - began)
        ours.append(seen_through(yard, script))
    p50, floor50 = percentile(ours, 0.5) * 1e3, percentile(floor, 0.5) * 1e3
    return {"noop_p50_ms": p50, "noop_floor_p50_ms": floor50, "noop_added_ms": p50 - floor50}


def seen_through(yard: Yard, script: str) -> float:
    """Return how long a run takes from its POST to its end, as somebody sees it who follows its log."""
    began = time.perf_counter()
    run_id = yard.submit(script)
    with yard.api.stream("GET", f"/runs/{run_id}/logs/stream") as answer:
        for line in answer.iter_lines():
            if line == "event: end":
                break
    return time.perf_counter() - began


def throughput(yard: Yard, script: str, argv: list[str], env: dict[str, str]) -> dict[str, float]:
    """Time runs that were all queued before, with as many slots as cores; then the floor with as many threads."""
    slots = os.cpu_count() or 1
    blockers = [yard.submit(yard.script(f"block {n}", "import time; time.sleep(600)")) for n in range(slots)]
    while any(yard.get(blocker)["state"] != "running" for blocker in blockers):
        time.sleep(0.01)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: yard.submit(script), range(QUEUED)))
    for blocker in blockers:
        yard.api.post(f"/runs/{blocker}/cancel")
    while any(yard.get(blocker)["state"] not in OVER for blocker in blockers):
        time.sleep(0.001)
    began = time.perf_counter()
    # Whoever asks takes time away from the runs: the ends of the last ones are told.
    for run in sorted(runs)[-slots:]:
        yard.follow(run)
    ours = QUEUED / (time.perf_counter() - began)
    assert all(yard.get(run)["state"] == "succeeded" for run in runs)
    with ThreadPoolExecutor(slots) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: subprocess.run(argv, env=env, check=True), range(QUEUED)))
        floor = QUEUED / (time.perf_counter() - began)
    return {"noop_per_s": ours, "noop_floor_per_s": floor, "noop_throughput_ratio": ours / floor}
