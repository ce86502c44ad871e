"""A flood whose server is killed in its middle: the log is whole, and nothing is there twice."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .servers import Client, Server

BURST, BURSTS = 4000, 6
FLOOD = f"""
for burst in $(seq {BURSTS}); do
  seq -f %0100.0f $(( (burst - 1) * {BURST} + 1 )) $(( burst * {BURST} ))
  [ $burst -lt 5 ] || until [ -e "$RUNYARD_STATE_DIR/go" ]; do sleep 0.02; done
done
seq 3 >&2
"""


@pytest.fixture
def data() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="ry-", dir="/tmp"))
    root.chmod(0o711)
    yield root / "data"
    shutil.rmtree(root, ignore_errors=True)


def stored(data: Path, run_id: str) -> set[str]:
    return {path.suffix for path in (data / "logs" / run_id).iterdir()}


def total(client: Client, run_id: str) -> int:
    return int(client.get(f"/runs/{run_id}/logs", params={"limit": 1}).json()["total"])


@pytest.mark.parametrize("spoils", [False, True])
def test_a_kill_in_the_middle(data: Path, spoils: bool) -> None:  # noqa: FBT001
    with Server(data) as server, Client(server.url) as client:
        script_id = client.script(FLOOD)
        run_id = client.submit(script_id)
        while total(client, run_id) < 3 * BURST:
            time.sleep(0.01)
        server.kill()
    assert {".index", ".chunks"} <= stored(data, run_id)
    if spoils:
        # as if what was written last had not reached the disk
        for path in (data / "logs" / run_id).iterdir():
            with path.open("r+b") as file:
                file.truncate(max(0, path.stat().st_size - 5))
    (data / "state" / script_id / "go").touch()
    with Server(data) as server, Client(server.url) as client:
        while client.run_of(run_id)["state"] == "running":
            time.sleep(0.02)
        run = client.run_of(run_id)
        assert (run["state"], run["exit_code"], run["attempt"]) == ("succeeded", 0, 1)
        text = client.get(f"/runs/{run_id}/logs", headers={"Accept": "text/plain"}).text
        tail = client.get(f"/runs/{run_id}/logs", params={"tail": 1}).json()
    lines = text.splitlines()
    assert [int(line) for line in lines[:-3]] == list(range(1, BURST * BURSTS + 1))
    assert lines[-3:] == ["1", "2", "3"]
    assert (tail["total"], tail["items"][0]["n"]) == (len(lines), len(lines))
