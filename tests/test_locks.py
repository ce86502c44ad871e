import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runyard import locks
from runyard.locks import AlreadyRunning, Locks

HOLD = """
import sys
from pathlib import Path
from runyard.locks import Locks
held = Locks(Path(sys.argv[1]), sys.argv[2:])
held.take()
held.tell({"url": "http://x"})
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), "api", "worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(AlreadyRunning, match=rf"pid {process.pid}\)"):
            Locks(tmp_path, ["scheduler", "worker"]).take()
        # all of them or none
        assert set(locks.holders(tmp_path)) == {"api", "worker"}
        assert locks.holders(tmp_path)["api"] == {"pid": process.pid, "roles": ["api", "worker"], "url": "http://x"}
        with pytest.raises(AlreadyRunning, match=str(process.pid)):
            locks.demand_free(tmp_path, ["worker"])
        locks.demand_free(tmp_path, ["scheduler"])
        process.kill()
        process.wait()
    # a lock dies with its holder, whatever the file still says
    assert locks.holders(tmp_path) == {}
    held = Locks(tmp_path, ["api"])
    held.take()
    assert locks.holders(tmp_path)["api"]["pid"] == os.getpid()
    held.release()
    held.release()
    assert locks.holders(tmp_path) == {}


def test_roles_apart_may_stand_side_by_side(tmp_path: Path) -> None:
    first, second = Locks(tmp_path, ["api"]), Locks(tmp_path, ["worker"])
    first.take()
    second.take()
    with pytest.raises(AlreadyRunning):
        Locks(tmp_path, ["api"]).take()
    first.release()
    second.release()


def test_files_that_say_nothing(tmp_path: Path) -> None:
    assert locks.read(tmp_path / "gone") == {}
    assert locks.holders(tmp_path / "gone") == {}
    for text in ("", "{", "[]", "5"):
        (tmp_path / "api").write_text(text)
        assert locks.read(tmp_path / "api") == {}
    (tmp_path / "api").write_text(json.dumps({"pid": 1}))
    assert locks.read(tmp_path / "api") == {"pid": 1}
    (tmp_path / "odd").symlink_to("nowhere")
    assert locks.holders(tmp_path) == {}


def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path) -> None:
    held = Locks(tmp_path, ["api"])
    held.take()
    (tmp_path / "api").write_text("")
    with pytest.raises(AlreadyRunning, match=r"pid \?"):
        Locks(tmp_path, ["api"]).take()
    held.release()
