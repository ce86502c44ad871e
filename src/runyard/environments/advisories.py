"""Known vulnerabilities: taken in from OSV files, matched with what environments hold."""

import asyncio
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.db.session import Database
from runyard.environments.models import Advisory, AdvisoryImport
from runyard.environments.osv import ECOSYSTEMS, Entry, OsvError, entries, fixed_in, is_affected
from runyard.environments.processes import without_credentials
from runyard.environments.wants import Kind
from runyard.errors import Conflict, Invalid, Unavailable
from runyard.web.outbound import ANYWHERE, AddressRefused, AddressUnreachable, Reach, opened

logger = log.get("environments")

_OF_KIND = {kind.value: ecosystem for ecosystem, kind in ECOSYSTEMS.items()}
_BATCH = 500
_LARGEST_RECORD = 4 * 1024 * 1024
_LARGEST_WHOLE = 2 * 1024 * 1024 * 1024
_MOST_RECORDS = 1_000_000
_KEPT_IMPORTS = 20
_PATIENCE_S = 60.0
_REDIRECTS = 5
_NAMES_AT_ONCE = 400
_KEY = tuple_(Advisory.ecosystem, Advisory.package, Advisory.id)


class AdvisoriesMalformed(Invalid):
    """That is not a file of advisories: OSV records as JSON, or a zip of them, are."""


class NoAdvisorySource(Conflict):
    """No address to refresh advisories from is set (environments.advisory_urls)."""


class AdvisoriesUnreachable(Unavailable):
    """The advisories could not be fetched."""


class Vulnerability(Struct, frozen=True):
    """A known vulnerability of a package at one version."""

    id: str
    aliases: list[str]
    summary: str
    severity: str
    fixed_in: list[str]
    url: str


class Taken(Struct, frozen=True):
    """What an import brought."""

    advisories: int
    withdrawn: int
    skipped: int


class Status(Struct, frozen=True):
    """What is known."""

    by_ecosystem: dict[str, int]
    newest: datetime | None
    urls: tuple[str, ...]
    imports: Sequence[AdvisoryImport]


class AdvisoryService:
    """Advisories of one installation; `urls` are where they are refreshed from, none by default."""

    def __init__(self, database: Database, urls: tuple[str, ...], reach: Reach, room: Path) -> None:
        self._database = database
        self._urls = urls
        self._reach = reach
        self._room = room

    async def status(self, session: AsyncSession) -> Status:
        """Return how many advisories there are and where they came from."""
        counted = await session.execute(select(Advisory.ecosystem, func.count()).group_by(Advisory.ecosystem))
        by_ecosystem = dict(iter(counted))
        newest = await session.scalar(select(func.max(Advisory.modified_at)))
        imports = await session.scalars(select(AdvisoryImport).order_by(AdvisoryImport.id.desc()).limit(_KEPT_IMPORTS))
        return Status(by_ecosystem, newest, tuple(map(without_credentials, self._urls)), imports.all())

    async def total(self) -> int:
        """Return how many advisories there are now."""
        async with self._database.read() as session:
            return await session.scalar(select(func.count()).select_from(Advisory)) or 0

    async def take_in(self, file: IO[bytes], source: str, by: str) -> Taken:
        """Import a zip of OSV records, one record, or a JSON list of them; newer ones replace what is known.

        Raises: AdvisoriesMalformed.
        """
        records = _records(file)
        taken = withdrawn = skipped = 0
        while True:
            batch, passed = await asyncio.to_thread(_batch, records)
            if not batch and not passed:
                break
            skipped += passed
            async with self._database.write() as session:
                changed, gone = await _put(session, batch)
            taken += changed
            withdrawn += gone
        async with self._database.write() as session:
            session.add(AdvisoryImport(id=ids.new("adi"), at=clock.now(), source=source[:500], by=by, advisories=taken))
            await session.flush()
            kept = select(AdvisoryImport.id).order_by(AdvisoryImport.id.desc()).limit(_KEPT_IMPORTS)
            oldest = (await session.scalars(kept)).all()[-1]
            await session.execute(delete(AdvisoryImport).where(AdvisoryImport.id < oldest))
        logger.info("advisories.imported", source=source, advisories=taken, withdrawn=withdrawn)
        return Taken(taken, withdrawn, skipped)

    async def refresh(self, by: str) -> Taken:
        """Fetch and import what the settings name.

        Raises: NoAdvisorySource, AdvisoriesUnreachable, AdvisoriesMalformed.
        """
        if not self._urls:
            raise NoAdvisorySource
        whole = Taken(0, 0, 0)
        for url in self._urls:
            path = self._room / ids.new("osv")
            try:
                await _fetch(url, path, self._reach)
                with path.open("rb") as file:
                    part = await self.take_in(file, without_credentials(url), by)
            finally:
                path.unlink(missing_ok=True)
            whole = Taken(
                whole.advisories + part.advisories, whole.withdrawn + part.withdrawn, whole.skipped + part.skipped
            )
        return whole

    async def sweep(self) -> None:
        """Refresh once a day where an address is set; what fails is logged and tried the next day."""
        if not self._urls:
            return
        try:
            await self.refresh("Runyard")
        except (AdvisoriesUnreachable, AdvisoriesMalformed) as error:
            logger.warning("advisories.refresh_failed", error=error.detail)

    async def of(
        self, session: AsyncSession, packages: Iterable[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], list[Vulnerability]]:
        """Return the known vulnerabilities of packages, each a kind, a name and a version; worst first."""
        wanted = {package for package in packages if package[0] in _OF_KIND}
        known = await _known(session, {(_OF_KIND[kind], name) for kind, name, _version in wanted})
        found: dict[tuple[str, str, str], list[Vulnerability]] = {}
        for kind, name, version in wanted:
            ecosystem = _OF_KIND[kind]
            hits = [row for row in known.get((ecosystem, name), ()) if is_affected(ecosystem, version, row.affected)]
            if hits:
                found[kind, name, version] = [_vulnerability(row, version) for row in _once(hits)]
        return found


def kinds() -> tuple[Kind, ...]:
    """Return the kinds whose packages advisories are known for."""
    return tuple(ECOSYSTEMS.values())


async def _known(session: AsyncSession, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], list[Advisory]]:
    found: dict[tuple[str, str], list[Advisory]] = {}
    for ecosystem in sorted({ecosystem for ecosystem, _name in wanted}):
        names = sorted(name for of, name in wanted if of == ecosystem)
        for start in range(0, len(names), _NAMES_AT_ONCE):
            rows = await session.scalars(
                select(Advisory).where(
                    Advisory.ecosystem == ecosystem, Advisory.package.in_(names[start : start + _NAMES_AT_ONCE])
                )
            )
            for row in rows:
                found.setdefault((row.ecosystem, row.package), []).append(row)
    return found


_ORDER = ("critical", "high", "medium", "low", "")


def _once(rows: list[Advisory]) -> list[Advisory]:
    """Return each vulnerability once, though several databases describe it under names of their own."""
    shown: list[Advisory] = []
    told: set[str] = set()
    # The one that says how bad it is tells more.
    for row in sorted(rows, key=lambda row: (row.severity == "", row.id)):
        names = {row.id, *row.aliases}
        if not names & told:
            shown.append(row)
        told |= names
    return sorted(shown, key=lambda row: (_ORDER.index(row.severity), row.id))


def _vulnerability(row: Advisory, version: str) -> Vulnerability:
    return Vulnerability(
        id=row.id,
        aliases=row.aliases,
        summary=row.summary,
        severity=row.severity,
        fixed_in=fixed_in(row.ecosystem, version, row.affected),
        url=row.url,
    )


async def _put(session: AsyncSession, batch: list[Entry]) -> tuple[int, int]:
    """Write entries that are newer than what is known; return how many changed and how many were withdrawn."""
    newest = {}
    for entry in batch:
        newest[entry.ecosystem, entry.package, entry.id] = entry
    keys = list(newest)
    if not keys:
        return 0, 0
    rows = await session.execute(
        select(Advisory.ecosystem, Advisory.package, Advisory.id, Advisory.modified_at).where(_KEY.in_(keys))
    )
    known = {(ecosystem, package, id_): modified for ecosystem, package, id_, modified in rows}
    gone = [key for key, entry in newest.items() if entry.withdrawn and key in known]
    fresh = [
        entry
        for key, entry in newest.items()
        if not entry.withdrawn and (key not in known or known[key] < entry.modified_at)
    ]
    stale = [*gone, *((e.ecosystem, e.package, e.id) for e in fresh)]
    if stale:
        await session.execute(delete(Advisory).where(_KEY.in_(stale)))
    if fresh:
        await session.execute(insert(Advisory), [_row(entry) for entry in fresh])
    return len(fresh), len(gone)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "ecosystem": entry.ecosystem,
        "package": entry.package,
        "id": entry.id,
        "summary": entry.summary,
        "severity": entry.severity,
        "aliases": entry.aliases,
        "affected": entry.affected,
        "url": entry.url,
        "modified_at": entry.modified_at,
    }


def _batch(records: Iterator[Mapping[str, Any]]) -> tuple[list[Entry], int]:
    """Take the next entries; also return how many records had none. Both empty at the end."""
    batch: list[Entry] = []
    passed = 0
    for record in records:
        try:
            found = list(entries(record))
        except OsvError:
            raise AdvisoriesMalformed from None
        passed += not found
        batch += found
        if len(batch) >= _BATCH or passed >= _BATCH:
            break
    return batch, passed


def _records(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    start = file.read(4)
    file.seek(0)
    if start == b"PK\x03\x04":
        yield from _zipped(file)
        return
    data = file.read(_LARGEST_RECORD * 16 + 1)
    if len(data) > _LARGEST_RECORD * 16:
        raise AdvisoriesMalformed("The file is too large for one piece of JSON: import a zip of records.")
    found = _json(data)
    for record in found if isinstance(found, list) else [found]:
        if not isinstance(record, dict):
            raise AdvisoriesMalformed
        yield record


def _zipped(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise AdvisoriesMalformed("The zip can't be read.") from error
    with archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".json")]
        if len(members) > _MOST_RECORDS or sum(member.file_size for member in members) > _LARGEST_WHOLE:
            raise AdvisoriesMalformed("The zip holds more than is taken in at once.")
        if not members:
            raise AdvisoriesMalformed("The zip holds no JSON records.")
        for member in members:
            try:
                with archive.open(member) as opened:
                    # What a zip says of its sizes may be a lie.
                    data = io.BytesIO(opened.read(_LARGEST_RECORD + 1)).getvalue()
            except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
                raise AdvisoriesMalformed("The zip can't be read.") from error
            if len(data) > _LARGEST_RECORD:
                raise AdvisoriesMalformed(f"{member.filename[:100]} in the zip is too large for an advisory.")
            record = _json(data)
            if not isinstance(record, dict):
                raise AdvisoriesMalformed
            yield record


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise AdvisoriesMalformed from error


async def _fetch(url: str, path: Path, reach: Reach) -> None:
    """Write what an address of the settings answers into a file. It may lead anywhere, what it sends us on to may not.

    Raises: AdvisoriesUnreachable.
    """
    parts = urlsplit(url)
    host = parts.hostname
    headers = {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    size = 0
    try:
        async with opened(
            url,
            reach,
            first=ANYWHERE,
            headers=headers,
            redirects=_REDIRECTS,
            proxies=True,
            patience_s=_PATIENCE_S,
        ) as answer:
            if answer.is_error or answer.is_redirect:
                raise AdvisoriesUnreachable(f"{host} answered {answer.status_code}.")
            with path.open("wb") as file:
                async for chunk in answer.aiter_bytes():
                    size += len(chunk)
                    if size > _LARGEST_WHOLE:
                        raise AdvisoriesUnreachable(f"What {host} sends is too large.")
                    file.write(chunk)
    except (AddressRefused, AddressUnreachable) as problem:
        raise AdvisoriesUnreachable(problem.detail) from problem
