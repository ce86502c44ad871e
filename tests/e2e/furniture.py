"""A yard that somebody works in: what the pages that are looked at have to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .gate import standing
from .server import Server

REPORT = """\
import json, os, pathlib, sys

rows = int(os.environ["ROWS"])
print("\\033[1mReading\\033[0m the table")
for n in range(40):
    print(f"row {n:>3}: \\033[32mok\\033[0m https://example.com/orders/{n}")
print("two rows have no price", file=sys.stderr)
pathlib.Path("report.csv").write_text("city,orders\\n" + "".join(f"City {n},{n * 7}\\n" for n in range(rows)))
json.dump([{"city": f"City {n}", "orders": n * 7} for n in range(rows)], open(os.environ["RUNYARD_OUTPUTS"], "w"))
print("::progress 100 done")
"""
BROKEN = """\
import json

orders = json.loads('{"orders": [{"id": 1}]}')
print("checking", len(orders["orders"]), "orders")
print(sum(order["price"] for order in orders["orders"]))
"""
ROWS = {"key": "ROWS", "label": "Rows", "type": "number", "required": True, "min": 1, "max": 100, "default": 12}
HOW = {
    "key": "HOW",
    "label": "How",
    "type": "select",
    "required": True,
    "default": "fast",
    "options": [{"value": "fast", "label": "Fast"}, {"value": "exact", "label": "Exact"}],
    "help": "Fast leaves the last digit out.",
}


@dataclass(frozen=True)
class Furniture:
    """Addresses of pages with something on them."""

    script: str
    running: str
    failed: str
    succeeded: str

    @property
    def pages(self) -> dict[str, str]:
        """Return every main page by name; `login` wants nobody signed in."""
        return {
            "login": "/login",
            "home": "/",
            "scripts": "/scripts",
            "new-script": "/scripts/new",
            "workbench": f"/scripts/{self.script}",
            "runs": "/runs",
            "run-running": f"/runs/{self.running}",
            "run-failed": f"/runs/{self.failed}",
            "run-succeeded": f"/runs/{self.succeeded}",
            "run-files": f"/runs/{self.succeeded}?tab=files",
            "run-outputs": f"/runs/{self.succeeded}?tab=outputs",
            "run-isolation": f"/runs/{self.succeeded}?tab=isolation",
            "snippets": "/snippets",
            "environments": "/environments",
            "workers": "/workers",
            "profile": "/profile",
        }


@contextmanager
def furnished(server: Server) -> Iterator[Furniture]:
    """Fill a server with scripts and runs, one of which goes on until the block ends."""
    report = server.script(
        "Orders by city",
        REPORT,
        language="python",
        description="Counts the orders of each city and writes a table.",
        tags=["report", "orders"],
        parameters=[ROWS, HOW],
    )
    broken = server.script("Sum of prices", BROKEN, language="python", tags=["orders"])
    with standing() as gate:
        steps = "import time\nprint('::progress 40 reading the second of five files')\nprint('still reading')\n"
        long = server.script("Nightly import", steps + gate.python, language="python", tags=["nightly"])
        succeeded, failed = server.run(report), server.run(broken)
        server.ended(succeeded)
        server.ended(failed)
        running = server.run(long)
        _wait_for_progress(server, running)
        yield Furniture(report["id"], running, failed, succeeded)
    server.ended(running)


def _wait_for_progress(server: Server, run: str) -> None:
    """Follow the log until the run has said how far it is."""
    with server.api.stream("GET", f"/runs/{run}/logs/stream") as stream:
        next(line for line in stream.iter_lines() if "still reading" in line)
