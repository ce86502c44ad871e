"""Cancelling, in every state; and nothing outlives a run."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.environments.registry import Registry, serving

from .yard import Running, none_left, opened, options, place, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOREVER = "echo begun; while :; do sleep 0.05; done"


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with serving() as registry:
        registry.wheel("tiny")
        yield registry


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard(registry: Registry) -> AsyncIterator[Running]:
    """A yard with two slots, whose packages come from loopback."""
    environments = {"index_url": registry.index}
    async with place() as data, opened(options(data, environments=environments)) as running:
        yield running


async def test_a_running_run_is_cancelled(yard: Running) -> None:
    run_id = await yard.submit(FOREVER)
    await yard.printed(run_id, "begun")
    told = await yard.cancel(run_id)
    assert told["cancel_requested_at"]
    run = await yard.finished(run_id)
    assert (run["state"], run["exit_code"], run["error"]) == ("cancelled", 143, None)
    kinds = [event["kind"] for event in (await yard.get(f"/runs/{run_id}/events"))["items"]]
    assert kinds[-2:] == ["run.cancel_requested", "run.cancelled"]
    answer = await yard.client.post(f"/runs/{run_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_over")


async def test_one_that_ignores_sigterm_is_killed_after_its_grace(yard: Running) -> None:
    run_id = await yard.submit("trap '' TERM; echo begun; while :; do sleep 0.05; done")
    await yard.printed(run_id, "begun")
    await yard.cancel(run_id)
    await yard.cancel(run_id)
    run = await yard.finished(run_id)
    assert (run["state"], run["exit_code"]) == ("cancelled", 137)
    kinds = [event["kind"] for event in (await yard.get(f"/runs/{run_id}/events"))["items"]]
    assert kinds.count("run.cancel_requested") == 1


async def test_one_that_tidies_up_on_sigterm_has_the_time(yard: Running) -> None:
    run_id = await yard.submit("trap 'echo tidied; exit 5' TERM; echo begun; while :; do sleep 0.02; done")
    await yard.printed(run_id, "begun")
    await yard.cancel(run_id)
    run = await yard.finished(run_id)
    assert (run["state"], run["exit_code"]) == ("cancelled", 5)
    # bash may tell besides that what it waited for was terminated
    said = await yard.log(run_id)
    assert said.startswith("begun\n")
    assert "tidied\n" in said


async def test_a_double_forked_daemon_does_not_outlive_a_cancel(yard: Running) -> None:
    run_id = await yard.submit("(setsid sleep 300 &) ; (setsid nohup sleep 301 >/dev/null 2>&1 &); " + FOREVER)
    await yard.printed(run_id, "begun")
    await yard.cancel(run_id)
    await yard.finished(run_id)
    await settled(yard)
    assert await none_left(yard.data) == {}


async def test_a_daemon_does_not_outlive_a_run_that_ended_by_itself(yard: Running) -> None:
    run = await yard.run("(setsid sleep 300 &); echo done")
    assert run["state"] == "succeeded"
    assert await yard.log(run["id"]) == "done\n"
    await settled(yard)
    assert await none_left(yard.data) == {}


async def test_queued_ones_say_what_they_wait_for_and_are_cancelled_at_once(yard: Running) -> None:
    holding = [await yard.submit(FOREVER) for _ in range(2)]
    for run_id in holding:
        await yard.printed(run_id, "begun")
    first, second = await yard.submit("touch ran; echo ran"), await yard.submit("echo ran")
    words = [(await yard.get(f"/runs/{run_id}"))["waiting_for"] for run_id in (first, second)]
    assert words == [
        {"code": "slots", "message": "2 of 2 slots are taken."},
        {"code": "slots", "message": "2 of 2 slots are taken; 1 run is ahead of it."},
    ]
    system = await yard.get("/system")
    assert system["slots"] == {"total": 2, "in_use": 2}
    assert system["queue"] == {"queued": 2, "starting": 0, "running": 2}
    told = await yard.cancel(first)
    assert (told["state"], told["waiting_for"], told["started_at"]) == ("cancelled", None, None)
    assert (await yard.get(f"/runs/{second}"))["waiting_for"]["message"] == "2 of 2 slots are taken."
    for run_id in holding:
        await yard.cancel(run_id)
    assert (await yard.finished(second))["state"] == "succeeded"
    run = await yard.get(f"/runs/{first}")
    assert (run["state"], run["attempt"], await yard.log(first)) == ("cancelled", 1, "")
    assert (await yard.get(f"/runs/{first}/attempts"))["items"] == []


async def test_one_whose_environment_is_being_built_holds_no_slot_and_can_be_cancelled(
    yard: Running, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    service = yard.yard.environments
    ensure = service.ensure

    async def slow(*args: object) -> object:
        asked.set()
        await go.wait()
        return await ensure(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "ensure", slow)
    monkeypatch.setattr(service, "cached", lambda *_: None)
    building = await yard.submit("import tiny; print(tiny.VERSION)", "python", requirements=["tiny"])
    await asked.wait()
    run = await yard.until(building, lambda run: run["waiting_for"])
    assert (run["state"], run["waiting_for"]["code"]) == ("starting", "environment")
    assert (await yard.get("/system"))["slots"] == {"total": 2, "in_use": 0}
    # both slots are free for others meanwhile
    others = [await yard.submit(FOREVER) for _ in range(2)]
    for run_id in others:
        await yard.printed(run_id, "begun")
        await yard.cancel(run_id)
        await yard.finished(run_id)
    await yard.cancel(building)
    run = await yard.finished(building)
    assert (run["state"], run["started_at"], run["waiting_for"]) == ("cancelled", None, None)
    go.set()
    monkeypatch.undo()
    again = await yard.finished((await yard.post(f"/runs/{building}/rerun"))["id"])
    assert again["state"] == "succeeded", again
    assert await yard.log(again["id"]) == "1.0\n"


async def test_building_does_not_count_against_the_time_limit(
    yard: Running, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.wheel("slowly")
    run = await yard.run("import slowly, time; time.sleep(0.01)", "python", requirements=["slowly"], timeout_s=20)
    assert run["state"] == "succeeded", run
    assert run["usage"]["wall_s"] < 20
    assert run["environment_id"].startswith("env_")


async def test_an_environment_that_can_not_be_built_fails_in_the_resolver_s_words(yard: Running) -> None:
    run = await yard.run("print(1)", "python", requirements=["tiny==9"])
    assert (run["state"], run["exit_code"], run["started_at"]) == ("failed", None, None)
    assert run["error"]["code"] == "resolution_failed"
    assert "tiny" in run["error"]["message"]
    environment = await yard.get(f"/environments/{run['environment_id']}")
    assert (environment["state"], environment["error"]["code"]) == ("failed", "resolution_failed")
    header = "# /// script\n# dependencies = ['tiny>5']\n# ///\nprint(1)\n"
    run = await yard.run(header, "python", requirements=["tiny<2"])
    assert run["error"]["code"] == "resolution_failed"
    kinds = [event["kind"] for event in (await yard.get(f"/runs/{run['id']}/events"))["items"]]
    assert kinds == ["run.queued", "run.claimed", "run.failed"]


async def test_a_run_whose_environment_failed_runs_again_in_it_once_it_can_be_built(
    yard: Running, registry: Registry
) -> None:
    failed = await yard.run("import late; print(late.VERSION)", "python", requirements=["late"])
    assert failed["error"]["code"] == "resolution_failed"
    registry.wheel("late", "3.1")
    again = await yard.finished((await yard.post(f"/runs/{failed['id']}/rerun"))["id"])
    assert (again["state"], again["environment_id"]) == ("succeeded", failed["environment_id"]), again
    assert await yard.log(again["id"]) == "3.1\n"


async def test_cancelling_between_claim_and_start(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    spaces = yard.yard.workspaces
    prepare, loop, cancels = spaces.prepare, asyncio.get_running_loop(), []

    def prepared(layout: object, run_id: str, *args: object, **options: bool) -> None:
        prepare(layout, run_id, *args, **options)  # type: ignore[arg-type]
        executor = yard.yard.executor
        assert executor is not None
        executor.cancel(run_id)
        cancels.append(loop)

    monkeypatch.setattr(spaces, "prepare", prepared)
    run = await yard.run("echo must not run")
    assert (run["state"], run["started_at"], await yard.log(run["id"])) == ("cancelled", None, "")
    assert cancels


async def test_a_crowd_of_cancels_and_ends_leaves_nothing(yard: Running) -> None:
    ids = [await yard.submit(f"sleep 0.{n}") for n in range(1, 7)]
    await asyncio.gather(*(yard.client.post(f"/runs/{run_id}/cancel") for run_id in ids))
    runs = [await yard.finished(run_id) for run_id in ids]
    assert {run["state"] for run in runs} <= {"cancelled", "succeeded"}
    await settled(yard)
    assert (await yard.get("/system"))["slots"]["in_use"] == 0
