"""What is going on survives what happens to the server: kills, stops, upgrades."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

import runyard
from runyard.db import migrate
from runyard.db.session import Database
from runyard.wiring import prepare_data

from .servers import Client, Refused, Server, eventually
from .yard import lodgers, options

LINES = 60
PRINTING = f"""
echo started >> "$RUNYARD_STATE_DIR/starts"
for i in $(seq {LINES}); do
  printf '%s %s\\n' "$i" "$(date +%s%N)"
  echo "line $i." >> "$RUNYARD_STATE_DIR/lines"
  sleep 0.05
done
echo '"done"' > "$RUNYARD_OUTPUTS"
"""


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory that users of runs can reach; afterwards nothing may be left running in it."""
    root = Path(tempfile.mkdtemp(prefix="ry-", dir="/tmp"))
    root.chmod(0o711)
    yield root / "data"
    # A shim has a little left to do once its run is settled.
    until = time.monotonic() + 5
    while (left := lodgers(root / "data")) and time.monotonic() < until:
        time.sleep(0.02)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(root, ignore_errors=True)
    assert left == {}


def state(data: Path, script_id: str, name: str) -> Path:
    return data / "state" / script_id / name


def check(client: Client, run_id: str, starts: Path, again_at: float) -> None:
    """Whether a printing run ended as it would have without any of it."""
    run = client.finished(run_id)
    assert (run["state"], run["exit_code"], run["outputs"], run["attempt"]) == ("succeeded", 0, "done", 1)
    lines = client.lines(run_id)
    assert [line["n"] for line in lines] == list(range(1, LINES + 1))
    assert [int(line["text"].split()[0]) for line in lines] == list(range(1, LINES + 1))
    times = [datetime.fromisoformat(line["t"]).timestamp() for line in lines]
    printed = [int(line["text"].split()[1]) / 1e9 for line in lines]
    assert times == sorted(times)
    # each bears the time at which it was printed, though nobody was there to hear it
    assert all(said >= at - 0.001 for said, at in zip(times, printed, strict=True))
    assert all(said < again_at for said, at in zip(times, printed, strict=True) if at < again_at - 1)
    assert starts.read_text() == "started\n"
    kinds = client.events(run_id)
    assert kinds == ["run.queued", "run.claimed", "run.started", "run.succeeded"]


def upgraded(root: Path) -> Path:
    """Return a directory with a copy of the package that says that it is a later one."""
    package = Path(runyard.__file__).parent
    copy = root / "later" / "runyard"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
    (copy / "web" / "static").mkdir()
    init = copy / "__init__.py"
    init.write_text(init.read_text().replace(runyard.__version__, "99.0.0"))
    return copy.parent


@pytest.mark.parametrize("end", ["sigkill", "sigterm", "upgrade"])
def test_five_printing_runs(data: Path, end: str) -> None:
    with Server(data) as server, Client(server.url) as client:
        scripts = [client.script(PRINTING) for _ in range(5)]
        runs = [client.submit(script_id) for script_id in scripts]
        for run_id in runs:
            client.printed(run_id, 3)
        if end == "sigkill":
            server.kill()
        else:
            assert server.stop() == {"left": 5}
    # they go on meanwhile
    for script_id in scripts:
        eventually(state(data, script_id, "lines"), "line 40.")
    again_at = time.time()
    package = upgraded(data.parent) if end == "upgrade" else None
    with Server(data, package=package) as server, Client(server.url) as client:
        assert server.ready["version"] == ("99.0.0" if package else runyard.__version__)
        for script_id, run_id in zip(scripts, runs, strict=True):
            check(client, run_id, state(data, script_id, "starts"), again_at)
        system = client.get("/system").json()
        assert system["slots"] == {"total": 5, "in_use": 0}
        assert system["version"] == server.ready["version"]
        assert server.stop() == {"left": 0}
    assert list((data / "spool").iterdir()) == []


def test_a_run_that_ended_while_nobody_was_there_is_settled(data: Path) -> None:
    code = (
        'echo one; until [ -e "$RUNYARD_STATE_DIR/go" ]; do sleep 0.02; done\n'
        'echo two; touch "$RUNYARD_STATE_DIR/end"; exit 9'
    )
    with Server(data) as server, Client(server.url) as client:
        script_id = client.script(code)
        run_id = client.submit(script_id)
        client.printed(run_id, 1)
        server.kill()
    state(data, script_id, "go").touch()
    eventually(state(data, script_id, "end"), "")
    while lodgers(data):
        time.sleep(0.01)
    with Server(data) as server, Client(server.url) as client:
        run = client.finished(run_id)
        assert (run["state"], run["exit_code"]) == ("failed", 9)
        assert [line["text"] for line in client.lines(run_id)] == ["one", "two"]


def test_a_cancel_that_was_asked_for_before_the_crash_is_done_after_it(data: Path) -> None:
    code = "trap '' TERM; echo begun; while :; do sleep 0.05; done"
    with Server(data, runs={"grace_s": 300}) as server, Client(server.url) as client:
        run_id = client.submit(client.script(code))
        client.printed(run_id, 1)
        assert client.post(f"/runs/{run_id}/cancel").status_code == 202
        server.kill()
    with Server(data, runs={"grace_s": 0.1}) as server, Client(server.url) as client:
        run = client.finished(run_id)
        assert (run["state"], run["exit_code"]) == ("cancelled", 137)


def test_a_crash_between_claim_and_start_puts_the_run_back(data: Path) -> None:
    code = 'echo started >> "$RUNYARD_STATE_DIR/starts"'
    with Server(data, die="before spawn") as server, Client(server.url) as client:
        script_id = client.script(code)
        run_id = client.submit(script_id)
        # it kills itself
        assert server.process.wait() == -signal.SIGKILL
    assert not state(data, script_id, "starts").exists()
    with Server(data) as server, Client(server.url) as client:
        run = client.finished(run_id)
        assert (run["state"], run["attempt"]) == ("succeeded", 1)
        kinds = client.events(run_id)
        assert kinds == [
            *("run.queued", "run.claimed", "run.returned", "run.claimed", "run.started", "run.succeeded"),
        ]
    assert state(data, script_id, "starts").read_text() == "started\n"


def test_queued_runs_survive_and_run_once(data: Path) -> None:
    code = 'echo started >> "$RUNYARD_STATE_DIR/starts"; until [ -e "$RUNYARD_STATE_DIR/go" ]; do sleep 0.02; done'
    with Server(data, slots=1) as server, Client(server.url) as client:
        scripts = [client.script(code) for _ in range(3)]
        runs = [client.submit(script_id) for script_id in scripts]
        eventually(state(data, scripts[0], "starts"), "started")
        assert [client.run_of(run_id)["state"] for run_id in runs[1:]] == ["queued", "queued"]
        server.kill()
    with Server(data, slots=1) as server, Client(server.url) as client:
        # the adopted one holds the slot
        assert client.get("/system").json()["slots"] == {"total": 1, "in_use": 1}
        assert [client.run_of(run_id)["state"] for run_id in runs[1:]] == ["queued", "queued"]
        for script_id, run_id in zip(scripts, runs, strict=True):
            folder = data / "state" / script_id
            folder.mkdir(exist_ok=True)
            (folder / "go").touch()
            assert client.finished(run_id)["state"] == "succeeded"
            assert (folder / "starts").read_text() == "started\n"


def test_a_second_server_on_the_same_data_is_refused_by_pid(data: Path) -> None:
    with Server(data) as server:
        port = int(server.url.rsplit(":", 1)[1])
        for asked in (0, port):
            with pytest.raises(Refused) as refused:
                Server(data, port=asked)
            assert refused.value.args[0] == "already_running"
            assert f"pid {server.process.pid}" in refused.value.args[1]
        with pytest.raises(Refused, match=str(server.process.pid)):
            Server(data, "worker")
        with Client(server.url) as client:
            assert client.get("/me").status_code == 200
        with pytest.raises(Refused) as refused:
            Server(data.parent / "other", port=port)
        assert refused.value.args[0] == "address_taken"
    # a lock dies with its holder
    with Server(data):
        pass


def migrated(data: Path) -> None:
    """Bring a new data directory's database up, as `runyard migrate` does."""

    async def upgrade() -> None:
        database = Database.connect(f"sqlite+aiosqlite:///{data / 'runyard.db'}")
        await migrate.upgrade(database)
        await database.close()

    prepare_data(options(data))
    asyncio.run(upgrade())


def test_split_roles_demand_their_schema(data: Path) -> None:
    for role in ("api", "scheduler", "worker"):
        with pytest.raises(Refused) as refused:
            Server(data, role)
        assert refused.value.args[0] == "schema_mismatch"


def test_in_a_split_installation_the_death_of_the_api_disturbs_nothing(data: Path) -> None:
    migrated(data)
    with Server(data, "worker"), Server(data, "scheduler"):
        with Server(data, "api") as api, Client(api.url) as client:
            scripts = [client.script(PRINTING) for _ in range(2)]
            runs = [client.submit(script_id) for script_id in scripts]
            for run_id in runs:
                client.printed(run_id, 3)
            api.kill()
        with Server(data, "api") as api, Client(api.url) as client:
            for script_id, run_id in zip(scripts, runs, strict=True):
                check(client, run_id, state(data, script_id, "starts"), time.time() + 3600)
            waiting = client.submit(client.script("echo hello; sleep 0.2; exit 3"))
            assert [data["text"] for kind, data in client.followed(waiting) if kind == "log"] == ["hello"]
            assert client.run_of(waiting)["exit_code"] == 3
            cancelled = client.submit(client.script("echo begun; sleep 300"))
            client.printed(cancelled, 1)
            client.post(f"/runs/{cancelled}/cancel")
            assert client.finished(cancelled)["state"] == "cancelled"


def test_runs_of_a_worker_that_died_are_lost_after_its_lease(data: Path) -> None:
    migrated(data)
    lease = {"lease_s": 1.0, "heartbeat_s": 0.1}
    with Server(data, "scheduler", worker=lease), Server(data, "api", worker=lease) as api, Client(api.url) as client:
        with Server(data, "worker", worker=lease) as worker:
            run_id = client.submit(client.script("echo begun; while :; do sleep 0.05; done"))
            client.printed(run_id, 1)
            worker.kill()
        run = client.finished(run_id)
        assert (run["state"], run["error"]["code"]) == ("lost", "lost")
        assert "lease" in run["error"]["message"]
        assert [w["state"] for w in client.get("/workers").json()["items"]] == ["offline"]
        waiting = client.submit(client.script("echo later"))
        assert client.run_of(waiting)["waiting_for"]["code"] == "no_worker"
        # the script that nobody knows of any more ends as soon as its worker is back
        with Server(data, "worker", worker=lease):
            assert client.finished(waiting)["state"] == "succeeded"
            assert client.run_of(run_id)["state"] == "lost"
            while lodgers(data):
                time.sleep(0.01)
            assert list((data / "spool").iterdir()) == []
