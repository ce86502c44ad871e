"""Regular expressions that strangers wrote, matched in time linear in the text. Pure.

Patterns are compiled by the engine that pydantic carries (Rust's ``regex``): it has no backtracking, so no pattern
and no value can make it slow, and it refuses look-around, back-references and patterns that compile to more than
10 MiB. Like JSON Schema's ``pattern``, a pattern is searched for: anchor it with ``^`` and ``$`` to match the whole.
"""

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST = 500


class BadPattern(ValueError):  # noqa: N818 - named by what is wrong, like every noun here
    """The pattern can't be used; the text says why."""


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))


def demand(pattern: str) -> None:
    """Raise `BadPattern` unless `pattern` compiles and is matched in linear time."""
    if len(pattern) > LONGEST:
        raise BadPattern(f"A regular expression has at most {LONGEST} characters.")
    try:
        _compiled(pattern)
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].removeprefix("error: ").strip()
        reason = reason.removeprefix("SchemaError: ").rstrip(".")
        raise BadPattern(f"The regular expression can't be used: {reason}.") from error


def found(pattern: str, text: str) -> bool:
    """Whether `pattern` (one that `demand` let pass) occurs in `text`."""
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True
