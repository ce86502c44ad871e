"""What a run is given: values checked against definitions, and how they reach the script. Pure.

One JSON Schema (2020-12) is made from the definitions and serves the server, the page's form and other programs.
A value that is absent or null is "not given": absent ones take their default, null ones stay without a value.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from runyard.errors import FieldError
from runyard.scripts import arguments, validation
from runyard.scripts.definitions import CHOICES, FILES, LISTS, MASK, TEXTS, Definition, ParameterType
from runyard.scripts.encoding import encode
from runyard.scripts.errors import InvalidParameters

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MIB = 1024 * 1024
LONGEST_VALUE = 100_000
"""Bytes of one value in the environment; Linux takes 131,072 for name and value."""
LONGEST_TOTAL = 1_000_000
"""Bytes of all values together; Linux takes a quarter of the stack limit (2 MiB as a rule) for the environment."""
DEEPEST = 64
LARGEST = 10**308
"""Beyond it, an integer is infinite to every program that reads numbers as IEEE 754 doubles."""


def schema(definitions: Iterable[Definition]) -> dict[str, Any]:
    """Return the JSON Schema of an object with one property per definition; a password's default is not in it."""
    definitions = tuple(definitions)
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {d.key: _property(d) for d in definitions},
        "required": [d.key for d in definitions if d.required and d.default is None],
        "additionalProperties": False,
    }


def _property(definition: Definition) -> dict[str, Any]:
    made: dict[str, Any] = {"title": definition.title}
    if definition.help:
        made["description"] = definition.help
    made.update(_rules(definition))
    if definition.default is not None and not definition.secret:
        made["default"] = definition.default
    return made


def _rules(definition: Definition) -> dict[str, Any]:
    values = [option.value for option in definition.options]
    if definition.type in TEXTS:
        at_least = max(definition.min_length or 0, 1 if definition.required else 0)
        rules: dict[str, Any] = {
            "type": "string",
            "format": {"password": "password"}.get(definition.type),
            "writeOnly": True if definition.secret else None,
            "minLength": at_least or None,
            "maxLength": definition.max_length,
            "pattern": definition.regex,
        }
    elif definition.type in CHOICES:
        rules = {"type": "string", "enum": values}
    elif definition.type in LISTS:
        rules = {
            "type": "array",
            "items": {"type": "string", "enum": values},
            "uniqueItems": True,
            "minItems": 1 if definition.required else None,
        }
    elif definition.type is ParameterType.number:
        rules = {
            "type": "number",
            "minimum": definition.min,
            "maximum": definition.max,
            "multipleOf": definition.step,
        }
    elif definition.type is ParameterType.file:
        rules = {
            "type": "string",
            "format": "filename",
            "minLength": 1,
            "extensions": list(definition.extensions) or None,
            "maxSizeMb": definition.max_size_mb,
        }
    elif definition.type is ParameterType.switch:
        rules = {"type": "boolean"}
    elif definition.type is ParameterType.date:
        rules = {"type": "string", "format": "date"}
    elif definition.type is ParameterType.datetime:
        rules = {"type": "string", "format": "date-time"}
    else:
        rules = {}
    return {name: rule for name, rule in rules.items() if rule is not None}


def complete(definitions: Iterable[Definition], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with defaults filled in and nulls left out, in the order of the definitions.

    Raises: InvalidParameters, with one `FieldError` per wrong value (``parameters.SIZE``).
    """
    definitions = tuple(definitions)
    filled: dict[str, Any] = {key: value for key, value in values.items() if value is not None}
    for definition in definitions:
        if definition.default is None:
            continue
        kept = definition.secret and filled.get(definition.key) == MASK
        if kept or definition.key not in values:
            filled[definition.key] = definition.default
    errors = problems(definitions, filled)
    missing = {error.field for error in errors}
    # A required value that was cleared on purpose is as absent as one that has no default.
    errors += [
        FieldError(field, "A value is needed.", "required")
        for d in definitions
        if d.required and d.key not in filled and (field := f"parameters.{d.key}") not in missing
    ]
    if errors:
        detail = " ".join(f"{error.field.removeprefix('parameters.')}: {error.message}" for error in errors[:3])
        raise InvalidParameters(detail, fields=errors)
    return {d.key: filled[d.key] for d in definitions if d.key in filled}


def problems(definitions: Iterable[Definition], values: Mapping[str, Any]) -> list[FieldError]:
    """Return what is wrong with `values` (defaults filled, nulls left out); empty if nothing is."""
    by_key = {d.key: d for d in definitions}
    errors: dict[str, FieldError] = {}
    total = 0
    for key, value in values.items():
        trouble = _unfit(by_key[key], value) if key in by_key else ("unknown", "There is no parameter of that name.")
        if trouble is not None:
            errors[key] = FieldError(f"parameters.{key}", trouble[1], trouble[0])
        else:
            total += len(encode(value).encode())
    if by_key:
        # The schema has the last word only on values that it can look at safely.
        sound = {key: value for key, value in values.items() if key not in errors}
        for key, code, message in validation.findings(schema(by_key.values()), sound):
            errors.setdefault(key, FieldError(f"parameters.{key}", message, code))
    for key, message in arguments.dangling(by_key.values(), values):
        errors.setdefault(key, FieldError(f"parameters.{key}", message, "flag"))
    if total > LONGEST_TOTAL:
        together = FieldError("parameters", f"Together at most {LONGEST_TOTAL:,} bytes are passed on.", "too_long")
        return [*errors.values(), together]
    return list(errors.values())


def check_files(definitions: Iterable[Definition], values: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    """Demand that each file parameter names an uploaded file that is not too large; `sizes` are in bytes, by name.

    Raises: InvalidParameters.
    """
    errors = []
    for definition in definitions:
        name = values.get(definition.key)
        if definition.type not in FILES or name is None:
            continue
        size, most = sizes.get(name), definition.max_size_mb
        if size is None:
            errors.append(FieldError(f"parameters.{definition.key}", f"No file named {name} was uploaded.", "file"))
        elif most is not None and size > most * MIB:
            sentence = f"The file {name} has {size / MIB:.3g} MiB; at most {most:g} MiB are taken."
            errors.append(FieldError(f"parameters.{definition.key}", sentence, "file_size"))
    if errors:
        raise InvalidParameters(" ".join(error.message for error in errors[:3]), fields=errors)


def placed(definitions: Iterable[Definition], values: Mapping[str, Any], folder: PurePath) -> dict[str, Any]:
    """Return `values` as the script gets them: each file by its path in `folder`, the run's workspace."""
    names = {d.key for d in definitions if d.type in FILES}
    return {key: str(folder / value) if key in names else value for key, value in values.items()}


def environment(definitions: Iterable[Definition], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables for `values`, each under its definition's key."""
    return {d.key: encode(values[d.key], d.type) for d in definitions if values.get(d.key) is not None}


def document(values: Mapping[str, Any]) -> bytes:
    """Return the JSON file that ``RUNYARD_PARAMETERS`` names: one object, UTF-8, a line break at the end."""
    return json.dumps(dict(values), ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def secret_values(definitions: Iterable[Definition], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that must never be shown."""
    return tuple(values[d.key] for d in definitions if d.secret and values.get(d.key))


def public(definitions: Iterable[Definition], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` as they may be shown: secret ones are ``***``."""
    hidden = {d.key for d in definitions if d.secret}
    return {key: MASK if key in hidden and value is not None else value for key, value in values.items()}


def _unfit(definition: Definition, value: Any) -> tuple[str, str] | None:
    """Return why a value can't be carried at all, as (code, sentence)."""
    if definition.secret and value == MASK:
        return "masked", "*** stands for a hidden value; give the value itself."
    trouble = next(filter(None, map(_untransportable, _walk(value))), None)
    if trouble is None and len(encode(value, definition.type).encode()) > LONGEST_VALUE:
        return "too_long", f"At most {LONGEST_VALUE:,} bytes are passed on; upload a file for more."
    return trouble


def _untransportable(part: Any) -> tuple[str, str] | None:
    trouble: tuple[str, str] | None = None
    if part is None:
        trouble = "too_deep", f"Lists and objects may be nested {DEEPEST} deep."
    elif isinstance(part, str):
        if "\0" in part:
            trouble = "nul", "The value holds a NUL character, which can't be passed on."
        elif not _encodable(part):
            trouble = "unicode", "The value is not valid Unicode."
    elif isinstance(part, float) and not math.isfinite(part):
        trouble = "number", "NaN and infinity are not numbers here."
    elif isinstance(part, int) and abs(part) > LARGEST:
        trouble = "number", "The number is too large."
    return trouble


def _walk(value: Any) -> Iterator[Any]:
    """Yield every scalar and key within a JSON value, and None for what is nested too deep; never recurses."""
    stack = [(value, 0)]
    while stack:
        part, depth = stack.pop()
        if depth > DEEPEST:
            yield None
        elif isinstance(part, dict):
            yield from part
            stack.extend((inner, depth + 1) for inner in part.values())
        elif isinstance(part, list | tuple):
            stack.extend((inner, depth + 1) for inner in part)
        elif part is not None:
            yield part


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
