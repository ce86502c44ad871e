"""A container engine's HTTP interface over its Unix socket, as much of it as a shim needs.

Docker's and Podman's are the same here. Imported by the launcher: cheap modules only.
"""

from __future__ import annotations

# the bare module: the one on top of it brings enumerations and selectors that a shim has no use for
import _socket
import json
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE = 65536
_MOST = 16 << 20
_DONE = (204, 304, 404)


class EngineTrouble(Exception):  # noqa: N818 - errors are nouns here
    """The engine did not answer, or refused; the message is its own."""


def connect(path: str, timeout_s: float | None) -> _socket.socket:
    """Return a connection to the engine that listens at `path`. Raises EngineTrouble."""
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    line.settimeout(timeout_s)
    try:
        line.connect(path)
    except OSError as failure:
        line.close()
        raise EngineTrouble(f"the container engine at {path} does not answer: {failure.strerror or failure}") from None
    return line


def send(line: _socket.socket, method: str, target: str, body: bytes, *extra: str) -> None:
    """Send one request; `extra` are header lines."""
    kind = "application/x-tar" if target.startswith("/images/create") else "application/json"
    head = [
        f"{method} {target} HTTP/1.1",
        "Host: engine",
        f"Content-Length: {len(body)}",
        f"Content-Type: {kind}",
        *(extra or ("Connection: close",)),
    ]
    line.sendall("\r\n".join([*head, "", ""]).encode() + body)


def head_of(line: _socket.socket) -> tuple[int, bytes, bytes]:
    """Return an answer's status, its headers in lower case, and what of its body came with them."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(_PIECE)
        if not piece or len(data) > _MOST:
            raise EngineTrouble("the container engine broke off")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - a version and a status
        raise EngineTrouble("the container engine does not speak HTTP")
    return int(words[1]), head.lower(), rest


def call(
    path: str, method: str, target: str, body: dict[str, Any] | bytes | None = None, timeout_s: float | None = 30.0
) -> tuple[int, Any]:
    """Make one request and return its status and its JSON, or its text. Raises EngineTrouble."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    line = connect(path, timeout_s)
    try:
        send(line, method, target, raw)
        status, head, data = head_of(line)
        while len(data) < _MOST:
            piece = line.recv(_PIECE)
            if not piece:
                break
            data += piece
    except OSError as failure:
        raise EngineTrouble(f"the container engine at {path} does not answer: {failure}") from None
    finally:
        line.close()
    if b"transfer-encoding: chunked" in head:
        data = _joined(data)
    with suppress(ValueError):
        return status, json.loads(data)
    return status, data.decode("utf-8", "replace")


def demand(path: str, method: str, target: str, body: dict[str, Any] | None = None, timeout_s: float = 30.0) -> Any:
    """Make one request that must succeed and return what it answers. Raises EngineTrouble with the engine's words."""
    status, answer = call(path, method, target, body, timeout_s)
    if status >= 400:  # noqa: PLR2004 - errors begin there
        raise EngineTrouble(words_of(answer))
    return answer


def words_of(answer: Any) -> str:
    """Return what an engine says of its refusal."""
    said = answer.get("message") or answer.get("cause") if isinstance(answer, dict) else answer
    return str(said).strip() or "the container engine refused without a word"


def remove(path: str, name: str, timeout_s: float = 30.0) -> bool:
    """Kill and remove a container with everything in it; whether it is certain that it is gone."""
    try:
        status, _ = call(path, "DELETE", f"/containers/{name}?force=1&v=1", None, timeout_s)
    except EngineTrouble:
        return False
    return status in _DONE


def _joined(data: bytes) -> bytes:
    whole = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        try:
            length = int(size.split(b";")[0], 16)
        except ValueError:
            break
        if length == 0:
            break
        whole += rest[:length]
        data = rest[length + 2 :]
    return whole
