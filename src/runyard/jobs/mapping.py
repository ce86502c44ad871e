"""What arrives, made into parameters: by expression, or by name where none are given."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from pydantic_core import from_json

from runyard.errors import FieldError
from runyard.jobs.expressions import Expressions
from runyard.scripts.definitions import FILES, LISTS, TEXTS, Definition, ParameterType

CONDITION = "condition"
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_CONDITION = "\0condition"
"""No parameter is called so."""


class Arrived(Struct, frozen=True):
    """What expressions see. `form` tells that the body came as fields of a form, which are all texts."""

    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    file: Mapping[str, Any] | None = None
    run: Mapping[str, Any] | None = None
    form: bool = False

    @property
    def names(self) -> dict[str, Any]:
        """Everything by the name that expressions have for it."""
        return {
            "body": self.body,
            "headers": dict(self.headers),
            "query": dict(self.query),
            "file": None if self.file is None else dict(self.file),
            "run": None if self.run is None else dict(self.run),
        }


class Mapped(Struct, frozen=True):
    """What came of it: parameters, whether the condition holds (None: there is none), and what is wrong."""

    parameters: dict[str, Any] = field(default_factory=dict)
    condition: bool | None = None
    errors: tuple[FieldError, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether a run is to be started."""
        return not self.errors and self.condition is not False


async def mapped(
    expressions: Expressions,
    arrived: Arrived,
    mapping: Mapping[str, str],
    condition: str | None,
    definitions: Iterable[Definition],
) -> Mapped:
    """Return the parameters that `arrived` gives; what an expression gives as null is left out.

    Without a mapping, members of an object and fields of a form are taken that are called as a parameter is.
    """
    if not mapping and condition is None:
        return Mapped(named(arrived, definitions))
    asked = dict(mapping) | ({} if condition is None else {_CONDITION: condition})
    worked = await expressions.work(asked, arrived.names)
    holds = worked.values.pop(_CONDITION, None)
    errors = [_wrong(name, said) for name, said in worked.errors.items()]
    if holds is not None and not isinstance(holds, bool):
        errors.append(FieldError(CONDITION, "It has to be true or false.", "condition"))
    if condition is not None and holds is None and not worked.errors.get(_CONDITION):
        errors.append(FieldError(CONDITION, "It has to be true or false.", "condition"))
    if holds is False:
        # What does not count need not fit.
        return Mapped(condition=False)
    parameters = named(arrived, definitions) if not mapping else worked.values
    parameters = {key: value for key, value in parameters.items() if value is not None}
    return Mapped(parameters, holds if isinstance(holds, bool) else None, tuple(errors))


def named(arrived: Arrived, definitions: Iterable[Definition]) -> dict[str, Any]:
    """Return the members of a body that are called as parameters are; files don't come that way."""
    if not isinstance(arrived.body, dict):
        return {}
    known = {d.key: d for d in definitions if d.type not in FILES}
    found = {key: value for key, value in arrived.body.items() if key in known and value is not None}
    if not arrived.form:
        return found
    read = {key: typed(value, known[key].type) for key, value in found.items()}
    return {key: value for key, value in read.items() if value is not None}


def typed(value: Any, kind: ParameterType) -> Any:
    """Return what a form's text stands for; None for an empty one, and the text itself where it makes no sense."""
    if kind in LISTS:
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        value = value[-1]
    if kind in TEXTS:
        return value
    if value == "":
        return None
    if kind is ParameterType.switch:
        return _WORDS.get(value.lower(), value)
    if kind in {ParameterType.number, ParameterType.json}:
        return _read(value)
    return value


def _read(text: str) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return text


def _wrong(name: str, said: str) -> FieldError:
    place = CONDITION if name == _CONDITION else f"parameters.{name}"
    return FieldError(place, said, "expression")
