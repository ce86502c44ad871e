"""Submitting, following, listing, cancelling and fetching, on a real server."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Commands, MakeYard, Yard

PRINTS = """\
import json, os, sys
print("one")
print("two", file=sys.stderr)
print("::progress 50 half")
with open(os.environ["RUNYARD_OUTPUTS"], "w") as file:
    json.dump({"who": os.environ.get("WHO")}, file)
os.makedirs("sub", exist_ok=True)
with open("sub/left.txt", "w") as file:
    file.write("left")
sys.exit(int(os.environ.get("CODE") or 0))
"""
LONG = "for i in $(seq 1 ${N:-300}); do echo line $i; sleep 0.1; done; exit 5\n"


def lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Return what is still to come; `communicate` would pass over what `lines` has taken in and not given out."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        return process.stdout.read(), process.stderr.read()


def run_id(said: str) -> str:
    found = re.search(r"run_\w+", said)
    assert found, said
    return found[0]


def state_of(ry: Commands, run: str) -> str:
    return next(str(item["state"]) for item in ry("runs", "--json").json if item["id"] == run)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_following_a_file_gives_its_streams_and_its_code(ry: Commands) -> None:
    script = ry.write("prints.py", PRINTS)
    done = ry("run", script, "-p", "WHO=me", "-p", "CODE=7", "--follow")
    assert done.code == 7, done.err
    assert done.out == "one\n::progress 50 half\n"
    assert "two\n" in done.err
    assert "It exited with code 7" in done.err
    good = ry("run", script, "-f", "-p", "WHO=me")
    assert good.code == 0
    assert 'Output: {"who": "me"}' in good.err


def test_following_as_json(ry: Commands) -> None:
    done = ry("run", ry.write("prints.py", PRINTS), "-f", "--json", "-p", "CODE=3")
    assert done.code == 3
    assert {"state", "log", "end"} <= {event["event"] for event in done.ndjson}
    logged = [event for event in done.ndjson if event["event"] == "log"]
    assert [event["n"] for event in logged] == list(range(1, len(logged) + 1))
    assert {(event["stream"], event["text"]) for event in logged} >= {("stdout", "one"), ("stderr", "two")}
    assert done.ndjson[-1]["run"]["exit_code"] == 3


def test_without_following_the_id_is_all_that_is_printed(ry: Commands) -> None:
    script = ry.write("prints.py", PRINTS)
    done = ry("run", script, "--label", "ticket=A-1")
    assert re.fullmatch(r"run_\w+\n", done.out)
    assert ry("run", script, "--json").json.keys() == {"id", "state"}
    listed = ry("runs", "--label", "ticket=A-1", "--json").json
    assert [run["id"] for run in listed] == [done.out.strip()]
    assert listed[0]["trigger"] == {"kind": "cli", "by": "admin"}
    assert done.out.strip() in ry("runs").out
    nothing = ry("runs", "--label", "ticket=B")
    assert (nothing.code, nothing.out) == (0, "")


@pytest.mark.parametrize(
    ("code", "options", "expected", "said"),
    [
        ("import time; time.sleep(60)", ["--timeout", "1s"], 124, "Timed out"),
        ("import os; os.kill(os.getpid(), 9)", [], 137, "signal 9"),
        ("print(1", [], 1, "was never closed"),
        ("# /// script\n# dependencies = [\n# ///\n", [], 125, "header"),
    ],
)
def test_exit_codes_of_endings(ry: Commands, code: Any, options: list[str], expected: Any, said: str) -> None:
    done = ry("run", ry.write("it.py", code), "-f", *options)
    assert done.code == expected
    assert said in done.err


def test_files_go_along_and_come_back(ry: Commands, tmp_path: Path) -> None:
    script = ry.write("copy.sh", "cat a.txt b.txt > both.txt; mkdir -p deep; cp both.txt 'deep/ö &.txt'\n")
    a, b = ry.write("a.txt", "aaa\n"), ry.write("other/b.txt", "bbb\n")
    run = run_id(ry("run", script, "-F", a, "-F", b, "-f").err)
    listed = {item["path"]: item for item in ry("files", run, "--json").json}
    assert {path: item["uploaded"] for path, item in listed.items()} == {
        "a.txt": True,
        "b.txt": True,
        "both.txt": False,
        "deep": False,
        "deep/ö &.txt": False,
    }
    assert "both.txt" in ry("files", run).out
    assert ry("files", run, "--get", "both.txt", "-o", "-").out == "aaa\nbbb\n"
    assert ry("files", run, "--get", "deep/ö &.txt").code == 0
    assert (ry.folder / "ö &.txt").read_text() == "aaa\nbbb\n"
    assert ry("files", run, "--all", "-o", tmp_path / "got").code == 0
    assert (tmp_path / "got/deep/ö &.txt").read_text() == "aaa\nbbb\n"
    again = ry("files", run, "--all", "-o", tmp_path / "got")
    assert again.code == 1
    assert "is there already" in again.err
    assert ry("files", run, "--all", "-o", tmp_path / "got", "--force").code == 0
    missing = ry("files", run, "--get", "nothing.txt")
    assert missing.code == 1
    assert not (ry.folder / "nothing.txt").exists()
    same = ry("run", script, "-F", a, "-F", ry.write("again/a.txt", ""))
    assert same.code == 2


def test_names_that_would_break_a_line_are_listed_on_one(ry: Commands) -> None:
    run = run_id(ry("run", ry.write("odd.sh", "touch $'two\\nrows' $'a\\ttab' $'bell\\a'\n"), "-f").err)
    rows = ry("files", run).out.splitlines()
    assert len(rows) == 4
    assert {row.split("  ")[0] for row in rows[1:]} == {r"two\nrows", r"a\ttab", "bell\N{REPLACEMENT CHARACTER}"}
    assert {item["path"] for item in ry("files", run, "--json").json} == {"two\nrows", "a\ttab", "bell\a"}
    fetched = ry("files", run, "--get", "two\nrows")
    assert (fetched.code, fetched.err.count("\n")) == (0, 1)


def test_logs_are_shown_whole_or_by_their_tail(ry: Commands) -> None:
    run = run_id(ry("run", ry.write("count.sh", "seq 1 6000\n"), "-f").err)
    assert ry("logs", run).out.splitlines() == [str(n) for n in range(1, 6001)]
    assert ry("logs", run, "--tail", "2").out == "5999\n6000\n"
    assert ry("logs", run, "-f", "--tail", "1").out == "6000\n"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} 6000\n", ry("logs", run, "-t", "-n", "1").out)
    assert [event["n"] for event in ry("logs", run, "--json", "--tail", "2").ndjson] == [5999, 6000]
    assert ry("logs", "run_nothing").code == 1


def test_a_reader_that_leaves_early_is_no_trouble(ry: Commands) -> None:
    run = run_id(ry("run", ry.write("count.sh", "seq 1 50000\n"), "-f").err)
    process = ry.begin("logs", run)
    assert lines(process, 1) == ["1"]
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdin is not None
    process.stdin.close()
    process.stdout.close()
    assert process.wait(timeout=60) != 0
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_one_ctrl_c_leaves_the_run_going(ry: Commands) -> None:
    process = ry.begin("run", ry.write("long.sh", LONG), "-f")
    assert lines(process, 2) == ["line 1", "line 2"]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    run = run_id(said)
    assert process.returncode == 130
    assert f"runyard logs -f {run}" in said
    assert f"runyard cancel {run}" in said
    assert state_of(ry, run) == "running"
    following = ry.begin("logs", "-f", run)
    assert lines(following, 2) == ["line 1", "line 2"]
    cancelled = ry("cancel", run, "run_nothing")
    assert cancelled.code == 1
    assert f"{run} is being cancelled" in cancelled.out
    assert "run_nothing: There is no run" in cancelled.err
    following.communicate(timeout=60)
    assert following.returncode == 0
    assert state_of(ry, run) == "cancelled"


def test_two_ctrl_c_cancel_it(ry: Commands) -> None:
    process = ry.begin("run", ry.write("long.sh", LONG), "-f")
    lines(process, 1)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    heard = ""
    while "Press Ctrl-C again" not in heard:
        heard = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Cancelling the run." in said
    assert "Cancelled" in said


def test_what_a_queued_run_waits_for_is_shown(ry: Commands) -> None:
    script = ry.write("long.sh", LONG)
    busy = [ry("run", script).out.strip() for _ in range(2)]
    wait_for(lambda: all(state_of(ry, run) == "running" for run in busy))
    process = ry.begin("run", script, "-f", "-p", "N=1")
    assert process.stderr is not None
    heard = ""
    while "slots are taken" not in heard:
        heard = process.stderr.readline()
        assert heard
    assert ry("cancel", *busy).code == 0
    process.communicate(timeout=60)
    assert process.returncode == 5


def test_running_again(ry: Commands) -> None:
    run = run_id(ry("run", ry.write("prints.py", PRINTS), "-f", "-p", "WHO=me", "-p", "CODE=4").err)
    again = ry("rerun", run, "--follow")
    assert again.code == 4
    assert 'Output: {"who": "me"}' not in ry("rerun", "run_nothing").err


def test_following_outlives_a_restart_of_the_server(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    process = ry.begin("run", ry.write("long.sh", LONG), "-f", "-p", "N=60")
    first = lines(process, 2)
    said = yard.stop()
    assert "1 run goes on without Runyard" in said
    assert "--cancel-runs" in said
    yard.start()
    out, err = rest(process)
    assert process.returncode == 5, err
    assert [*first, *out.split("\n")] == [*(f"line {n}" for n in range(1, 61)), ""]
    assert "Trying again" in err


def test_following_outlives_a_killed_server(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    process = ry.begin("run", ry.write("long.sh", LONG), "-f", "-p", "N=60")
    first = lines(process, 2)
    yard.stop(signal.SIGKILL)
    yard.start()
    out, err = rest(process)
    assert process.returncode == 5, err
    assert [*first, *out.split("\n")] == [*(f"line {n}" for n in range(1, 61)), ""]
