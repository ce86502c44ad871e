"""Masking: secrets never leave a run's output, however the bytes arrive."""

import json
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from runyard.secrets.forms import forms

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

MASK = b"***"
_HEAD = 4
_FEW = 8
# Looking a head's patterns up takes as long as searching so many bytes for all of them.
_OFTEN, _APART = 16, 128


class Masker:
    """Replaces every form of some secrets (see `forms`) in a stream of bytes by ``***``.

    Of overlapping occurrences the leftmost counts, of those the longest. What comes out, joined, does not depend on how
    the stream was cut: only an end that may still become a secret is held back, until the next `feed` or `flush`. A
    complete line is held back only while it may be the beginning of a secret of several lines.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._patterns: list[bytes] = sorted(forms(values))
        self._held = b""
        self._search: _Search | None = None
        self._reach = 0
        if not self._patterns:
            return
        # Where none of these is, no pattern is. For a few of them a plain search has the steadiest speed.
        needles = _innermost(self._patterns)
        self._needles = needles if len(needles) <= _FEW else []
        self._search = _Search(self._patterns)
        self._reach = max(map(len, self._patterns)) - 1
        self._many_lines = any(b"\n" in pattern for pattern in self._patterns)

    def twin(self) -> Self:
        """Return a masker of the same secrets for another stream."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._held = b""
        return twin

    @property
    def held(self) -> int:
        """How many bytes are held back at present."""
        return len(self._held)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the stream; return what can be told for certain by now."""
        if self._search is None:
            return data
        text = self._held + data if self._held else data
        out, done = self._replace(text, self._search, last=False)
        self._held = text[done:]
        return out

    def flush(self) -> bytes:
        """End the stream: return what was held back, masked. The masker can then take another stream."""
        text, self._held = self._held, b""
        return self.mask(text)

    def mask(self, data: bytes) -> bytes:
        """Return something whole, masked; the stream's state is neither used nor changed."""
        return data if self._search is None else self._replace(data, self._search, last=True)[0]

    def mask_lines(self, data: bytes) -> bytes:
        """Return whole lines, masked, and as many of them as there were: a secret of several lines is several masks."""
        found = self._search.found(data) if self._search is not None else []
        parts: list[bytes] = []
        done = 0
        for start, end in found:
            parts += (data[done:start], MASK, (b"\n" + MASK) * data.count(b"\n", start, end))
            done = end
        return b"".join((*parts, data[done:])) if found else data

    def mask_text(self, text: str) -> str:
        """Return a whole text, masked."""
        if self._search is None:
            return text
        return self.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def mask_json(self, value: Any) -> Any:
        """Return a JSON value with every string, key and number masked; a number that holds a secret becomes text."""
        match value:
            case str():
                return self.mask_text(value)
            case dict():
                return {self.mask_text(key): self.mask_json(inner) for key, inner in value.items()}
            case list():
                return [self.mask_json(inner) for inner in value]
            case bool() | None:
                return value
            case _:
                text = json.dumps(value)
                shown = self.mask_text(text)
                return value if shown == text else shown

    def _replace(self, text: bytes, search: "_Search", *, last: bool) -> tuple[bytes, int]:
        """Return the masked beginning of `text` and how many bytes of it that covers."""
        nothing = self._needles and not any(needle in text for needle in self._needles)
        found = [] if nothing else search.found(text)
        if not found:
            done = len(text) if last else self._undecided(text, search, 0)
            return (text if done == len(text) else text[:done]), done
        parts: list[bytes] = []
        done = 0
        undecided = len(text) if last else self._undecided(text, search, 0)
        for start, end in found:
            # From an undecided place on a longer secret, or one that begins further left, may come to light.
            if undecided <= start:
                break
            parts += (text[done:start], MASK)
            done = end
            if undecided < done:
                undecided = self._undecided(text, search, done)
        parts.append(text[done:undecided])
        return b"".join(parts), undecided

    def _undecided(self, text: bytes, search: "_Search", start: int) -> int:
        """Return the first place from `start` on from where `text` runs into its end as the beginning of a pattern."""
        end = len(text)
        start = max(start, end - self._reach)
        if not self._many_lines:
            start = text.rfind(b"\n", start) + 1 or start
        places: list[int] = [start + at for at in search.heads(text[start:])] if end - start >= _HEAD else []
        # Nearer to the end a head is not whole any more.
        places += range(max(start, end - _HEAD + 1), end)
        for at in places:
            if self._begins(text[at:]):
                return at
        return end

    def _begins(self, tail: bytes) -> bool:
        """Whether a pattern longer than `tail` begins with it."""
        at = bisect_left(self._patterns, tail)
        if at < len(self._patterns) and self._patterns[at] == tail:
            at += 1
        return at < len(self._patterns) and self._patterns[at].startswith(tail)


class _Search:
    """Finds patterns, of overlapping ones the leftmost, of those the longest.

    Only their heads are looked for at first, with an automaton that is small enough to be quick in any text; where
    there are many of those, all patterns are.
    """

    def __init__(self, patterns: list[bytes]) -> None:
        import ahocorasick_rs as automaton

        self._patterns = patterns
        self._longest: dict[bytes, list[bytes]] = {}
        for pattern in sorted(patterns, key=len, reverse=True):
            self._longest.setdefault(pattern[:_HEAD], []).append(pattern)
        self._heads = list(self._longest)
        self._scout = automaton.BytesAhoCorasick(
            self._heads, matchkind=automaton.MatchKind.Standard, implementation=automaton.Implementation.DFA
        )
        self._whole: BytesAhoCorasick | None = None

    def heads(self, text: bytes) -> list[int]:
        """Return where patterns may begin, in order."""
        found = self._scout.find_matches_as_indexes(text, overlapping=True)
        return sorted({int(start) for _, start, _ in found})

    def found(self, text: bytes) -> list[tuple[int, int]]:
        """Return where patterns begin and end."""
        hits = self._scout.find_matches_as_indexes(text, overlapping=True)
        if len(hits) > _OFTEN + len(text) // _APART:
            return [(start, end) for _, start, end in self._automaton().find_matches_as_indexes(text)]
        longest: dict[int, int] = {}
        for head, start, _ in hits:
            for pattern in self._longest[self._heads[head]]:
                if text.startswith(pattern, start):
                    longest[start] = max(longest.get(start, 0), start + len(pattern))
                    break
        found: list[tuple[int, int]] = []
        done = 0
        for start in sorted(longest):
            if start >= done:
                done = longest[start]
                found.append((start, done))
        return found

    def _automaton(self) -> "BytesAhoCorasick":
        if self._whole is None:
            import ahocorasick_rs as automaton

            self._whole = automaton.BytesAhoCorasick(
                self._patterns,
                matchkind=automaton.MatchKind.LeftmostLongest,
                # As quick to search as the default, and built in a fraction of the time.
                implementation=automaton.Implementation.ContiguousNFA,
            )
        return self._whole


def _innermost(patterns: list[bytes]) -> list[bytes]:
    """Return the patterns that contain no other one; at most one more than `_FEW`, which is then too many anyway."""
    kept: list[bytes] = []
    for pattern in sorted(patterns, key=len):
        if len(kept) > _FEW:
            break
        if not any(inner in pattern for inner in kept):
            kept.append(pattern)
    return kept
