"""Report on nginx and Apache access logs (common and combined format).

Files written: report.html and requests-by-hour.svg. Files of any size are read line by line.
"""

import collections
import datetime as dt
import glob
import gzip
import html
import ipaddress
import json
import os
import re
import sys
from pathlib import Path

LINE = re.compile(
    r"(?P<address>\S+) \S+ \S+ \[(?P<at>[^\]]+)\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
ROBOT = re.compile(r"bot|crawl|spider|slurp|curl|wget|python-|monitor|preview", re.IGNORECASE)
LINES_BETWEEN_NEWS = 200_000

SAMPLE = """203.0.113.7 - - [06/May/2024:08:01:12 +0000] "GET / HTTP/1.1" 200 5120 "-" "Mozilla/5.0"
203.0.113.7 - - [06/May/2024:08:01:14 +0000] "GET /docs HTTP/1.1" 200 8300 "https://example.org/" "Mozilla/5.0"
198.51.100.23 - - [06/May/2024:09:15:02 +0000] "GET /docs?q=cron HTTP/1.1" 200 8300 "https://seek.example/" "Mozilla"
198.51.100.23 - - [06/May/2024:09:15:40 +0000] "GET /missing HTTP/1.1" 404 210 "-" "Mozilla/5.0"
192.0.2.99 - - [06/May/2024:09:20:00 +0000] "GET /robots.txt HTTP/1.1" 200 64 "-" "Examplebot/2.1"
2001:db8::17 - - [06/May/2024:10:44:31 +0000] "POST /login HTTP/2.0" 500 0 "-" "Mozilla/5.0"
"""


class Tally:
    """What is counted while the lines go by."""

    def __init__(self):
        self.lines = self.unreadable = self.robots = self.requests = self.bytes = 0
        self.visitors = set()
        self.statuses, self.pages, self.errors = collections.Counter(), collections.Counter(), collections.Counter()
        self.referrers, self.addresses, self.hours = collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, *, address, at, path, status, size, referrer, agent):
        self.requests += 1
        self.bytes += size
        # The same address with another browser is most likely another person behind one gateway.
        self.visitors.add((address, agent))
        self.statuses[status] += 1
        (self.errors if status >= 400 else self.pages)[path if status < 400 else f"{status} {path}"] += 1
        self.addresses[address] += 1
        self.hours[at.strftime("%Y-%m-%d %H:00")] += 1
        if referrer not in {"", "-"}:
            self.referrers[referrer] += 1


def progress(percent, message):
    print(f"::progress {percent} {message}")


def choose_files(patterns):
    if patterns:
        # Path.glob refuses absolute patterns.
        files = sorted({Path(name) for pattern in patterns.split() for name in glob.glob(pattern)})  # noqa: PTH207
        if not files:
            sys.exit(f"No file matches {patterns}, or this script may not see it.")
        return files
    files = sorted([*Path().glob("*.log"), *Path().glob("*.gz")])
    if not files:
        print("No log was uploaded: working on a small sample, sample.log.")
        Path("sample.log").write_text(SAMPLE, encoding="utf-8")
        files = [Path("sample.log")]
    return files


def shortened(address):
    """Return the network an address is in: enough to count visitors, too little to know one."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address  # the server logged a host name
    return str(ipaddress.ip_network(f"{address}/{24 if known.version == 4 else 48}", strict=False).network_address)


def read(path, tally, settings):
    """Count the lines of one file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        for line in file:
            tally.lines += 1
            if tally.lines % LINES_BETWEEN_NEWS == 0:
                print(f"{tally.lines:,} lines")
            found = LINE.match(line)
            try:
                at = dt.datetime.strptime(found["at"], "%d/%b/%Y:%H:%M:%S %z") if found else None
            except ValueError:
                at = None
            if at is None:
                tally.unreadable += 1
                continue
            if not settings["since"] <= at.date() <= settings["until"]:
                continue
            agent = found["agent"] or ""
            if ROBOT.search(agent):
                tally.robots += 1
                if settings["skip_robots"]:
                    continue
            words = found["request"].split(" ")
            # A query holds what people typed, sometimes what they should not have: it is left out.
            path_only = words[1].partition("?")[0] if len(words) > 1 else "(unreadable request)"
            tally.add(
                address=shortened(found["address"]) if settings["hide"] else found["address"],
                at=at,
                path=path_only,
                status=int(found["status"]),
                size=0 if found["bytes"] == "-" else int(found["bytes"]),
                referrer=(found["referrer"] or "").partition("?")[0],
                agent=agent,
            )


def hourly(hours):
    """Return (hour, count) without gaps from the first to the last hour; the last week when it is longer."""
    if not hours:
        return []
    first, last = (dt.datetime.strptime(pick(hours), "%Y-%m-%d %H:00") for pick in (min, max))  # noqa: DTZ007  log time
    first = max(first, last - dt.timedelta(days=7))
    steps = int((last - first) / dt.timedelta(hours=1)) + 1
    names = ((first + dt.timedelta(hours=step)).strftime("%Y-%m-%d %H:00") for step in range(steps))
    return [(name, hours.get(name, 0)) for name in names]


def as_svg(series):
    """Draw bars, one an hour. Each carries its figure as a tooltip."""
    width, height = 800, 180
    peak = max(count for _, count in series)
    step = width / len(series)
    bars = [
        f'<rect x="{i * step:.1f}" y="{height - height * count / peak:.1f}" width="{max(step - 1, 0.5):.1f}" '
        f'height="{height * count / peak:.1f}" fill="#3b6fd4"><title>{hour}: {count}</title></rect>'
        for i, (hour, count) in enumerate(series)
    ]
    below = height + 18
    captions = (
        f'<text x="0" y="{below}">{series[0][0]}</text>'
        f'<text x="{width}" y="{below}" text-anchor="end">{series[-1][0]}</text>'
        f'<text x="0" y="-6">peak {peak} requests an hour</text>'
    )
    box = f"-4 -24 {width + 8} {height + 50}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="system-ui" font-size="12">'
    return f"{head}{''.join(bars)}{captions}</svg>\n"


def as_html(facts, tops, chart):
    def table(title, pairs):
        # What a log holds was sent by strangers: every name is escaped.
        rows = "".join(f"<tr><td>{html.escape(str(name))}<td>{count:,}" for name, count in pairs)
        return f"<h2>{title}</h2><table>{rows}</table>"

    tables = "".join(table(title, pairs) for title, pairs in {"Figures": facts.items(), **tops}.items() if pairs)
    style = "body{font:15px/1.5 system-ui;max-width:52rem;margin:2rem auto;padding:0 1rem}"
    style += "td{padding:0 .6rem;word-break:break-all}td:last-child{text-align:right;font-variant-numeric:tabular-nums}"
    return (
        f"<!doctype html><meta charset=utf-8><title>Web log report</title><style>{style}</style>"
        f"<h1>Web log report</h1>{chart}{tables}\n"
    )


def main():
    env = os.environ
    settings = {
        "since": dt.date.fromisoformat(env["SINCE"]) if env.get("SINCE") else dt.date.min,
        "until": dt.date.fromisoformat(env["UNTIL"]) if env.get("UNTIL") else dt.date.max,
        "skip_robots": env.get("SKIP_ROBOTS", "true") == "true",
        "hide": env.get("HIDE_ADDRESSES", "true") == "true",
    }
    top = int(env.get("TOP") or 10)
    files = choose_files(env.get("FILES", "").strip())
    tally = Tally()
    for index, path in enumerate(files):
        progress(90 * index // len(files), f"Reading {path.name}")
        try:
            read(path, tally, settings)
        except (OSError, EOFError) as problem:  # EOFError: a .gz that is cut off
            sys.exit(f"Cannot read {path}: {problem}")
    if tally.lines == tally.unreadable:
        sys.exit(f"None of {tally.lines} lines is in the common or combined log format.")
    if tally.unreadable:
        print(
            f"{tally.unreadable} of {tally.lines} lines are not in a known format and were passed over.",
            file=sys.stderr,
        )

    progress(95, "Writing the report")
    facts = {
        "requests": tally.requests,
        "visitors": len(tally.visitors),
        "bytes": tally.bytes,
        "errors": sum(tally.errors.values()),
        "robots": tally.robots,
        "unreadable_lines": tally.unreadable,
    }
    tops = {
        "Pages": tally.pages.most_common(top),
        "Errors": tally.errors.most_common(top),
        "Referrers": tally.referrers.most_common(top),
        "Addresses": tally.addresses.most_common(top),
        "Statuses": sorted(tally.statuses.items()),
    }
    series = hourly(tally.hours)
    chart = as_svg(series) if series else ""
    if chart:
        Path("requests-by-hour.svg").write_text(chart, encoding="utf-8")
    Path("report.html").write_text(as_html(facts, tops, chart), encoding="utf-8")
    for name, value in facts.items():
        print(f"{name:>18}: {value:,}")
    for page, count in tops["Pages"]:
        print(f"{count:>8}  {page}")

    outputs = {**facts, **{title.lower(): dict(tops[title]) for title in ("Statuses", "Pages")}}
    outputs["top_errors"] = dict(tops["Errors"])
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    progress(100, f"{tally.requests:,} requests by {len(tally.visitors):,} visitors")


main()
