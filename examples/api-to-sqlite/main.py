"""Read every page of a JSON API into an SQLite table.

The next page is found in the `Link: <...>; rel="next"` header or in a `next` field of the page.
The database lives in the state directory, which outlives the run; a copy lies beside the run as data.db.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin, urlsplit

TRIES = 4
TIMEOUT_S = 20
LONGEST_WAIT_S = 60
PASSING_TROUBLE = {408, 425, 429, 500, 502, 503, 504}


def progress(percent, message):
    print(f"::progress {percent} {message}")


def parameters():
    """Return the run's parameters with their types; the environment would hold them as text."""
    path = os.environ.get("RUNYARD_PARAMETERS")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def shown(url):
    """A URL fit for a log: without user, password and query, where keys like to hide."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextlib.contextmanager
def demonstration():
    """Serve a tiny paged API on this machine, and yield its URL."""
    people = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia")

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = int(self.path.rpartition("=")[2])
            shown_people = list(enumerate(people))[page * 3 : page * 3 + 3]
            rows = [{"id": i, "name": name, "tags": ["demo"], "score": i * 10} for i, name in shown_people]
            body = json.dumps({"items": rows, "next": f"?page={page + 1}" if page < 2 else None}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Keep the log for what the script itself says."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/people?page=0"
        server.shutdown()


def fetch(url, headers, token):
    """Return (page, headers) of one URL; tries again when the trouble looks passing."""
    headers = {"Accept": "application/json", "User-Agent": "runyard-example/1", **headers}
    request = urllib.request.Request(url, headers=headers)
    if token:
        # "Unredirected": another host that this one redirects to must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    for attempt in range(1, TRIES + 1):
        wait = 2 ** (attempt - 1)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as problem:
            trouble = f"{problem.code} {problem.reason}"
            if problem.code not in PASSING_TROUBLE:
                sys.exit(f"{shown(url)} answered {trouble}.")
            asked = problem.headers.get("Retry-After", "")
            wait = min(int(asked), LONGEST_WAIT_S) if asked.isdigit() else wait
        except (json.JSONDecodeError, UnicodeDecodeError):
            sys.exit(f"{shown(url)} did not answer with JSON.")
        except OSError as problem:  # URLError, refused, timed out, reset
            trouble = str(getattr(problem, "reason", problem))
        if attempt < TRIES:
            print(f"{shown(url)}: {trouble}; trying again in {wait} s", file=sys.stderr)
            time.sleep(wait)
    return sys.exit(f"{shown(url)} cannot be reached after {TRIES} tries: {trouble}.")


def rows_of(page, path):
    """Return the list of a page: at the dotted path, the page itself, or the first list in it."""
    if path:
        for key in path.split("."):
            if not isinstance(page, dict) or key not in page:
                sys.exit(f"The page has no {path!r}.")
            page = page[key]
    elif isinstance(page, dict):
        page = next((value for value in page.values() if isinstance(value, list)), None)
    if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
        sys.exit("The page holds no list of objects. Say in ITEMS where it is.")
    return page


def next_url(url, page, headers):
    """Return the next page's URL, or None after the last one."""
    link = re.search(r'<([^>]+)>\s*;[^,]*rel="?next"?', headers.get("Link", ""))
    target = link.group(1) if link else page.get("next") if isinstance(page, dict) else None
    return urljoin(url, target) if isinstance(target, str) and target else None


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def as_text(value):
    return json.dumps(value, ensure_ascii=False)


def store(database, table, id_field, rows):
    """Insert or update the rows; columns that appear later are added. Returns how many ids were new."""
    before = database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0]  # noqa: S608  the name is quoted
    known = {column[1] for column in database.execute(f"PRAGMA table_info({quoted(table)})")}
    for row in rows:
        if row.get(id_field) is None:
            sys.exit(f"A row has no {id_field!r}; it has {', '.join(row)}. Say in ID_FIELD what identifies a row.")
        for name in row.keys() - known:
            database.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)}")
            known.add(name)
        # Lists and objects inside a row are kept as JSON text, which SQLite's json_extract reads.
        values = [as_text(value) if isinstance(value, list | dict) else value for value in row.values()]
        columns = ", ".join(map(quoted, row))
        updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in row)
        database.execute(
            f"INSERT INTO {quoted(table)} ({columns}) VALUES ({', '.join('?' * len(row))}) "  # noqa: S608  names are quoted
            f"ON CONFLICT ({quoted(id_field)}) DO UPDATE SET {updates}",
            values,
        )
    return database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0] - before  # noqa: S608  the name is quoted


def read_all(url, settings, database):
    """Follow the pages; return the figures."""
    table, id_field = settings.get("TABLE") or "items", settings.get("ID_FIELD") or "id"
    most = int(settings.get("MAX_PAGES") or 50)
    home = urlsplit(url)[:2]
    database.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({quoted(id_field)} PRIMARY KEY)")
    pages = received = new = 0
    while url and pages < most:
        token = settings.get("TOKEN") if urlsplit(url)[:2] == home else None
        page, headers = fetch(url, settings.get("HEADERS") or {}, token)
        rows = rows_of(page, settings.get("ITEMS"))
        with database:  # a page is stored whole or not at all
            new += store(database, table, id_field, rows)
        pages, received = pages + 1, received + len(rows)
        progress(min(95, 100 * pages // most), f"page {pages}: {len(rows)} rows")
        url = next_url(url, page, headers)
    if url:
        print(f"Stopped after {most} pages (MAX_PAGES); there are more.", file=sys.stderr)
    total = database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0]  # noqa: S608  the name is quoted
    return {
        "table": table,
        "pages": pages,
        "received": received,
        "new": new,
        "updated": received - new,
        "total": total,
        "complete": not url,
    }


def main():
    settings = parameters()
    url = (settings.get("URL") or "").strip()
    path = Path(os.environ.get("RUNYARD_STATE_DIR", ".")) / "data.db"
    with contextlib.ExitStack() as stack:
        if not url:
            print("No URL was given: reading a small demonstration API that this script serves to itself.")
            url = stack.enter_context(demonstration())
        elif not url.startswith(("http://", "https://")):
            sys.exit("URL must begin with http:// or https://.")
        database = stack.enter_context(contextlib.closing(sqlite3.connect(path)))
        outputs = read_all(url, settings, database)
    if path.resolve() != Path("data.db").resolve():
        shutil.copyfile(path, "data.db")
    outputs["file"] = "data.db"
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs), encoding="utf-8")
    progress(100, f"{outputs['new']} new, {outputs['updated']} updated, {outputs['total']} in all")


main()
