"""The forms in which a secret shows up in output. Pure."""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST_LINE = 6
"""Lines of a multi-line secret below this length are masked only as part of the whole: ``{`` is nobody's secret."""
SHORTEST_BASE64 = 4
SHORTEST_HEX = 3
"""Bytes: two of them in hexadecimal are four digits, which may be anything."""
_WRAPS = (64, 76)
# The first characters of a base64 text that depend on nothing before the secret, when 0, 1 or 2 bytes precede it.
_STABLE_FROM = (0, 2, 3)


def forms(values: Iterable[str]) -> list[bytes]:
    """Return every byte string to mask for these values: distinct, the longest first.

    Per value: itself, JSON-escaped (also twice), URL-encoded, quoted for a shell and as Python shows it, escaped for
    HTML, in hexadecimal, in base64 at any alignment, and the lines of a multi-line one, all as UTF-8. Line breaks
    around a value do not belong to the secret. A value of white space alone is no secret.
    """
    found: set[bytes] = set()
    for value in values:
        core = value.strip("\r\n")
        if not core.strip():
            continue
        found.update(_written(core))
        found.update(_base64(_encoded(core)))
        found.update(_hexadecimal(_encoded(core)))
        if "\n" in core:
            # As a terminal, or a file of another system, has it.
            found.add(_encoded(core.replace("\r\n", "\n").replace("\n", "\r\n")))
        lines = [line.strip() for line in core.splitlines()]
        if len(lines) > 1:
            for line in lines:
                if len(line) >= SHORTEST_LINE:
                    found.update(_written(line))
    found.discard(b"")
    return sorted(found, key=lambda form: (-len(form), form))


def _written(text: str) -> Iterator[bytes]:
    raw = _encoded(text)
    yield raw
    yield from _json(text)
    # Which characters stay as they are differs: Python's two, a path's, JavaScript's encodeURIComponent, and in forms.
    urls = {quote(raw, safe=""), quote(raw), quote(raw, safe="!'()*"), quote_plus(raw)}
    for url in urls:
        yield url.encode()
        yield _lower_escapes(url).encode()

    yield from _quoted(text)


def _quoted(text: str) -> Iterator[bytes]:
    """Yield what differs from the text where quotes, backslashes or markup are in it."""
    yield _encoded(repr(text)[1:-1])
    yield _encoded(text.replace("'", "'\\''"))
    yield _encoded(text.replace("'", "'\"'\"'"))
    for marks in (False, True):
        markup = html.escape(text, quote=marks)
        yield _encoded(markup)
        yield _encoded(markup.replace("&#x27;", "&#39;"))
        yield _encoded(markup.replace("&#x27;", "'"))


def _json(text: str) -> Iterator[bytes]:
    for ascii_only in (False, True):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield _encoded(escaped)
        yield _encoded(escaped.replace("/", "\\/"))
        yield _encoded(escaped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
        # A JSON document within another one.
        yield _encoded(json.dumps(escaped, ensure_ascii=ascii_only)[1:-1])


def _base64(raw: bytes) -> Iterator[bytes]:
    whole = base64.b64encode(raw)
    yield from _both_alphabets(whole)
    for before, first in enumerate(_STABLE_FROM):
        stable = base64.b64encode(bytes(before) + raw)[first : 8 * (before + len(raw)) // 6]
        if len(stable) >= SHORTEST_BASE64:
            yield from _both_alphabets(stable)
    for text in (whole, whole[: 8 * len(raw) // 6]):
        for width in _WRAPS:
            if len(text) > width:
                lines = [text[at : at + width] for at in range(0, len(text), width)]
                yield from (line for line in lines if len(line) >= SHORTEST_BASE64)


def _hexadecimal(raw: bytes) -> Iterator[bytes]:
    if len(raw) < SHORTEST_HEX:
        return
    plain = raw.hex().encode()
    yield plain
    yield plain.upper()
    for between in (":", " "):
        spaced = raw.hex(between).encode()
        yield spaced
        yield spaced.upper()


def _both_alphabets(text: bytes) -> Iterator[bytes]:
    for form in (text, text.rstrip(b"=")):
        yield form
        yield form.replace(b"+", b"-").replace(b"/", b"_")


def _lower_escapes(url: str) -> str:
    first, *rest = url.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
