"""Output: from a printed line to a reader, and pages of a log of a million lines."""

import json
import os
import time

import psutil

from bench.yard import percentile, started

LINES = 200
MILLION = 1_000_000
PRINTER = f"""
import time
for n in range({LINES}):
    print(time.time(), flush=True)
    time.sleep(0.02)
"""
FLOOD = f"""
import sys
text = "line %d of a log that is long enough to be real, with a bit of text\\n"
block = "".join(text % n for n in range(1000))
for n in range({MILLION // 1000}):
    sys.stdout.write(block)
"""


def measure() -> dict[str, float]:
    """Return milliseconds and megabytes."""
    with started(RUNS__OUTPUT_CAP=str(200 * 1024 * 1024)) as yard:
        figures = {}
        run_id = yard.submit(yard.script("printer", PRINTER))
        delays = []
        with yard.api.stream("GET", f"/runs/{run_id}/logs/stream") as answer:
            kind = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and kind == "log":
                    delays.append(time.time() - float(json.loads(line[6:])["text"]))
        # The first lines were printed before anybody listened.
        figures["line_to_sse_p50_ms"] = percentile(delays[20:], 0.5) * 1e3
        figures["line_to_sse_p95_ms"] = percentile(delays[20:], 0.95) * 1e3
        run_id = yard.submit(yard.script("flood", FLOOD))
        began = time.perf_counter()
        yard.wait(run_id, 0.05)
        figures["million_lines_taken_in_s"] = time.perf_counter() - began
        agent = psutil.Process(yard.process.pid)
        before = agent.memory_info().rss
        for name, query in (("tail", "tail=500"), ("middle", f"after={MILLION // 2}&limit=500")):
            times = []
            for _ in range(15):
                began = time.perf_counter()
                page = yard.api.get(f"/runs/{run_id}/logs?{query}").raise_for_status().json()
                times.append(time.perf_counter() - began)
                assert len(page["items"]) == 500
                assert page["total"] == MILLION
            figures[f"million_lines_{name}_p95_ms"] = percentile(times, 0.95) * 1e3
        with yard.api.stream("GET", f"/runs/{run_id}/logs", headers={"Accept": "text/plain"}) as answer:
            for _chunk in answer.iter_bytes():
                pass
        figures["million_lines_memory_grown_mb"] = max(0, agent.memory_info().rss - before) / 1e6
    return figures


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
