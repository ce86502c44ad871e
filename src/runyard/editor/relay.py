"""Which messages pass between a page and a language server, and how they are changed on the way. Pure.

A page may ask about its one document only; where things lie on the server it never learns, and what the server asks
for itself is answered here.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

ROOT = "file:///script"
LONGEST = 2 * 1024 * 1024
_ABOUT_DOCUMENT = frozenset(
    {
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "textDocument/completion",
        "textDocument/hover",
        "textDocument/signatureHelp",
        "textDocument/definition",
        "textDocument/declaration",
        "textDocument/typeDefinition",
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/prepareRename",
        "textDocument/rename",
    }
)
_OTHER = frozenset({"initialize", "initialized", "completionItem/resolve", "$/cancelRequest"})
_NOT_TOLD = frozenset(
    {
        *("window/logMessage", "window/showMessage", "$/progress", "telemetry/event", "$/logTrace"),
        # Faults are the linters' to find.
        "textDocument/publishDiagnostics",
    }
)
_UNKNOWN = -32601
_ALLOWED = "/:@!$&'()*+,;="
"""What a path of an address may hold as it is, though some write it otherwise."""


class MessageRefused(ValueError):  # noqa: N818 - errors are nouns here
    """A message that is none of the protocol, or about something that the page must not ask about."""


class Passage(Struct, frozen=True):
    """Where a message goes on its way from the page: `inward` to the server, or an `answer` straight back."""

    inward: str | None = None
    answer: str | None = None


class Relay:
    """Stands between one page and one server. `places` are what else its answers may name, and how that is shown."""

    def __init__(
        self, cell: Path, file: str, options: Mapping[str, Any], places: Sequence[tuple[Path, str]] = ()
    ) -> None:
        self.document = f"{ROOT}/{file}"
        self._inside = f"{cell.as_uri()}/{file}"
        self._cell = cell.as_uri()
        self._options = dict(options)
        self._path = str(cell / file)
        self._places = [pair for place, name in ((cell, "script"), *places) for pair in _named(place, name)]

    def from_page(self, text: str) -> Passage:
        """Return what becomes of a page's message; raise `MessageRefused` for what no honest page sends."""
        message = _read(text)
        method = message.get("method")
        if method is None:
            # The server's own requests never reach the page, so it has nothing to answer.
            return Passage()
        if method in _ABOUT_DOCUMENT:
            document = _part(_part(message, "params"), "textDocument")
            if document.get("uri") != self.document:
                raise MessageRefused(f"{method} is about another document")
            document["uri"] = self._inside
        elif method == "initialize":
            capabilities = _part(message, "params").get("capabilities")
            message["params"] = {
                "processId": None,
                "rootUri": self._cell,
                "workspaceFolders": [{"uri": self._cell, "name": "script"}],
                "capabilities": capabilities if isinstance(capabilities, dict) else {},
                "initializationOptions": self._options,
            }
        elif method == "completionItem/resolve":
            data = _part(message, "params").get("data")
            if isinstance(data, dict) and "file" in data:
                # An item comes back as it was given, with the document's place as the page knows it.
                data["file"] = self._path
        elif method not in _OTHER:
            if "id" in message:
                return Passage(answer=_refusal(message["id"], _UNKNOWN, f"{method} is not offered here"))
            return Passage()
        return Passage(inward=json.dumps(message))

    def from_server(self, text: str) -> Passage:
        """Return what becomes of a server's message: `answer` goes to the page, `inward` back to the server."""
        message = _read(text)
        method = message.get("method")
        if method is None or (method not in _NOT_TOLD and "id" not in message):
            for real, shown in self._places:
                text = text.replace(real, shown)
            return Passage(answer=text)
        if "id" not in message:
            return Passage()
        result: Any = None
        if method == "workspace/configuration":
            items = message.get("params", {}).get("items", [])
            result = [self._options for _ in items]
        elif method == "workspace/workspaceFolders":
            result = [{"uri": self._cell, "name": "script"}]
        return Passage(inward=json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}))


def _named(place: Path, name: str) -> list[tuple[str, str]]:
    """Return in which ways a server may write a place, and what stands there instead."""
    uris = {f"file://{quote(str(place), safe)}" for safe in ("/", _ALLOWED)}
    return [*((uri, f"file:///{name}") for uri in uris), (json.dumps(str(place))[1:-1], f"/{name}")]


def _read(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise MessageRefused("longer than two megabytes")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageRefused("not JSON") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise MessageRefused("not JSON-RPC")
    return message


def _part(message: dict[str, Any], name: str) -> dict[str, Any]:
    part = message.get(name)
    if not isinstance(part, dict):
        raise MessageRefused(f"without {name}")
    return part


def _refusal(id_: Any, code: int, message: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": message}})
