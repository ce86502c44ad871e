from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from runyard.web.addresses import ClientAddress, Networks, client_of, counted_as, is_loopback

NONE = Networks(())
LOCAL = Networks(("127.0.0.1", "10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("1.2.3.4", [], NONE, "1.2.3.4"),
        ("::ffff:1.2.3.4", [], NONE, "1.2.3.4"),
        ("::FFFF:127.0.0.1", [], NONE, "127.0.0.1"),
        ("2001:DB8::1", [], NONE, "2001:db8::1"),
        ("fe80::1%eth0", [], NONE, "fe80::1"),
        ("testclient", [], NONE, ""),
        # Nobody is believed who was not named.
        ("1.2.3.4", ["9.9.9.9"], NONE, "1.2.3.4"),
        ("1.2.3.4", ["127.0.0.1"], LOCAL, "1.2.3.4"),
        ("127.0.0.1", [], LOCAL, "127.0.0.1"),
        ("127.0.0.1", ["9.9.9.9"], LOCAL, "9.9.9.9"),
        ("::ffff:127.0.0.1", ["9.9.9.9"], LOCAL, "9.9.9.9"),
        # What the client wrote itself comes first, and counts for nothing.
        ("127.0.0.1", ["127.0.0.1, 9.9.9.9"], LOCAL, "9.9.9.9"),
        ("127.0.0.1", ["10.0.0.5", "9.9.9.9"], LOCAL, "9.9.9.9"),
        ("127.0.0.1", ["junk, 9.9.9.9"], LOCAL, "9.9.9.9"),
        # A line of trusted proxies is walked.
        ("127.0.0.1", ["8.8.8.8, 9.9.9.9, 10.1.1.1"], LOCAL, "9.9.9.9"),
        ("127.0.0.1", ["8.8.8.8, 9.9.9.9", "10.1.1.1"], LOCAL, "9.9.9.9"),
        ("fd00::1", ["2001:db8::1"], LOCAL, "2001:db8::1"),
        ("127.0.0.1", ["10.2.2.2, 10.1.1.1"], LOCAL, "10.2.2.2"),
        # What proxies write besides plain addresses.
        ("127.0.0.1", ["9.9.9.9:5555"], LOCAL, "9.9.9.9"),
        ("127.0.0.1", ["[2001:db8::1]:5555"], LOCAL, "2001:db8::1"),
        ("127.0.0.1", ["::ffff:9.9.9.9"], LOCAL, "9.9.9.9"),
        # Somebody whom nobody knows is not the proxy.
        ("127.0.0.1", ["unknown"], LOCAL, ""),
        ("127.0.0.1", ["9.9.9.9, _hidden"], LOCAL, ""),
        ("127.0.0.1", [""], LOCAL, ""),
        ("127.0.0.1", ["010.0.0.1"], LOCAL, ""),
    ],
)
def test_whose_request_it_is(peer: str, forwarded: list[str], trusted: Networks, client: str) -> None:
    assert client_of(peer, forwarded, trusted) == client


@given(st.lists(st.text(max_size=30), max_size=4))
def test_nothing_a_stranger_writes_changes_their_address(lines: list[str]) -> None:
    assert client_of("1.2.3.4", lines, LOCAL) == "1.2.3.4"
    assert client_of("127.0.0.1", [*lines, "1.2.3.4"], LOCAL) == "1.2.3.4"


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("11.0.0.1", False), ("fd12::1", True), ("fe80::1", False),
        ("", False), ("x", False), ("127.0.0.1", True), ("127.0.0.2", False),
    ],
)  # fmt: skip
def test_networks_of_both_families(address: str, *, inside: bool) -> None:
    assert (address in LOCAL) is inside


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_of_ipv6_a_whole_network_counts_as_one(address: str, name: str) -> None:
    assert counted_as(address) == name


def test_loopback_in_all_its_forms() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("", "1.2.3.4", "10.0.0.1", "localhost")))


@pytest.mark.parametrize(
    ("kind", "client", "headers", "seen"),
    [
        ("http", ("9.9.9.9", 5), {}, ("9.9.9.9", 5, "http")),
        ("http", ("9.9.9.9", 5), {"x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https"}, ("9.9.9.9", 5, "http")),
        ("http", ("10.0.0.1", 5), {"x-forwarded-for": "1.1.1.1"}, ("1.1.1.1", 0, "http")),
        (
            "http",
            ("10.0.0.1", 5),
            {"x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https"},
            ("1.1.1.1", 0, "https"),
        ),
        ("websocket", ("10.0.0.1", 5), {"x-forwarded-proto": "https"}, ("10.0.0.1", 5, "wss")),
        ("http", ("10.0.0.1", 5), {"x-forwarded-proto": "javascript"}, ("10.0.0.1", 5, "http")),
        ("http", ("::ffff:9.9.9.9", 5), {}, ("9.9.9.9", 5, "http")),
    ],
)
async def test_all_that_follows_sees_the_client(
    kind: str, client: tuple[str, int], headers: dict[str, str], seen: tuple[str, int, str]
) -> None:
    found: list[Scope] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    async def nothing(*_: Any) -> Any:
        return {}

    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": kind, "client": client, "headers": lines, "scheme": "http"}
    await ClientAddress(inner, ("10.0.0.0/8",))(scope, nothing, nothing)
    assert (*found[0]["client"], found[0]["scheme"]) == seen
