"""Snippets: one's own, and those that a project shares."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.editor import repository
from runyard.editor.models import Snippet
from runyard.editor.problems import NoSuchSnippet, TooManySnippets
from runyard.editor.schemas import NewSnippet, SnippetChange
from runyard.errors import Forbidden
from runyard.ids import ProjectId

MOST_EACH = 500


class Shown(Struct, frozen=True):
    """A snippet as somebody sees it."""

    snippet: Snippet
    owner: str | None
    may_change: bool


class SnippetService:
    """Keeps snippets. Own ones are nobody else's; shared ones are read and changed as a project's scripts are."""

    async def visible(
        self, session: AsyncSession, actor: Actor, project: str | None, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Shown]:
        """Return up to `limit` of the actor's own snippets and those of their projects, or of the one named.

        By prefix and id, beyond `after`. Raises: NoSuchProject.
        """
        projects = actor.projects(Permission.script_read, project)
        rows = await repository.visible(session, actor.user_id, projects, after, limit)
        return [Shown(snippet, owner, _may_change(actor, snippet)) for snippet, owner in rows]

    async def create(self, session: AsyncSession, actor: Actor, body: NewSnippet) -> Shown:
        """Keep a new snippet.

        Raises: NoSuchProject and Forbidden where it can't be shared; TooManySnippets.
        """
        project_id = None if body.project is None else actor.project(body.project, Permission.script_write)
        if await repository.count(session, actor.user_id) >= MOST_EACH:
            raise TooManySnippets
        now = clock.now()
        snippet = Snippet(
            id=ids.new("snip"),
            owner_id=actor.user_id,
            project_id=project_id,
            prefix=body.prefix,
            title=body.title,
            language=body.language,
            body=body.body,
            created_at=now,
            updated_at=now,
        )
        session.add(snippet)
        about(_target(snippet), after=_facts(snippet))
        await session.flush()
        return Shown(snippet, actor.username, may_change=True)

    async def change(self, session: AsyncSession, actor: Actor, id_: str, change: SnippetChange) -> Shown:
        """Change what `change` names. Only its owner can take a snippet back from a project.

        Raises: NoSuchSnippet, NoSuchProject, Forbidden.
        """
        snippet, owner = await self._changeable(session, actor, id_)
        before = _facts(snippet)
        for name in change.model_fields_set - {"project"}:
            setattr(snippet, name, getattr(change, name))
        if "project" in change.model_fields_set:
            if change.project is None and snippet.owner_id != actor.user_id:
                raise Forbidden
            project = change.project
            snippet.project_id = None if project is None else actor.project(project, Permission.script_write)
        snippet.updated_at = clock.now()
        about(_target(snippet), before, _facts(snippet))
        await session.flush()
        return Shown(snippet, owner, may_change=True)

    async def delete(self, session: AsyncSession, actor: Actor, id_: str) -> None:
        """Forget a snippet; raise `NoSuchSnippet`, `Forbidden`."""
        snippet, _ = await self._changeable(session, actor, id_)
        about(_target(snippet), _facts(snippet))
        await session.delete(snippet)

    async def _changeable(self, session: AsyncSession, actor: Actor, id_: str) -> tuple[Snippet, str | None]:
        found = await repository.find(session, id_)
        if found is None:
            raise NoSuchSnippet
        snippet = found[0]
        if snippet.project_id is not None:
            actor.demand(Permission.script_write, ProjectId(snippet.project_id), NoSuchSnippet)
        elif snippet.owner_id != actor.user_id:
            raise NoSuchSnippet
        return found


def _target(snippet: Snippet) -> Target:
    return Target("snippet", snippet.id, snippet.title or snippet.prefix, snippet.project_id)


def _facts(snippet: Snippet) -> dict[str, str | None]:
    names = ("prefix", "title", "language", "body", "project_id")
    return {name: getattr(snippet, name) for name in names}


def _may_change(actor: Actor, snippet: Snippet) -> bool:
    if snippet.project_id is None:
        return snippet.owner_id == actor.user_id
    return actor.may(Permission.script_write, ProjectId(snippet.project_id))
