"""The root of every error that a user may read.

A room declares its errors as nouns: the docstring is the sentence shown, the code is stable, and the kind says
what sort of trouble it is. HTTP statuses are mapped from kinds once, in ``runyard.web.problems``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of trouble a problem is, in words that no protocol owns."""

    invalid = "invalid"
    unauthenticated = "unauthenticated"
    forbidden = "forbidden"
    missing = "missing"
    conflict = "conflict"
    too_large = "too_large"
    too_many = "too_many"
    unavailable = "unavailable"
    broken = "broken"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the input that was refused: dotted path, sentence, stable code."""

    field: str
    message: str
    code: str = "invalid"


class Problem(Exception):  # noqa: N818 - rooms name problems by what is wrong, not by a suffix
    """Something went wrong."""

    kind: ClassVar[Kind] = Kind.broken
    code: ClassVar[str] = "problem"

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str | None = None, *, fields: Sequence[FieldError] = ()) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.fields = tuple(fields)
        super().__init__(self.detail)


class Invalid(Problem):
    """The input is not valid."""

    kind = Kind.invalid


class Unauthenticated(Problem):
    """Sign in first."""

    kind = Kind.unauthenticated


class Forbidden(Problem):
    """Your role does not allow this."""

    kind = Kind.forbidden


class Missing(Problem):
    """There is nothing here under that name or id."""

    kind = Kind.missing
    code = "not_found"


class Conflict(Problem):
    """Something else is in the way."""

    kind = Kind.conflict


class TooLarge(Problem):
    """That is larger than what is accepted here."""

    kind = Kind.too_large


class TooMany(Problem):
    """Too many requests; try again later."""

    kind = Kind.too_many


class Unavailable(Problem):
    """This can't be done right now."""

    kind = Kind.unavailable
