"""Definitions as they are kept: a password's default stands sealed, never in clear.

A sealed default is bound to project and key, so that a row moved elsewhere opens nothing. Tokens are carried from
version to version while the default stays the same: a save that changes nothing can be told from one that does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from runyard.errors import Problem
from runyard.scripts.definitions import MASK, Definition, Definitions
from runyard.secrets.sealing import Sealer

StoredDefinition = dict[str, Any]
_TOKEN = "sealed_default"  # noqa: S105 - a column's key, not a password


class SealedDefaults:
    """Turns definitions into what is stored, and back, within one project."""

    def __init__(self, sealer: Sealer, project_id: str) -> None:
        self._sealer = sealer
        self._project_id = project_id

    def resolve(self, definitions: Sequence[Definition], before: Sequence[StoredDefinition]) -> Definitions:
        """Return `definitions` with every ``***`` default replaced by the one that `before` keeps under that key."""
        tokens = _tokens(before)
        return tuple(
            d.model_copy(update={"default": self._open(tokens[d.key], d.key)})
            if d.secret and d.default == MASK and d.key in tokens
            else d
            for d in definitions
        )

    def store(self, definitions: Sequence[Definition], before: Sequence[StoredDefinition]) -> list[StoredDefinition]:
        """Return what is kept for `definitions`, with the tokens of `before` where the default is the same."""
        tokens = _tokens(before)
        return [self._stored(d, tokens) for d in definitions]

    def load(self, stored: Sequence[StoredDefinition]) -> Definitions:
        """Return the definitions with their defaults in clear; for the use of runs, never for an answer."""
        made = []
        for item in stored:
            plain = {name: value for name, value in item.items() if name != _TOKEN}
            if _TOKEN in item:
                plain["default"] = self._open(item[_TOKEN], item["key"])
            made.append(Definition.model_validate(plain))
        return tuple(made)

    def _stored(self, definition: Definition, tokens: Mapping[str, str]) -> StoredDefinition:
        item = definition.model_dump(mode="json", exclude_defaults=True)
        if definition.secret and definition.default is not None:
            del item["default"]
            clear = str(definition.default)
            known = tokens.get(definition.key)
            if known is not None and self._opens_to(known, definition.key, clear):
                item[_TOKEN] = known
            else:
                item[_TOKEN] = self._sealer.seal(clear.encode(), self._context(definition.key))
        return item

    def _opens_to(self, token: str, key: str, clear: str) -> bool:
        try:
            return self._open(token, key) == clear
        except Problem:
            # Sealed with a master key that is gone: the new default takes its place.
            return False

    def _open(self, token: str, key: str) -> str:
        return self._sealer.open(token, self._context(key)).decode()

    def _context(self, key: str) -> str:
        return f"project:{self._project_id}:parameter:{key}"


def shown(stored: Sequence[StoredDefinition]) -> Definitions:
    """Return stored definitions as they may be answered: a sealed default is ``***``. Opens nothing."""
    made = []
    for item in stored:
        plain = {name: value for name, value in item.items() if name != _TOKEN}
        if _TOKEN in item:
            plain["default"] = MASK
        made.append(Definition.model_validate(plain))
    return tuple(made)


def _tokens(stored: Sequence[StoredDefinition]) -> dict[str, str]:
    return {item["key"]: item[_TOKEN] for item in stored if _TOKEN in item}
