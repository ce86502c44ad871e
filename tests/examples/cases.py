"""What the examples promise, as a table that two test modules drive: directly, and through the platform.

A case is one or more runs of one example. To drive it:
1. `case.for_site(site)` fills `{site}`, `{tls}` and `{ca}` in parameters and uploads.
2. Run the example `case.times` times with one state directory; what a case gives overrides the manifest's defaults.
3. The last run must end with `case.exit_code`, hold every path of `case.files`, and pass
   `case.check(outputs, files, log)`: the JSON value or None, {path: content} of the workspace, and stdout and stderr.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from . import checks
from .manifests import load
from .site import DATA, TOKEN, Site

Check = Callable[[Any, Mapping[str, bytes], str], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One promise of one example."""

    name: str
    example: str
    check: Check
    parameters: Mapping[str, Any] = field(default_factory=dict)
    uploads: tuple[str, ...] = ()  # below examples/data, or absolute
    files: tuple[str, ...] = ()
    exit_code: int = 0
    times: int = 1

    @property
    def upload_paths(self) -> list[str]:
        return [str(DATA / name) for name in self.uploads]

    @property
    def id(self) -> str:
        return f"{self.example}: {self.name}"

    def for_site(self, site: Site) -> "Case":
        """Return the case with the site's addresses in it."""
        marks = {"{site}": site.url, "{tls}": site.tls, "{ca}": str(site.ca), "{ca_name}": site.ca.name}

        def filled(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            for mark, text in marks.items():
                value = value.replace(mark, text)
            return value

        parameters = {key: filled(value) for key, value in self.parameters.items()}
        return replace(self, parameters=parameters, uploads=tuple(map(filled, self.uploads)))


PEOPLE_RULES = {
    "id": {"type": "integer", "required": True, "unique": True},
    "email": {"type": "email", "required": True},
    "joined": {"type": "date"},
    "score": {"type": "number", "min": 0, "max": 10},
}

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

REAL_RUNS = [
    Case(
        name="pages with a token",
        example="api-to-sqlite",
        parameters={"URL": "{site}/api/orders?page=1", "TOKEN": TOKEN, "ITEMS": "data.items", "TABLE": "orders"},
        files=("data.db",),
        check=checks.api_pages,
    ),
    Case(
        name="a second run updates",
        example="api-to-sqlite",
        parameters={"URL": "{site}/api/orders?page=1", "TOKEN": TOKEN, "ITEMS": "data.items"},
        times=2,
        check=checks.api_again,
    ),
    Case(
        name="stops at the page limit",
        example="api-to-sqlite",
        parameters={"URL": "{site}/api/orders", "TOKEN": TOKEN, "ITEMS": "data.items", "MAX_PAGES": 1},
        check=checks.api_limited,
    ),
    Case(
        name="tries again when told to",
        example="api-to-sqlite",
        parameters={"URL": "{site}/api/flaky", "HEADERS": {"X-Asked-By": "tests"}},
        check=checks.api_flaky,
    ),
    Case(
        name="a wrong token",
        example="api-to-sqlite",
        parameters={"URL": "{site}/api/orders?key=hidden", "TOKEN": "wrong-token"},
        exit_code=1,
        check=checks.api_refused,
    ),
    Case(
        name="not JSON",
        example="api-to-sqlite",
        parameters={"URL": "{site}/data/access.log"},
        exit_code=1,
        check=checks.says("did not answer with JSON"),
    ),
    Case(
        name="keeps the newest",
        example="backup-rotation",
        parameters={"SOURCE": ".", "NAME": "yard", "KEEP": 2, "EXCLUDE": "*.xml\n*.log"},
        uploads=("sales.csv", "feed.xml"),
        files=("backups.md",),
        times=3,
        check=checks.backup_rotated,
    ),
    Case(
        name="no such folder",
        example="backup-rotation",
        parameters={"SOURCE": "/no/such/folder"},
        exit_code=1,
        check=checks.says("There is no folder /no/such/folder"),
    ),
    Case(
        name="a CSV file",
        example="clean-table",
        uploads=("sales.csv",),
        parameters={"KEY_COLUMNS": "Order ID, SKU", "GAPS": "zero"},
        files=("cleaned.csv", "cleaned.xlsx", "chart.png"),
        check=checks.table_csv,
    ),
    Case(
        name="a sheet of an Excel file",
        example="clean-table",
        uploads=("stock.xlsx", "sales.csv"),
        parameters={"FILE": "stock.xlsx", "SHEET": "Stock", "GAPS": "median", "EXCEL": False},
        files=("cleaned.csv", "chart.png"),
        check=checks.table_excel,
    ),
    Case(
        name="Chinese text in GB 18030",
        example="clean-table",
        uploads=("sales-gb18030.csv",),
        parameters={"CHART_GROUP": "地区", "CHART_VALUE": "金额"},
        files=("cleaned.csv", "chart.png"),
        check=checks.table_chinese,
    ),
    Case(
        name="an unknown sheet",
        example="clean-table",
        uploads=("stock.xlsx",),
        parameters={"SHEET": "Nowhere"},
        exit_code=1,
        check=checks.says("Nowhere"),
    ),
    Case(
        name="two tables and no choice",
        example="clean-table",
        uploads=("stock.xlsx", "sales.csv"),
        exit_code=1,
        check=checks.says("sales.csv, stock.xlsx"),
    ),
    Case(
        name="uploaded files",
        example="duplicate-files",
        uploads=("sales.csv", "feed.xml", "site/about.html"),
        check=checks.duplicates_none,
    ),
    Case(
        name="a folder that is not there",
        example="duplicate-files",
        parameters={"FOLDER": "/no/such/folder"},
        exit_code=1,
        check=checks.says("There is no folder /no/such/folder"),
    ),
    Case(
        name="the workspace",
        example="folder-size",
        uploads=("images/turned.jpg", "sales.csv"),
        parameters={"FOLDER": ".", "TOP": 1},
        files=("report.txt",),
        check=checks.folder_measured,
    ),
    Case(
        name="certificate and URLs",
        example="health-check",
        uploads=("{ca}",),
        parameters={
            "HOSTS": "{tls}",
            "URLS": "{site}/data/sales.csv\nhttps://{tls}/data/sales.csv\n",
            "MUST_CONTAIN": "Order ID",
            "CA_FILE": "{ca_name}",
            "MAX_USED": 100,
        },
        files=("report.md", "checks.json"),
        check=checks.health_good,
    ),
    Case(
        name="what fails is named",
        example="health-check",
        uploads=("{ca}",),
        parameters={
            "DISKS": "/no/such/disk",
            "HOSTS": "{tls}\n127.0.0.1:1",
            "MIN_DAYS": 60,
            "URLS": "{site}/gone?key=hidden\nfile:///etc/passwd",
            "CA_FILE": "{ca_name}",
        },
        files=("report.md",),
        exit_code=1,
        check=checks.health_bad,
    ),
    Case(
        name="a certificate nobody vouches for",
        example="health-check",
        parameters={"DISKS": "", "HOSTS": "{tls}"},
        exit_code=1,
        check=checks.says("self-signed certificate"),
    ),
    Case(
        name="photos",
        example="image-thumbnails",
        uploads=("images/turned.jpg", "images/transparent.png", "images/small.gif"),
        parameters={"SIZE": 160, "FORMAT": "jpeg"},
        files=("thumbnails/turned.jpeg", "thumbnails/transparent.jpeg", "thumbnails/small.jpeg", "contact-sheet.png"),
        check=checks.images_made,
    ),
    Case(
        name="squares, and a file that is no image",
        example="image-thumbnails",
        uploads=("images/turned.jpg", "images/broken.png"),
        parameters={"SIZE": 100, "SQUARE": True},
        files=("thumbnails/turned.webp",),
        exit_code=1,
        check=checks.images_broken,
    ),
    Case(
        name="matched by id",
        example="json-diff",
        uploads=("before.json", "after.json"),
        parameters={"MATCH_BY": "id", "IGNORE": "/meta/generated_at"},
        files=("differences.md",),
        check=checks.diff_by_id,
    ),
    Case(
        name="by position, as a patch",
        example="json-diff",
        uploads=("before.json", "after.json"),
        parameters={"LEFT": "after.json", "RIGHT": "before.json"},
        files=("differences.md", "patch.json"),
        check=checks.diff_patch,
    ),
    Case(
        name="fails on a difference when asked to",
        example="json-diff",
        uploads=("before.json", "after.json"),
        parameters={"FAIL_ON_DIFFERENCE": True},
        files=("differences.md",),
        exit_code=1,
        check=checks.says("differences."),
    ),
    Case(
        name="one file only",
        example="json-diff",
        uploads=("before.json",),
        exit_code=1,
        check=checks.says("Expected two .json files"),
    ),
    Case(
        name="two documents",
        example="markdown-to-html",
        uploads=("docs/guide.md", "docs/notes.md"),
        parameters={"TITLE": "Yard <books>", "THEME": "dark", "CONTENTS_DEPTH": 2},
        files=("site/index.html", "site/guide.html", "site/notes.html"),
        check=checks.markdown_pages,
    ),
    Case(
        name="trusted HTML",
        example="markdown-to-html",
        uploads=("docs/guide.md",),
        parameters={"TRUST_HTML": True, "CONTENTS_DEPTH": 0},
        files=("site/guide.html",),
        check=checks.markdown_trusted,
    ),
    Case(
        name="two files joined",
        example="query-csv",
        uploads=("shops.csv", "visits.csv"),
        parameters={"SQL": "SELECT city, sum(visits) AS n FROM visits JOIN shops USING (shop) GROUP BY 1 ORDER BY n"},
        files=("result.csv", "result.md"),
        check=checks.query_joined,
    ),
    Case(
        name="another delimiter",
        example="query-csv",
        uploads=("regions.csv",),
        parameters={"MAX_ROWS": 2},
        check=checks.query_semicolon,
    ),
    Case(
        name="a query that fails",
        example="query-csv",
        uploads=("shops.csv",),
        parameters={"SQL": "SELECT * FROM nowhere"},
        exit_code=1,
        check=checks.says("no such table: nowhere. Tables: shops."),
    ),
    Case(
        name="a query that writes",
        example="query-csv",
        uploads=("shops.csv",),
        parameters={"SQL": "DELETE FROM shops"},
        exit_code=1,
        check=checks.says("The query failed"),
    ),
    Case(
        name="feeds and a file",
        example="rss-digest",
        uploads=("atom.xml",),
        parameters={"FEEDS": "{site}/moved", "SINCE": "2024-05-01"},
        files=("digest.md", "digest.html"),
        check=checks.digest_feeds,
    ),
    Case(
        name="nothing new the second time",
        example="rss-digest",
        parameters={"FEEDS": "{site}/data/feed.xml"},
        times=2,
        check=checks.digest_again,
    ),
    Case(
        name="keywords, and a feed in ruins",
        example="rss-digest",
        uploads=("broken.xml",),
        parameters={"FEEDS": "{site}/data/atom.xml\n{site}/gone.xml", "KEYWORDS": "Security, 值班"},
        check=checks.digest_some,
    ),
    Case(
        name="no feed at all",
        example="rss-digest",
        parameters={"FEEDS": "{site}/gone.xml"},
        exit_code=1,
        check=checks.says("No feed could be read."),
    ),
    Case(
        name="a whole site",
        example="site-crawler",
        parameters={"START_URL": "{site}/site/", "DELAY_S": 0},
        files=("pages.csv", "broken-links.csv"),
        check=checks.crawl_whole,
    ),
    Case(
        name="within depth and pages",
        example="site-crawler",
        parameters={"START_URL": "{site}/site/", "MAX_DEPTH": 1, "MAX_PAGES": 2, "DELAY_S": 0},
        check=checks.crawl_limited,
    ),
    Case(
        name="broken links fail when asked to",
        example="site-crawler",
        parameters={"START_URL": "{site}/site/", "DELAY_S": 0, "FAIL_ON_BROKEN": True},
        exit_code=1,
        check=checks.says("1 links are broken."),
    ),
    Case(
        name="stays on the host",
        example="site-crawler",
        parameters={"START_URL": "{site}/away"},
        check=checks.crawl_stayed,
    ),
    Case(
        name="nobody there",
        example="site-crawler",
        parameters={"START_URL": "http://127.0.0.1:1/"},
        exit_code=1,
        check=checks.says("robots.txt cannot be read"),
    ),
    Case(
        name="rows against rules",
        example="validate-csv",
        uploads=("people.csv",),
        parameters={"RULES": PEOPLE_RULES, "UNKNOWN_COLUMNS": "drop"},
        files=("valid.jsonl", "rejected.csv"),
        check=checks.validated,
    ),
    Case(
        name="too many bad rows",
        example="validate-csv",
        uploads=("people.csv",),
        parameters={"RULES": PEOPLE_RULES, "MAX_BAD_PERCENT": 50},
        files=("valid.jsonl", "rejected.csv"),
        exit_code=1,
        check=checks.says("66.7 % of the rows are bad; 50 % are allowed."),
    ),
    Case(
        name="a column that is missing",
        example="validate-csv",
        uploads=("people.csv",),
        parameters={"RULES": {"phone": {}}},
        exit_code=1,
        check=checks.says("The file has no column phone"),
    ),
    Case(
        name="two logs",
        example="web-log-report",
        uploads=("access.log", "access.log.1.gz"),
        files=("report.html", "requests-by-hour.svg"),
        check=checks.log_counted,
    ),
    Case(
        name="one day, robots and addresses too",
        example="web-log-report",
        uploads=("access.log", "access.log.1.gz"),
        parameters={"SINCE": "2024-05-06", "UNTIL": "2024-05-06", "SKIP_ROBOTS": False, "HIDE_ADDRESSES": False},
        files=("report.html",),
        check=checks.log_one_day,
    ),
    Case(
        name="not an access log",
        example="web-log-report",
        uploads=("sales.csv",),
        parameters={"FILES": "*.csv"},
        exit_code=1,
        check=checks.says("None of 10 lines"),
    ),
]

CASES = [*FIRST_RUNS, *REAL_RUNS]


def as_parameters() -> list[Any]:
    """Return the table for `pytest.mark.parametrize`; examples with packages are marked `needs_registry`."""
    examples = load()
    registry = [pytest.mark.needs_registry, pytest.mark.timeout(600)]
    return [pytest.param(c, id=c.id, marks=registry if examples[c.example].packages else ()) for c in CASES]
