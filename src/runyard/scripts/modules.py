"""Modules of a project's library: code that its scripts import from the package ``library``. Pure."""

import keyword
import re

from msgspec import Struct

PACKAGE = "library"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}", re.ASCII)
_MENTION = re.compile(r"\b(?:library|RUNYARD_LIBRARY)\b")


class Module(Struct, frozen=True):
    """One module as a run takes it along: the version that was the newest when the run was submitted."""

    name: str
    code: str
    version_id: str


def fits(name: str) -> bool:
    """Whether a module can have this name: what every language can import."""
    return _NAME.fullmatch(name) is not None and not keyword.iskeyword(name) and name != "__init__"


def mentions(text: str) -> bool:
    """Whether code may import from the library; a search for the word, so it is never wrong with a no."""
    return _MENTION.search(text) is not None
