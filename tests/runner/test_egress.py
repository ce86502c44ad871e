"""Which places a rule lets through, and which addresses nobody reaches."""

import pytest

from runyard.runner.egress import Refused, _wish, matching, rule_of, why_closed, why_never

RULES = [
    rule_of(text) for text in ("example.com", "*.pypi.example:443", "db.example:5432", "any.example:*", "10.1.2.3:9")
]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Example.COM.", ("example.com", None)),
        ("example.com:8080", ("example.com", 8080)),
        ("*.example.com", ("*.example.com", None)),
        ("example.com:*", ("example.com", 0)),
        ("[::1]:80", ("::1", 80)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("10.0.0.1:5432", ("10.0.0.1", 5432)),
    ],
)
def test_rules_are_read(text: str, rule: tuple[str, int | None]) -> None:
    assert rule_of(text) == rule


@pytest.mark.parametrize(
    "text", ["", "*", "*.", "a*b.com", "*.*.com", "host:0", "host:65536", "host:http", "a b", "http://a", "u@h"]
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match="is no place"):
        rule_of(text)


@pytest.mark.parametrize(
    ("host", "port", "through"),
    [
        ("example.com", 443, True),
        ("EXAMPLE.com.", 80, True),
        ("example.com", 22, False),
        ("www.example.com", 443, False),
        ("badexample.com", 443, False),
        ("files.pypi.example", 443, True),
        ("a.b.pypi.example", 443, True),
        ("pypi.example", 443, False),
        ("files.pypi.example", 80, False),
        (".pypi.example", 443, False),
        ("evilpypi.example", 443, False),
        ("db.example", 5432, True),
        ("db.example", 443, False),
        ("any.example", 12345, True),
        ("10.1.2.3", 9, True),
        ("10.1.2.4", 9, False),
        ("", 443, False),
    ],
)
def test_what_gets_through(host: str, port: int, *, through: bool) -> None:
    assert (matching(RULES, host, port) is not None) is through


@pytest.mark.parametrize(
    ("address", "closed"),
    [
        ("93.184.216.34", False),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("febf::1", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("168.63.129.16", True),
        ("0.0.0.0", True),
        ("::", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("ff02::1", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
    ],
)
def test_addresses_that_a_name_may_not_lead_to(address: str, *, closed: bool) -> None:
    assert bool(why_closed(address, ("example.com", 443))) is closed


@pytest.mark.parametrize(
    ("rule", "address", "closed"),
    [
        ("127.0.0.1:80", "127.0.0.1", False),
        ("localhost:80", "127.0.0.1", False),
        ("localhost:80", "::1", False),
        ("*.example.com", "127.0.0.1", True),
        ("169.254.169.254:80", "169.254.169.254", True),
    ],
)
def test_this_machine_only_by_its_address(rule: str, address: str, *, closed: bool) -> None:
    assert bool(why_closed(address, rule_of(rule))) is closed


@pytest.mark.parametrize(
    ("text", "never"),
    [("169.254.169.254", True), ("[fe80::1]:80", True), ("metadata.example", False), ("127.0.0.1:1", False)],
)
def test_rules_that_nobody_may_have(text: str, *, never: bool) -> None:
    assert bool(why_never(rule_of(text))) is never


def test_a_plain_request_is_sent_on_alone() -> None:
    head = (
        b"GET http://user:pw@example.com:81/a?b HTTP/1.1\r\nHost: example.com\r\nProxy-Connection: keep-alive\r\n"
        b"Connection: keep-alive\r\nX: y"
    )
    assert _wish(head) == (
        "GET",
        "example.com",
        81,
        b"GET /a?b HTTP/1.1\r\nHost: example.com\r\nX: y\r\nConnection: close\r\n\r\n",
    )
    assert _wish(b"GET http://example.com HTTP/1.0")[:3] == ("GET", "example.com", 80)
    assert _wish(b"CONNECT [2001:db8::1]:443 HTTP/1.1") == ("CONNECT", "2001:db8::1", 443, b"")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET / HTTP/1.1",
        b"CONNECT example.com HTTP/1.1",
        b"CONNECT example.com:0 HTTP/1.1",
        b"GET ftp://example.com/ HTTP/1.1",
        b"GET http://example.com:99999/ HTTP/1.1",
        b"\x05\x01\x00",
        b"GET http://example.com/ a b HTTP/1.1",
    ],
)
def test_what_is_no_request(head: bytes) -> None:
    with pytest.raises(Refused):
        _wish(head)
