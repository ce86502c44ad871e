"""Addresses that imports name, judged as everywhere, and refused in this room's words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from runyard.errors import FieldError
from runyard.scripts.errors import SourceRefused, SourceUnreachable
from runyard.web import outbound
from runyard.web.outbound import AddressRefused, AddressUnreachable, Reach, Target

MOST_BYTES = 32 * 1024 * 1024


def refused(sentence: str) -> SourceRefused:
    """Return the refusal of a URL that says this sentence."""
    return SourceRefused(sentence, fields=[FieldError("url", sentence, "url")])


async def judged(url: str, reach: Reach) -> Target:
    """Return where a URL leads; raise `SourceRefused`, `SourceUnreachable`."""
    with _in_our_words():
        return await outbound.judged(url, reach)


async def fetched(url: str, reach: Reach, headers: Mapping[str, str] | None = None) -> bytes:
    """Return what a URL answers, of at most 32 MiB; raise `SourceRefused`, `SourceUnreachable`."""
    with _in_our_words():
        return await outbound.fetched(url, reach, most=MOST_BYTES, headers=headers)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except AddressRefused as problem:
        raise SourceRefused(problem.detail, fields=problem.fields) from problem
    except AddressUnreachable as problem:
        raise SourceUnreachable(problem.detail) from problem
