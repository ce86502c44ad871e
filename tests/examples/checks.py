"""What each case's last run must have left behind: its JSON value, its files, its log."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from .reading import patched, png_size, rows, table
from .site import TOKEN

Files = Mapping[str, bytes]


def says(text: str) -> Callable[[Any, Files, str], None]:
    """Return a check that the log holds the text, and no traceback of a script that was taken by surprise."""

    def check(outputs: Any, files: Files, log: str) -> None:
        assert text in log
        assert "Traceback" not in log
        assert "    at " not in log

    return check


def first_api(outputs: Any, files: Files, log: str) -> None:
    assert "demonstration API" in log
    assert (outputs["pages"], outputs["new"], outputs["total"], outputs["complete"]) == (3, 7, 7, True)
    assert table(files["data.db"], "SELECT count(*), max(score) FROM items") == [(7, 60)]


def first_backup(outputs: Any, files: Files, log: str) -> None:
    assert "small sample folder" in log
    assert (outputs["entries"], outputs["kept"], outputs["removed"]) == (4, 1, 0)
    assert len(outputs["sha256"]) == 64


def first_table(outputs: Any, files: Files, log: str) -> None:
    assert "small sample" in log
    assert (outputs["rows_read"], outputs["rows_kept"]) == (7, 5)
    assert outputs["chart"]["sums"] == {"West": 2040.0, "North": 1339.9, "South": 310.5, "East": 0.0}
    assert png_size(files["chart.png"])[0] > 600


def first_duplicates(outputs: Any, files: Files, log: str) -> None:
    assert "small sample folder" in log
    assert (outputs["files"], outputs["groups"], outputs["duplicates"], outputs["wasted_bytes"]) == (6, 2, 3, 6406)
    assert [row["keep"] for row in rows(files["duplicates.csv"])] == ["yes", "no", "no", "yes", "no"]
    assert files["remove-duplicates.sh"].count(b"\nrm -- ") == 3


def first_folder(outputs: Any, files: Files, log: str) -> None:
    assert outputs["files"] > 0
    assert 0 < len(outputs["folders"]) <= 10
    assert outputs["folders"][0]["kib"] <= outputs["total_kib"]


def first_health(outputs: Any, files: Files, log: str) -> None:
    assert outputs["ok"]
    assert outputs["results"][0]["used_percent"] > 0
    assert json.loads(files["checks.json"]) == outputs


def first_images(outputs: Any, files: Files, log: str) -> None:
    assert "drawn samples" in log
    sizes = {entry["source"]: (entry["width"], entry["height"]) for entry in outputs["thumbnails"]}
    assert sizes == {"sample-wide.png": (320, 160), "sample-tall.png": (160, 320), "sample-small.png": (90, 90)}


def first_diff(outputs: Any, files: Files, log: str) -> None:
    assert "small sample" in log
    assert (outputs["added"], outputs["removed"], outputs["replaced"]) == (1, 1, 2)
    assert {"op": "remove", "path": "/debug"} in json.loads(files["patch.json"])


def first_markdown(outputs: Any, files: Files, log: str) -> None:
    assert "small sample" in log
    assert [entry["title"] for entry in outputs["pages"]] == ["Welcome to the yard"]
    assert b"<script>" not in files["site/welcome.html"]
    assert b"&#60;script&#62;" in files["site/welcome.html"]


def first_query(outputs: Any, files: Files, log: str) -> None:
    assert "small samples" in log
    assert outputs["rows"] == [["Oslo", 1, 310], ["Lisbon", 2, 220.0], ["Chengdu", 1, 80]]


def first_digest(outputs: Any, files: Files, log: str) -> None:
    assert "small sample feed" in log
    assert [entry["title"] for entry in outputs["digest"]] == ["First train leaves on time", "Yard opens"]


def first_crawl(outputs: Any, files: Files, log: str) -> None:
    assert "demonstration site" in log
    assert (outputs["pages"], outputs["forbidden"], outputs["complete"]) == (3, 1, True)
    assert [link["status"] for link in outputs["broken"]] == [404]


def first_validation(outputs: Any, files: Files, log: str) -> None:
    assert "small sample" in log
    assert (outputs["rows"], outputs["valid"], outputs["rejected"]) == (5, 1, 4)


def first_log(outputs: Any, files: Files, log: str) -> None:
    assert "small sample" in log
    assert (outputs["requests"], outputs["robots"], outputs["errors"]) == (5, 1, 2)


# Runs on the data beside the examples.


def api_pages(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["pages"], outputs["received"], outputs["new"], outputs["complete"]) == (3, 5, 5, True)
    assert TOKEN not in log
    found = table(files["data.db"], "SELECT id, customer, total, lines, note FROM orders ORDER BY id")
    assert found[0] == (1, "Ada", 120.5, '[{"sku": "007-A", "count": 2}]', None)
    assert found[3][4] == "a column that comes late"


def api_again(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["new"], outputs["updated"], outputs["total"]) == (0, 5, 5)


def api_limited(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["pages"], outputs["total"], outputs["complete"]) == (1, 2, False)
    assert "there are more" in log


def api_flaky(outputs: Any, files: Files, log: str) -> None:
    assert "503" in log
    assert outputs["total"] == 1


def api_refused(outputs: Any, files: Files, log: str) -> None:
    says("/api/orders answered 401")(outputs, files, log)
    assert "wrong-token" not in log
    assert "hidden" not in log


def backup_rotated(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["kept"], outputs["removed"]) == (2, 1)
    assert "Removed yard-" in log
    listed = [line for line in files["backups.md"].decode().splitlines() if line.startswith("| yard-")]
    assert len(listed) == 2
    # The new archive is one of those that stay.
    assert outputs["archive"].rpartition("/")[2] in listed[-1]
    assert outputs["entries"] == 2  # the folder and sales.csv; the feed was left out


def table_csv(outputs: Any, files: Files, log: str) -> None:
    cleaned = rows(files["cleaned.csv"])
    assert [row["order_id"] for row in cleaned] == ["2001", "2002", "2003", "2004", "2005", "2006"]
    assert cleaned[0]["customer"] == "Ada Lovelace"
    assert cleaned[0]["order_date"] == "2024-03-01"
    assert float(cleaned[1]["paid"]) == 1  # the later one of two rows of one order
    assert float(cleaned[2]["amount"]) == 0
    assert cleaned[0]["sku"] == "007-A"
    assert outputs["chart"]["sums"] == {"West": 2040.0, "North": 1339.5, "South": 460.5, "East": 0.0}
    assert files["cleaned.xlsx"].startswith(b"PK")
    assert png_size(files["chart.png"])[0] > 600


def table_excel(outputs: Any, files: Files, log: str) -> None:
    cleaned = rows(files["cleaned.csv"])
    assert [(row["item"], float(row["count"])) for row in cleaned] == [("Bolt", 120), ("Nut", 400), ("Gear", 260)]
    assert "empty" not in cleaned[0]
    assert cleaned[0]["counted_date"] == "2024-04-01"
    assert "cleaned.xlsx" not in files


def table_chinese(outputs: Any, files: Files, log: str) -> None:
    assert outputs["chart"]["sums"] == {"华东": 1500.5, "西南": 800.0}
    assert "张伟" in files["cleaned.csv"].decode()


def duplicates_none(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["files"], outputs["duplicates"], outputs["wasted_bytes"]) == (3, 0, 0)


def folder_measured(outputs: Any, files: Files, log: str) -> None:
    assert outputs["files"] >= 2
    assert [entry["path"] for entry in outputs["largest_files"]] == ["./turned.jpg"]
    assert b"Largest old files" in files["report.txt"]


def health_good(outputs: Any, files: Files, log: str) -> None:
    assert outputs["ok"]
    assert [(r["kind"], r["ok"]) for r in outputs["results"]] == [
        ("disk", True),
        ("tls", True),
        ("url", True),
        ("url", True),
    ]
    assert outputs["results"][1]["days_left"] == 30
    assert "All is well." in log


def health_bad(outputs: Any, files: Files, log: str) -> None:
    assert outputs["failed"] == outputs["checks"] == 5
    details = [result["detail"] for result in outputs["results"]]
    assert details[0] == "No such file or directory"
    assert details[1] == "good for 30 days"
    assert "refused" in details[2]
    assert details[3].startswith("404")
    assert "only http" in details[4]
    assert "hidden" not in log + files["report.md"].decode()
    assert "5 of 5 checks failed." in log


def images_made(outputs: Any, files: Files, log: str) -> None:
    sizes = {entry["source"]: (entry["width"], entry["height"]) for entry in outputs["thumbnails"]}
    assert sizes == {"small.gif": (64, 64), "transparent.png": (160, 107), "turned.jpg": (160, 120)}
    assert b"Exif" not in files["thumbnails/turned.jpeg"]
    assert png_size(files["contact-sheet.png"]) == (480, 160)


def images_broken(outputs: Any, files: Files, log: str) -> None:
    says("1 of 2 files are not readable images: broken.png")(outputs, files, log)
    assert outputs["failed"] == ["broken.png"]
    assert [(entry["width"], entry["height"]) for entry in outputs["thumbnails"]] == [(100, 100)]


def diff_by_id(outputs: Any, files: Files, log: str) -> None:
    assert outputs["paths"] == [
        "/services/web/ports/2",
        "/services/worker/image",
        "/services/worker/replicas",
        "/services/cron",
        "/services/mail",
    ]
    assert (outputs["added"], outputs["removed"], outputs["replaced"]) == (2, 1, 2)
    assert outputs["files"] == ["differences.md"]
    assert "| replace | /services/worker/replicas | 1 | 4 |" in files["differences.md"].decode()


def diff_patch(outputs: Any, files: Files, log: str) -> None:
    patch = json.loads(files["patch.json"])
    assert {"op": "replace", "path": "/meta/generated_at", "value": "2024-05-01T08:00:00Z"} in patch
    assert not outputs["equal"]
    assert patched(json.loads(files["after.json"]), patch) == json.loads(files["before.json"])


def markdown_pages(outputs: Any, files: Files, log: str) -> None:
    guide = files["site/guide.html"].decode()
    assert '<h2 id="first-steps">' in guide
    assert '<h2 id="first-steps-2">' in guide
    assert '<a href="#first-steps-2">' in guide
    assert '<a href="#fine-print' not in guide  # deeper than asked for
    assert "Whistles &#60;i&#62;&#38; flags&#60;/i&#62; &copy;</a>" in guide
    assert "<b " not in guide
    assert "<i>" not in guide
    assert "javascript:" not in guide
    assert "<img" not in guide
    assert "<td>green</td>" in guide
    index = files["site/index.html"].decode()
    assert "Yard &#60;books&#62;" in index
    assert '<a href="notes.html">Notes &#38; remarks</a>' in index
    assert "prefers-color-scheme" not in index


def markdown_trusted(outputs: Any, files: Files, log: str) -> None:
    guide = files["site/guide.html"].decode()
    assert "<img src=x" in guide
    assert "<nav>" not in guide


def query_joined(outputs: Any, files: Files, log: str) -> None:
    assert outputs["tables"] == {"shops": 3, "visits": 4}
    assert outputs["rows"] == [["Chengdu", 80], ["Lisbon", 219], ["Oslo", 310]]
    assert files["result.csv"].decode().splitlines()[0] == "city,n"


def query_semicolon(outputs: Any, files: Files, log: str) -> None:
    assert outputs["columns"] == ["region", "manager"]
    assert (len(outputs["rows"]), outputs["total"]) == (2, 4)
    assert len(rows(files["result.csv"])) == 4


def digest_feeds(outputs: Any, files: Files, log: str) -> None:
    titles = [entry["title"] for entry in outputs["digest"]]
    assert titles == ["Release 2.1 & what is in it", "Gates painted", "Security release 2.1.1", "五月值班表"]
    page = files["digest.html"].decode()
    assert "Release 2.1 &amp; what is in it" in page
    assert "<script" not in page
    assert "not in a digest" not in page
    assert "/news/gates" in outputs["digest"][1]["link"]
    assert outputs["digest"][1]["link"].startswith("http://127.0.0.1:")


def digest_again(outputs: Any, files: Files, log: str) -> None:
    assert outputs["entries"] == 0
    assert "Nothing new" in log
    assert "javascript:" not in files["digest.html"].decode()


def digest_some(outputs: Any, files: Files, log: str) -> None:
    assert [entry["title"] for entry in outputs["digest"]] == ["Security release 2.1.1", "五月值班表"]
    assert [reason.split(" (")[0] for reason in outputs["failed"].values()] == [
        "File not found",
        "it is not well-formed XML",
    ]


def crawl_whole(outputs: Any, files: Files, log: str) -> None:
    found = {url.partition("/site/")[2]: title for url, title in outputs["titles"].items()}
    assert found == {
        "": "The yard",
        "about.html": "About & contact",
        "news/": "News",
        "news/first.html": "First news",
        "news/deep.html": "Deep",
    }
    assert outputs["forbidden"] == 1
    broken = rows(files["broken-links.csv"])
    assert [(link["url"].rpartition("/")[2], link["status"]) for link in broken] == [("gone.html", "404")]
    assert broken[0]["found_on"].endswith("/about.html")


def crawl_limited(outputs: Any, files: Files, log: str) -> None:
    assert outputs["pages"] == 2
    assert not outputs["complete"]
    assert "MAX_PAGES" in log


def crawl_stayed(outputs: Any, files: Files, log: str) -> None:
    assert outputs["pages"] == 1
    assert rows(files["pages.csv"])[0]["status"] == "302"


def validated(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["rows"], outputs["valid"], outputs["rejected"]) == (6, 2, 4)
    good = [json.loads(line) for line in files["valid.jsonl"].decode().splitlines()]
    assert good == [
        {"id": 1, "email": "ada@example.org", "joined": "2024-01-02", "score": 9.5},
        {"id": 6, "email": "don@example.org", "joined": None, "score": 10},
    ]
    bad = rows(files["rejected.csv"])
    assert [(row["line"], row["reasons"]) for row in bad] == [
        ("3", "joined is not of type date"),
        ("4", "email is not of type email"),
        ("5", "id was there before"),
        ("6", "score is above 10"),
    ]
    assert bad[0]["name"] == "Grace Hopper"


def log_counted(outputs: Any, files: Files, log: str) -> None:
    facts = {key: outputs[key] for key in ("requests", "visitors", "bytes", "errors", "robots", "unreadable_lines")}
    assert facts == {
        "requests": 9,
        "visitors": 5,
        "bytes": 22340,
        "errors": 3,
        "robots": 1,
        "unreadable_lines": 1,
    }
    assert outputs["pages"]["/docs"] == 3
    report = files["report.html"].decode()
    assert "<script>" not in report
    assert "203.0.113.7" not in report
    assert "do-not-show" not in report + log
    assert files["requests-by-hour.svg"].startswith(b"<svg ")


def log_one_day(outputs: Any, files: Files, log: str) -> None:
    assert (outputs["requests"], outputs["robots"]) == (6, 1)
    report = files["report.html"].decode()
    assert "203.0.113.7" in report
    assert "/old" not in report
