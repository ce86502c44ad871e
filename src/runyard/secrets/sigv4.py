"""Requests signed as AWS and what is compatible with it ask for: Signature Version 4. Pure, standard library."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

_KIND = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A pair of keys; temporary ones come with a token."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def signed(
    method: str,
    url: str,
    body: bytes,
    keys: Credentials,
    region: str,
    service: str,
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a request with its signature, those given among them; the URL is escaped already."""
    parts = urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    sent = {name.lower(): " ".join(value.split()) for name, value in (headers or {}).items()}
    sent |= {"host": _host(parts.scheme, parts.netloc), "x-amz-date": stamp}
    if service == "s3":
        sent["x-amz-content-sha256"] = digest
    if keys.token:
        sent["x-amz-security-token"] = keys.token
    names = ";".join(sorted(sent))
    pairs = sorted(part.partition("=")[::2] for part in parts.query.split("&") if part)
    path = parts.path or "/"
    canonical = "\n".join(
        (
            method,
            path if service == "s3" else quote(path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{sent[name]}" for name in sorted(sent)),
            "",
            names,
            digest,
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_KIND, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.digest(key, text.encode(), "sha256").hex()
    sent["authorization"] = f"{_KIND} Credential={keys.key_id}/{scope}, SignedHeaders={names}, Signature={proof}"
    return sent


def _host(scheme: str, netloc: str) -> str:
    """Return the host as clients send it: without the port that goes without saying."""
    usual = {"https": ":443", "http": ":80"}.get(scheme, "")
    return netloc.removesuffix(usual) if usual else netloc
