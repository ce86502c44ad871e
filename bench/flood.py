"""A script that floods, and what its neighbours feel: from a printed line to its reader, and pages meanwhile."""

import json
import threading
import time
from collections.abc import Callable

from bench.yard import Yard, percentile, started

SECONDS = 8
RATE = 100_000_000
NEIGHBOUR = f"""
import time
until = time.time() + {SECONDS + 3}
while time.time() < until:
    print(time.time(), flush=True)
    time.sleep(0.02)
"""
# A hundred megabytes a second in lines of seventy bytes, written as fast as that and no faster.
FLOOD = f"""
import sys, time
line = "line %07d of a flood that is long enough to be real, with a bit of text\\n"
block = "".join(line % n for n in range(14_000)).encode()
began = time.monotonic()
sent = 0
while (now := time.monotonic() - began) < {SECONDS}:
    if sent > now * {RATE}:
        time.sleep(0.001)
        continue
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()
    sent += len(block)
print(f"said {{sent / (time.monotonic() - began) / 1e6:.0f}} MB/s", file=sys.stderr)
"""


def measure() -> dict[str, float]:
    """Return milliseconds, and megabytes a second."""
    figures: dict[str, float] = {}
    for name, cap in (("flood", 50 * 1024 * 1024), ("flood_kept", 2 * 1024 * 1024 * 1024)):
        with started(RUNS__OUTPUT_CAP=str(cap), SLOTS="4") as yard:
            figures |= {f"{name}_{key}": value for key, value in _measured(yard).items()}
    return figures


def _measured(yard: Yard) -> dict[str, float]:
    neighbour = yard.submit(yard.script("neighbour", NEIGHBOUR))
    flood_script = yard.script("flood", FLOOD)
    while yard.get(neighbour)["state"] != "running":
        time.sleep(0.01)
    delays: list[tuple[float, float]] = []
    skipped: list[int] = []
    listening = threading.Thread(target=_listen, args=(yard, neighbour, delays))
    listening.start()
    time.sleep(1)
    flood = yard.submit(flood_script)
    while yard.get(flood)["state"] != "running":
        time.sleep(0.01)
    began = time.time()
    watching = threading.Thread(target=_watch, args=(yard, flood, skipped))
    watching.start()
    pages: dict[str, Callable[[], object]] = {
        "runs_page": lambda: yard.api.get("/runs?limit=50").raise_for_status(),
        "its_tail": lambda: yard.api.get(f"/runs/{flood}/logs?tail=500").raise_for_status(),
        "neighbour_tail": lambda: yard.api.get(f"/runs/{neighbour}/logs?tail=500").raise_for_status(),
    }
    times: dict[str, list[float]] = {name: [] for name in pages}
    while time.time() < began + SECONDS - 0.5:
        for name, ask in pages.items():
            at = time.perf_counter()
            ask()
            times[name].append(time.perf_counter() - at)
            time.sleep(0.02)
    ended = time.time()
    run = yard.wait(flood, 0.05)
    settled = time.time()
    for thread in (listening, watching):
        thread.join()
    felt = [delay for at, delay in delays if began <= at <= ended]
    calm = [delay for at, delay in delays if at < began]
    usage = run["usage"]
    return {
        "said_mb_s": usage["output_bytes"] / usage["wall_s"] / 1e6,
        "settled_after_s": settled - began - usage["wall_s"],
        "calm_line_to_sse_p95_ms": percentile(calm, 0.95) * 1e3,
        "line_to_sse_p50_ms": percentile(felt, 0.5) * 1e3,
        "line_to_sse_p95_ms": percentile(felt, 0.95) * 1e3,
        "line_to_sse_worst_ms": max(felt) * 1e3,
        "its_reader_skipped": float(sum(skipped)),
        **{f"{name}_p95_ms": percentile(found, 0.95) * 1e3 for name, found in times.items()},
    }


def _listen(yard: Yard, run_id: str, delays: list[tuple[float, float]]) -> None:
    with yard.api.stream("GET", f"/runs/{run_id}/logs/stream") as answer:
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: ") and kind == "log":
                at = time.time()
                delays.append((at, at - float(json.loads(line[6:])["text"])))


def _watch(yard: Yard, run_id: str, skipped: list[int]) -> None:
    """Look at the flood as the page does."""
    with yard.api.stream("GET", f"/runs/{run_id}/logs/stream?behind=2000") as answer:
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: ") and kind == "skipped":
                skipped.append(json.loads(line[6:])["count"])
