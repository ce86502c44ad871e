"""Rows of runs, on every kind of database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from runyard import clock, ids
from runyard.db.session import Database
from runyard.ids import ProjectId
from runyard.runs import keys, listing, queue, records, repository
from runyard.runs.lifecycle import (
    Ending,
    Failure,
    State,
    on_cancelled_early,
    on_claim,
    on_exit,
    on_lost,
    on_not_started,
    on_returned,
    on_started,
)
from runyard.runs.listing import Filter
from runyard.runs.repository import Claim, Token

from .rows import Rows


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


async def claim(rows: Rows, run_id: str, worker: str = "wrk_1") -> Claim | None:
    move = on_claim(worker, clock.now())
    return await rows.database.transact(lambda connection: repository.take(connection, run_id, move, worker))


async def apply(rows: Rows, token: Token | str, move: Any, **columns: Any) -> bool:
    async with rows.database.write() as session:
        return await repository.apply(session, token, move, **columns)


async def claimed(rows: Rows, run_id: str, worker: str = "wrk_1") -> Token:
    found = await claim(rows, run_id, worker)
    assert found is not None
    return found.token


def ended(code: int = 0, reason: Any = "exit") -> Any:
    return on_exit(Ending(reason=reason, exit_code=code, at=clock.now()))


async def test_of_twenty_claimers_one_gets_it(rows: Rows) -> None:
    run_id = await rows.add()
    got = await asyncio.gather(*(claim(rows, run_id, f"wrk_{n}") for n in range(20)))
    (won,) = [found for found in got if found is not None]
    row = await rows.row(run_id)
    assert (row.state, row.fence, row.attempt) == ("starting", 1, 1)
    assert won.token == Token(run_id, 1, 1)
    assert row.worker_id == f"wrk_{got.index(won)}"
    assert await rows.events(run_id) == ["run.queued", "run.claimed"]
    async with rows.database.read() as session:
        attempts = await records.attempts_of(session, run_id)
    assert [(a.fence, a.worker_id, a.state) for a in attempts] == [(1, row.worker_id, "starting")]


async def test_many_claimers_share_many_runs(rows: Rows) -> None:
    runs = [await rows.add() for _ in range(10)]
    got = await asyncio.gather(*(claim(rows, run_id, f"wrk_{n}") for n in range(4) for run_id in runs))
    assert sorted(found.token.run_id for found in got if found) == sorted(runs)


async def test_a_writer_whose_claim_was_overtaken_changes_nothing(rows: Rows) -> None:
    run_id = await rows.add()
    old = await claimed(rows, run_id, "wrk_1")
    assert await apply(rows, old, on_returned("restart", clock.now()))
    row = await rows.row(run_id)
    assert (row.state, row.worker_id) == ("queued", None)
    new = await claimed(rows, run_id, "wrk_2")
    assert new.fence == 2
    before = await rows.events(run_id)
    for late in (on_started(clock.now()), on_returned("x", clock.now()), on_lost("x", clock.now()), ended()):
        assert not await apply(rows, old, late, outputs={"late": True})
    async with rows.database.write() as session:
        assert not await repository.note(session, old, waiting="environment", environment_id="env_x")
        await repository.note_attempt(session, old, progress={"percent": 99})
    row = await rows.row(run_id)
    assert (row.state, row.worker_id, row.waiting, row.environment_id) == ("starting", "wrk_2", None, None)
    assert await rows.events(run_id) == before
    async with rows.database.read() as session:
        latest = await records.latest_attempt(session, row)
    assert latest is not None
    assert (latest.fence, latest.progress, latest.outputs) == (2, None, None)


async def test_the_course_of_a_run(rows: Rows) -> None:
    run_id = await rows.add()
    token = await claimed(rows, run_id)
    async with rows.database.write() as session:
        assert await repository.note(session, token, waiting="environment")
    began = clock.now()
    assert await apply(rows, token, on_started(began), environment_id="env_1", isolation={"level": "process"})
    row = await rows.row(run_id)
    assert (row.state, row.waiting, row.started_at, row.environment_id) == ("running", None, began, "env_1")
    done = ended(3)
    assert await apply(rows, token, done, outputs=[1, {"a": None}], usage={"wall_s": 1.5})
    assert not await apply(rows, token, ended())
    row = await rows.row(run_id)
    assert (row.state, row.exit_code, row.error_code, row.finished_at) == ("failed", 3, "exit_code", done.at)
    async with rows.database.read() as session:
        (attempt,) = await records.attempts_of(session, run_id)
        events = await records.events_of(session, run_id, 0, 100)
    assert (attempt.state, attempt.outputs, attempt.usage) == ("failed", [1, {"a": None}], {"wall_s": 1.5})
    assert (attempt.error_message, attempt.isolation) == ("It exited with code 3.", {"level": "process"})
    assert events[-1].data == {"exit_code": 3, "error": {"code": "exit_code", "message": "It exited with code 3."}}
    async with rows.database.write() as session:
        assert not await repository.note(session, token, waiting="environment")


@pytest.mark.parametrize(
    ("start", "move", "state"),
    [
        ("starting", on_not_started(Failure("build_failed", "No."), clock.now()), "failed"),
        ("starting", on_cancelled_early("ada", clock.now()), "cancelled"),
        ("starting", ended(), None),
        ("running", ended(), "succeeded"),
        ("running", on_cancelled_early("ada", clock.now()), None),
        ("running", on_returned("x", clock.now()), None),
        ("running", on_lost("x", clock.now()), "lost"),
        ("queued", on_started(clock.now()), None),
        ("queued", on_cancelled_early("ada", clock.now()), "cancelled"),
    ],
)
async def test_moves_start_where_they_start(rows: Rows, start: str, move: Any, state: str | None) -> None:
    run_id = await rows.add()
    if start != "queued":
        token = await claimed(rows, run_id)
        if start == "running":
            await apply(rows, token, on_started(clock.now()))
    assert await apply(rows, run_id, move) == (state is not None)
    assert (await rows.row(run_id)).state == (state or start)


async def test_a_cancel_and_an_end_at_once(rows: Rows) -> None:
    for _ in range(6):
        run_id = await rows.add()
        token = await claimed(rows, run_id)
        await apply(rows, token, on_started(clock.now()))

        async def ask(run_id: str = run_id) -> bool:
            async with rows.database.write() as session:
                return await repository.ask_cancel(session, run_id, clock.now())

        asked, finished, again = await asyncio.gather(ask(), apply(rows, token, ended()), ask())
        assert finished
        assert asked + again <= 1
        row = await rows.row(run_id)
        assert row.state == "succeeded"
        assert (row.cancel_requested_at is not None) == (asked or again)
        assert not await ask()
    queued = await rows.add()
    async with rows.database.write() as session:
        assert not await repository.ask_cancel(session, queued, clock.now())
        assert list(await queue.unheard_cancels(session)) == []


async def test_flags_of_living_runs_are_found_again(rows: Rows) -> None:
    run_id = await rows.add()
    await claimed(rows, run_id)
    async with rows.database.write() as session:
        assert await repository.ask_cancel(session, run_id, clock.now())
        assert list(await queue.unheard_cancels(session)) == [run_id]


async def test_nobody_claims_what_is_not_due(rows: Rows) -> None:
    later = await rows.add(not_before=clock.now() + timedelta(hours=1))
    now = await rows.add(not_before=clock.now() - timedelta(seconds=1))
    assert await claim(rows, later) is None
    async with rows.database.read() as session:
        assert [hint.run_id for hint in await queue.due(session, 10)] == [now]
    assert await claim(rows, now) is not None
    assert await claim(rows, "run_unknown") is None


async def test_what_is_due_comes_best_first(rows: Rows) -> None:
    low, old, new, high = [await rows.add(priority=p) for p in (-1, 0, 0, 5)]
    other = await rows.add(queue="gpu")
    async with rows.database.read() as session:
        hints = await queue.due(session, 10)
        assert [hint.run_id for hint in hints] == [high, old, new, other, low]
        assert len(await queue.due(session, 2)) == 2
        ahead = {run_id: await queue.ahead_of(session, await rows.row(run_id), 10) for run_id in (high, new, low)}
        assert ahead == {high: 0, new: 2, low: 3}
        assert await queue.ahead_of(session, await rows.row(low), 2) == 2


async def test_filters(rows: Rows) -> None:
    script = await rows.script("Report 100%")
    a = await rows.add(labels={"team": "a", "env": "x"}, script_id=script, script_name="Report 100%")
    b = await rows.add(labels={"team": "b"}, script_id=await rows.script("other_one"))
    c = await rows.add(labels={"team": "a"}, script_id=await rows.script("Other"))
    await claimed(rows, c)

    async def found(**facts: Any) -> list[str]:
        async with rows.database.read() as session:
            listed = await listing.listed(session, Filter(projects=[rows.project], **facts), None, 10)
        return [row.id for row in listed]

    assert await found() == [c, b, a]
    assert await found(states=[State.queued]) == [b, a]
    assert await found(states=[State.starting, State.queued]) == [c, b, a]
    assert await found(script_id=script) == [a]
    assert await found(labels=[("team", "a")]) == [c, a]
    assert await found(labels=[("team", None)]) == [c, b, a]
    assert await found(labels=[("team", "a"), ("env", None)]) == [a]
    assert await found(labels=[("env", "y")]) == []
    assert await found(text="OTHER") == [c, b]
    assert await found(text="r_o") == [b]
    assert await found(text="100%") == [a]
    assert await found(text=b) == [b]
    assert await found(text="other", labels=[("team", "a")], states=[State.starting]) == [c]
    async with rows.database.read() as session:
        foreign = Filter(projects=[ProjectId("prj_x")])
        assert await listing.listed(session, foreign, None, 10) == []
        assert await listing.listed(session, Filter(projects=[]), None, 10) == []
        assert await records.labels_of(session, [a, b]) == {a: {"team": "a", "env": "x"}, b: {"team": "b"}}
        assert await records.labels_of(session, []) == {}


async def test_pages_stay_as_they_are_while_runs_are_added(rows: Rows) -> None:
    made = [await rows.add() for _ in range(7)]
    seen: list[str] = []
    before = None
    while True:
        async with rows.database.read() as session:
            page = await listing.listed(session, Filter(projects=[rows.project]), before, 2)
        if not page:
            break
        seen += [row.id for row in page]
        before = seen[-1]
        await rows.add()
    assert seen == made[::-1]


async def test_counts_and_who_holds_what(rows: Rows) -> None:
    one, two, three = [await rows.add() for _ in range(3)]
    await claimed(rows, one, "wrk_1")
    token = await claimed(rows, two, "wrk_2")
    async with rows.database.write() as session:
        # one that waits for its environment holds no slot
        await repository.note(session, token, waiting="environment")
    async with rows.database.read() as session:
        counts = await queue.counts(session, [State.queued, State.starting, State.running], None)
        assert counts == {State.queued: 1, State.starting: 2, State.running: 0}
        assert sum((await queue.counts(session, list(State), [rows.project])).values()) == 3
        assert sum((await queue.counts(session, list(State), [])).values()) == 0
        assert await queue.held(session) == {"wrk_1": 1}
        assert [row.id for row in await queue.held_by(session, "wrk_2")] == [two]
        script_runs = await records.latest_of(session, [rows.project], ["scr_x"])
        assert list(script_runs) == []
    assert three


async def test_the_newest_run_of_each_script(rows: Rows) -> None:
    first, second = await rows.script("one"), await rows.script("two")
    for script in (first, second, first):
        last = await rows.add(script_id=script)
    async with rows.database.read() as session:
        found = {row.script_id: row.id for row in await records.latest_of(session, [rows.project], [first, second])}
        assert found[first] == last
        assert set(found) == {first, second}
        assert list(await records.latest_of(session, ["prj_x"], [first])) == []


async def test_one_key_makes_one_run(rows: Rows) -> None:
    async def once(n: int) -> bool:
        try:
            await rows.database.transact(
                lambda connection: keys.remember(connection, "usr_ada", "k", str(n), f"run_{n}")
            )
        except IntegrityError:
            return False
        return True

    assert sum(await asyncio.gather(*(once(n) for n in range(10)))) == 1
    async with rows.database.write() as session:
        known = await keys.recall(session, "usr_ada", "k")
        assert known is not None
        assert known.run_id == f"run_{known.fingerprint}"
        assert await keys.recall(session, "usr_bob", "k") is None
        await keys.forget(session, clock.now() - timedelta(days=1))
        assert await keys.recall(session, "usr_ada", "k") is not None
        await keys.forget(session, clock.now() + timedelta(seconds=1))
        session.expire_all()
        assert await keys.recall(session, "usr_ada", "k") is None


async def test_what_ended_long_ago(rows: Rows) -> None:
    ends = []
    for _ in range(3):
        run_id = await rows.add()
        token = await claimed(rows, run_id)
        await apply(rows, token, on_started(clock.now()))
        await apply(rows, token, ended())
        ends.append(run_id)
    await rows.add()
    async with rows.database.read() as session:
        soon = clock.now() + timedelta(seconds=1)
        assert list(await records.finished_before(session, soon, "", 10)) == ends
        assert list(await records.finished_before(session, soon, ends[0], 1)) == [ends[1]]
        assert list(await records.finished_before(session, clock.now() - timedelta(days=1), "", 10)) == []


async def test_a_run_and_its_inputs_stand_or_fall_together(rows: Rows) -> None:
    run_id = ids.new("run")
    with pytest.raises(IntegrityError):
        await rows.add(run_id, version_id="ver_unknown")
    async with rows.database.read() as session:
        assert await records.get(session, run_id) is None
    run_id = await rows.add(labels={"a": "1"})
    async with rows.database.read() as session:
        inputs = await records.inputs_of(session, run_id)
    assert (inputs.labels, inputs.uploads, inputs.parameters) == ({"a": "1"}, [], {})
