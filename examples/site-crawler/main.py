"""Walk one web site, politely: one host, one request at a time, within robots.txt, a depth and a number of pages.

Files written: pages.csv and broken-links.csv.
"""

import contextlib
import csv
import http.server
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import urllib.robotparser
from collections import deque
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

AGENT = "runyard-example"
TIMEOUT_S = 15
LARGEST_PAGE = 2 * 1024 * 1024

DEMONSTRATION = {
    "/": "<title>Home</title><a href='/about'>About</a> <a href='/news/'>News</a> <a href='/private/plans'>Plans</a>",
    "/about": "<title>About</title><a href='/'>Home</a> <a href='https://example.org/'>Elsewhere</a>",
    "/news/": "<title>News</title><a href='gone'>A link that leads nowhere</a>",
    "/robots.txt": "User-agent: *\nDisallow: /private/\n",
}


class Page(HTMLParser):
    """What a page says of itself: its title and its links."""

    def __init__(self, text):
        super().__init__()
        self.title, self.links, self.base, self.in_title = "", [], None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a" and values.get("href") and "nofollow" not in (values.get("rel") or ""):
            self.links.append(values["href"])
        elif tag == "base" and values.get("href"):
            self.base = values["href"]
        self.in_title = tag == "title" and not self.title

    def handle_endtag(self, tag):
        if tag == "title":
            self.in_title = False

    def handle_data(self, data):
        if self.in_title:
            self.title += data.strip()


class StayHere(urllib.request.HTTPRedirectHandler):
    """Follow redirects on the own host and within robots.txt only; another one is reported as the answer it is."""

    rules = None

    def redirect_request(self, request, answer, code, message, headers, target):
        target = urljoin(request.full_url, target)
        if not on_site(request.full_url, target) or (self.rules and not self.rules.can_fetch(AGENT, target)):
            return None
        return super().redirect_request(request, answer, code, message, headers, target)


def progress(percent, message):
    print(f"::progress {percent} {message}")


@contextlib.contextmanager
def demonstration():
    """Serve a tiny site on this machine, and yield its URL."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = DEMONSTRATION.get(self.path)
            self.send_response(404 if text is None else 200)
            self.send_header("Content-Type", "text/plain" if self.path == "/robots.txt" else "text/html")
            self.end_headers()
            self.wfile.write((text or "Not here").encode())

        def log_message(self, *_):
            """Keep the log for what the script itself says."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def fetch(opener, url):
    """Return (status, content type, text, final URL). A status of 0 means that nobody answered; text says why."""
    request = urllib.request.Request(url, headers={"User-Agent": f"{AGENT}/1", "Accept": "text/html,*/*;q=0.5"})
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            kind = answer.headers.get_content_type()
            charset = answer.headers.get_content_charset("utf-8")
            # Only pages are read; of a picture or an archive the header is enough.
            body = answer.read(LARGEST_PAGE) if kind.startswith("text/") else b""
            try:
                text = body.decode(charset, errors="replace")
            except LookupError:  # the server named an encoding that does not exist
                text = body.decode(errors="replace")
            return answer.status, kind, text, answer.url
    except urllib.error.HTTPError as problem:
        return problem.code, "", problem.reason, url
    except (OSError, ValueError) as problem:
        return 0, "", str(getattr(problem, "reason", problem)), url


def rules_of(opener, start):
    """Read robots.txt as RFC 9309 says: none there means no rules, a server in trouble means hands off."""
    rules = urllib.robotparser.RobotFileParser()
    status, _, text, _ = fetch(opener, urljoin(start, "/robots.txt"))
    if status == 200:
        rules.parse(text.splitlines())
    elif 400 <= status < 500:
        print("No robots.txt: nothing is forbidden.")
        rules.allow_all = True
        rules.modified()
    else:
        sys.exit(f"{start} cannot be crawled: its robots.txt cannot be read ({status or text}).")
    return rules


def on_site(start, url):
    return urlsplit(url)[:2] == urlsplit(start)[:2]


def crawl(start, depth_limit, page_limit, delay):
    """Walk breadth first. Returns (pages, broken links, number forbidden, whether pages were left out)."""
    stay_here = StayHere()
    opener = urllib.request.build_opener(stay_here)
    rules = stay_here.rules = rules_of(opener, start)
    delay = max(delay, float(rules.crawl_delay(AGENT) or 0))
    print(f"Waiting {delay:g} s between requests.")
    pages, broken, forbidden = [], [], 0
    known = {start}
    queue = deque([(start, 0, "")])
    while queue and len(pages) + len(broken) < page_limit:
        url, depth, found_on = queue.popleft()
        if not rules.can_fetch(AGENT, url):
            print(f"forbidden by robots.txt: {url}")
            forbidden += 1
            continue
        if pages or broken:
            time.sleep(delay)
        status, kind, text, final = fetch(opener, url)
        if status == 0 or status >= 400:
            print(f"BROKEN {status or text} {url}")
            broken.append({"url": url, "status": status, "found_on": found_on, "reason": text})
            continue
        page = Page(text) if kind == "text/html" else None
        title, links = (page.title, len(page.links)) if page else ("", 0)
        pages.append({"url": url, "status": status, "depth": depth, "type": kind, "title": title, "links": links})
        print(f"{status} {url}")
        progress(min(99, 100 * len(pages) // page_limit), f"{len(pages)} pages, {len(queue)} waiting")
        if not page or depth == depth_limit or not on_site(start, final):
            continue
        known.add(final)
        for link in page.links:
            try:
                target = urldefrag(urljoin(urljoin(final, page.base or ""), link)).url
            except ValueError:  # not a URL at all, such as http://[
                broken.append({"url": link, "status": 0, "found_on": url, "reason": "not a URL"})
                continue
            if on_site(start, target) and target not in known:
                known.add(target)
                queue.append((target, depth + 1, url))
    return pages, broken, forbidden, bool(queue)


def write_csv(path, columns, rows):
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def main():
    env = os.environ
    start = env.get("START_URL", "").strip()
    delay = float(env.get("DELAY_S") or 0.5)
    with contextlib.ExitStack() as stack:
        if not start:
            print("No start was given: walking a small demonstration site that this script serves to itself.")
            start, delay = stack.enter_context(demonstration()), 0
        start = urldefrag(start).url
        if urlsplit(start).scheme not in {"http", "https"}:
            sys.exit("START_URL must begin with http:// or https://.")
        if not urlsplit(start).path:
            start += "/"
        depth, most = int(env.get("MAX_DEPTH") or 3), int(env.get("MAX_PAGES") or 100)
        pages, broken, forbidden, more = crawl(start, depth, most, delay)

    write_csv("pages.csv", ["url", "status", "depth", "type", "title", "links"], pages)
    write_csv("broken-links.csv", ["url", "status", "found_on", "reason"], broken)
    outputs = {
        "start": start,
        "pages": len(pages),
        "broken": [{"url": link["url"], "status": link["status"], "found_on": link["found_on"]} for link in broken],
        "forbidden": forbidden,
        "complete": not more,
        "titles": {page["url"]: page["title"] for page in pages[:50]},
    }
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    if more:
        print("Stopped at MAX_PAGES; there are more pages.", file=sys.stderr)
    if not pages:
        sys.exit(f"No page could be read at {start}.")
    if broken and env.get("FAIL_ON_BROKEN") == "true":
        sys.exit(f"{len(broken)} links are broken.")
    progress(100, f"{len(pages)} pages, {len(broken)} broken links")


main()
