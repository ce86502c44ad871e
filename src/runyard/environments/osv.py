"""Advisories in the OSV format: reading them, and whether a version is affected. Pure.

https://ossf.github.io/osv-schema/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import total_ordering
from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from runyard import clock
from runyard.environments.wants import Kind

ECOSYSTEMS = {"PyPI": Kind.python, "npm": Kind.node}
_LONGEST_SUMMARY, _LONGEST_ID, _LONGEST_NAME, _LONGEST_URL = 500, 64, 214, 500
_MOST_ALIASES = 20
_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_BASE_SCORES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


class OsvError(ValueError):
    """That is not an OSV record."""


class Entry(Struct, frozen=True):
    """One advisory on one package; `affected` has ``ranges`` (lists of events) and ``versions``."""

    ecosystem: str
    package: str
    id: str
    summary: str
    severity: str
    aliases: list[str]
    affected: list[dict[str, Any]]
    url: str
    modified_at: datetime
    withdrawn: bool


@total_ordering
class SemanticVersion:
    """A version of Semantic Versioning 2, in its order."""

    def __init__(self, text: str) -> None:
        match = _SEMVER.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a semantic version: {text}")
        self._release = tuple(int(match[n]) for n in (1, 2, 3))
        identifiers = match[4].split(".") if match[4] else []
        # Numbers come before words, and anything before the release itself.
        parts = tuple((0, int(i), "") if i.isdigit() else (1, 0, i) for i in identifiers)
        self._key = (self._release, not parts, parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemanticVersion) and self._key == other._key

    def __lt__(self, other: "SemanticVersion") -> bool:
        return self._key < other._key

    # Only ever compared.
    __hash__ = None  # type: ignore[assignment]


def entries(record: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield one entry for each package of a record that we know the ecosystem of.

    Raises: OsvError.
    """
    id_, affected = record.get("id"), record.get("affected")
    if not isinstance(id_, str) or not id_ or len(id_) > _LONGEST_ID or not isinstance(affected or [], list):
        raise OsvError
    by_package: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in affected or []:
        package = item.get("package") if isinstance(item, dict) else None
        if not isinstance(package, dict):
            continue
        ecosystem, name = str(package.get("ecosystem", "")), str(package.get("name", ""))
        if ecosystem in ECOSYSTEMS and 0 < len(name) <= _LONGEST_NAME:
            name = canonicalize_name(name) if ecosystem == "PyPI" else name
            by_package.setdefault((ecosystem, name), []).append(_shrunk(item))
    for (ecosystem, name), parts in by_package.items():
        yield Entry(
            ecosystem=ecosystem,
            package=name,
            id=id_,
            summary=_summary(record),
            severity=_severity(record),
            aliases=[str(alias)[:_LONGEST_ID] for alias in _list(record.get("aliases"))[:_MOST_ALIASES]],
            affected=parts,
            url=_url(record),
            modified_at=_instant(record.get("modified")),
            withdrawn=bool(record.get("withdrawn")),
        )


def is_affected(ecosystem: str, version: str, affected: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a version falls into one of the ranges or lists."""
    return any(
        version in part["versions"] or any(_within(ecosystem, version, events) for events in part["ranges"])
        for part in affected
    )


def fixed_in(ecosystem: str, version: str, affected: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the versions that mend it, newer than `version`, oldest first."""
    read = _reader(ecosystem)
    try:
        mine = read(version)
    except ValueError:
        return []
    found = {}
    for part in affected:
        for events in part["ranges"]:
            for event in events:
                try:
                    if "fixed" in event and (mended := read(event["fixed"])) > mine:
                        found[event["fixed"]] = mended
                except ValueError:
                    continue
    return sorted(found, key=lambda text: found[text])


def _within(ecosystem: str, version: str, events: Sequence[Mapping[str, str]]) -> bool:
    """Follow a range's events in their order: the last one at or below the version decides."""
    read = _reader(ecosystem)
    try:
        mine = read(version)
        steps = sorted(
            (_step(read, event) for event in events), key=lambda step: (step[0] is not None, step[0], step[1])
        )
    except (ValueError, TypeError):
        return False
    inside = False
    for at, _rank, kind in steps:
        if kind == "introduced" and (at is None or mine >= at):
            inside = True
        elif (kind == "fixed" and mine >= at) or (kind == "last_affected" and mine > at):
            inside = False
    return inside


def _step(read: Any, event: Mapping[str, str]) -> tuple[Any, int, str]:
    kind, text = next(iter(event.items()))
    return (None if kind == "introduced" and text == "0" else read(text), 0 if kind == "introduced" else 1, kind)


def _reader(ecosystem: str) -> Any:
    if ecosystem != "PyPI":
        return SemanticVersion

    def read(text: str) -> Version:
        try:
            return Version(text)
        except InvalidVersion as error:
            raise ValueError(str(error)) from error

    return read


def _shrunk(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what decides: events of version ranges, and versions that are named."""
    ranges = []
    for found in _list(item.get("ranges")):
        if isinstance(found, dict) and found.get("type") in {"ECOSYSTEM", "SEMVER"}:
            events = [
                {kind: str(event[kind])}
                for event in _list(found.get("events"))
                if isinstance(event, dict)
                for kind in ("introduced", "fixed", "last_affected")
                if kind in event
            ]
            if events:
                ranges.append(events)
    return {"ranges": ranges, "versions": [str(version) for version in _list(item.get("versions"))]}


def _summary(record: Mapping[str, Any]) -> str:
    text = str(record.get("summary") or "").strip() or str(record.get("details") or "").strip().partition("\n")[0]
    return text[:_LONGEST_SUMMARY]


def _severity(record: Mapping[str, Any]) -> str:
    """Return ``critical``, ``high``, ``medium``, ``low`` or nothing, from what the database itself says."""
    own = record.get("database_specific")
    said = str(own.get("severity", "")).lower() if isinstance(own, dict) else ""
    if said in {"critical", "high", "medium", "moderate", "low"}:
        return "medium" if said == "moderate" else said
    for item in _list(record.get("severity")):
        score = str(item.get("score", "")) if isinstance(item, dict) else ""
        try:
            value = float(score)
        except ValueError:
            continue
        return next((word for least, word in _BASE_SCORES if value >= least), "")
    return ""


def _url(record: Mapping[str, Any]) -> str:
    references = [item for item in _list(record.get("references")) if isinstance(item, dict)]
    ordered = sorted(references, key=lambda item: item.get("type") != "ADVISORY")
    urls = [str(item.get("url", "")) for item in ordered]
    return next((url for url in urls if url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL), "")


def _instant(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return clock.EPOCH
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
