"""A hundred runs at once: what the API answers meanwhile, and how soon."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from bench.yard import OVER, Yard, percentile, started

RUNS = 100
EVERY_S = 0.02
CALM_S = 4.0
# Ten seconds of ordinary life, so that all are there together: some work, some lines, some waiting.
CODE = """
import hashlib, time
data = b"x" * 200_000
for n in range(40):
    hashlib.sha256(data).hexdigest()
    print("step", n, flush=True)
    time.sleep(0.25)
"""


def measure() -> dict[str, float]:
    """Return p95s in ms, calm and in the crowd, and how long the crowd took to come and to go."""
    with started(SLOTS=str(RUNS + 20), SEED_EXAMPLES="false") as yard:
        script = yard.script("crowd", CODE)
        aside = yard.script("aside", "true", "shell")
        yard.wait(yard.submit(script))
        before = _asked_until(yard, aside, _after(CALM_S))
        began = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda _: yard.submit(script), range(RUNS)))
        last = _Last(yard, runs)
        during = _asked_until(yard, aside, last.over)
        settled = time.perf_counter() - began
        assert all(yard.get(run)["state"] == "succeeded" for run in runs)
    every = [took for kind in during.values() for took in kind]
    return {
        "crowd_calm_p95_ms": percentile([took for kind in before.values() for took in kind], 0.95),
        "crowd_p50_ms": percentile(every, 0.5),
        "crowd_p95_ms": percentile(every, 0.95),
        **{f"crowd_{kind}_p95_ms": percentile(took, 0.95) for kind, took in during.items()},
        "crowd_most_at_once": float(last.most),
        "crowd_settled_s": settled,
    }


class _Last:
    """Looks, seldom, how many run at once and whether all are over."""

    def __init__(self, yard: Yard, runs: list[str]) -> None:
        self._yard, self._left, self._looked = yard, set(runs), 0.0
        self.most = 0

    def over(self) -> bool:
        if time.perf_counter() - self._looked > 0.5:
            self._looked = time.perf_counter()
            self.most = max(self.most, self._yard.api.get("/system").json()["queue"]["running"])
            self._left = {run for run in self._left if self._yard.get(run)["state"] not in OVER}
        return not self._left


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def _asked_until(yard: Yard, script: str, over: Callable[[], bool]) -> dict[str, list[float]]:
    """Have three people ask at a steady pace, each for one thing; return by kind how long answers took, in ms."""
    took: dict[str, list[float]] = defaultdict(list)
    one = yard.wait(yard.submit(script))["id"]
    asks: dict[str, tuple[str, str, Any]] = {
        "list": ("GET", "/runs?limit=50", None),
        "run": ("GET", f"/runs/{one}", None),
        "submit": ("POST", f"/scripts/{script}/runs", {}),
    }
    done = threading.Event()

    def ask(kind: str) -> None:
        method, path, body = asks[kind]
        with httpx.Client(base_url=yard.api.base_url, headers=yard.api.headers, timeout=60) as own:
            while not done.is_set():
                began = time.perf_counter()
                own.request(method, path, json=body).raise_for_status()
                took[kind].append(1000 * (time.perf_counter() - began))
                # Submits are runs as well: a few a second are a crowd's neighbours, more would be another crowd.
                time.sleep(EVERY_S if kind != "submit" else 10 * EVERY_S)

    with ThreadPoolExecutor(len(asks)) as people:
        asking = [people.submit(ask, kind) for kind in asks]
        try:
            while not over():
                time.sleep(0.05)
        finally:
            done.set()
        for one_of_them in asking:
            one_of_them.result()
    return took
