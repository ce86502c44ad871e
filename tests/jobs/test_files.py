"""Files that arrive, in folders and in object stores, and the runs that are started by them; on each database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runyard import clock
from runyard.engine.watcher import Watcher
from runyard.jobs.mending import Mending
from tests.conftest import fresh_postgres
from tests.connections.amazon import Amazon, amazon
from tests.engine.yard import Running, opened, options, place, plain_logs

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")
INPUT = {"key": "INPUT", "label": "Input", "type": "file"}
WHERE = {"key": "WHERE", "label": "Where", "type": "text"}
SIZE = {"key": "SIZE", "label": "Size", "type": "number"}
READS = 'printf \'{"said":"%s","where":"%s","size":%s}\' "$(cat "$INPUT")" "$WHERE" "$SIZE" > "$RUNYARD_OUTPUTS"'
MAPPING = {"INPUT": "file.name", "WHERE": "file.path", "SIZE": "file.size"}


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drop")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def yard(request: pytest.FixtureRequest, drop: Path) -> AsyncIterator[Running]:
    changes: dict[str, Any] = {
        "jobs": {"watched": (str(drop),), "watched_files": 40},
        "limits": {"upload": 1000},
        "fetch_allow": ("127.0.0.0/8",),
    }
    if request.param == "postgresql":
        changes["database_url"] = await fresh_postgres(request.getfixturevalue("postgres_url"))
    async with place() as data, opened(options(data, **changes)) as running:
        # Tests look when they want to, and nobody beside them.
        assert running.yard.lookout is not None
        await running.yard.lookout.stop()
        yield running


class Waiting:
    """A job that waits for files in a folder of its own."""

    def __init__(self, yard: Running, job: dict[str, Any], folder: Path) -> None:
        self.yard = yard
        self.job = job["id"]
        self.trigger = job["triggers"][0]["id"]
        self.folder = folder

    async def look(self, watcher: Watcher | None = None) -> None:
        """Look once, however lately that was done."""
        watcher = watcher or self.yard.yard.watcher
        watcher._due.clear()
        await watcher.look_around()

    async def deliveries(self) -> list[dict[str, Any]]:
        return list((await self.yard.get(f"/triggers/{self.trigger}/deliveries"))["items"])

    async def said(self) -> list[tuple[str, str]]:
        return [(row["outcome"], row["reason"]) for row in await self.deliveries()]

    async def runs(self) -> list[dict[str, Any]]:
        found = (await self.yard.get("/runs", job_id=self.job))["items"]
        return [await self.yard.finished(run["id"]) for run in reversed(found)]


async def waiting(yard: Running, drop: Path, **trigger: Any) -> Waiting:
    job = {key: trigger.pop(key) for key in ("settings",) if key in trigger}
    script = await yard.script(READS, parameters=[INPUT, WHERE, SIZE])
    folder = drop / script
    folder.mkdir()
    spec = {"type": "file", "settle_s": 0, "every_s": 5, "mapping": MAPPING, "folder": str(folder)} | trigger
    spec = {key: value for key, value in spec.items() if value is not None}
    body = {"name": script, "target": {"kind": "script", "id": script}, "triggers": [spec], **job}
    made = await yard.post("/jobs", body, 201)
    await asyncio.sleep(0.05)  # a file's time is as coarse as the kernel's tick
    return Waiting(yard, made, folder)


async def test_a_file_starts_a_run_that_has_it_once(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop, glob="*.csv")
    (job.folder / "a.csv").write_text("hello")
    (job.folder / "b.txt").write_text("no")
    await job.look()
    await job.look()
    [run] = await job.runs()
    assert run["outputs"] == {"said": "hello", "where": f"{job.folder}/a.csv", "size": 5}
    assert (run["trigger"]["kind"], run["trigger_id"], run["uploads"]) == ("file", job.trigger, ["a.csv"])
    [row] = await job.deliveries()
    assert (row["outcome"], row["kind"], row["run_id"], row["status"]) == ("accepted", "file", run["id"], None)
    assert row["detail"]["file"]["path"] == f"{job.folder}/a.csv"
    (job.folder / "a.csv").write_text("again")
    await job.look()
    assert [run["outputs"]["said"] for run in await job.runs()] == ["hello", "again"]


async def test_several_watchers_at_once_start_one_run(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop)
    for n in range(5):
        (job.folder / f"{n}").write_text(str(n))
    inner = yard.yard
    watchers = [Watcher(inner.settings, inner.database, inner.arrivals, inner.watcher._stores) for _ in range(3)]
    await asyncio.gather(*[job.look(each) for each in watchers])
    assert sorted(run["outputs"]["said"] for run in await job.runs()) == list("01234")
    left = {path.name for path in (yard.data / "work").iterdir()}
    assert len(await job.deliveries()) == 5
    assert {run["id"] for run in await job.runs()} <= left
    known = {run["id"] for run in (await yard.get("/runs", limit=500))["items"]}
    assert {name for name in left if name.startswith("run_")} <= known


async def test_what_lay_there_before_and_what_is_still_written_is_left(yard: Running, drop: Path) -> None:
    script = drop / "before"
    script.mkdir(exist_ok=True)
    (script / "old").write_text("old")
    await asyncio.sleep(0.05)
    job = await waiting(yard, drop, folder=str(script), settle_s=3600)
    (script / "new").write_text("new")
    await job.look()
    assert await job.deliveries() == []
    answer = await yard.client.patch(
        f"/jobs/{job.job}",
        json={"triggers": [{"type": "file", "folder": str(script), "settle_s": 0, "mapping": MAPPING, "every_s": 5}]},
    )
    assert answer.status_code == 200, answer.text


async def test_nothing_is_lost_while_a_job_is_paused(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop)
    await yard.client.patch(f"/jobs/{job.job}", json={"enabled": False})
    (job.folder / "a").write_text("a")
    await job.look()
    assert await job.deliveries() == []
    await yard.client.patch(f"/jobs/{job.job}", json={"enabled": True})
    await job.look()
    assert await job.said() == [("accepted", "")]


async def test_files_wait_for_the_end_of_a_blackout(yard: Running, drop: Path) -> None:
    window = {"type": "between", "name": "release", "start": "2020-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z"}
    calendar = await yard.post("/blackouts", {"name": "files", "timezone": "UTC", "windows": [window]}, 201)
    job = await waiting(yard, drop, settings={"calendars": [calendar["id"]]})
    await job.look()
    assert await job.deliveries() == []
    (job.folder / "a").write_text("a")
    await job.look()
    await job.look()
    assert await job.said() == [("refused", "job_in_blackout")]
    over = {"windows": [window | {"end": "2020-01-02T00:00:00Z"}]}
    assert (await yard.client.patch(f"/blackouts/{calendar['id']}", json=over)).is_success
    await job.look()
    assert await job.said() == [("accepted", ""), ("refused", "job_in_blackout")]


async def test_files_wait_where_the_job_skips(yard: Running, drop: Path) -> None:
    # In a queue that no worker serves a run stays until somebody ends it.
    job = await waiting(yard, drop, settings={"overlap": "skip", "queue": "unserved"})
    for name in ("a", "b"):
        (job.folder / name).write_text(name)
    await job.look()
    assert sorted(await job.said()) == [("accepted", ""), ("failed", "concurrency_skipped")]
    for taken in (["a"], ["b"]):
        [queued] = (await yard.get("/runs", job_id=job.job, state="queued"))["items"]
        assert (await yard.get(f"/runs/{queued['id']}"))["uploads"] == taken
        await yard.post(f"/runs/{queued['id']}/cancel", {})
        await job.look()


async def test_what_can_not_be_taken_is_told_once(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop, mapping={**MAPPING, "SIZE": "file.nothing"})
    (job.folder / "a").write_text("a")
    large = await waiting(yard, drop)
    (large.folder / "b").write_bytes(b"b" * 1001)
    for _ in range(2):
        await job.look()
    assert await job.said() == [("failed", "mapping_failed")]
    assert await large.said() == [("failed", "too_large")]
    assert await job.runs() == await large.runs() == []


async def test_names_that_are_no_text(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop)
    os.close(os.open(os.fsencode(job.folder) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    await job.look()
    await job.look()
    assert await job.said() == [("failed", "bad_upload")]


async def test_folders_that_nobody_may_watch_are_refused_when_they_are_saved(yard: Running, drop: Path) -> None:
    script = await yard.script("true")
    for folder in ("/etc", str(yard.data), str(yard.data / "spool"), str(drop / ".." / "etc")):
        body = {"name": "x", "target": {"id": script}, "triggers": [{"type": "file", "folder": folder}]}
        told = await yard.post("/jobs", body, 422)
        assert [(each["field"], each["code"]) for each in told["errors"]] == [("triggers.0.folder", "folder_refused")]


async def standing(job: Waiting) -> tuple[str, str | None, list[str | None]]:
    """Return how a job stands, why, and what is the matter with each of its triggers; lists find it by that."""
    body = await job.yard.get(f"/jobs/{job.job}")
    listed = {each["id"] for each in (await job.yard.get("/jobs", state=body["state"], limit=500))["items"]}
    assert job.job in listed
    troubles = [(each["trouble"] or {}).get("code") for each in body["triggers"]]
    return body["state"], (body["broken"] or {}).get("code"), troubles


async def test_a_job_whose_folder_is_not_there_is_broken_until_it_is(yard: Running, drop: Path) -> None:
    folder = drop / "later"
    folder.mkdir(exist_ok=True)
    job = await waiting(yard, drop, folder=str(folder))
    assert await standing(job) == ("on", None, [None])
    [[project]] = await yard.rows("SELECT id FROM projects WHERE name = 'default'")
    with yard.yard.bus.subscribe(f"project:{project}") as news:
        # The yard's own watcher may be the first to see it.
        folder.rmdir()
        for _ in range(2):
            await job.look()
        told: list[str] = []
        async with asyncio.timeout(30):
            while not told:
                found = [(await news.get())[1], *(said for _, said in news.pending())]
                jobs = [said["job"] for said in found if said.get("type") == "job"]
                told += [each["change"] for each in jobs if each["id"] == job.job]
    assert told == ["health"]
    assert await standing(job) == ("broken", "folder_missing", ["folder_missing"])
    # Once an hour, and one may begin meanwhile.
    assert set(await job.said()) == {("failed", "folder_missing")}
    folder.mkdir()
    await job.look()
    assert await standing(job) == ("on", None, [None])


async def test_a_job_whose_folder_is_allowed_no_more_is_broken(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop)
    hourly = {"type": "cron", "cron": "0 * * * *"}
    body = await yard.get(f"/jobs/{job.job}")
    path, mine = f"/jobs/{job.job}", body["triggers"][0]
    assert (await yard.client.patch(path, json={"triggers": [mine, hourly]})).status_code == 200
    inner = yard.yard
    settings = inner.settings.model_copy(update={"jobs": inner.settings.jobs.model_copy(update={"watched": ()})})
    strict = Watcher(settings, inner.database, inner.arrivals, inner.watcher._stores)
    await job.look(strict)
    assert await standing(job) == ("broken", "folder_refused", ["folder_refused", None])
    body = await yard.get(path)
    assert "jobs.watched" in body["broken"]["message"]
    # By the clock it goes on.
    assert body["next"]["trigger_id"] == body["triggers"][1]["id"]
    assert await Mending(inner.database, inner.firing).mend() == []
    assert (await yard.client.patch(path, json={"description": "x"})).status_code == 200
    assert (await standing(job))[0] == "broken"
    off = [{**mine, "enabled": False}, body["triggers"][1]]
    assert (await yard.client.patch(path, json={"triggers": off})).status_code == 200
    assert await standing(job) == ("on", None, [None, None])


async def test_a_file_with_other_names_keeps_no_other_waiting(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop)
    (drop / "kept").write_text("secret")
    os.link(drop / "kept", job.folder / "a")
    (job.folder / "b").write_text("b")
    for _ in range(2):
        await job.look()
    assert sorted(set(await job.said())) == [("accepted", ""), ("failed", "file_refused")]
    assert [run["uploads"] for run in await job.runs()] == [["b"]]
    (drop / "kept").unlink()
    await job.look()
    assert [run["uploads"] for run in await job.runs()] == [["b"], ["a"]]


async def test_too_many_names_are_told(yard: Running, drop: Path) -> None:
    job = await waiting(yard, drop, glob="*.csv")
    for n in range(60):
        (job.folder / str(n)).touch()
    await job.look()
    assert await job.said() == [("failed", "too_many_files")]
    assert "jobs.watched_files" in (await job.deliveries())[0]["detail"]["message"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Amazon]:
    with amazon() as made:
        yield made


async def test_objects_of_a_bucket(yard: Running, drop: Path, cloud: Amazon) -> None:
    bucket = f"b{clock.to_us(clock.now())}"
    client = cloud.client("s3")
    await asyncio.to_thread(client.create_bucket, Bucket=bucket)
    settings = {"kind": "s3", "endpoint": cloud.url, "bucket": bucket, **cloud.keys}
    name = f"STORE{clock.to_us(clock.now())}"
    await yard.post("/connections", {"name": name, "settings": settings}, 201)
    job = await waiting(yard, drop, folder=None, connection=name, glob="in/*.csv")
    await asyncio.sleep(1.1)  # a store's times are whole seconds
    for key, said in (("in/a b+ü.csv", "first"), ("out/c.csv", "no"), ("in/deep/d.csv", "no")):
        await asyncio.to_thread(client.put_object, Bucket=bucket, Key=key, Body=said.encode())
    await job.look()
    await job.look()
    [run] = await job.runs()
    assert run["outputs"] == {"said": "first", "where": "in/a b+ü.csv", "size": 5}
    await asyncio.to_thread(client.put_object, Bucket=bucket, Key="in/a b+ü.csv", Body=b"other")
    await job.look()
    assert [run["outputs"]["said"] for run in await job.runs()] == ["first", "other"]
    gone = await waiting(yard, drop, folder=None, connection="NOWHERE", glob="*")
    await gone.look()
    assert await gone.said() == [("failed", "store_refused")]
    await asyncio.to_thread(client.delete_object, Bucket=bucket, Key="in/a b+ü.csv")
    for key in ("out/c.csv", "in/deep/d.csv"):
        await asyncio.to_thread(client.delete_object, Bucket=bucket, Key=key)
    await asyncio.to_thread(client.delete_bucket, Bucket=bucket)
    await job.look()
    assert (await job.said())[0] == ("failed", "store_refused")
