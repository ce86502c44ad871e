"""How a token of the API is written: ``ryd_``, 32 random characters, 6 that check them. Pure.

The prefix lets scanners recognise one that leaked; the check tells a mistyped one from a revoked one without asking
the database.
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "ryd_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 32  # of 62 letters each: 190 bits
_CHECK = 6
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")
SHOWN = len(PREFIX) + 4


def make() -> str:
    """Return a new token."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _check(body)


def claims_to_be_one(text: str) -> bool:
    """Whether a bearer token is meant as a token of the API."""
    return text.startswith(PREFIX)


def sound(text: str) -> bool:
    """Whether the letters fit one another: true of every token ever made, and of next to no other text."""
    return _SHAPE.fullmatch(text) is not None and text[-_CHECK:] == _check(text[:-_CHECK])


def hint(text: str) -> str:
    """Return the first letters, by which people tell their tokens apart."""
    return text[:SHOWN]


def fingerprint(text: str) -> str:
    """Return what is stored in place of a token: with 190 random bits a plain hash can't be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK):
        value, digit = divmod(value, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
