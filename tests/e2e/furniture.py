"""A yard that somebody works in: what the pages that are looked at have to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .gate import standing
from .server import PASSWORD, Server

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
    team: str
    job: str
    shadow: str

    @property
    def pages(self) -> dict[str, str]:
        """Return every main page by name, of those that somebody is signed in to see."""
        return {
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
            "jobs": "/jobs",
            "job": f"/jobs/{self.job}",
            "job-runs": f"/jobs/{self.job}?tab=runs",
            "job-triggers": f"/jobs/{self.job}?tab=triggers",
            "job-changes": f"/jobs/{self.job}?tab=changes",
            "job-settings": f"/jobs/{self.job}?tab=settings",
            "job-editor": f"/jobs/{self.job}/edit",
            "job-shadow": f"/jobs/{self.shadow}",
            "job-calendar": "/jobs/calendar",
            "job-calendar-month": "/jobs/calendar?view=month",
            "job-calendar-day": "/jobs/calendar?view=day",
            "job-import": "/jobs/import",
            "blackouts": "/jobs/blackouts",
            "snippets": "/snippets",
            "environments": "/environments",
            "secrets": "/secrets",
            "variables": "/variables",
            "stages": "/stages",
            "workers": "/workers",
            "audit": "/audit",
            "projects": "/access/projects",
            "project": "/access/projects/default",
            "teams": "/access/teams",
            "team": f"/access/teams/{self.team}",
            "roles": "/access/roles",
            "users": "/access/users",
            "tokens": "/access/tokens",
            "security": "/access/security",
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
    team = governed(server)
    job, shadow = scheduled(server, report)
    broken = server.script("Sum of prices", BROKEN, language="python", tags=["orders"])
    with standing() as gate:
        steps = "import time\nprint('::progress 40 reading the second of five files')\nprint('still reading')\n"
        long = server.script("Nightly import", steps + gate.python, language="python", tags=["nightly"])
        succeeded, failed = server.run(report), server.run(broken)
        server.ended(succeeded)
        server.ended(failed)
        running = server.run(long)
        _wait_for_progress(server, running)
        yield Furniture(report["id"], running, failed, succeeded, team, job, shadow)
    server.ended(running)


def governed(server: Server) -> str:
    """Have somebody in a team, a role of one's own, a token, a secret and variables; return the team's id."""
    server.post("/users", {"username": "fay-of-the-furniture", "display_name": "Fay", "password": PASSWORD})
    permissions = ["run:submit", "run:cancel", "secret:use"]
    server.post("/roles", {"name": "Night watch", "description": "Runs and cancels.", "permissions": permissions})
    team = str(server.post("/teams", {"name": "Furnishers", "description": "Look after the rooms."})["id"])
    server.post(f"/teams/{team}/members", {"username": "fay-of-the-furniture"})
    server.post("/projects/default/teams", {"team": team, "role": "Night watch"})
    server.post("/tokens", {"name": "A token of the furniture", "permissions": ["run:read", "run:submit"]})
    server.post("/secrets", {"name": "FURNITURE_KEY", "value": "not for anybody", "description": "Opens the cupboard."})
    for stage, value in ((None, "oak"), ("dev", "pine")):
        server.post("/variables", {"name": "FURNITURE_WOOD", "value": value, "stage": stage})
    return team


def scheduled(server: Server, script: dict[str, Any]) -> tuple[str, str]:
    """Have a job with triggers of every kind and slots in its ledger, and one in shadow; return their ids."""
    window = {"type": "hours", "name": "Night", "weekdays": [0, 6], "start": "22:00", "end": "06:00"}
    nights = server.post("/blackouts", {"name": "Quiet nights", "timezone": "Europe/Berlin", "windows": [window]})
    target = {"kind": "script", "id": script["id"]}
    first = server.post("/jobs", {"name": "Orders, now and then", "target": target})
    triggers: list[dict[str, Any]] = [
        {"type": "cron", "cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "note": "before the shop opens"},
        {"type": "interval", "every_s": 3600, "anchor": "2026-01-01T00:00:00Z"},
        {"type": "date", "at": "2099-12-31T23:00:00Z"},
        {"type": "webhook", "mapping": {"ROWS": "int(body.rows)"}, "condition": "has(body.rows)"},
        {"type": "after", "job_id": first["id"], "on": "failure"},
    ]
    settings = {"calendars": [nights["id"]], "breaker": {"failures": 3}, "limits": {"memory_mb": 256}}
    facts = {"description": "Counts the orders.", "labels": {"team": "sales"}, "settings": settings}
    job = server.post("/jobs", {"name": "Orders by the hour", "target": target, "triggers": triggers, **facts})
    server.ended(str(server.post(f"/jobs/{job['id']}/runs", {})["id"]))
    crontab = {"kind": "crontab", "text": "0 3 * * * echo night", "timezone": "UTC", "apply": True, "begin": "shadow"}
    [made] = server.post("/jobs/import", {**crontab, "prefix": "old "})["items"]
    return str(job["id"]), str(made["job_id"])


def _wait_for_progress(server: Server, run: str) -> None:
    """Follow the log until the run has said how far it is."""
    with server.api.stream("GET", f"/runs/{run}/logs/stream") as stream:
        next(line for line in stream.iter_lines() if "still reading" in line)
