"""What an object store holds, through a connection to it: listed and fetched, as far as the server may ask at all."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from msgspec import Struct

from runyard import clock
from runyard.connections.drivers.seen import trust
from runyard.errors import Invalid
from runyard.secrets.sigv4 import Credentials, signed
from runyard.web import outbound
from runyard.web.outbound import Reach, plain_host

A_PAGE = 1000
LARGEST_PAGE = 8 * 1024 * 1024
PATIENCE_S = 20.0
_OK = 200
_NO_LONGER = frozenset({404, 412})


class StoreRefused(Invalid):
    """The object store does not give that."""


class ObjectGone(Invalid):
    """The object is no longer what was listed."""


class ObjectTooLarge(Invalid):
    """The object is larger than the files that a run may be given."""


class Stored(Struct, frozen=True):
    """An object, as it was listed."""

    key: str
    size: int
    etag: str
    modified: datetime


async def listed(settings: Mapping[str, Any], reach: Reach, begins: str, most: int) -> tuple[list[Stored], bool]:
    """Return up to `most` objects whose keys begin so, in the order of keys, and whether there are more.

    Raises: StoreRefused, AddressRefused, AddressUnreachable.
    """
    found: list[Stored] = []
    token = ""
    while len(found) < most:
        query = {"encoding-type": "url", "list-type": "2", "max-keys": str(min(A_PAGE, most - len(found)))}
        query |= {"prefix": begins} if begins else {}
        query |= {"continuation-token": token} if token else {}
        url = _url(settings, "", query)
        async with outbound.opened(
            url, reach, headers=_signed(settings, url), verify=_verify(settings), patience_s=PATIENCE_S
        ) as answer:
            data = b""
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > LARGEST_PAGE:
                    raise StoreRefused("The object store's list is too long.")
            page, token = _read(answer.status_code, data)
        found += page
        if not token:
            return found, False
    return found, True


async def fetch(settings: Mapping[str, Any], reach: Reach, stored: Stored, into: IO[bytes], most: int) -> None:
    """Write an object of up to `most` bytes; raise `ObjectGone` if it is another one by now, `ObjectTooLarge`."""
    url = _url(settings, stored.key, {})
    headers = _signed(settings, url, {"if-match": stored.etag} if stored.etag else {})
    async with outbound.opened(url, reach, headers=headers, verify=_verify(settings), patience_s=PATIENCE_S) as answer:
        if answer.status_code in _NO_LONGER:
            raise ObjectGone
        if answer.status_code != _OK:
            raise StoreRefused(f"The object store answered {answer.status_code} for {stored.key}.")
        left = most
        async for chunk in answer.aiter_bytes():
            left -= len(chunk)
            if left < 0:
                raise ObjectTooLarge
            into.write(chunk)


def _verify(settings: Mapping[str, Any]) -> Any:
    return trust(dict(settings)) or True


def _url(settings: Mapping[str, Any], key: str, query: Mapping[str, str]) -> str:
    bucket = settings["bucket"]
    if not bucket:
        raise StoreRefused("The connection names no bucket.")
    parts = urlsplit(settings["endpoint"])
    # As it will be asked, for the host is signed.
    name = plain_host(parts.hostname or "")
    host = f"[{name}]" if ":" in name else name
    host += f":{parts.port}" if parts.port else ""
    path = parts.path.rstrip("/")
    if settings["path_style"]:
        path = f"{path}/{quote(bucket)}"
    else:
        host = f"{bucket}.{host}"
    path = f"{path}/{quote(key, safe='/-_.~')}" if key else path or "/"
    told = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    return str(parts._replace(netloc=host, path=path, query=told).geturl())


def _signed(settings: Mapping[str, Any], url: str, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    keys = Credentials(settings["access_key_id"], settings["secret_access_key"], settings.get("session_token", ""))
    given = signed("GET", url, b"", keys, settings["region"], "s3", clock.now(), headers)
    # Whoever asks says the host.
    return {name: value for name, value in given.items() if name != "host"} | {"accept-encoding": "identity"}


class _Plain(ET.TreeBuilder):
    """Takes no document type, wherever and in whichever letters it stands: so there are no entities to grow."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Refuse it."""
        raise ValueError("a document type")


def _read(status: int, data: bytes) -> tuple[list[Stored], str]:
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_Plain()))  # noqa: S314 - there are no entities, see there
        if status != _OK:
            said = " ".join(filter(None, (_part(root, "Code"), _part(root, "Message"))))
            raise StoreRefused(f"The object store refuses: {said[:300] or status}")
        found = [_stored(each) for each in root if _name(each) == "Contents"]
    except (ET.ParseError, ValueError) as error:
        raise StoreRefused(f"What answers there does not speak S3 ({status}).") from error
    return found, _part(root, "NextContinuationToken") if _part(root, "IsTruncated") == "true" else ""


def _stored(each: ET.Element) -> Stored:
    return Stored(
        key=unquote(_part(each, "Key")),
        size=int(_part(each, "Size")),
        etag=_part(each, "ETag"),
        modified=datetime.fromisoformat(_part(each, "LastModified")),
    )


def _part(of: ET.Element, name: str) -> str:
    return next((each.text or "" for each in of if _name(each) == name), "")


def _name(each: ET.Element) -> str:
    return each.tag.rpartition("}")[2]
