"""No-op runs: latency from POST to the end on an idle system, and throughput of a full queue, beside the floor."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from bench.yard import OVER, Yard, floor_command, percentile, started

LATENCY_RUNS = 60
QUEUED = 200
ROUNDS = 5
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
    reader = Reader(yard)
    for _ in range(LATENCY_RUNS):
        began = time.perf_counter()
        subprocess.run(argv, env=env, check=True)
        floor.append(time.perf_counter() - began)
        ours.append(reader.see_through(script))
    p50, floor50 = percentile(ours, 0.5) * 1e3, percentile(floor, 0.5) * 1e3
    return {"noop_p50_ms": p50, "noop_floor_p50_ms": floor50, "noop_added_ms": p50 - floor50}


class Reader:
    """Submits and follows with little time of its own: a client of many features takes 2 ms of a run for itself."""

    def __init__(self, yard: Yard) -> None:
        host = yard.url.removeprefix("http://")
        self._submits, self._follows = HTTPConnection(host, timeout=120), HTTPConnection(host, timeout=120)
        self._headers = {"Authorization": f"Bearer {yard.token}", "Content-Type": "application/json"}

    def see_through(self, script: str) -> float:
        """Return how long a run takes from its POST to its end, as somebody sees it who follows its log."""
        began = time.perf_counter()
        self._submits.request("POST", f"/api/v1/scripts/{script}/runs", b"{}", self._headers)
        run_id = json.loads(self._submits.getresponse().read())["id"]
        self._follows.request("GET", f"/api/v1/runs/{run_id}/logs/stream", headers=self._headers)
        with self._follows.getresponse() as answer:
            while answer.readline() != b"event: end\n":
                pass
            seen = time.perf_counter() - began
            answer.read()
        return seen


def throughput(yard: Yard, script: str, argv: list[str], env: dict[str, str]) -> dict[str, float]:
    """Let the yard and the floor take turns: a processor that changes its pace in between changes it for both."""
    slots = os.cpu_count() or 1
    blocker = yard.script("block", "import time; time.sleep(600)")
    rounds = []
    for _ in range(ROUNDS):
        ours = _queued(yard, script, blocker, slots)
        with ThreadPoolExecutor(slots) as pool:
            began = time.perf_counter()
            list(pool.map(lambda _: subprocess.run(argv, env=env, check=True), range(QUEUED)))
            floor = QUEUED / (time.perf_counter() - began)
        rounds.append((ours, floor, ours / floor))
    ours, floor, ratio = (percentile(list(column), 0.5) for column in zip(*rounds, strict=True))
    ratios = sorted(each for _, _, each in rounds)
    return {
        "noop_per_s": ours,
        "noop_floor_per_s": floor,
        "noop_throughput_ratio": ratio,
        "noop_throughput_ratio_worst": ratios[0],
        "noop_throughput_ratio_best": ratios[-1],
    }


def _queued(yard: Yard, script: str, blocker: str, slots: int) -> float:
    """Return how many runs per second end that were all queued before, with as many slots as cores."""
    blockers = [yard.submit(blocker) for _ in range(slots)]
    while any(yard.get(blocker)["state"] != "running" for blocker in blockers):
        time.sleep(0.01)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: yard.submit(script), range(QUEUED)))
    for run in blockers:
        yard.api.post(f"/runs/{run}/cancel")
    while any(yard.get(blocker)["state"] not in OVER for blocker in blockers):
        time.sleep(0.001)
    began = time.perf_counter()
    # Whoever asks takes time away from the runs: the ends of the last ones are told.
    for run in sorted(runs)[-slots:]:
        yard.follow(run)
    taken = time.perf_counter() - began
    assert all(yard.get(run)["state"] == "succeeded" for run in runs)
    return QUEUED / taken
