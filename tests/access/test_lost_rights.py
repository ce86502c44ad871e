"""Who loses a right loses it at once, everywhere; and what was never theirs never reaches them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runyard.access.models import User
from runyard.api.live import live
from runyard.environments.inventory import note_use
from tests.engine.yard import Running, opened, options, place, plain_logs

from .world import PASSWORD, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
plain_logs()
_count = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        for name in ("mine", "theirs"):
            await running.post("/projects", {"name": name}, 201)
        yield running


class Reader:
    """Somebody with a role in the project `mine`, and their place at the live socket."""

    def __init__(self, running: Running, username: str, token: str) -> None:
        self.running = running
        self.app = running.app
        self.username = username
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sent: list[dict[str, Any]] = []
        self.heard = asyncio.Event()
        self.closed: int | None = None
        self._given: asyncio.Queue[str] = asyncio.Queue()
        self._given.put_nowait('{"token": "' + token + '"}')

    async def accept(self) -> None:
        pass

    async def receive_text(self) -> str:
        return await self._given.get()

    async def send_json(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.heard.set()

    async def close(self, code: int = 1000) -> None:
        self.closed = self.closed or code

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of a kind; what came before it stays in `sent`."""
        while True:
            found = [message for message in self.sent if message["type"] == kind]
            if found:
                self.sent.remove(found[0])
                return found[0]
            self.heard.clear()
            await self.heard.wait()

    async def get(self, path: str) -> httpx.Response:
        return await self.running.client.get(path, headers=self.headers)


@pytest_asyncio.fixture(loop_scope="module")
async def reader(running: Running) -> AsyncIterator[Reader]:
    world = World(running)
    name = await world._user(f"fresh-reader-{next(_count)}")
    await running.post("/projects/mine/members", {"username": name, "role": "viewer"}, 201)
    token = (await world._in(name))["Authorization"].removeprefix("Bearer ")
    reader = Reader(running, name, token)
    serving = asyncio.create_task(live(reader))  # type: ignore[arg-type]
    await reader.until("hello")
    yield reader
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def project_id(running: Running, name: str) -> str:
    return str((await running.get(f"/projects/{name}"))["id"])


def tell(running: Running, project: str, run: str) -> None:
    facts = {"id": run, "project_id": project, "state": "running"}
    running.yard.bus.publish(f"project:{project}", {"type": "run", "run": facts})


async def test_a_viewers_socket_never_carries_another_projects_event(running: Running, reader: Reader) -> None:
    mine, theirs = await project_id(running, "mine"), await project_id(running, "theirs")
    bus = running.yard.bus
    for kind in ("run", "progress", "usage"):
        bus.publish(f"project:{theirs}", {"type": kind, "run": {"id": "run_theirs", "project_id": theirs}})
    bus.publish(f"project:{theirs}", {"type": "script", "script": {"id": "scr_theirs", "project": "theirs"}})
    bus.publish("environment:env_theirs", {"type": "environment", "environment": {"id": "env_theirs"}})
    await running.post("/scripts", {"name": "x", "language": "shell", "code": "true", "project": "theirs"}, 201)
    tell(running, mine, "run_mine")
    assert (await reader.until("run"))["run"] == {"id": "run_mine", "state": "running", "project": "mine"}
    assert reader.sent == []


async def test_an_environment_is_told_of_where_it_is_used(running: Running, reader: Reader) -> None:
    mine, theirs = await project_id(running, "mine"), await project_id(running, "theirs")
    world = World(running)
    ids = []
    for project in (mine, theirs):
        side = world.home
        side.things |= {"script_id": f"scr_{project}", "project_id": project}
        ids.append(await world._environment(side))
    for id_ in reversed(ids):
        running.yard.bus.publish(f"environment:{id_}", {"type": "environment", "environment": {"id": id_}})
    assert (await reader.until("environment"))["environment"]["id"] == ids[0]
    # As soon as the project uses it as well, it is told of.
    async with running.yard.database.write() as session:
        from runyard import clock

        await note_use(session, ids[1], mine, mine, clock.now(), current=False)
    running.yard.bus.publish(f"environment:{ids[1]}", {"type": "environment", "environment": {"id": ids[1]}})
    assert (await reader.until("environment"))["environment"]["id"] == ids[1]


async def test_who_is_no_member_any_more_hears_and_sees_nothing_more(running: Running, reader: Reader) -> None:
    mine = await project_id(running, "mine")
    assert (await reader.get("/projects/mine")).status_code == 200
    answer = await running.client.delete(f"/projects/mine/members/{reader.username}")
    assert answer.status_code == 204
    tell(running, mine, "run_late")
    assert (await reader.get("/projects/mine")).status_code == 404
    await running.post("/projects/mine/members", {"username": reader.username, "role": "viewer"}, 201)
    tell(running, mine, "run_again")
    assert (await reader.until("run"))["run"]["id"] == "run_again"
    assert reader.sent == []


async def test_a_changed_role_holds_at_once(running: Running, reader: Reader) -> None:
    await running.post("/roles", {"name": "reader of scripts", "permissions": ["script:read"]}, 201)
    assert (await reader.get("/runs?project=mine")).status_code == 200
    path = f"/projects/mine/members/{reader.username}"
    assert (await running.client.patch(path, json={"role": "reader of scripts"})).status_code == 200
    mine = await project_id(running, "mine")
    tell(running, mine, "run_late")
    body = {"name": "y", "language": "shell", "code": "true", "project": "mine"}
    script = (await running.post("/scripts", body, 201))["id"]
    assert (await reader.until("script"))["script"]["id"] == script
    assert reader.sent == []
    assert (await reader.get(f"/scripts/{script}")).status_code == 200
    assert (await running.client.patch("/roles/reader of scripts", json={"permissions": []})).status_code == 200
    assert (await reader.get(f"/scripts/{script}")).status_code == 403


async def test_who_is_disabled_is_out_at_once(running: Running, reader: Reader) -> None:
    assert (await running.client.patch(f"/users/{reader.username}", json={"disabled": True})).status_code == 200
    assert (await reader.get("/me")).status_code == 401
    async with asyncio.timeout(30):
        while reader.closed is None:
            await asyncio.sleep(0.01)
    assert reader.closed == 4401
    async with running.yard.database.read() as session:
        user = await session.get_one(User, (await running.get(f"/users/{reader.username}"))["id"])
        assert user.disabled


async def signs_out_there(running: Running, reader: Reader) -> None:
    async with httpx.AsyncClient(transport=running.client._transport, base_url="http://yard.test/api/v1") as browser:
        signed = await browser.post("/auth/login", json={"username": reader.username, "password": PASSWORD})
        again = {"Authorization": f"Bearer {signed.json()['access_token']}"}
        mine = (await browser.get("/me/sessions", headers=again)).json()["items"]
        [there] = [one["id"] for one in mine if not one["current"]]
        assert (await browser.delete(f"/me/sessions/{there}", headers=again)).status_code == 204


async def is_signed_out(running: Running, reader: Reader) -> None:
    path = f"/users/{reader.username}/sessions"
    [one] = (await running.get(path))["items"]
    assert (await running.client.delete(f"{path}/{one['id']}")).status_code == 204


async def has_a_new_password(running: Running, reader: Reader) -> None:
    answer = await running.client.post(f"/users/{reader.username}/password", json={})
    assert answer.status_code == 200, answer.text


async def is_disabled(running: Running, reader: Reader) -> None:
    answer = await running.client.patch(f"/users/{reader.username}", json={"disabled": True})
    assert answer.status_code == 200


async def reads_a_token_that_is_revoked(running: Running, reader: Reader) -> None:
    tokens = (await running.get("/tokens", all=True, limit=200))["items"]
    [one] = [token["id"] for token in tokens if token["username"] == reader.username]
    assert (await running.client.delete(f"/tokens/{one}")).status_code == 204


@pytest.mark.parametrize(
    "ends", [signs_out_there, is_signed_out, has_a_new_password, is_disabled, reads_a_token_that_is_revoked]
)
async def test_an_end_is_the_end_of_all_that_is_open(
    running: Running, reader: Reader, ends: Callable[[Running, Reader], Awaitable[None]]
) -> None:
    """The socket and the stream that are open at that moment tell nothing of what happens after it."""
    if ends is reads_a_token_that_is_revoked:
        body = {"name": "reads", "permissions": ["run:read"]}
        made = await running.client.post("/tokens", json=body, headers=reader.headers)
        reader.headers = {"Authorization": f"Bearer {made.json()['token']}"}
        reader._given.put_nowait('{"token": "' + made.json()["token"] + '"}')
        await asyncio.sleep(0.1)
    mine = await project_id(running, "mine")
    body = {"name": ends.__name__, "language": "shell", "code": "while :; do echo one; sleep 0.05; done"}
    script = (await running.post("/scripts", {**body, "project": "mine"}, 201))["id"]
    run = (await running.post(f"/scripts/{script}/runs", {}))["id"]
    await running.printed(run, "one")
    following = asyncio.create_task(reader.get(f"/runs/{run}/logs/stream"))
    await asyncio.sleep(0.2)
    assert not following.done()
    await ends(running, reader)
    reader.sent.clear()
    printed = (await running.log(run)).count("one")
    tell(running, mine, "run_late")
    async with asyncio.timeout(30):
        text = (await following).text
        while reader.closed is None:
            await asyncio.sleep(0.01)
    assert reader.closed == 4401
    assert reader.sent == []
    assert 0 < text.count('"one"') <= printed
    assert "event: end" not in text
    assert (await reader.get("/me")).status_code == 401
    await running.cancel(run)
    await running.finished(run)


async def test_the_stream_of_a_log_ends_with_the_right_to_it(running: Running, reader: Reader) -> None:
    body = {"name": "long", "language": "shell", "code": "echo one; sleep 600", "project": "mine"}
    script = (await running.post("/scripts", body, 201))["id"]
    run = (await running.post(f"/scripts/{script}/runs", {}))["id"]
    await running.printed(run, "one")
    following = asyncio.create_task(reader.get(f"/runs/{run}/logs/stream"))
    await asyncio.sleep(0.2)
    assert not following.done()
    assert (await running.client.delete(f"/projects/mine/members/{reader.username}")).status_code == 204
    text = (await following).text
    assert '"text":"one"' in text.replace('": "', '":"')
    assert "event: end" not in text
    await running.cancel(run)
    await running.finished(run)
