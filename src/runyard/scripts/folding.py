"""How text is made comparable: width, case and compatibility forms folded away. Pure."""

import unicodedata

SEPARATOR = "\x1f"
MOST_TERMS = 8


def fold(text: str) -> str:
    """Return `text` so that spellings which people take for the same are equal (``Ｃａｆé`` and ``CAFÉ``)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_key(name: str) -> str:
    """Return what names are sorted by. Some letters fold into many, so it is cut; the id decides between equals."""
    return fold(name)[:200]


def searched(name: str, description: str, code: str) -> str:
    """Return the folded text that a script is found by; no search term spans two of its parts."""
    return SEPARATOR.join(fold(part.replace(SEPARATOR, " ")) for part in (name, description, code))


def terms(query: str) -> list[str]:
    """Return the folded words of a search, each of which must be found; words past the eighth are joined to it."""
    return fold(query.replace("\0", " ")).split(maxsplit=MOST_TERMS - 1)
