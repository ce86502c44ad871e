"""Publishing by four eyes: a draft is reviewed by somebody who did not write it, then it is what runs take."""

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor, NoSuchProject, Permission
from runyard.approvals import repository as requests
from runyard.approvals.demanding import demand
from runyard.approvals.lifecycle import OPEN, Act, State, after
from runyard.approvals.models import Approval
from runyard.approvals.operations import OF_RUNS, Operation
from runyard.approvals.service import note, review, target_of, tell
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.live.bus import Bus
from runyard.projects.models import Project
from runyard.scripts import acts, repository
from runyard.scripts.errors import NoSuchVersion, NotFourEyes, NothingToReview, NotReviewed
from runyard.scripts.models import Script, ScriptPublication, ScriptVersion
from runyard.scripts.pinning import find, project_of

logger = log.get("scripts")
KIND = "script.publish"
MOST_PUBLICATIONS = 100


class Publication(Struct, frozen=True):
    """How a script stands: its open review, and what was published when, newest first."""

    script: Script
    review: Approval | None
    history: list[ScriptPublication]
    usernames: dict[str | None, str]


class Publishing:
    """Reviews and publications of scripts. Every method works within the session that it is given."""

    kind = KIND
    permission = Permission.script_review

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def standing(self, session: AsyncSession, actor: Actor, script_id: str) -> Publication:
        """Return how a script stands; raise `NoSuchScript`."""
        script = await find(session, actor, script_id, Permission.script_read)
        rows = select(ScriptPublication).where(ScriptPublication.script_id == script.id)
        newest = rows.order_by(ScriptPublication.id.desc()).limit(MOST_PUBLICATIONS)
        history = list((await session.scalars(newest)).all())
        names = await repository.usernames(session, [row.published_by for row in history])
        return Publication(script, await requests.open_of(session, script.id, KIND), history, names)

    async def ask(self, session: AsyncSession, actor: Actor, script_id: str, text: str) -> Approval:
        """Ask for a review of the newest version; the open one, if there is one, is of it already.

        Raises: NoSuchScript; NotFourEyes; NothingToReview.
        """
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        if script.published_id is None:
            raise NotFourEyes
        if script.published_id == script.version_id:
            raise NothingToReview
        row = await requests.open_of(session, script.id, KIND, lock=True)
        if row is not None:
            return row
        row = review(actor, KIND, acts.target(script), revision=script.version, base=script.published, note=text)
        row.authors = await _authors(session, script)
        session.add(row)
        await session.flush()
        record(session, actor, "script.ask_review", acts.target(script), after={"version": script.version})
        tell(self._bus, session, row)
        return row

    async def publish_version(self, session: AsyncSession, actor: Actor, script_id: str, number: int) -> Script:
        """Publish what was approved; or go back to what was published before, for which a reviewer is enough.

        Raises: NoSuchScript; NotFourEyes; NoSuchVersion; NotReviewed; Forbidden.
        """
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        if script.published_id is None:
            raise NotFourEyes
        row = await requests.open_of(session, script.id, KIND, lock=True)
        if row is not None and row.state == State.approved and row.revision == number:
            await self.publish(session, actor, row)
            return script
        version = await repository.version_number(session, script.id, number)
        if version is None:
            raise NoSuchVersion
        if not await repository.ever_published(session, version.id):
            raise NotReviewed
        actor.demand(self.permission, project_of(script), NoSuchProject)
        if script.published_id != version.id:
            await self._put(session, actor, script, version, None)
            await self._rebase(session, script)
        return script

    async def mark(self, session: AsyncSession, actor: Actor, script_id: str, *, marked: bool) -> None:
        """Say whether each run of a script waits for a second person; raise `NoSuchScript`, `NeedsSecondPerson`."""
        script = await find(session, actor, script_id, Permission.project_manage, lock=True)
        before, now = {"marked": script.marked}, {"marked": marked}
        if before != now:
            if not marked:
                await demand(session, actor, Operation.rules_change, acts.target(script), before, now)
            script.marked, script.updated_at = marked, clock.now()
            await session.flush()
            record(session, actor, "script.mark", acts.target(script), before, now)

    # What approvals ask of whatever is reviewed

    async def revision(self, session: AsyncSession, row: Approval) -> None:
        """Hold the script, whose saving keeps its open review up to date."""
        await repository.any_state(session, row.subject_id, lock=True)

    async def publish(self, session: AsyncSession, actor: Actor, row: Approval) -> None:
        """Publish the revision that was approved; raise `NoSuchVersion`, `NotOpen`."""
        script = await repository.any_state(session, row.subject_id, lock=True)
        version = await repository.version_number(session, row.subject_id, row.revision or 0)
        if script is None or script.deleted_at is not None or version is None:
            raise NoSuchVersion
        row.state, row.finished_at = after(State(row.state), Act.finish), clock.now()
        note(session, row, "published", actor)
        await self._put(session, actor, script, version, row.id)
        tell(self._bus, session, row)

    async def switch(self, session: AsyncSession, actor: Actor, project_id: str, *, on: bool) -> None:
        """Begin or end four-eyes publishing: what runs take at that moment is what is published."""
        everything = update(Script).where(Script.project_id == project_id)
        if not on:
            await session.execute(everything.values(published=None, published_id=None))
            await self._drop_reviews(session, project_id)
            return
        await session.execute(everything.values(published=Script.version, published_id=Script.version_id))
        now = clock.now()
        there = select(Script.id, Script.version_id, Script.version).where(Script.project_id == project_id)
        session.add_all(
            ScriptPublication(
                id=ids.new("pub"),
                script_id=script_id,
                version_id=version_id,
                number=number,
                published_at=now,
                published_by=actor.user_id,
            )
            for script_id, version_id, number in (await session.execute(there)).all()
        )
        await session.flush()

    async def gate(self, session: AsyncSession, project_id: str, operations: frozenset[Operation]) -> None:
        """Have submits look closer, or no more."""
        gated = bool(operations & OF_RUNS)
        await session.execute(update(Script).where(Script.project_id == project_id).values(gated=gated))

    # What saving asks

    async def moved(self, session: AsyncSession, script: Script) -> None:
        """Take note of a new version: an open review is of that now, and what was approved is so no longer."""
        row = await requests.open_of(session, script.id, KIND, lock=True)
        if row is not None:
            row.revision, row.state = script.version, after(State(row.state), Act.change)
            row.decided_by, row.decided_at, row.reason = None, None, ""
            row.authors = await _authors(session, script)
            note(session, row, "changed", None)
            tell(self._bus, session, row)

    # Parts

    async def _put(
        self, session: AsyncSession, actor: Actor, script: Script, version: ScriptVersion, approval_id: str | None
    ) -> None:
        assert version.number is not None  # noqa: S101 - it was found by its number
        before = {"published": script.published}
        script.published, script.published_id = version.number, version.id
        script.updated_at = now = clock.now()
        session.add(
            ScriptPublication(
                id=ids.new("pub"),
                script_id=script.id,
                version_id=version.id,
                number=version.number,
                approval_id=approval_id,
                published_at=now,
                published_by=actor.user_id,
            )
        )
        await session.flush()
        facts = {"published": version.number, "approval": approval_id}
        record(session, actor, "script.publish", acts.target(script), before, facts)
        logger.info("script.published", script_id=script.id, version=version.number, by=actor.user_id)
        told = {"id": script.id, "project": actor.project_name(project_of(script)), "version": script.version}
        topic = f"project:{script.project_id}"
        after_commit(session, lambda: self._bus.publish(topic, {"type": "script", "script": told}))

    async def _rebase(self, session: AsyncSession, script: Script) -> None:
        """Have an open review begin at what is published now: more of its changes, and of their authors, are new."""
        row = await requests.open_of(session, script.id, KIND, lock=True)
        if row is not None:
            row.base, row.authors = script.published, await _authors(session, script)
            row.state = after(State(row.state), Act.change)
            note(session, row, "changed", None)
            tell(self._bus, session, row)

    async def _drop_reviews(self, session: AsyncSession, project_id: str) -> None:
        there = select(Approval).where(
            Approval.project_id == project_id,
            Approval.kind == KIND,
            Approval.state.in_([state.value for state in OPEN]),
        )
        for row in (await session.scalars(there.with_for_update())).all():
            row.state, row.finished_at = after(State(row.state), Act.withdraw), clock.now()
            note(session, row, "withdraw", None)
            record(session, None, "approval.withdraw", target_of(row))
            tell(self._bus, session, row)


async def born(session: AsyncSession, script: Script) -> None:
    """Give a new script the rules of its project: by four eyes, nothing of it is published yet."""
    # Held until it is there, so that whoever changes the rules meanwhile finds it.
    query = select(Project.four_eyes, Project.second_person).where(Project.id == script.project_id)
    row = (await session.execute(query.with_for_update(read=True, key_share=True))).one_or_none()
    if row is not None:
        script.published_id = "" if row.four_eyes else None
        script.gated = not OF_RUNS.isdisjoint(row.second_person)


async def _authors(session: AsyncSession, script: Script) -> list[str]:
    """Return who wrote any of the versions after the published one."""
    query = select(ScriptVersion.author_id).where(
        ScriptVersion.script_id == script.id,
        ScriptVersion.number > (script.published or 0),
        ScriptVersion.author_id.is_not(None),
    )
    return sorted({author for author in await session.scalars(query) if author is not None})
