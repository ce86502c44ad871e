"""What is asked over HTTP: services, object storage, registries, clusters."""

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from runyard.connections.drivers.seen import Refused, Seen, trust
from runyard.secrets.sigv4 import Credentials, signed

LARGEST = 1024 * 1024
_WORD = re.compile(r'(\w+)="([^"]*)"')
_XML = re.compile(r"<(Code|Message)>([^<]{1,500})</")
_UNAUTHENTICATED, _FORBIDDEN = 401, 403


@contextmanager
def opened(settings: dict[str, Any], patience_s: float, auth: tuple[str, str] | None = None) -> Iterator[httpx.Client]:
    """Give a client that follows nothing, and takes nothing from its surroundings."""
    with httpx.Client(
        verify=trust(settings) or False,
        timeout=patience_s,
        follow_redirects=False,
        trust_env=False,
        auth=auth,
        headers={"User-Agent": "runyard", "Accept-Encoding": "identity"},
    ) as client:
        yield client


def asked(client: httpx.Client, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Return an answer of reasonable size; raise `Refused` in the server's words if it is an error."""
    answer = heard(client, url, headers)
    if answer.is_error:
        raise Refused(told(answer))
    return answer


def heard(client: httpx.Client, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Return an answer, whatever it is, with the beginning of its body."""
    with client.stream("GET", url, headers=headers) as answer:
        body = b""
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > LARGEST:
                break
        return httpx.Response(answer.status_code, headers=answer.headers, content=body, request=answer.request)


def told(answer: httpx.Response) -> str:
    """Return a refusal in the server's words: those of S3, of Kubernetes and registries, or the beginning of a text."""
    words = " ".join(f"{value}" for _name, value in _XML.findall(answer.text[:4000]))
    if not words and "json" in answer.headers.get("content-type", ""):
        words = _json_words(answer)
    if not words and answer.headers.get("content-type", "").startswith("text/plain"):
        words = answer.text[:300]
    return f"The server answered {answer.status_code} {answer.reason_phrase}. {words}".strip()


def _json_words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    if isinstance(said, dict) and isinstance(said.get("errors"), list):
        said = next((one for one in said["errors"] if isinstance(one, dict)), {})
    for name in ("message", "detail", "error", "title"):
        if isinstance(said, dict) and isinstance(said.get(name), str):
            return str(said[name])[:500]
    return ""


def http(settings: dict[str, Any], patience_s: float) -> Seen:
    """Ask for the URL, signed in."""
    headers, auth = {}, None
    if settings["auth"] == "basic":
        auth = (settings["username"], settings.get("password", ""))
    elif settings["auth"] == "bearer":
        headers = {"Authorization": f"Bearer {settings.get('token', '')}"}
    elif settings["auth"] == "header":
        headers = {settings["header"]: settings.get("token", "")}
    with opened(settings, patience_s, auth) as client:
        answer = asked(client, settings["url"], headers)
    details = {"status": f"{answer.status_code} {answer.reason_phrase}"}
    if answer.is_redirect:
        details["leads_to"] = answer.headers.get("location", "")
    return Seen(answer.headers.get("server", "HTTP server"), details)


def s3(settings: dict[str, Any], patience_s: float) -> Seen:
    """List one object of the bucket, or the buckets where none is named."""
    keys = Credentials(settings["access_key_id"], settings["secret_access_key"], settings.get("session_token", ""))
    parts = urlsplit(settings["endpoint"])
    bucket, path, host = settings["bucket"], parts.path.rstrip("/"), parts.netloc
    if bucket and settings["path_style"]:
        path = f"{path}/{quote(bucket)}"
    elif bucket:
        host = f"{bucket}.{host}"
    query = {"list-type": "2", "max-keys": "1"} if bucket else {}
    url = parts._replace(netloc=host, path=path or "/", query=urlencode(query)).geturl()
    headers = signed("GET", url, b"", keys, settings["region"], "s3", datetime.now(UTC))
    with opened(settings, patience_s) as client:
        answer = asked(client, url, headers)
    if answer.is_redirect or "<" not in answer.text[:200]:
        raise Refused("What answers there does not speak S3, or the bucket lives at another endpoint.")
    return Seen(answer.headers.get("server", "S3"), {"bucket": bucket} if bucket else {})


def registry(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in as image clients do: ask, be told where tokens are given, ask there, ask again."""
    base, repository = settings["url"].rstrip("/"), settings["repository"]
    url = f"{base}/v2/{quote(repository)}/tags/list?n=1" if repository else f"{base}/v2/"
    who = (settings["username"], settings.get("password", "")) if settings["username"] else None
    with opened(settings, patience_s) as client:
        answer = heard(client, url)
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status_code == _UNAUTHENTICATED and challenge.lower().startswith("basic") and who:
            client.headers["Authorization"] = _basic(*who)
        elif answer.status_code == _UNAUTHENTICATED and challenge.lower().startswith("bearer"):
            token = _token(client, base, dict(_WORD.findall(challenge)), repository, who)
            client.headers["Authorization"] = f"Bearer {token}"
        answer = asked(client, url)
    kind = answer.headers.get("docker-distribution-api-version", "")
    if not kind and "json" not in answer.headers.get("content-type", ""):
        raise Refused("What answers there is no registry.")
    return Seen(answer.headers.get("server") or kind or "registry")


def _token(client: httpx.Client, base: str, said: dict[str, str], repository: str, who: tuple[str, str] | None) -> str:
    realm = said.get("realm", "")
    if not realm.startswith("https://") and not (base.startswith("http://") and realm.startswith("http://")):
        raise Refused("The registry sends us elsewhere for a token, without encryption.")
    query = {name: said[name] for name in ("service", "scope") if said.get(name)}
    if repository:
        query["scope"] = f"repository:{repository}:pull"
    headers = {"Authorization": _basic(*who)} if who else {}
    answer = asked(client, f"{realm}?{urlencode(query)}", headers)
    try:
        given = answer.json()
        return str(given.get("token") or given["access_token"])
    except (ValueError, KeyError, AttributeError) as error:
        raise Refused("The registry's token service gave no token.") from error


def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def kubernetes(settings: dict[str, Any], patience_s: float) -> Seen:
    """Ask for the version, and for the namespace as whom the token is for."""
    base = settings["url"].rstrip("/")
    headers = {"Authorization": f"Bearer {settings['token']}", "Accept": "application/json"}
    with opened(settings, patience_s) as client:
        answer = asked(client, f"{base}/version", headers)
        try:
            version = str(answer.json()["gitVersion"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refused("What answers there is no Kubernetes API.") from error
        place = heard(client, f"{base}/api/v1/namespaces/{quote(settings['namespace'], safe='')}", headers)
    if place.is_error and place.status_code != _FORBIDDEN:
        raise Refused(told(place))
    allowed = "may not be looked at" if place.status_code == _FORBIDDEN else "found"
    return Seen(f"Kubernetes {version}", {"namespace": f"{settings['namespace']}: {allowed}"})
