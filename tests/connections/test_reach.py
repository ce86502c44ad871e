"""Where tests of connections may lead."""

from typing import Any

import pytest

from runyard.connections.reach import Unreachable, judge
from runyard.connections.shapes import opened
from runyard.connections.testing import Scout
from runyard.settings import ConnectionSettings
from runyard.web.outbound import ANYWHERE, Reach

from . import counterparts

NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "::ffff:169.254.169.254",
]
PRIVATE = [
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "100.64.0.1",
    "fd12::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
OUTSIDE = ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"]
EVERYTHING = ANYWHERE


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_nobodys(address: str) -> None:
    with pytest.raises(Unreachable):
        judge(address, EVERYTHING)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_have_to_be_allowed(address: str) -> None:
    with pytest.raises(Unreachable, match="fetch_allow"):
        judge(address, Reach.of(["9.9.9.0/24"]))
    judge(address, EVERYTHING)


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside_is_free(address: str) -> None:
    judge(address, Reach())


def test_what_is_no_address_leads_nowhere() -> None:
    for text in ("localhost", "", "/run/docker.sock", "127.1"):
        with pytest.raises(Unreachable):
            judge(text, EVERYTHING)


LOOPBACK: list[dict[str, Any]] = [
    {"kind": "postgresql", "host": "127.0.0.1", "username": "x"},
    {"kind": "mysql", "host": "localhost", "username": "x"},
    {"kind": "mongodb", "host": "::1", "tls": "off"},
    {"kind": "redis", "host": "127.0.0.1"},
    {"kind": "s3", "endpoint": "http://[::ffff:127.0.0.1]", "access_key_id": "x", "secret_access_key": "y"},
    {"kind": "ssh", "host": "10.0.0.1", "username": "x", "password": "y"},
    {"kind": "ftp", "host": "192.168.1.1"},
    {"kind": "http", "url": "http://169.254.169.254/latest/meta-data/"},
    {"kind": "git", "url": "https://localhost/x.git"},
    {"kind": "git", "url": "ssh://127.0.0.1/x.git", "password": "x"},
    {"kind": "registry", "url": "http://127.0.0.1:5000"},
    {"kind": "kubernetes", "url": "https://10.96.0.1", "token": "x"},
]


@pytest.mark.parametrize("settings", LOOPBACK, ids=lambda one: f"{one['kind']}")
async def test_no_driver_gets_past(settings: dict[str, Any]) -> None:
    outcome = await Scout(ConnectionSettings(), []).look(settings["kind"], opened(settings))
    assert (outcome.ok, outcome.code) == (False, "address_refused"), outcome


async def test_who_is_sent_elsewhere_is_stopped_there() -> None:
    """The registry is allowed; where it says that tokens are given is not."""
    challenge = 'Bearer realm="http://169.254.169.254/token",service="x"'
    with counterparts.web(lambda _: (401, {"WWW-Authenticate": challenge}, b"")) as url:
        shape = opened({"kind": "registry", "url": url, "username": "u", "password": "p"})
        outcome = await Scout(ConnectionSettings(), ["127.0.0.1/32"]).look("registry", shape)
    assert outcome.code == "address_refused"
    assert "169.254.169.254" in outcome.said


async def test_an_end_that_says_nothing_is_not_waited_for() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = {"kind": "redis", "host": "127.0.0.1", "port": silent.getsockname()[1], "tls": "off"}
        outcome = await Scout(ConnectionSettings(timeout_s=0.5), ["127.0.0.1"]).look("redis", opened(asked))
    assert not outcome.ok
