"""Conditions over a list of values in one parameter: the statement stays the same, however many there are."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, func, select


def among(column: ColumnElement[str], name: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column is among the values of parameter `name`, which `listed` makes."""
    if dialect == "sqlite":
        return column.in_(select(func.json_each(bindparam(name, type_=String())).table_valued("value").c.value))
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(String)))
    return column.in_(bindparam(name, expanding=True))


def listed(values: Sequence[str], dialect: str) -> Any:
    """Return values as such a parameter."""
    return json.dumps(list(values)) if dialect == "sqlite" else list(values)
