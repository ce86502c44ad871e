"""Write a digest of RSS and Atom feeds.

Files written: digest.md and digest.html. What was shown is remembered in the state directory, which outlives the run.
"""

import datetime as dt
import email.utils
import hashlib
import html
import json
import os
import re
import sys
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

ATOM = "{http://www.w3.org/2005/Atom}"
TIMEOUT_S = 20
LARGEST_FEED = 10 * 1024 * 1024
SUMMARY_LENGTH = 300
REMEMBERED = 20_000

HTML_HEAD = """<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Digest</title>
<style>body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}time{color:#667}</style>
<h1>Digest</h1>"""

SAMPLE = """<rss version="2.0"><channel><title>Sample feed</title><link>https://example.org/</link>
<item><title>Yard opens</title><link>https://example.org/1</link><guid>1</guid>
<pubDate>Mon, 06 May 2024 08:00:00 GMT</pubDate><description>The gates are <b>open</b>.</description></item>
<item><title>First train leaves on time</title><link>https://example.org/2</link><guid>2</guid>
<pubDate>Tue, 07 May 2024 09:30:00 GMT</pubDate><description>Nobody was left behind.</description></item>
</channel></rss>"""


@dataclass(frozen=True)
class Entry:
    id: str
    title: str
    link: str
    summary: str
    at: dt.datetime | None


class FeedProblem(Exception):  # noqa: N818  it is read out as it stands
    """A feed that cannot be read; the others go on."""


def progress(percent, message):
    print(f"::progress {percent} {message}")


def plain(text):
    """Return the text of an HTML fragment, on one line."""
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", html.unescape(text or ""), flags=re.DOTALL | re.IGNORECASE)
    return " ".join(html.unescape(text).split())


def moment(text):
    """Read a date as RSS (RFC 5322) or Atom (RFC 3339) writes it; None when it is neither."""
    text = (text or "").strip()
    for read in (dt.datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            at = read(text)
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return None


def web_link(base, link):
    """Return an absolute http(s) link, or nothing: a feed must not smuggle `javascript:` into the page."""
    link = urljoin(base, (link or "").strip())
    return link if urlsplit(link).scheme in {"http", "https"} else ""


def parse(body, base):
    """Return (title, entries) of an RSS 2.0 or Atom document."""
    # Entity definitions are of no use in a feed, and a way to blow up its reader.
    if b"<!ENTITY" in body:
        raise FeedProblem("it defines entities, which is refused")
    try:
        root = ET.fromstring(body)  # noqa: S314  entities are refused above
    except ET.ParseError as problem:
        raise FeedProblem(f"it is not well-formed XML ({problem})") from problem
    if root.tag == f"{ATOM}feed":
        title, items = root.findtext(f"{ATOM}title"), [atom_entry(node, base) for node in root.iter(f"{ATOM}entry")]
    elif root.tag == "rss":
        title, items = root.findtext("channel/title"), [rss_entry(node, base) for node in root.iter("item")]
    else:
        raise FeedProblem(f"it is neither RSS nor Atom (its root is {root.tag})")
    return plain(title) or base, items


def rss_entry(node, base):
    link = web_link(base, node.findtext("link"))
    title = plain(node.findtext("title")) or link or "(no title)"
    return Entry(
        id=node.findtext("guid") or link or title,
        title=title,
        link=link,
        summary=plain(node.findtext("description"))[:SUMMARY_LENGTH],
        at=moment(node.findtext("pubDate")),
    )


def atom_entry(node, base):
    links = {link.get("rel", "alternate"): link.get("href") for link in node.findall(f"{ATOM}link")}
    link = web_link(base, links.get("alternate") or next(iter(links.values()), ""))
    title = plain(node.findtext(f"{ATOM}title")) or link or "(no title)"
    return Entry(
        id=node.findtext(f"{ATOM}id") or link or title,
        title=title,
        link=link,
        summary=plain(node.findtext(f"{ATOM}summary") or node.findtext(f"{ATOM}content"))[:SUMMARY_LENGTH],
        at=moment(node.findtext(f"{ATOM}published") or node.findtext(f"{ATOM}updated")),
    )


def download(url):
    if not url.startswith(("http://", "https://")):
        raise FeedProblem("only http:// and https:// are read")
    request = urllib.request.Request(url, headers={"User-Agent": "runyard-example/1"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body = answer.read(LARGEST_FEED + 1)
    except OSError as problem:  # URLError and HTTPError are OSErrors
        raise FeedProblem(str(getattr(problem, "reason", problem))) from problem
    if len(body) > LARGEST_FEED:
        raise FeedProblem("it is larger than 10 MB")
    return body


def sources():
    """Yield (name, base URL, function that returns the document)."""
    urls = [line.strip() for line in os.environ.get("FEEDS", "").splitlines() if line.strip()]
    files = sorted(Path().glob("*.xml"))
    for url in urls:
        yield url, url, lambda url=url: download(url)
    for path in files:
        yield path.name, "", path.read_bytes
    if not urls and not files:
        print("No feed was given: reading a small sample feed.")
        yield "sample", "https://example.org/", SAMPLE.encode


def wanted(entry, keywords, since):
    text = f"{entry.title} {entry.summary}".lower()
    if keywords and not any(keyword in text for keyword in keywords):
        return False
    return not (since and entry.at and entry.at.date() < since)


def as_markdown(digest):
    lines = ["# Digest"]
    for title, entries in digest:
        lines += ["", f"## {title}", ""]
        for entry in entries:
            # Brackets would end the link's text early.
            name = entry.title.replace("[", "\\[").replace("]", "\\]")
            day = f" ({entry.at:%Y-%m-%d})" if entry.at else ""
            lines.append(f"- [{name}](<{entry.link}>){day}" if entry.link else f"- {name}{day}")
            if entry.summary:
                lines.append(f"  {entry.summary}")
    return "\n".join(lines) + "\n"


def as_html(digest):
    parts = [HTML_HEAD]
    for title, entries in digest:
        parts.append(f"<h2>{html.escape(title)}</h2>")
        for entry in entries:
            name = html.escape(entry.title)
            name = f'<a href="{html.escape(entry.link)}">{name}</a>' if entry.link else name
            day = f" <time>{entry.at:%Y-%m-%d}</time>" if entry.at else ""
            parts.append(f"<p>{name}{day}<br>{html.escape(entry.summary)}</p>")
    return "\n".join(parts) + "\n"


def remember(path, seen):
    """Save what was shown, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(list(seen)[-REMEMBERED:]), encoding="utf-8")
    draft.replace(path)


def main():
    keywords = [word.strip().lower() for word in os.environ.get("KEYWORDS", "").split(",") if word.strip()]
    since = dt.date.fromisoformat(os.environ["SINCE"]) if os.environ.get("SINCE") else None
    most = int(os.environ.get("MAX_ITEMS") or 20)
    only_new = os.environ.get("ONLY_NEW", "true") == "true"
    memory = Path(os.environ.get("RUNYARD_STATE_DIR", ".")) / "seen.json"
    seen = dict.fromkeys(json.loads(memory.read_text(encoding="utf-8"))) if memory.exists() else {}

    digest, failed, read = [], {}, list(sources())
    for index, (name, base, load) in enumerate(read):
        progress(90 * index // len(read), name)
        try:
            title, entries = parse(load(), base)
        except FeedProblem as problem:
            print(f"{name} cannot be read: {problem}", file=sys.stderr)
            failed[name] = str(problem)
            continue
        chosen = []
        for entry in entries:
            mark = hashlib.sha256(f"{name}\n{entry.id}".encode()).hexdigest()[:20]
            if wanted(entry, keywords, since) and not (only_new and mark in seen) and len(chosen) < most:
                chosen.append(entry)
                seen[mark] = None
        print(f"{title}: {len(entries)} entries, {len(chosen)} for the digest")
        if chosen:
            oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
            digest.append((title, sorted(chosen, key=lambda entry: entry.at or oldest, reverse=True)))

    Path("digest.md").write_text(as_markdown(digest), encoding="utf-8")
    Path("digest.html").write_text(as_html(digest), encoding="utf-8")
    # Only after the digest is there: what nobody was shown must come again.
    remember(memory, seen)
    total = sum(len(entries) for _, entries in digest)
    outputs = {
        "feeds": len(read),
        "failed": failed,
        "entries": total,
        "digest": [
            {"feed": title, "title": entry.title, "link": entry.link} for title, entries in digest for entry in entries
        ],
    }
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    if len(failed) == len(read):
        sys.exit("No feed could be read.")
    progress(100, f"{total} entries" if total else "Nothing new")


main()
