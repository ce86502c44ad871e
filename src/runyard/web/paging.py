"""Keyset pages: ``?limit=&cursor=`` → ``{items, next_cursor}``."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from runyard.errors import FieldError, Invalid

T = TypeVar("T")
MOST = 500
_LARGEST = 2**63 - 1
_UNKEPT = re.compile("[\0\ud800-\udfff]")


class BadCursor(Invalid):
    """The cursor is not one that this list gave out."""


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


class Window:
    """What part of a list is asked for: at most `limit` rows after the keys in `cursor`."""

    def __init__(self, limit: int, cursor: str | None) -> None:
        self.limit = limit
        self.cursor = cursor

    def after(self, *kinds: type) -> list[Any] | None:
        """Return the keys in the cursor, of exactly these types, or None at the start; raise `BadCursor`."""
        if self.cursor is None:
            return None
        try:
            keys = json.loads(base64.urlsafe_b64decode(self.cursor.encode() + b"=="))
        except (ValueError, RecursionError, binascii.Error) as error:
            raise BadCursor(fields=[FieldError("cursor", "not a cursor of this list")]) from error
        fits = isinstance(keys, list) and len(keys) == len(kinds)
        if not fits or not all(_is_key(key, kind) for key, kind in zip(keys, kinds, strict=True)):
            raise BadCursor(fields=[FieldError("cursor", "not a cursor of this list")])
        return list(keys)


def _is_key(key: Any, kind: type) -> bool:
    """Whether a key can be compared with what a database holds."""
    if type(key) is not kind:
        return False
    return abs(key) <= _LARGEST if isinstance(key, int) else _UNKEPT.search(str(key)) is None


# A class, like any plain function, would be called in another thread.
async def _window(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at the most.")] = 50,
    cursor: Annotated[str | None, Query(max_length=1024, description="`next_cursor` of the page before.")] = None,
) -> Window:
    return Window(limit, cursor)


Paging = Annotated[Window, Depends(_window)]


def cursor_of(*keys: int | str) -> str:
    """Return the opaque cursor for a row's sort keys."""
    raw = json.dumps(keys, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """Split ``limit + 1`` fetched rows into the page and the row that the next cursor is made of (None: last page)."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], rows[limit - 1]


def sliced(
    rows: Sequence[T], window: Window, key: Callable[[T], tuple[str, ...]], width: int = 1
) -> tuple[Sequence[T], str | None]:
    """Return the page of a list that is held whole, in the order of its keys, and its next cursor."""
    after = window.after(*[str] * width)
    rest = [row for row in sorted(rows, key=key) if after is None or key(row) > tuple(after)]
    shown, last = cut(rest, window.limit)
    return shown, cursor_of(*key(last)) if last is not None else None
