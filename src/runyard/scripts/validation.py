"""Values against a JSON Schema (2020-12), with a code and a sentence for each finding. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from runyard.scripts import patterns

Finding = tuple[str, str, str]
"""(key, code, sentence)"""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_RULES: dict[str, tuple[str, str]] = {
    "minItems": ("required", "Choose at least one."),
    "minLength": ("too_short", "At least {} characters are needed."),
    "maxLength": ("too_long", "At most {} characters are allowed."),
    "pattern": ("pattern", "The text must match {}"),
    "minimum": ("too_small", "The number must be at least {}."),
    "maximum": ("too_large", "The number must be at most {}."),
    "multipleOf": ("step", "The number must be a multiple of {}."),
    "enum": ("option", "That is not one of the options."),
    "extensions": ("extension", "Only files that end in {} are taken."),
    "uniqueItems": ("duplicate", "Each option may be chosen once."),
    "required": ("required", "A value is needed."),
    "additionalProperties": ("unknown", "There is no parameter of that name."),
}
_FORMATS = {
    "date": ("date", "The date must be written YYYY-MM-DD."),
    "filename": ("filename", "The name of an uploaded file is needed, without a path."),
    "date-time": ("datetime", "The time must be written like 2025-01-31T08:00:00Z, with an offset."),
}
_TYPES = {"string": "text", "number": "a number", "boolean": "true or false", "array": "a list"}


def findings(schema: dict[str, Any], values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what `schema`, that of an object made by ``parameters.schema``, finds wrong with `values`."""
    for error in _validator(json.dumps(schema)).iter_errors(values):
        rule = str(error.validator)
        if rule == "required":
            keys = [key for key in schema["required"] if key not in values]
        elif rule == "additionalProperties":
            keys = [key for key in values if key not in schema["properties"]]
        else:
            keys = [str(error.absolute_path[0])]
        for key in keys:
            yield key, *_sentence(rule, error.validator_value)


def multiple(value: float, step: float) -> bool:
    """Whether `value` is a whole number of steps, exactly as the two are written: 0.3 is a multiple of 0.1."""
    return (Fraction(repr(value)) / Fraction(repr(step))).denominator == 1


def _sentence(rule: str, bound: Any) -> tuple[str, str]:
    if rule == "format":
        return _FORMATS[bound]
    if rule == "type":
        return "type", f"The value must be {_TYPES[bound]}."
    if rule == "minLength" and bound == 1:
        rule = "required"
    code, sentence = _RULES[rule]
    if isinstance(bound, list):
        bound = ", ".join(bound)
    return code, sentence.format(bound)


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    """Return the validator of a schema, kept by its text: versions never change, so neither does theirs."""
    return _kind()(json.loads(schema), format_checker=_formats())


@lru_cache(maxsize=1)
def _kind() -> Callable[..., Any]:
    # Imported here: the library takes tens of milliseconds, and scripts without parameters never need it.
    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import ValidationError

    def pattern(_validator: Any, wanted: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not patterns.found(wanted, value):
            yield ValidationError("pattern")

    def multiple_of(_validator: Any, step: float, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, int | float) and not isinstance(value, bool) and not multiple(value, step):
            yield ValidationError("multipleOf")

    def extensions(_validator: Any, wanted: list[str], value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not value.lower().endswith(tuple(wanted)):
            yield ValidationError("extensions")

    own = {"pattern": pattern, "multipleOf": multiple_of, "extensions": extensions}
    kind: Callable[..., Any] = validators.extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]
    return kind


@lru_cache(maxsize=1)
def _formats() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date", ValueError)(_is_date)
    checker.checks("date-time", ValueError)(_is_datetime)
    checker.checks("filename")(_is_filename)
    return checker


def _is_date(value: Any) -> bool:
    """Answer for text of the right shape; a day that does not exist raises ValueError."""
    return not isinstance(value, str) or bool(_DATE.fullmatch(value) and date.fromisoformat(value))


def _is_datetime(value: Any) -> bool:
    return not isinstance(value, str) or bool(_DATETIME.fullmatch(value) and datetime.fromisoformat(value.upper()))


def _is_filename(value: Any) -> bool:
    return not isinstance(value, str) or not (set(value) & {"/", "\\"} or value in {"", ".", ".."})
