"""Scripts that want more of the machine than there is for them."""

import os

import pytest

from .ordeal import Ordeal

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("engines"),
    pytest.mark.needs_cgroups,
    pytest.mark.timeout(180),
]


async def test_a_fork_bomb(ordeal: Ordeal) -> None:
    code = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60); os._exit(0)
        made += 1
except OSError as refused:
    print(made, refused.strerror)
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    made, _, why = log.partition(" ")
    assert int(made) <= 48
    assert "temporarily unavailable" in why
    await ordeal.nothing_left()


async def test_a_fork_bomb_that_never_stops(ordeal: Ordeal) -> None:
    run, _ = await ordeal.suffers("b() { b | b & }; b; sleep 60", "shell", timeout_s=1.5)
    assert run["state"] in {"timed_out", "failed"}
    await ordeal.nothing_left()


async def test_a_thread_bomb(ordeal: Ordeal) -> None:
    code = """
import threading, time
made = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        made += 1
except RuntimeError as refused:
    print(made, refused, flush=True)
    import os; os._exit(0)
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    assert int(log.split()[0]) <= 48
    assert "can't start new thread" in log


async def test_a_memory_bomb(ordeal: Ordeal) -> None:
    run, log = await ordeal.suffers("held = []\nwhile True: held.append(bytearray(8 << 20))")
    assert run["state"] == "failed", log
    assert run["error"]["code"] == "out_of_memory"
    assert run["error"]["message"] == "It was killed for using more memory than its limit."


async def test_an_open_file_bomb(ordeal: Ordeal) -> None:
    code = """
held = []
try:
    while True: held.append(open("/dev/null"))
except OSError as no: print(len(held), no.strerror)
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    assert int(log.split()[0]) < 256
    assert "Too many open files" in log


async def test_filling_the_disk_with_files(ordeal: Ordeal) -> None:
    code = """
import time
for number in range(400):
    with open(f"f{number}", "wb") as file:
        file.write(bytes(1 << 20))
    time.sleep(0.01)
print("all written")
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "failed", log
    assert "all written" not in log
    assert run["error"]["code"] == "disk_limit"
    assert "its limit is 48 MiB" in run["error"]["message"]
    assert run["isolation"]["disk"]["enforced"] is True


async def test_filling_the_disk_with_one_file(ordeal: Ordeal) -> None:
    code = """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("big", "wb", buffering=0) as file:
    try:
        while True: file.write(bytes(1 << 20))
    except OSError as refused: print(file.tell() >> 20, refused.strerror)
"""
    run, log = await ordeal.suffers(code)
    if run["state"] == "failed":
        assert run["error"]["code"] == "disk_limit", log
    else:
        assert log.strip() == "48 File too large"


async def test_failing_for_want_of_disk_space_is_told(ordeal: Ordeal) -> None:
    code = """
with open("big", "wb", buffering=0) as file:
    while True: file.write(bytes(1 << 20))
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "failed", log
    assert run["error"]["code"] == "disk_limit", log
    assert "its limit is 48 MiB" in run["error"]["message"]


async def test_filling_the_disk_with_a_file_without_a_name(ordeal: Ordeal) -> None:
    code = """
import os, time
held = []
for number in range(100):
    file = open(f"f{number}", "w+b", buffering=0); os.unlink(file.name); held.append(file)
    file.write(bytes(4 << 20)); time.sleep(0.03)
time.sleep(20)
print("kept")
"""
    run, log = await ordeal.suffers(code)
    if ordeal.level == "container":
        # its processes are the engine's: what has no name is not seen there, and ends with the run
        assert run["state"] in {"succeeded", "failed"}
        return
    assert run["state"] == "failed", log
    assert run["error"]["code"] == "disk_limit"


@pytest.mark.slow
async def test_filling_the_disk_with_empty_files(ordeal: Ordeal) -> None:
    run, log = await ordeal.suffers("for number in range(10**6): open(f'f{number}', 'w').close()\nprint('all made')")
    assert run["state"] == "failed", log
    assert run["error"]["code"] == "disk_limit"


async def test_filling_shared_memory_and_tmp(ordeal: Ordeal) -> None:
    code = """
import time
for number in range(400):
    for place in ("/dev/shm", "/tmp"):
        with open(f"{place}/runyard-abuse-{number}", "wb") as file: file.write(bytes(1 << 20))
    time.sleep(0.02)
print("all written")
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "failed", log
    assert "all written" not in log
    assert run["error"]["code"] in {"disk_limit", "out_of_memory", "exit_code"}
    await ordeal.nothing_left()


async def test_a_very_deep_tree(ordeal: Ordeal) -> None:
    code = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')\nprint('deep')\nimport time; time.sleep(1.5)"
    run, log = await ordeal.suffers(code)
    assert run["state"] == "failed", log
    assert "nested" in run["error"]["message"]
    listed = await ordeal.yard.client.get(f"/runs/{run['id']}/files")
    assert listed.status_code == 200
    ordeal.yard.yard.workspaces.discard(run["id"])
    assert not (ordeal.yard.data / "work" / run["id"]).exists()


async def test_a_log_flood_without_a_line_end(ordeal: Ordeal) -> None:
    run, log = await ordeal.suffers("import os\nfor _ in range(40): os.write(1, b'x' * 500_000)")
    assert run["state"] == "succeeded"
    assert run["usage"]["output_bytes"] == 20_000_000
    assert "output limit of 200000 bytes reached; further output is counted but not kept" in log
    assert len(log) < 300_000


async def test_a_processor_hog(ordeal: Ordeal) -> None:
    run, _ = await ordeal.suffers("while True: pass", timeout_s=1.5)
    assert run["state"] == "timed_out"
    assert run["error"]["code"] == "timeout"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's runs have users of their own, whose files are swept")
async def test_what_is_left_in_tmp_is_swept(ordeal: Ordeal) -> None:
    code = "mkdir -p /tmp/ry-abuse/deep; touch /tmp/ry-abuse/deep/f /dev/shm/ry-abuse; ln -s / /tmp/ry-root"
    run, log = await ordeal.suffers(code, "shell")
    assert run["state"] == "succeeded", log
    await ordeal.nothing_left()
