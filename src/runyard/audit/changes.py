"""What an act changed: before and after of every field that differs, with nothing secret and nothing long. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
LONGEST = 2000
MOST_ITEMS = 200
DEEPEST = 12
_SECRET = re.compile(
    r"pass(word|phrase|wd)|(^|_)(secret|credential|token|cookie|authorization|otp|totp)s?($|_)"
    r"|(api|private|access|secret|master)_?key",
    re.IGNORECASE,
)
# Their words belong to the versions of a script, where they can be taken out; a chain of hashes forgets nothing.
_DIGESTED = frozenset({"code", "hooks", "sealed"})
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]{1,500}@", re.IGNORECASE)


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    """Return ``{field: [old, new]}`` for every field that differs; a field that was or is not there has null.

    Values under names that sound secret, and defaults and values of passwords, are ``***``; code is told by its digest;
    long texts are cut. What differs only in what is hidden still counts as different.
    """
    old, new = before or {}, after or {}
    found: dict[str, list[Any]] = {}
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one != other or (name in old) != (name in new):
            found[name] = [shown(one, name), shown(other, name)]
    return found


def shown(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value as it may be kept for good."""
    if value is None or isinstance(value, bool):
        return value
    if _SECRET.search(name):
        return MASK
    if name in _DIGESTED and value not in ("", {}, []):
        return digest(value)
    match value:
        case int() | float():
            return value
        case str():
            return _cut(_USERINFO.sub(rf"\g<scheme>{MASK}@", value))
        case Mapping():
            if depth >= DEEPEST:
                return "…"
            hidden = value.get("type") == "password"
            return {
                str(key): MASK
                if hidden and key in {"default", "value"} and inner is not None
                else shown(inner, str(key), depth + 1)
                for key, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            if depth >= DEEPEST:
                return "…"
            items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
            kept = [shown(item, "", depth + 1) for item in items[:MOST_ITEMS]]
            return kept if len(items) <= MOST_ITEMS else [*kept, f"… {len(items) - MOST_ITEMS} more"]
        case _:
            return _cut(str(value))


def digest(value: Any) -> dict[str, Any]:
    """Return what stands for a text that is not kept: its SHA-256 and its size in bytes."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    raw = text.encode("utf-8", "surrogatepass")
    return {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
