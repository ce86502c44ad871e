"""Reading what examples write: tables, databases, pictures, patches."""

import csv
import io
import sqlite3
import struct
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n"


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(PNG)
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def table(content: bytes, sql: str) -> list[Any]:
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(content)
        return database.execute(sql).fetchall()
    finally:
        database.close()


def patched(document: Any, patch: list[dict[str, Any]]) -> Any:
    """Apply a JSON Patch of add, replace and remove to a document that is not replaced as a whole."""
    for change in patch:
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in change["path"].split("/")[1:]]
        place = document
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        key = int(last) if isinstance(place, list) else last
        if change["op"] == "remove":
            del place[key]
        elif change["op"] == "add" and isinstance(place, list):
            place.insert(int(last), change["value"])
        else:
            place[key] = change["value"]
    return document


# First runs: no input at all. The log must say that what is shown is a sample.
