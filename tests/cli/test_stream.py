"""Server-sent events, however the network cuts them."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from runyard.cli.stream import Event, Parser

STREAM = (
    'event: state\ndata: {"state": "running"}\n\n'
    ": still here\n\n"
    'id: 1\nevent: log\ndata: {"n": 1, "text": "Ünï\u2028\u0085\\u000b"}\n\n'
    'id: 2\r\nevent: log\r\ndata: {"n": 2}\r\n\r\n'
    'data: {"a":\ndata: 1}\n\n'
    "event: end\ndata: {}"
).encode()
EVENTS = [
    Event("state", {"state": "running"}),
    Event("log", {"n": 1, "text": "Ünï\u2028\u0085\x0b"}, "1"),
    Event("log", {"n": 2}, "2"),
    Event("message", {"a": 1}),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_cuts_make_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parser = Parser()
    found = [event for at, to in itertools.pairwise(edges) for event in parser.feed(STREAM[at:to])]
    assert found == EVENTS
    assert parser.feed(b"\n\n") == [Event("end", {})]
