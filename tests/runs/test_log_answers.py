"""Answers made by hand are those that the schemas promise."""

import gzip
import json
from pathlib import Path

import pytest
from starlette.requests import Request

from runyard.runs import log_answers
from runyard.runs.logs import FileLogs, Found, Line
from runyard.runs.schemas import LogHits, LogPage

from .logs.blocks import blocks, kept

NASTY = ["", '"\\', "</script><b>\0\x1b[31m", "\u2028\ufffd\U0001f600", "Ä"]


@pytest.fixture
def store(tmp_path: Path) -> FileLogs:
    store = FileLogs(tmp_path)
    kept(store, blocks([(1_000_000 * n, 1 + n % 3, [text.encode()]) for n, text in enumerate(NASTY)]))
    return store


@pytest.mark.parametrize(
    ("after", "tail", "limit", "numbers", "following"),
    [
        (0, None, 2, [1, 2], "2"),
        (2, None, 3, [3, 4, 5], None),
        (4, None, 3, [5], None),
        (9, None, 3, [], None),
        (0, 2, 1000, [4, 5], None),
        (0, 9, 1000, [1, 2, 3, 4, 5], None),
    ],
)
def test_a_page(
    store: FileLogs, after: int, tail: int | None, limit: int, numbers: list[int], following: str | None
) -> None:
    with store.reader("run", 1) as reader:
        raw = log_answers.page(reader, 1, after, tail, limit, complete=True)
    page = LogPage.model_validate_json(raw)
    assert set(json.loads(raw)) == set(LogPage.model_fields)
    assert [line.n for line in page.items] == numbers
    assert [line.text for line in page.items] == [NASTY[n - 1] for n in numbers]
    assert (page.next_cursor, page.total, page.attempt, page.complete) == (following, 5, 1, True)


def test_times_and_streams(store: FileLogs) -> None:
    with store.reader("run", 1) as reader:
        items = json.loads(log_answers.page(reader, 2, 0, None, 9, complete=False))["items"]
    assert [item["t"] for item in items[:2]] == ["1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:01.000000Z"]
    assert [item["stream"] for item in items[:4]] == ["stdout", "stderr", "system", "stdout"]


def test_hits_and_sifted() -> None:
    found = Found((Line(3, 5, "stdout", '"x"'),), 7, 9)
    hits = LogHits.model_validate_json(log_answers.hits(found))
    assert hits.model_dump() == {
        "items": [{"n": 3, "text": '"x"'}], "next_cursor": "7", "scanned": 7, "total": 9,
    }  # fmt: skip
    assert LogHits.model_validate_json(log_answers.hits(Found((), 9, 9))).next_cursor is None
    page = LogPage.model_validate_json(log_answers.sifted(found, 1, complete=True))
    assert (page.next_cursor, page.items[0].text) == ("7", '"x"')


def test_events_are_lines_of_their_own() -> None:
    text = log_answers.events([Line(1, 5, "stdout", "a\rb\u2028"), Line(2, 5, "stderr", "\n")])
    first, second = text.strip().split("\n\n")
    assert first.splitlines()[:2] == ["id: 1", "event: log"]
    assert second.count("\n") == 2
    assert json.loads(second.splitlines()[2].removeprefix("data: "))["text"] == "\n"
    assert "\r" not in text


def asked(encodings: str) -> Request:
    return Request({"type": "http", "headers": [(b"accept-encoding", encodings.encode())]})


@pytest.mark.parametrize(
    ("encodings", "size", "packs"), [("gzip, br", 5000, True), ("gzip", 5, False), ("", 5000, False)]
)
def test_long_answers_are_packed_where_they_are_made(encodings: str, size: int, packs: bool) -> None:  # noqa: FBT001
    body = b"x" * size
    answer = log_answers.answer(asked(encodings), body)
    assert (answer.headers.get("content-encoding") == "gzip") is packs
    assert (gzip.decompress(bytes(answer.body)) if packs else answer.body) == body


def test_a_packed_stream_is_whole() -> None:
    pieces = [b"a" * 100_000, b"", b"b" * 3]
    packed = list(log_answers.gzipped(pieces))
    assert b"" not in packed
    assert gzip.decompress(b"".join(packed)) == b"".join(pieces)
