"""What a failure is the same as: error texts with everything taken out that differs from run to run. Pure.

Two failures belong together when their normalised texts are equal. What is taken out: times, ids, addresses, numbers,
paths of workspaces, quoted values. What stays: the kind of the error, the words of its message, and where in the code
it came from.
"""

import hashlib
import re
from collections.abc import Sequence

from msgspec import Struct

MOST_LINES = 80
LONGEST_LINE = 500
LONGEST_TITLE = 200
LONGEST_TEXT = 4000
MOST_FRAMES = 8

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), place)
    for pattern, place in (
        # Links first: their parts look like paths, hosts and numbers.
        (r"\b([a-z][a-z0-9+.-]*)://[^\s'\"<>)\]]+", r"\1://<url>"),
        (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", "<email>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        (r"\b[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\b", "<id>"),
        (r"\b0x[0-9a-fA-F]+\b", "<address>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b", "<ip>"),
        (r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])", "<ip>"),
        # Long hexadecimal or base-64 words are hashes, tokens, ids.
        (r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,}\b", "<id>"),
        (r"\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{24,}\b", "<id>"),
        # Of a path the last part says what it is about.
        (r"(?:(?<=[\s'\"(=\[:,])|^)(?:[A-Za-z]:)?(?:[/\\][\w.@+~%-]+)*[/\\]([\w.@+~%-]+)", r"\1"),
        (r"'[^'\n]{0,300}'", "'…'"),
        (r'"[^"\n]{0,300}"', '"…"'),
        (r"(?<![\w<])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?=[a-zA-Z%]{0,3}\b)", "<n>"),
        (r"(?<=[a-zA-Z_-])\d{2,}\b", "<n>"),
        (r"[ \t]+", " "),
    )
)
_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+, in (?P<name>.+)$')
_PYTHON_ERROR = re.compile(
    r"^(?:[A-Za-z_][\w]*\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Timeout|[A-Za-z]*)(?::|$)"
)
_JS_ERROR = re.compile(r"^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b(?: \[\w+\])?(?::|$)")
_JS_FRAME = re.compile(r"^\s+at (?:(?:async )?(?P<name>[^ (]+) \()?(?P<file>[^()]+?):\d+:\d+\)?$")
_SHELL_ERROR = re.compile(r"^(?:\S*(?:bash|sh|main\.sh)): (?:line \d+: )?(?P<what>.+)$")
_SAYS_ERROR = re.compile(
    r"\b(?:error|fatal|failed|failure|exception|panic|denied|refused|not found|cannot|can't)\b", re.IGNORECASE
)


class Fingerprint(Struct, frozen=True):
    """What failures have in common: a hash of the normalised text, the text itself, and one line to show."""

    hash: str
    title: str
    text: str


def normalised(line: str) -> str:
    """Return a line without what differs from run to run."""
    line = _ESCAPES.sub("", line)[:LONGEST_LINE]
    for pattern, place in _RULES:
        line = pattern.sub(place, line)
    return line.strip()


def fingerprint(code: str, message: str, tail: Sequence[str] = ()) -> Fingerprint:
    """Return what a failure is the same as.

    `code` and `message` are the run's error, `tail` the last lines that it printed. Where they tell of an exception,
    its kind, its message and the functions it came through count; else the last line that sounds like an error; else
    the run's own error.
    """
    lines = [_ESCAPES.sub("", line)[:LONGEST_LINE].rstrip() for line in tail[-MOST_LINES:]]
    found = _python(lines) or _javascript(lines) or _shell(lines) or _telling(lines)
    if found is None:
        said, parts = message, [normalised(message)]
    else:
        said, parts = found
    text = "\n".join([code, *parts])[:LONGEST_TEXT]
    title = " ".join(_ESCAPES.sub("", said).split())[:LONGEST_TITLE] or code
    return Fingerprint(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), title, text)


Found = tuple[str, list[str]]


def _python(lines: Sequence[str]) -> Found | None:
    start = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith("Traceback (most recent")), None)
    if start is None:
        return None
    frames: list[str] = []
    for line in lines[start + 1 :]:
        if frame := _FRAME.match(line):
            frames.append(f"{_base(frame['file'])} {frame['name']}")
        elif line and not line[0].isspace():
            if not _PYTHON_ERROR.match(line):
                continue
            return line, [normalised(line), *frames[-MOST_FRAMES:]]
    return None


def _javascript(lines: Sequence[str]) -> Found | None:
    for n in range(len(lines) - 1, -1, -1):
        if not _JS_ERROR.match(lines[n]):
            continue
        frames = []
        for line in lines[n + 1 :]:
            frame = _JS_FRAME.match(line)
            if frame is None:
                break
            # What the runtime itself does on the way differs between its versions.
            if not frame["file"].startswith("node:"):
                frames.append(f"{_base(frame['file'])} {frame['name'] or ''}".rstrip())
        if frames or lines[n].startswith("Uncaught"):
            return lines[n], [normalised(lines[n]), *frames[:MOST_FRAMES]]
    return None


def _shell(lines: Sequence[str]) -> Found | None:
    for line in reversed(lines):
        if found := _SHELL_ERROR.match(line):
            return found["what"], [normalised(found["what"])]
    return None


def _telling(lines: Sequence[str]) -> Found | None:
    for line in reversed(lines):
        if _SAYS_ERROR.search(line):
            return line.strip(), [normalised(line)]
    return None


def _base(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]
