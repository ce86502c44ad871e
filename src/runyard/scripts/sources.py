"""Scripts that come from somewhere else and are kept in step with it: Git repositories and Gists."""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log, tasks
from runyard.access.models import User
from runyard.access.permissions import Actor, Membership, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.errors import Problem
from runyard.ids import ProjectId, UserId
from runyard.projects.models import Project
from runyard.scripts import git, outbound, packages
from runyard.scripts.errors import BadSignature, NoSuchSource, SourceRefused
from runyard.scripts.models import Script, ScriptSource
from runyard.scripts.packages import Package
from runyard.scripts.pinning import find
from runyard.scripts.source_schemas import NewSource, SourceAddress
from runyard.scripts.transfer import Taken, Transfer, Wanted
from runyard.secrets.sealing import Sealer
from runyard.settings import ImportSettings
from runyard.web.outbound import ANYWHERE, Reach

logger = log.get("scripts")
LOOK_S = 5.0
LEASE_S = 600
_GIST = re.compile(r"(?:.*/)?([0-9a-f]{8,64})(?:\.git)?/?", re.ASCII)


class Fetched(Struct, frozen=True):
    """What a source holds at one revision."""

    revision: str
    package: Package


class Sources:
    """Imports from elsewhere, and keeps them in step: by a timer, by a call from there, or when somebody asks."""

    def __init__(
        self, settings: ImportSettings, reach: Reach, database: Database, transfer: Transfer, sealer: Sealer
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._database = database
        self._transfer = transfer
        self._sealer = sealer
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def bring(self, actor: Actor, body: NewSource) -> tuple[list[Taken], str | None]:
        """Fetch a source and save it as a new script; see `take`."""
        actor.project(body.project, Permission.script_write)
        # Nobody else waits for the database while the world is asked.
        found = await self.fetch(body)
        async with self._database.write() as session:
            return await self.take(session, actor, body, found)

    async def fetch(self, body: SourceAddress) -> Fetched:
        """Return what a source holds; raise `SourceRefused`, `SourceUnreachable`, `BadTree`."""
        if body.kind == "gist":
            return await self._gist(body)
        target = await outbound.judged(body.url, self._reach)
        login = (body.username or "git", body.token) if body.token else None
        found = await git.snapshot(target, body.ref, body.path.strip("/"), login, self._settings.timeout_s)
        name = (body.path.strip("/") or body.url.rstrip("/").removesuffix(".git").rstrip("/")).rpartition("/")[2]
        if found.files.keys() == {name}:
            name = PurePosixPath(name).stem
        package = packages.project(name, {f"{name}/{path}": data for path, data in found.files.items()})
        runs = frozenset(path for path in found.executable if path in package.files)
        return Fetched(found.revision, replace(package, executable=runs))

    async def _gist(self, body: SourceAddress) -> Fetched:
        part = _GIST.fullmatch(body.url.strip())
        if part is None:
            raise outbound.refused("That is no Gist: give its address or its id.")
        headers = {"Accept": "application/vnd.github+json"}
        if body.token:
            headers["Authorization"] = f"Bearer {body.token}"
        base = self._settings.gist_api.rstrip("/")
        # The address is the installation's own choice, so it may be a private one.
        data = await outbound.fetched(f"{base}/gists/{part[1]}", ANYWHERE, headers)
        try:
            found = json.loads(data)
            files = {str(name): item for name, item in found["files"].items() if item is not None}
            history = found.get("history") or [{}]
            revision = str(history[0].get("version") or hashlib.sha256(data).hexdigest())[:64]
        except (ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
            raise SourceRefused("The answer is no Gist.") from error
        contents: dict[str, bytes] = {}
        for name, item in files.items():
            if item.get("truncated"):
                url = str(item.get("raw_url"))
                contents[name] = await outbound.fetched(url, self._reach)
            else:
                contents[name] = str(item.get("content", "")).encode()
        package = packages.project("gist", {f"gist/{name}": content for name, content in contents.items()})
        title = str(found.get("description") or next(iter(contents), "gist")).splitlines()[0][:100]
        return Fetched(revision, replace(package, name=title or "gist"))

    async def take(
        self, session: AsyncSession, actor: Actor, body: NewSource, found: Fetched
    ) -> tuple[list[Taken], str | None]:
        """Save what was fetched as a new script; with `keep` it stays in step. Returns the webhook's key then, once."""
        wanted = Wanted(project=body.project, name=body.name, entry=body.entry or None, folder=body.folder)
        taken = await self._transfer.take(session, actor, found.package, wanted)
        if not body.keep:
            return taken, None
        if len(taken) != 1 or found.package.scripts:
            raise SourceRefused("Only a single script or project is kept in step; import the rest once (keep: false).")
        return taken, await self._keep(session, actor, taken[0].id, body, found.revision)

    async def attach(self, actor: Actor, script_id: str, body: SourceAddress) -> tuple[Taken, str]:
        """Keep a script in step with a source from now on, in place of any other; returns the webhook's key, once.

        What the source holds becomes the script's next version; parameters and settings stay as they are.
        Raises: NoSuchScript, SourceRefused, SourceUnreachable, BadTree, InvalidScript.
        """
        async with self._database.read() as session:
            script = await find(session, actor, script_id, Permission.script_write)
            if script.kind == "module":
                raise SourceRefused("Modules of the library are written here; only scripts are kept in step.")
        found = await self.fetch(body)
        if found.package.scripts:
            raise SourceRefused("Only a single script or project is kept in step, and that is an export of several.")
        async with self._database.write() as session:
            taken = await self._advance(session, actor, script_id, body, found)
            if (before := await session.get(ScriptSource, taken.id)) is not None:
                await session.delete(before)
                await session.flush()
            return taken, await self._keep(session, actor, taken.id, body, found.revision)

    async def _advance(
        self, session: AsyncSession, actor: Actor, script_id: str, body: SourceAddress, found: Fetched
    ) -> Taken:
        note = f"From {body.url}, {found.revision[:12]}"
        # What people have set themselves, such as parameters, stays: only code and files follow.
        wanted = Wanted(script_id=script_id, entry=body.entry or None, note=note, content_only=True)
        return (await self._transfer.take(session, actor, found.package, wanted))[0]

    async def _keep(
        self, session: AsyncSession, actor: Actor, script_id: str, body: SourceAddress, revision: str
    ) -> str:
        key = secrets.token_hex(32)
        now = clock.now()
        after = {name: getattr(body, name) for name in ("kind", "url", "ref", "path", "entry", "every_s")}
        script = await find(session, actor, script_id, Permission.script_read)
        target = Target("script", script.id, script.name, script.project_id)
        record(session, actor, "script.attach_source", target, after={**after, "revision": revision})
        session.add(
            ScriptSource(
                script_id=script_id,
                kind=body.kind,
                url=body.url,
                ref=body.ref,
                path=body.path.strip("/"),
                entry=body.entry,
                revision=revision,
                every_s=body.every_s,
                next_at=_next(body.every_s, now),
                synced_at=now,
                sealed=self._seal(script_id, {"key": key, "username": body.username, "token": body.token}),
                user_id=actor.user_id,
            )
        )
        await session.flush()
        return key

    async def source(
        self, session: AsyncSession, actor: Actor, script_id: str, permission: Permission = Permission.script_read
    ) -> ScriptSource:
        """Return what a script is kept in step with; raise `NoSuchScript`, `NoSuchSource`."""
        script = await find(session, actor, script_id, permission)
        row = await session.get(ScriptSource, script.id)
        if row is None:
            raise NoSuchSource
        return row

    async def drop(self, session: AsyncSession, actor: Actor, script_id: str) -> None:
        """Leave a script as it is from now on."""
        row = await self.source(session, actor, script_id, Permission.script_write)
        script = await find(session, actor, script_id, Permission.script_read)
        target = Target("script", script.id, script.name, script.project_id)
        record(session, actor, "script.drop_source", target, {"kind": row.kind, "url": row.url, "ref": row.ref})
        await session.delete(row)

    async def ask(self, session: AsyncSession, actor: Actor, script_id: str) -> ScriptSource:
        """Have a script brought up to date soon."""
        row = await self.source(session, actor, script_id, Permission.script_write)
        row.next_at = clock.now()
        self._woken.set()
        return row

    async def called(self, session: AsyncSession, script_id: str, body: bytes, signature: str) -> None:
        """Have a script brought up to date since its source says that it has changed; raise `BadSignature`.

        Nobody learns from the answer whether there is such a script.
        """
        row = None if "\0" in script_id else await session.get(ScriptSource, script_id)
        key = self._opened(row)["key"] if row is not None and row.sealed else secrets.token_hex(32)
        wanted = "sha256=" + hmac.new(str(key).encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")) or row is None:
            raise BadSignature
        row.next_at = clock.now()
        self._woken.set()

    # The timer

    async def start(self) -> None:
        """Begin to look after sources that are due."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop; what is being fetched is fetched again some other time."""
        await tasks.end(self._task)

    async def _watch(self) -> None:
        while True:
            try:
                while await self.sync_next():
                    pass
            except Exception:
                logger.exception("scripts.sources_failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()
            self._woken.clear()

    async def sync_next(self) -> bool:
        """Bring one source that is due up to date; False when none is. Two schedulers never take the same one."""
        now = clock.now()
        async with self._database.write() as session:
            due = (
                select(ScriptSource.script_id, ScriptSource.next_at)
                .join(Script, Script.id == ScriptSource.script_id)
                .where(ScriptSource.next_at <= now, Script.deleted_at.is_(None))
                .order_by(ScriptSource.next_at)
                .limit(1)
            )
            found = (await session.execute(due)).first()
            if found is None:
                return False
            script_id, at = found
            lease = now + timedelta(seconds=LEASE_S)
            claim = update(ScriptSource).where(ScriptSource.script_id == script_id, ScriptSource.next_at == at)
            if (await session.execute(claim.values(next_at=lease))).rowcount != 1:  # type: ignore[attr-defined]
                return True
        await self._sync(script_id, lease)
        return True

    async def _sync(self, script_id: str, lease: datetime) -> None:
        async with self._database.read() as session:
            row = await session.get(ScriptSource, script_id)
            actor = await self._actor(session, row) if row is not None else None
        if row is None or actor is None:
            return
        opened = self._opened(row)
        body = SourceAddress(
            kind="gist" if row.kind == "gist" else "git",
            url=row.url,
            ref=row.ref,
            path=row.path,
            entry=row.entry,
            username=opened.get("username") or "",
            token=opened.get("token") or "",
        )
        error, revision = None, row.revision
        try:
            found = await self.fetch(body)
            if found.revision != row.revision:
                async with self._database.write() as session:
                    await self._advance(session, actor, script_id, body, found)
            revision = found.revision
        except Problem as problem:
            error = problem.detail
            logger.warning("scripts.source_failed", script_id=script_id, error=error)
        now = clock.now()
        async with self._database.write() as session:
            values: dict[str, Any] = {"error": error, "revision": revision}
            if error is None:
                values["synced_at"] = now
            done = update(ScriptSource).where(ScriptSource.script_id == script_id)
            await session.execute(done.values(**values))
            # A call that came meanwhile has asked for another look.
            same = or_(ScriptSource.next_at == lease, ScriptSource.next_at.is_(None))
            await session.execute(done.where(same).values(next_at=_next(row.every_s, now)))

    async def _actor(self, session: AsyncSession, row: ScriptSource) -> Actor | None:
        """Return whoever set the source up, with no right but to save scripts of that project."""
        script = await session.get(Script, row.script_id)
        user = await session.get(User, row.user_id) if row.user_id else None
        project = await session.get(Project, script.project_id) if script is not None else None
        if script is None or user is None or project is None:
            return None
        rights = frozenset({Permission.script_read, Permission.script_write})
        membership = Membership(ProjectId(project.id), project.name, rights)
        return Actor(UserId(user.id), user.username, "", is_admin=False, memberships=(membership,))

    def _seal(self, script_id: str, values: Mapping[str, str]) -> str:
        return self._sealer.seal(json.dumps(values).encode(), f"script:{script_id}:source")

    def _opened(self, row: ScriptSource) -> dict[str, str]:
        if not row.sealed:
            return {}
        opened: dict[str, str] = json.loads(self._sealer.open(row.sealed, f"script:{row.script_id}:source"))
        return opened


def _next(every_s: int | None, now: datetime) -> datetime | None:
    return None if every_s is None else now + timedelta(seconds=every_s)
