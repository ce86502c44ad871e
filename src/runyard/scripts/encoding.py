"""One value as text. Pure."""

import json
from typing import Any

from runyard.scripts.definitions import ParameterType

_INTEGRAL_BELOW = 1e21


def encode(value: Any, kind: ParameterType | None = None) -> str:
    """Return one value as text: strings as they are, ``true``/``false``, numbers and the rest as compact JSON.

    A whole number has no decimal point, whether it came as ``5`` or ``5.0``. A value of kind json stays JSON, so
    that a string keeps its quotation marks.
    """
    if isinstance(value, str) and kind is not ParameterType.json:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _INTEGRAL_BELOW:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
