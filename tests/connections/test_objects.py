"""What answers in the place of an object store is read as a list of objects, and as nothing else."""

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from runyard.connections import objects
from runyard.connections.objects import StoreRefused
from runyard.web.outbound import Reach

from . import counterparts

KEYS: dict[str, Any] = {
    "access_key_id": "k", "secret_access_key": "s", "region": "eu-1", "bucket": "b", "path_style": True, "tls": "off",
}  # fmt: skip
LIST = (
    "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a%20b</Key><Size>3</Size><ETag>x</ETag>"
    "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>{}</ListBucketResult>"
)
GROWING = '<!DOCTYPE l [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;">]>'


async def test_the_host_that_is_signed_is_the_host_that_is_asked() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: BaseHTTPRequestHandler) -> counterparts.Answer:
        seen.append((request.headers["Host"], request.headers["Authorization"]))
        return 200, {}, LIST.format("").encode()

    with counterparts.web(answer) as url:
        where = {name: {**KEYS, "endpoint": url.replace("127.0.0.1", name)} for name in ("LocalHost", "localhost")}
        for settings in where.values():
            await objects.listed(settings, Reach.of(("127.0.0.0/8", "::1/128")), "", 10)
    # However it was written: a store that sees another host than was signed refuses.
    assert seen[0][0] == seen[1][0] == f"localhost:{url.rpartition(':')[2]}"
    assert all(objects._url(settings, "", {}).startswith("http://localhost:") for settings in where.values())


async def listed(body: bytes) -> list[str]:
    def answer(_request: BaseHTTPRequestHandler) -> counterparts.Answer:
        return 200, {"Content-Type": "application/xml"}, body

    with counterparts.web(answer) as url:
        settings = {**KEYS, "endpoint": url}
        found, more = await objects.listed(settings, Reach.of(("127.0.0.0/8",)), "", 10)
        assert not more
        return [one.key for one in found]


async def test_a_list_is_read() -> None:
    assert await listed(LIST.format("<!-- and <so> on -->").encode()) == ["a b"]


@pytest.mark.parametrize(
    "body",
    [
        GROWING + LIST.format("&b;"),
        # Behind more than anybody looks through, and in letters in which nobody looks for it.
        "<?xml version='1.0'?>" + " " * 9000 + GROWING + LIST.format("&b;"),
        ("<?xml version='1.0' encoding='utf-16'?>" + GROWING + LIST.format("&b;")).encode("utf-16"),
        '<!DOCTYPE l SYSTEM "file:///etc/passwd">' + LIST.format(""),
        "<html><body>Sign in first</body>",
        "",
    ],
    ids=["growing", "far down", "in other letters", "a file", "a page", "nothing"],
)
async def test_what_is_none_is_refused(body: str | bytes) -> None:
    with pytest.raises(StoreRefused):
        await listed(body if isinstance(body, bytes) else body.encode())
