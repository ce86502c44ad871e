from typing import Any

import pytest
from fastapi import FastAPI

from runyard import clock
from runyard.access.models import User
from runyard.access.service import AccessService
from runyard.db.session import Database
from runyard.editor import snippets as rules
from runyard.editor.routes import router
from runyard.editor.snippets import SnippetService
from runyard.projects.models import Project
from runyard.web import problems
from runyard.web.depends import provide

from .yard import PEOPLE, Api, Doorman

BODY = {"prefix": "main", "title": "Main guard", "language": "python", "body": "if __name__ == '__main__':\n    ${}"}


@pytest.fixture
async def api(database: Database) -> Api:
    async with database.write() as session:
        for name in ("default", "side", "other"):
            session.add(Project(id=f"prj_{name}", name=name, created_at=clock.now()))
        for name in PEOPLE:
            session.add(User(id=f"usr_{name}", username=name, username_key=name, created_at=clock.now()))
    app = FastAPI()
    app.include_router(router)
    problems.install(app)
    provide(app.state, database, SnippetService())
    app.state.provided[AccessService] = Doorman()
    return Api(app)


async def test_own_snippets_are_nobody_elses(api: Api) -> None:
    mine = await api("ada", "POST", "/snippets", 201, **BODY)
    assert (mine["mine"], mine["may_change"], mine["project"], mine["owner"]) == (True, True, None, "ada")
    assert (await api.seen("ada"), await api.seen("bob")) == (["main"], [])
    await api("bob", "PATCH", f"/snippets/{mine['id']}", 404, title="Mine")
    await api("bob", "DELETE", f"/snippets/{mine['id']}", 404)
    changed = await api("ada", "PATCH", f"/snippets/{mine['id']}", 200, prefix="guard", body="x")
    assert (changed["prefix"], changed["body"], changed["title"]) == ("guard", "x", "Main guard")
    await api("ada", "DELETE", f"/snippets/{mine['id']}", 204)
    await api("ada", "DELETE", f"/snippets/{mine['id']}", 404)
    assert await api.seen("ada") == []


async def test_shared_snippets_follow_the_project(api: Api) -> None:
    shared = await api("bob", "POST", "/snippets", 201, **BODY, project="default")
    await api("bob", "POST", "/snippets", 201, **{**BODY, "prefix": "aside"}, project="side")
    assert await api.seen("bob") == ["aside", "main"]
    assert await api.seen("bob", "?project=default") == await api.seen("ada") == await api.seen("vic") == ["main"]
    assert await api.seen("zoe") == []
    await api("zoe", "GET", "/snippets?project=default", 404)
    await api("zoe", "DELETE", f"/snippets/{shared['id']}", 404)
    await api("vic", "DELETE", f"/snippets/{shared['id']}", 403)
    await api("vic", "POST", "/snippets", 403, **BODY, project="default")
    # A colleague may mend it, but not make it their own.
    assert (await api("ada", "PATCH", f"/snippets/{shared['id']}", 200, title="Better"))["mine"] is False
    await api("ada", "PATCH", f"/snippets/{shared['id']}", 403, project=None)
    assert (await api("bob", "PATCH", f"/snippets/{shared['id']}", 200, project=None))["project"] is None
    assert await api.seen("ada") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"prefix": ""},
        {"prefix": "two words"},
        {"prefix": "x" * 41},
        {"title": " "},
        {"body": ""},
        {"body": "x" * 20_001},
        {"language": "cobol"},
        {"more": 1},
    ],
)
async def test_a_malformed_snippet_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    await api("ada", "POST", "/snippets", 422, **{**BODY, **wrong})
    assert await api.seen("ada") == []


async def test_nobody_keeps_snippets_without_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_EACH", 1)
    await api("ada", "POST", "/snippets", 201, **BODY)
    assert (await api("ada", "POST", "/snippets", 409, **BODY))["code"] == "too_many_snippets"
    await api("bob", "POST", "/snippets", 201, **BODY)
