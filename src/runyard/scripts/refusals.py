"""All that is wrong with a body at once: fields of a wrong shape do not hide what is wrong with the others. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from runyard.errors import FieldError
from runyard.scripts import checks
from runyard.scripts.definitions import MOST_PARAMETERS, Definition
from runyard.secrets import reserved

_REQUIREMENTS = TypeAdapter(list[str])
_NEEDS_WHAT_IS_STORED = frozenset({"masked"})


def together(refused: ValidationError, body: Any) -> ValidationError:
    """Return a refusal of a script's shape with what else is wrong with its parameters and requirements."""
    known = refused.errors(include_url=False, include_context=False)
    if not isinstance(body, Mapping):
        return refused
    language = body.get("language")
    language = language if isinstance(language, str) else ""
    more = [
        *_of_parameters(body.get("parameters"), _broken(known, "parameters"), known, language),
        *_of_requirements(body, _broken(known, "requirements"), language),
    ]
    if not more:
        return refused
    said = [
        *(_line(str(error["type"]), error["msg"], error["loc"]) for error in known),
        *(_line(error.code, error.message, _place(error.field)) for error in more),
    ]
    return ValidationError.from_exception_data(refused.title, said)


def _of_parameters(given: Any, broken: set[Any], known: Sequence[ErrorDetails], language: str) -> list[FieldError]:
    if not isinstance(given, list) or len(given) > MOST_PARAMETERS:
        return []
    sound = {at: Definition.model_validate(item) for at, item in enumerate(given) if at not in broken}
    found = [error for error in checks.findings(sound, language) if error.code not in _NEEDS_WHAT_IS_STORED]
    for at in broken - {None}:
        key = given[at].get("key") if isinstance(given[at], dict) else None
        if isinstance(key, str) and not any(error["loc"][:3] == ("parameters", at, "key") for error in known):
            wrong = reserved.refusal(key.strip(), language)
            found += [FieldError(f"parameters.{at}.key", wrong[1], wrong[0])] if wrong else []
    return found


def _of_requirements(body: Mapping[str, Any], broken: set[Any], language: str) -> list[FieldError]:
    try:
        given = _REQUIREMENTS.validate_python(body.get("requirements"))
    except ValidationError:
        return []
    return [] if broken else checks.unfit_requirements(language, given, package_manager=body.get("package_manager", ""))


def _broken(known: Sequence[ErrorDetails], field: str) -> set[Any]:
    """Return which items of a list are of a wrong shape; the list itself is told as None."""
    return {(*error["loc"], None)[1] for error in known if error["loc"][:1] == (field,)}


def _place(field: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in field.split("."))


def _line(code: str, message: str, place: tuple[int | str, ...]) -> InitErrorDetails:
    # A message is a template, whose context is empty: braces in it stay.
    return InitErrorDetails(type=PydanticCustomError(code, message), loc=place, input=None)
