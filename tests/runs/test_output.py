from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runyard.runs.logs import Block, Line
from runyard.runs.output import MOST_MESSAGE, Assembler, Stages, last_progress, progress_of, stage_of
from runyard.secrets.masking import Masker

CAP = 8


def assembler(cap: int = CAP, secrets: Iterable[str] = ()) -> Assembler:
    secrets = tuple(secrets)
    return Assembler(lambda: Masker(secrets), cap)


def lines(frames: Iterable[tuple[int, int, bytes]], cap: int = CAP, secrets: Iterable[str] = ()) -> list[Line]:
    made = assembler(cap, secrets)
    found = [block for frame in frames for block in made.feed(*frame)]
    return [line for block in (*found, *made.finish()) for line in block.lines()]


def texts(frames: Iterable[tuple[int, int, bytes]], stream: str = "stdout", **options: object) -> list[str]:
    return [line.text for line in lines(frames, **options) if line.stream == stream]  # type: ignore[arg-type]


def framed(data: bytes, cuts: Iterable[int], stream: int = 1) -> list[tuple[int, int, bytes]]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [(at, stream, data[a:b]) for at, (a, b) in enumerate(pairwise(places)) if a != b]


output = st.lists(
    st.sampled_from([b"a", b"b", b"\n", b"\r", b"\r\n", "ä".encode(), "\u4e16".encode(), b"\xff", b"hunter22", b"\0"]),
    max_size=40,
).map(b"".join)


@given(output, st.lists(st.integers(0, 200), max_size=12), st.integers(1, 20))
@example(b"x" * CAP + b"\n", [CAP], CAP)
@example(b"x" * (CAP + 1), [CAP], CAP)
def test_the_same_bytes_give_the_same_texts_however_they_were_framed(data: bytes, cuts: list[int], cap: int) -> None:
    whole = texts(framed(data, ()), cap=cap, secrets=["hunter22"])
    assert texts(framed(data, cuts), cap=cap, secrets=["hunter22"]) == whole
    assert "hunter22" not in "".join(whole)


@given(output, output, st.data())
def test_streams_do_not_disturb_one_another(out: bytes, err: bytes, data: st.DataObject) -> None:
    first, second = framed(out, data.draw(st.lists(st.integers(0, 99)))), framed(err, [3, 7], stream=2)
    mixed = []
    left, right = list(first), list(second)
    while left or right:
        source = left if not right or (left and data.draw(st.booleans())) else right
        mixed.append(source.pop(0))
    assert texts(mixed) == texts(first)
    assert texts(mixed, "stderr") == texts(second, "stderr")


@given(st.lists(st.tuples(st.integers(0, 10**16), st.integers(1, 3), output), max_size=20))
def test_lines_are_numbered_from_one_and_replays_are_identical(frames: list[tuple[int, int, bytes]]) -> None:
    found = lines(frames)
    assert [line.n for line in found] == list(range(1, len(found) + 1))
    assert lines(frames) == found


@given(output.filter(lambda data: b"\r" not in data), st.integers(4, 20))
def test_nothing_is_lost_and_no_line_is_longer_than_the_cap(data: bytes, cap: int) -> None:
    found = texts([(1, 1, data)], cap=cap)
    assert "".join(found) == data.replace(b"\n", b"").decode("utf-8", "replace")
    for text in found:
        if "\ufffd" not in text:
            assert len(text.encode()) <= cap


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo", ["one", "two"]),
        (b"\n\n", ["", ""]),
        (b"a\rb\n", ["a\rb"]),
        (b"no end", ["no end"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        (b"12345678\n", ["12345678"]),
        (b"123456789\n", ["12345678", "9"]),
        (b"1234567\xc3\xa4\n", ["1234567", "ä"]),
        (b"12345\xf0\x9f\x98\x80\n", ["12345", "\U0001f600"]),
        (b"123456\xe4\xb8\x96", ["123456", "\u4e16"]),
        # without a letter to spare, the cap is the cap
        (b"\x80" * 10, ["\ufffd" * 8, "\ufffd" * 2]),
    ],
)
def test_cases(data: bytes, expected: list[str]) -> None:
    assert texts([(1, 1, data)]) == expected


def test_a_line_bears_the_time_of_the_frame_that_completed_it() -> None:
    found = lines([(10, 1, b"a"), (20, 2, b"x\n"), (30, 1, b"b\nrest"), (40, 3, b"cap reached\n")], cap=99)
    assert found == [
        Line(1, 20, "stderr", "x"),
        Line(2, 30, "stdout", "ab"),
        Line(3, 40, "system", "cap reached"),
        Line(4, 30, "stdout", "rest"),
    ]


def test_a_secret_over_frames_is_masked_and_finish_ends_each_stream_once() -> None:
    made = assembler(99, ["hunter22"])
    assert list(made.feed(1, 1, b"pw=hunt")) == []
    assert list(made.feed(2, 1, b"er22\nhun")) == [Block(1, 2, 1, 1, b"pw=***\n")]
    assert list(made.finish()) == [Block(2, 2, 1, 1, b"hun\n")]
    assert list(made.finish()) == []


def test_what_one_frame_completes_is_one_block_of_the_bytes_as_they_were() -> None:
    made = assembler(99)
    assert list(made.feed(1, 2, b"a\xff\n\n<b>\0\r\nrest")) == [Block(1, 1, 2, 3, b"a\xff\n\n<b>\0\n")]
    assert list(made.feed(2, 2, b"!\n")) == [Block(4, 2, 2, 1, b"rest!\n")]


NOTICE = b"output limit of 10 bytes reached; further output is counted but not kept\n"


def test_at_the_cap_unfinished_lines_come_before_the_notice() -> None:
    found = lines([(1, 1, b"one\ntw"), (2, 2, b"err"), (3, 3, NOTICE)], cap=99)
    assert [(line.n, line.stream, line.text) for line in found] == [
        (1, "stdout", "one"),
        (2, "stdout", "tw"),
        (3, "stderr", "err"),
        (4, "system", NOTICE.decode().strip()),
    ]


@pytest.mark.parametrize("cut", range(1, 8))
def test_of_a_secret_that_the_cap_cuts_nothing_is_shown(cut: int) -> None:
    found = lines([(1, 1, b"pw=" + b"hunter22"[:cut]), (2, 3, NOTICE)], cap=99, secrets=["hunter22"])
    assert found[0].text == "pw=***"


def test_other_words_of_the_shim_cut_nothing() -> None:
    found = texts(
        [(1, 1, b"pw=hunt"), (2, 3, b"7 bytes of output could not be kept: full\n"), (3, 1, b"er22\n")],
        cap=99,
        secrets=["hunter22"],
    )
    assert found == ["pw=***"]


def test_a_line_without_an_end_is_cut_at_the_limit_and_never_held_beyond_it() -> None:
    made = assembler(64)
    total = 0
    for at in range(2000):
        for block in made.feed(at, 1, b"x" * 50):
            total += block.total
            assert set(map(len, block.data.split(b"\n")[:-1])) == {64}
        assert len(made._rest[1]) <= 64
    assert total == 2000 * 50 // 64
    assert sum(block.total for block in made.finish()) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nothing\n", None),
        (b"::progress 1 a\nb\n::progress 2 b\nc\n", (2.0, "b")),
        (b"a ::progress 3\n", None),
        (b"::progress 4 \xff\n::progress x\n", (4.0, "\ufffd")),
    ],
)
def test_of_several_progress_lines_the_last_counts(data: bytes, said: tuple[float, str] | None) -> None:
    assert last_progress(Block(1, 1, 1, data.count(b"\n"), data)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("::progress 40 half way", (40.0, "half way")),
        ("::progress 40", (40.0, "")),
        ("::progress 40%", (40.0, "")),
        ("::progress  12.5%   x  ", (12.5, "x")),
        ("::progress 250 over", (100.0, "over")),
        ("::progress 0", (0.0, "")),
        ("::progress " + "9" * 400, (100.0, "")),
        ("::progress 5 a\0b\tc\x1b[1m", (5.0, "a b c [1m")),
        ("::progress 5 " + "y" * 600, (5.0, "y" * MOST_MESSAGE)),
        ("::progress", None),
        ("::progress x", None),
        ("::progress -1", None),
        ("::progress 4x", None),
        ("::progress 4 %", (4.0, "%")),
        ("::progressive 4", None),
        (" ::progress 4", None),
        ("a ::progress 4", None),
        ("", None),
    ],
)
def test_progress(text: str, said: tuple[float, str] | None) -> None:
    assert progress_of(text) == said


@given(st.text())
def test_progress_takes_any_text(text: str) -> None:
    said = progress_of("::progress " + text)
    assert said is None or (0 <= said[0] <= 100 and said[1].isprintable())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("::stage Load the data", "Load the data"),
        ("::stage   x  ", "x"),
        ("::stage a\x1b[31mb", "a [31mb"),
        ("::stage " + "x" * 300, "x" * 100),
        ("::stage", None),
        ("::stage   ", None),
        ("say ::stage x", None),
        ("::stages x", None),
    ],
)
def test_a_line_that_begins_a_part(line: str, name: str | None) -> None:
    assert stage_of(line) == name


def test_parts_follow_one_another() -> None:
    stages = Stages()
    for name, at_us in (("a", 1_000_000), ("a", 2_000_000), ("b", 3_000_000)):
        stages.begin(name, at_us)
    first, last = "1970-01-01T00:00:01.000000Z", "1970-01-01T00:00:03.000000Z"
    assert stages.told() == [
        {"name": "a", "started_at": first, "finished_at": last},
        {"name": "b", "started_at": last, "finished_at": None},
    ]
    assert stages.told(3_000_000)[-1]["finished_at"] == last
    for n in range(200):
        stages.begin(str(n), 4_000_000)
    assert len(stages.told()) == 50
