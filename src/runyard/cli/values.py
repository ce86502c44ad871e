"""Parameters as they are typed at a terminal, made into the values that a script's definitions ask for."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runyard.cli.errors import Misuse

Definition = Mapping[str, Any]
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_LISTS = frozenset({"multiselect", "checkbox"})
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def gathered(given: Sequence[str], document: Path | None, definitions: Sequence[Definition]) -> dict[str, Any]:
    """Return the values of ``-p key=value`` over those of a JSON file.

    ``key=@file`` is a file's text, ``key=@@text`` begins with an @, ``key=-`` is asked for without showing it, or read
    from standard input where there is no terminal. Raises: Misuse.
    """
    values = _document(document) if document else {}
    by_key = {definition["key"]: definition for definition in definitions}
    lists: dict[str, list[str]] = {}
    for text in given:
        key, found, raw = text.partition("=")
        if not found or not key:
            raise Misuse(f"{text!r} is not a parameter; write it as key=value.")
        definition = by_key.get(key, {})
        kind = definition.get("type", "text")
        value = _read(key, raw, kind, definition.get("label") or key)
        if kind in _LISTS:
            lists.setdefault(key, []).append(value)
        else:
            values[key] = typed(key, value, kind)
    return {**values, **{key: _listed(key, texts) for key, texts in lists.items()}}


def typed(key: str, text: str, kind: str) -> Any:
    """Return what `text` means for a parameter of type `kind`; empty ones but texts are left out."""
    if kind in {"text", "textarea", "password"}:
        return text
    if text == "":
        return None
    if kind == "number":
        return _number(key, text)
    if kind == "switch":
        return _switch(key, text)
    if kind == "json":
        return _json(key, text)
    return text


def declared(given: Sequence[str], document: Path | None) -> list[dict[str, Any]]:
    """Return definitions for the parameters of a file that declares none, as their values suggest."""
    kinds = {key: _kind(value) for key, value in (_document(document) if document else {}).items()}
    for text in given:
        key, _, raw = text.partition("=")
        kinds[key] = "password" if raw == "-" else kinds.get(key, "text")
    return [{"key": key, "type": kind} for key, kind in kinds.items() if key]


def pairs(given: Iterable[str], what: str) -> dict[str, str]:
    """Return ``key=value`` texts as a dictionary. Raises Misuse."""
    found = {}
    for text in given:
        key, mark, value = text.partition("=")
        if not mark or not key:
            raise Misuse(f"{text!r} is not a {what}; write it as key=value.")
        found[key] = value
    return found


def seconds(text: str) -> float:
    """Return a duration such as ``90``, ``90s``, ``10m`` or ``2h`` in seconds. Raises Misuse."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if not found or found[2] not in _UNITS or float(found[1]) <= 0:
        raise Misuse(f"{text!r} is not a duration; write it like 90, 90s, 10m or 2h.")
    return float(found[1]) * _UNITS[found[2]]


def _read(key: str, raw: str, kind: str, label: str) -> str:
    if raw == "-":
        return _asked(label)
    if raw.startswith("@@"):
        return raw[1:]
    if not raw.startswith("@"):
        return raw
    try:
        text = Path(raw[1:]).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = f"A value that begins with an @ is written {key}=@{raw}."
        raise Misuse(f"{raw[1:]} can't be read for {key}: {why}.", hint=hint) from error
    # An editor's last line break belongs to the file, not to a one-line value.
    return text if kind in {"textarea", "json"} else text.removesuffix("\n").removesuffix("\r")


def _asked(label: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    return getpass.getpass(f"{label}: ")


def _number(key: str, text: str) -> int | float:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if number == number and abs(number) != float("inf"):  # noqa: PLR0124 - NaN differs from itself
            return number
    raise Misuse(f"{key}: {text!r} is not a number.")


def _switch(key: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise Misuse(f"{key}: {text!r} is neither true nor false.")


def _json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Misuse(f"{key} takes JSON: {error}.", hint=f"Quote it for the shell: -p {key}='[1, 2]'.") from error


def _listed(key: str, texts: list[str]) -> list[Any]:
    if len(texts) == 1 and texts[0].lstrip().startswith("["):
        found = _json(key, texts[0])
        return list(found)
    return [text for text in texts if text]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "switch"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "textarea" if "\n" in value else "text"
    return "json"


def _document(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.expanduser().read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise Misuse(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise Misuse(f"{path} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Misuse(f"{path} must hold one JSON object: parameter names and their values.")
    return found
