"""Output that means harm, or does: what is stored of it, what is shown, and what a reader is told."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from runyard.runs import log_stream

from .test_watching import events
from .yard import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
CAP, LINE = 200_000, 4096
"""As `options` sets them."""


async def test_bytes_that_are_no_text(yard: Running) -> None:
    run = await yard.run(r"printf 'caf\xe9 \xff\0\n\xf0\x9f\nok\n'")
    assert [line["text"] for line in await yard.lines(run["id"])] == ["caf\ufffd \ufffd\0", "\ufffd", "ok"]
    answer = await yard.client.get(f"/runs/{run['id']}/logs", headers={"Accept": "text/plain"})
    assert answer.content == b"caf\xe9 \xff\0\n\xf0\x9f\nok\n"


@pytest.mark.parametrize(
    ("query", "text"),
    [({"tail": "2"}, "three\nfour\n"), ({"after": "1", "limit": "2"}, "two\nthree\n"), ({"after": "9"}, "")],
)
async def test_some_lines_as_text(yard: Running, query: dict[str, str], text: str) -> None:
    run = await yard.run(r"printf 'one\ntwo\nthree\nfour\n'")
    answer = await yard.client.get(f"/runs/{run['id']}/logs", headers={"Accept": "text/plain"}, params=query)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == text


async def test_markup_and_escapes_are_text(yard: Running) -> None:
    words = "<script>alert(1)</script>&amp;", "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m", "id: 7\revent: end"
    run = await yard.run("import sys\n" + "".join(f"print({word!r})\n" for word in words), "python")
    assert [line["text"] for line in await yard.lines(run["id"])] == list(words)
    stream = await yard.client.get(f"/runs/{run['id']}/logs/stream")
    assert [data["text"] for kind, _n, data in events(stream.text) if kind == "log"] == list(words)
    hits = await yard.get(f"/runs/{run['id']}/logs/search", q="RED")
    assert [hit["n"] for hit in hits["items"]] == [2]


async def test_a_line_without_an_end_is_cut_at_the_limit(yard: Running) -> None:
    run = await yard.run("head -c 150000 /dev/zero | tr '\\0' x; echo; echo after")
    lines = await yard.lines(run["id"])
    assert [len(line["text"]) for line in lines] == [*[LINE] * (150_000 // LINE), 150_000 % LINE, 5]
    assert lines[-1]["text"] == "after"


@pytest.mark.parametrize("size", [300_000, 500_000_000])
async def test_past_the_cap_the_last_line_says_so(yard: Running, size: int) -> None:
    run = await yard.run(f"printf 'begin\\n'; head -c {size} /dev/zero | tr '\\0' x; echo; echo never kept")
    assert run["state"] == "succeeded"
    assert run["usage"]["output_bytes"] == size + len("begin\n\nnever kept\n")
    lines = await yard.lines(run["id"])
    assert [line["stream"] for line in lines[-2:]] == ["stdout", "system"]
    words = f"output limit of {CAP} bytes reached; further output is counted but not kept"
    assert lines[-1]["text"] == words
    assert [line for line in lines if line["stream"] == "system"] == lines[-1:]
    assert sum(len(line["text"]) for line in lines[:-1]) + 1 == CAP


async def test_a_flood_is_followed_by_its_end(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "SKIP_PAUSE_S", 0.001)
    run = await yard.run("seq 20000")
    path = f"/runs/{run['id']}/logs/stream"
    found = list(events((await yard.client.get(path, params={"behind": 1000})).text))
    assert [kind for kind, _n, _data in found[:3]] == ["state", "skipped", "log"]
    assert found[1][2] == {"from": 1, "to": 19_800, "count": 19_800}
    assert [data["n"] for kind, _n, data in found if kind == "log"] == list(range(19_801, 20_001))
    near = list(events((await yard.client.get(path, params={"behind": 1000, "after": 19_000})).text))
    assert [data["n"] for kind, _n, data in near if kind == "log"] == list(range(19_001, 20_001))
    whole = list(events((await yard.client.get(path)).text))
    assert [data["n"] for kind, _n, data in whole if kind == "log"] == list(range(1, 20_001))
    refused = await yard.client.get(path, params={"behind": 0})
    assert refused.status_code == 422


async def test_whoever_keeps_up_is_skipped_nothing(yard: Running) -> None:
    run_id = await yard.submit("for i in 1 2 3 4 5 6; do echo $i; sleep 0.05; done")
    answer = await yard.client.get(f"/runs/{run_id}/logs/stream", params={"behind": 3})
    found = [(kind, data) for kind, _n, data in events(answer.text)]
    assert "skipped" not in {kind for kind, _data in found}
    assert [data["n"] for kind, data in found if kind == "log"] == [1, 2, 3, 4, 5, 6]
    assert (await yard.finished(run_id))["state"] == "succeeded"


async def test_a_reader_who_leaves_lets_the_files_go(yard: Running) -> None:
    run_id = await yard.submit('echo one; until [ -e "$HOME/go" ]; do sleep 0.02; done')
    await yard.printed(run_id, "one")
    source = log_stream.follow(yard.yard.runs, yard.yard.database, yard.yard.bus, run_id, None, 0)
    while "event: log" not in await anext(source):
        pass
    waiting: asyncio.Task[str] = asyncio.create_task(anext(source))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    (yard.data / "work" / run_id / "1" / "files" / "go").touch()
    await yard.finished(run_id)
    assert yard.yard.logs.delete(run_id) > 0
    assert await yard.lines(run_id) == []


async def test_a_search_looks_at_a_bounded_part_and_says_how_far(
    yard: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runyard.runs import log_routes
    from runyard.runs.logs import files

    monkeypatch.setattr(log_routes, "SEARCH_BUDGET", 10_000)
    monkeypatch.setattr(files, "CHUNK", 8000)
    # In parts, so that it can't come as one block, which a search looks at whole.
    run = await yard.run("for part in 0 10000 20000; do seq $((part + 1)) $((part + 10000)); sleep 0.2; done")
    path = f"/runs/{run['id']}/logs/search"
    first = await yard.get(path, q="29999")
    assert first["items"] == []
    assert 0 < first["scanned"] < first["total"] == 30_000
    assert first["next_cursor"] == str(first["scanned"])
    page: dict[str, Any] = first
    while page["next_cursor"] is not None:
        page = await yard.get(path, q="29999", after=page["next_cursor"])
        if page["items"]:
            assert page["items"] == [{"n": 29_999, "text": "29999"}]
            break
    assert page["items"]


async def test_text_and_pages_are_packed_for_whoever_can_unpack(yard: Running) -> None:
    run = await yard.run("seq 20000")
    path = f"/runs/{run['id']}/logs"
    expected = "".join(f"{n}\n" for n in range(1, 20_001)).encode()
    for accept, body in (("text/plain", expected), ("application/json", None)):
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        async with yard.client.stream("GET", path, headers=headers) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert gzip.decompress(raw) == body if body else json.loads(gzip.decompress(raw))["total"] == 20_000
        plain = await yard.client.get(path, headers={"Accept": accept, "Accept-Encoding": "identity"})
        assert plain.headers.get("content-encoding", "identity") == "identity"
