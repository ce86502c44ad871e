"""What the examples promise, as one table."""

from typing import Any

import pytest

from . import checks
from .case import Case
from .file_cases import FILE_RUNS
from .manifests import load
from .network_cases import NETWORK_RUNS

FIRST_RUNS = [
    # Nothing is uploaded and nothing is filled in: what a newcomer's first click does. No network is needed.
    Case(name="first run", example="api-to-sqlite", check=checks.first_api, files=("data.db",)),
    Case(name="first run", example="backup-rotation", check=checks.first_backup, files=("backups.md",)),
    Case(name="first run", example="clean-table", check=checks.first_table, files=("cleaned.csv", "chart.png")),
    Case(name="first run", example="duplicate-files", check=checks.first_duplicates, files=("duplicates.csv",)),
    Case(name="first run", example="folder-size", check=checks.first_folder, files=("report.txt",)),
    Case(name="first run", example="health-check", check=checks.first_health, files=("report.md", "checks.json")),
    Case(name="first run", example="image-thumbnails", check=checks.first_images, files=("contact-sheet.png",)),
    Case(name="first run", example="json-diff", check=checks.first_diff, files=("differences.md", "patch.json")),
    Case(name="first run", example="markdown-to-html", check=checks.first_markdown, files=("site/index.html",)),
    Case(name="first run", example="query-csv", check=checks.first_query, files=("result.csv", "result.md")),
    Case(name="first run", example="rss-digest", check=checks.first_digest, files=("digest.md", "digest.html")),
    Case(name="first run", example="site-crawler", check=checks.first_crawl, files=("pages.csv", "broken-links.csv")),
    Case(name="first run", example="validate-csv", check=checks.first_validation, files=("valid.jsonl",)),
    Case(name="first run", example="web-log-report", check=checks.first_log, files=("report.html",)),
]

CASES = [*FIRST_RUNS, *NETWORK_RUNS, *FILE_RUNS]


def as_parameters() -> list[Any]:
    """Return the table for `pytest.mark.parametrize`; examples with packages are marked `needs_registry`."""
    examples = load()
    registry = [pytest.mark.needs_registry, pytest.mark.timeout(600)]
    return [pytest.param(c, id=c.id, marks=registry if examples[c.example].packages else ()) for c in CASES]
