"""Server-sent events, read from bytes. Pure."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, its JSON, and its id if it has one."""

    kind: str
    data: Any
    id: str | None = None


class Parser:
    """Finds the events in a stream, however it is cut into chunks.

    Lines are cut at line feeds only: the JSON within may hold any other separator. Comments are left out, and so is
    whatever is not whole when the stream ends.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begin()

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that are whole now."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = []
        for line in lines:
            event = self._take(line.removesuffix(b"\r").decode("utf-8", "replace"))
            if event is not None:
                found.append(event)
        return found

    def _begin(self) -> None:
        self._kind = "message"
        self._data = ""
        self._id: str | None = None

    def _take(self, line: str) -> Event | None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data = f"{self._data}\n{value}" if self._data else value
        elif name == "id":
            self._id = value
        elif not line:
            event = Event(self._kind, json.loads(self._data), self._id) if self._data else None
            self._begin()
            return event
        return None
