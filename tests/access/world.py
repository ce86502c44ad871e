"""Two projects with one of everything in each, and everybody who may knock: what the matrix is walked with."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from runyard import clock, ids
from runyard.access.models import User
from runyard.access.permissions import ROLES, Permission, Role, of_token
from runyard.approvals.models import Approval, ApprovalEntry
from runyard.environments.models import Environment, EnvironmentPackage, EnvironmentUse
from runyard.scripts.models import ScriptSource, ScriptVersion
from tests.engine.yard import Running

PASSWORD = "correct horse"
_count = itertools.count()


@dataclass
class Side:
    """A project, and the ids of what is in it, by the names that routes give them."""

    name: str
    things: dict[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> list[str]:
        """What no answer to anybody else may hold."""
        return [self.name, *(value for key, value in self.things.items() if key.endswith("_id"))]


@dataclass
class Persona:
    """Somebody who asks: their headers, and what they hold in the project that is their own."""

    name: str
    headers: dict[str, str]
    held: frozenset[Permission] = frozenset()
    scopes: frozenset[Permission] | None = None
    everywhere: bool = False
    member: bool = True


class World:
    """A running yard with two sides and all personas."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.home = Side("zzhome")
        self.foreign = Side("zzforeign")
        self.personas: list[Persona] = []
        self.tokens: list[Persona] = []

    async def build(self) -> None:
        """Make everything."""
        people = {name: await self._user(name) for name in ("nobody", "viewer", "developer", "admin", "other")}
        for side in (self.home, self.foreign):
            await self._fill(side)
        for name in ("viewer", "developer", "admin"):
            body = {"username": f"p-{name}", "role": name}
            await self.running.post(f"/projects/{self.home.name}/members", body, 201)
            await self.running.post(f"/teams/{self.home.things['team']}/members", {"username": f"p-{name}"}, 201)
        await self.running.post(
            f"/projects/{self.home.name}/members", {"username": "p-other", "role": "developer"}, 201
        )
        root = self.running.client.headers["Authorization"]
        self.personas = [
            Persona("anonymous", {}),
            Persona("nobody", await self._in(people["nobody"]), member=False),
            *[Persona(role.value, await self._in(people[role.value]), ROLES[role]) for role in reversed(Role)],
            Persona("root", {"Authorization": root}, frozenset(Permission), everywhere=True),
        ]
        admin = next(persona for persona in self.personas if persona.name == "admin")
        for scope in Permission:
            maker = self.personas[-1] if scope is Permission.system_manage else admin
            text = (await self._token(maker, [scope]))["token"]
            headers = {"Authorization": f"Bearer {text}"}
            self.tokens.append(Persona(f"token {scope}", headers, of_token([scope]), of_token([scope])))

    async def fresh(self, what: str, side: Side, persona: Persona) -> dict[str, str]:
        """Make a thing that a request may use up; return what it is called in paths."""
        new = f"fresh-{next(_count)}"
        if what == "token":
            return {"token_id": (await self._token(self._maker(side, persona), [Permission.self_read]))["id"]}
        if what in {"user", "role", "team", "project", "member", "project_team"}:
            return await self._fresh_of_people(what, side, new)
        if what == "job":
            return {"job_id": (await self._job(side, new))["id"]}
        if what == "blackout":
            made = await self.running.post("/blackouts", {"name": new, "project": side.name}, 201)
            return {"blackout_id": made["id"]}
        return await self._fresh_of_scripts(what, side, new)

    def _maker(self, side: Side, persona: Persona) -> Persona:
        """Return whose token is to be revoked: on the foreign side somebody else's."""
        root = self.personas[-1]
        if side is self.foreign or not persona.headers:
            return root
        if persona.scopes is None or Permission.system_manage in persona.held:
            return root if persona.scopes is not None else persona
        return next(one for one in self.personas if one.name == "admin")

    async def _fresh_of_scripts(self, what: str, side: Side, new: str) -> dict[str, str]:
        run, script = self.running, side.things["script_id"]
        if what == "script":
            return {"script_id": await self._script(side, new)}
        if what == "category":
            made = await run.post("/categories", {"name": new, "project": side.name}, 201)
            return {"category_id": made["id"]}
        if what == "set":
            made = await run.post(f"/scripts/{script}/parameter-sets", {"name": new}, 201)
            return {"set_id": made["id"]}
        if what == "source":
            await self._source(script)
            return {}
        if what in {"secret", "variable", "connection"}:
            return {f"{what}_id": await self._entry(what, side, new)}
        if what == "approval":
            return await self._approval(side)
        if what == "snippet":
            return {"snippet_id": await self._snippet(side, new)}
        base = await self._environment(side)
        if what == "trial":
            await self._environment(side, trial_of=base)
        return {"environment_id": base}

    async def _entry(self, kind: str, side: Side, name: str) -> str:
        settings = {"kind": "http", "url": "https://127.0.0.1:9"}
        held = {"settings": settings} if kind == "connection" else {"value": "a value"}
        body = {"name": name.replace("-", "_"), "project": side.name, **held}
        return str((await self.running.post(f"/{kind}s", body, 201))["id"])

    async def _fresh_of_people(self, what: str, side: Side, new: str) -> dict[str, str]:
        run = self.running
        if what == "project":
            await run.post("/projects", {"name": new}, 201)
            for name in ("viewer", "developer", "admin") if side is self.home else ():
                await run.post(f"/projects/{new}/members", {"username": f"p-{name}", "role": name}, 201)
            return {"project": new}
        if what in {"user", "member"}:
            made = await self._user(new)
            if what == "member":
                await run.post(f"/projects/{side.name}/members", {"username": made, "role": "viewer"}, 201)
            return {"user": made}
        if what == "role":
            return {"role": (await run.post("/roles", {"name": new, "permissions": []}, 201))["id"]}
        team = (await run.post("/teams", {"name": new}, 201))["id"]
        if what == "project_team":
            await run.post(f"/projects/{side.name}/teams", {"team": team, "role": "viewer"}, 201)
        return {"team": team}

    # Parts

    async def _user(self, name: str) -> str:
        username = name if name.startswith("fresh") else f"p-{name}"
        async with self.running.yard.database.write() as session:
            from runyard.access.passwords import Cost, Passwords
            from runyard.access.repository import folded

            hashed = await Passwords(Cost(passes=1, memory_kib=64)).hash(PASSWORD)
            session.add(
                User(
                    id=ids.new("usr"),
                    username=username,
                    username_key=folded(username),
                    password_hash=hashed,
                    created_at=clock.now(),
                )
            )
        return username

    async def _in(self, username: str) -> dict[str, str]:
        body = {"username": username, "password": PASSWORD}
        answer = await self.running.client.post("/auth/login", json=body, headers={"Authorization": ""})
        assert answer.status_code == 200, answer.text
        # The cookie would sign somebody else in.
        self.running.client.cookies.clear()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def _token(self, maker: Persona, scopes: list[Permission]) -> dict[str, Any]:
        body = {"name": "key", "permissions": scopes}
        answer = await self.running.client.post("/tokens", json=body, headers=maker.headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def _script(self, side: Side, name: str) -> str:
        code = f"echo {side.name}; echo {side.name} > a.txt; exit 3"
        body = {"name": name, "language": "shell", "code": code, "project": side.name, "tags": [f"{side.name}-tag"]}
        return str((await self.running.post("/scripts", {**body, "folder": f"{side.name}-folder"}, 201))["id"])

    async def _fill(self, side: Side) -> None:
        run = self.running
        made = await run.post("/projects", {"name": side.name, "description": f"{side.name} itself"}, 201)
        things = side.things
        things |= {"project": side.name, "project_id": made["id"], "number": "1", "path": "a.txt"}
        things["category_id"] = (
            await run.post("/categories", {"name": f"{side.name}-category", "project": side.name}, 201)
        )["id"]
        script = things["script_id"] = await self._script(side, f"{side.name}-script")
        things["set_id"] = (await run.post(f"/scripts/{script}/parameter-sets", {"name": f"{side.name}-set"}, 201))[
            "id"
        ]
        things["run_id"] = (await run.post(f"/scripts/{script}/runs", {}))["id"]
        await run.finished(things["run_id"])
        [group] = (await run.get("/failures", project=side.name))["items"]
        things["failure_id"] = group["id"]
        things["environment_id"] = await self._environment(side)
        await self._environment(side, trial_of=things["environment_id"])
        await self._source(script)
        for kind in ("secret", "variable", "connection"):
            things[f"{kind}_id"] = await self._entry(kind, side, kind)
        things["snippet_id"] = await self._snippet(side, f"{side.name}-snippet")
        things |= await self._approval(side)
        job = await self._job(side, f"{side.name}-job")
        blackout = await run.post("/blackouts", {"name": f"{side.name}-nights", "project": side.name}, 201)
        things |= {"blackout_id": blackout["id"], "job_id": job["id"], "trigger_id": job["triggers"][0]["id"]}
        team = (await run.post("/teams", {"name": f"{side.name}-team"}, 201))["id"]
        things |= {"team": team, "team_id": team}
        await run.post(f"/projects/{side.name}/teams", {"team": team, "role": "viewer"}, 201)
        member = await self._user(side.name)
        await run.post(f"/projects/{side.name}/members", {"username": member, "role": "developer"}, 201)
        things |= {"user": member, "other": "p-other"}
        role = await run.post(
            "/roles", {"name": f"{side.name.removeprefix('zz')} role", "permissions": ["run:read"]}, 201
        )
        things["role"] = role["id"]
        things["interpreter_id"] = "int_none"
        month = "2026-01.ndjson.gz"
        folder = run.data / "archive" / made["id"]
        folder.mkdir()
        (folder / month).write_bytes(b"")
        things["name"] = month
        async with run.yard.database.write() as session:
            script_row = await run.get(f"/scripts/{script}/versions/1")
            version = await session.get_one(ScriptVersion, script_row["id"])
            version.options = {**version.options, "entry": "a.txt"}

    async def _job(self, side: Side, name: str) -> dict[str, Any]:
        target = {"kind": "script", "id": side.things["script_id"]}
        body = {"name": name, "project": side.name, "target": target, "triggers": [{"type": "webhook"}]}
        return dict(await self.running.post("/jobs", body, 201))

    async def _snippet(self, side: Side, title: str) -> str:
        body = {"prefix": "x", "title": title, "body": "x", "project": side.name}
        return str((await self.running.post("/snippets", body, 201))["id"])

    async def _approval(self, side: Side) -> dict[str, str]:
        now = clock.now()
        approval, comment = ids.new("apv"), ids.new("ape")
        async with self.running.yard.database.write() as session:
            asker = (await session.scalars(select(User.id).where(User.username == "p-other"))).one()
            facts = {"subject_kind": "script", "subject_id": side.things["script_id"], "changes": {}, "authors": []}
            session.add(
                Approval(
                    id=approval,
                    project_id=side.things["project_id"],
                    kind="script.publish",
                    state="waiting",
                    revision=1,
                    asked_by=asker,
                    asked_at=now,
                    **facts,
                )
            )
            await session.flush()
            session.add(ApprovalEntry(id=comment, approval_id=approval, what="comment", user_id=asker, at=now))
        return {"approval_id": approval, "comment": comment}

    async def _source(self, script: str) -> None:
        async with self.running.yard.database.write() as session:
            if await session.get(ScriptSource, script) is None:
                session.add(ScriptSource(script_id=script, kind="git", url="https://127.0.0.1:9/x.git", path="a.sh"))

    async def _environment(self, side: Side, trial_of: str | None = None) -> str:
        now = clock.now()
        id_ = ids.new("env")
        async with self.running.yard.database.write() as session:
            session.add(
                Environment(
                    id=id_,
                    request_hash=id_,
                    current=None if trial_of else id_,
                    kind="python",
                    requirements=[f"{side.name}-library"],
                    interpreter="Python",
                    interpreter_path="/nowhere",
                    state="ready",
                    packages=[{"name": f"{side.name}-library", "version": "1"}],
                    created_at=now,
                    trial_of=trial_of,
                )
            )
            await session.flush()
            session.add(EnvironmentPackage(environment_id=id_, name=f"{side.name}-library", version="1"))
            script = side.things["script_id"]
            if not trial_of:
                place = {"project_id": side.things["project_id"], "current": False, "last_used_at": now}
                session.add(EnvironmentUse(environment_id=id_, script_id=script, **place))
        return id_
