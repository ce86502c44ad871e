import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from runyard.runner import egress
from runyard.web import outbound
from runyard.web.outbound import (
    ANYWHERE,
    AddressRefused,
    AddressUnreachable,
    Reach,
    fetched,
    is_outside,
    judged,
    opened,
)

NOWHERE = Reach()
LOCAL = Reach.of(("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"))

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:2800:220:1::1", "::ffff:93.184.216.34"]
PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.1.2.3", "::1", "fd00::1", "::ffff:10.1.2.3", "::ffff:127.0.0.1", "::10.1.2.3",
]  # fmt: skip
UNLISTED = ["192.168.0.1", "172.16.0.1", "100.64.0.1", "fc00::1", "2002:a01:203::", "64:ff9b::a01:203", "198.18.0.1"]
METADATA = [
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::", "::a9fe:a9fe", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
    *egress._METADATA,
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_may_be_asked(address: str) -> None:
    assert is_outside(address)
    assert not NOWHERE.trouble(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_a_word(address: str) -> None:
    assert "private" in NOWHERE.trouble(address)
    if address not in {"::1", "::10.1.2.3"}:
        assert not LOCAL.trouble(address)
    assert not ANYWHERE.trouble(address)


@pytest.mark.parametrize("address", UNLISTED)
def test_a_word_for_one_network_is_none_for_another(address: str) -> None:
    assert "private" in LOCAL.trouble(address)


@pytest.mark.parametrize("address", METADATA)
def test_where_credentials_are_nobody_asks(address: str) -> None:
    for reach in (NOWHERE, LOCAL, ANYWHERE, Reach.of(("169.254.0.0/16", "fe80::/10", "::/0", "0.0.0.0/0"))):
        assert "never" in reach.trouble(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "LOCALHOST.", "a.localhost", "[::1]"],
)
async def test_however_a_number_is_written(host: str) -> None:
    with pytest.raises((AddressRefused, AddressUnreachable)):
        await judged(f"https://{host}/x", NOWHERE)
    bare = host.strip("[]")
    assert outbound.numeric(bare) in {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "ftp://example.org", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "https://", "x",
        "https://a:b@example.org", "https://a@example.org", "https://exa mple.org", "https://example.org:99999/",
        "https://[::1/", "//example.org", "", "https://exam\nple.org",
    ],
)  # fmt: skip
async def test_what_is_no_url_to_ask(url: str) -> None:
    with pytest.raises(AddressRefused):
        await judged(url, NOWHERE)


class Names:
    """A resolver whose names are ours: each look-up takes the next of its answers, the last for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> None:
        self.asked: list[str] = []
        self._names = {name.replace("_", "."): answers for name, answers in names.items()}
        self._real = asyncio.get_running_loop().getaddrinfo
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._find, raising=False)

    async def _find(self, host: str, port: int, **how: Any) -> list[Any]:
        if host not in self._names:
            return await self._real(host, port, **how)
        self.asked.append(host)
        answers = self._names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found.split()]


class Backend(BaseHTTPRequestHandler):
    """Answers with the host it was asked for; sends on to where `onward` says."""

    onward: ClassVar[dict[str, str]] = {}
    seen: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.headers["Host"], self.path, self.headers.get("Authorization", "")))
        place = self.onward.get(self.path)
        body = b"" if place else b"x" * 3000 if self.path == "/long" else b"hello"
        self.send_response(302 if place else 404 if self.path == "/missing" else 200)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Backend.onward, Backend.seen = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


async def test_what_is_allowed_is_fetched_and_nothing_else(port: int) -> None:
    assert await fetched(f"http://127.0.0.1:{port}/x", LOCAL, most=100) == b"hello"
    with pytest.raises(AddressRefused):
        await fetched(f"http://127.0.0.1:{port}/x", Reach.of(("10.0.0.0/8",)), most=100)
    with pytest.raises(AddressRefused, match="more than"):
        await fetched(f"http://127.0.0.1:{port}/long", LOCAL, most=2000)
    with pytest.raises(AddressUnreachable, match="404"):
        await fetched(f"http://127.0.0.1:{port}/missing", LOCAL, most=100)
    assert len(Backend.seen) == 3


async def test_the_connection_goes_to_the_address_that_was_judged(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, twice_test=["127.0.0.1", "169.254.169.254"])
    assert await fetched(f"http://twice.test:{port}/x", LOCAL, most=100) == b"hello"
    assert names.asked == ["twice.test"]
    assert Backend.seen == [(f"twice.test:{port}", "/x", "")]
    with pytest.raises(AddressRefused, match="never"):
        await fetched(f"http://twice.test:{port}/x", LOCAL, most=100)


async def test_a_name_in_other_letters_is_the_one_that_the_network_knows(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, **{"xn--mnchen-3ya_test": ["127.0.0.1"]})
    target = await judged(f"http://MÜNCHEN.test:{port}/ä?b", LOCAL)
    assert (target.url, target.host) == (f"http://xn--mnchen-3ya.test:{port}/ä?b", "xn--mnchen-3ya.test")
    # The port that goes without saying is not said.
    assert (await judged("http://münchen.test:80", LOCAL)).url == "http://xn--mnchen-3ya.test"
    assert await fetched(f"http://münchen.test:{port}/x", LOCAL, most=100) == b"hello"
    assert Backend.seen == [(f"xn--mnchen-3ya.test:{port}", "/x", "")]


@pytest.mark.parametrize(
    "host",
    [
        "a%2Eb.test", "%31%32%37.0.0.1", "twice.test\\", "a\\b.test", "a'b.test", "a,b.test", "a..b.test\u3002",
        "[fe80::1%25lo]", "-x.test", "\u2100.test", f"{'ü' * 70}.test", "a*b.test",
    ],
)  # fmt: skip
async def test_a_host_that_others_may_read_otherwise_is_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
    with pytest.raises(AddressRefused):
        await judged(f"https://{host}/x", LOCAL)


async def test_every_address_of_a_name_is_judged(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, mixed_test=["127.0.0.1 169.254.169.254"], half_test=["93.184.216.34 192.168.0.1"])
    for url, reach in ((f"http://mixed.test:{port}/", LOCAL), ("https://half.test/", NOWHERE)):
        with pytest.raises(AddressRefused):
            await fetched(url, reach, most=100)
    assert Backend.seen == []


async def answer_of(url: str, reach: Reach, **how: Any) -> tuple[int, bytes]:
    async with opened(url, reach, **how) as answer:
        return answer.status_code, await answer.aread()


async def test_redirects_are_followed_only_if_asked_for_and_judged_anew(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, inner_test=["192.168.0.1"], clouds_test=["169.254.169.254"])
    base = f"http://127.0.0.1:{port}"
    Backend.onward = {
        "/on": "/x", "/loop": "/loop", "/inner": f"http://inner.test:{port}/", "/clouds": "http://clouds.test/latest/",
        "/file": "file:///etc/passwd", "/number": f"http://0x7f000001:{port}/x",
    }  # fmt: skip
    assert (await answer_of(f"{base}/on", LOCAL))[0] == 302
    assert await answer_of(f"{base}/on", LOCAL, redirects=3) == (200, b"hello")
    for path in ("/inner", "/clouds", "/file"):
        with pytest.raises(AddressRefused):
            await answer_of(base + path, LOCAL, redirects=3)
    with pytest.raises(AddressUnreachable, match="from one address to the next"):
        await answer_of(f"{base}/loop", LOCAL, redirects=3)
    # The operator's own address may be private; what it sends on to is judged like a stranger's.
    assert (await answer_of(f"{base}/x", NOWHERE, first=ANYWHERE, redirects=3))[0] == 200
    with pytest.raises(AddressRefused):
        await answer_of(f"{base}/number", NOWHERE, first=ANYWHERE, redirects=3)


class Proxy(Backend):
    """Answers whatever it is asked for."""

    def do_GET(self) -> None:
        self.seen.append(("proxy", self.path, ""))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"proxy")


async def test_what_no_proxy_is_named_for_is_judged_although_there_are_proxies(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    Names(monkeypatch, clouds_test=["169.254.169.254"])
    Backend.onward = {"/clouds": "http://clouds.test/latest/", "/there": "http://named.test/there"}
    base, how = f"http://127.0.0.1:{port}", {"first": ANYWHERE, "redirects": 3, "proxies": True}
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        where = f"http://127.0.0.1:{proxy.server_port}"
        for variables in (
            {"no_proxy": "clouds.test"},
            {"https_proxy": where},
            {"http_proxy": where, "no_proxy": "127.0.0.1,clouds.test"},
        ):
            with monkeypatch.context() as here:
                for name, value in variables.items():
                    here.setenv(name, value)
                with pytest.raises(AddressRefused, match="never"):
                    await answer_of(f"{base}/clouds", LOCAL, **how)
        monkeypatch.setenv("http_proxy", where)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        # Here it is the proxy that looks the name up.
        assert await answer_of(f"{base}/there", LOCAL, **how) == (200, b"proxy")
        assert ("proxy", "http://named.test/there", "") in Backend.seen
        proxy.shutdown()
        thread.join()


async def test_a_login_stays_with_the_address_that_it_is_for(port: int) -> None:
    Backend.onward = {"/on": f"http://127.0.0.2:{port}/x"}
    with pytest.raises(AddressUnreachable):
        await answer_of(f"http://127.0.0.1:{port}/on", LOCAL, redirects=1, headers={"Authorization": "Basic eA=="})
    Backend.onward = {"/on": "/x"}
    await answer_of(f"http://127.0.0.1:{port}/on", LOCAL, redirects=1, headers={"Authorization": "Basic eA=="})
    assert [auth for _, path, auth in Backend.seen if path == "/x"] == [""]


async def test_a_certificate_is_checked_against_the_name(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to a number, and yet the name is what must be proved."""
    names: list[object] = []
    real = ssl.SSLContext.wrap_bio

    def wrapped(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
        names.append(kwargs.get("server_hostname"))
        assert self.check_hostname
        assert self.verify_mode is ssl.CERT_REQUIRED
        return real(self, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", wrapped)
    Names(monkeypatch, named_test=["127.0.0.1"])
    with pytest.raises(AddressUnreachable):
        await fetched(f"https://named.test:{port}/", LOCAL, most=100)
    assert names in (["named.test"], [b"named.test"])


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AddressUnreachable):
        await judged("https://no-such-host.invalid/", NOWHERE)
