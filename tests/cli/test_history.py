"""What runs tell together, many runs at once, and what is asked of one run beyond its script, on a real server."""

import re

from .conftest import Commands

FAILS = 'import os\nraise ValueError("odd " + os.environ["WHICH"])\n'
SPEAKS = 'import os\nprint("it is", os.environ["WHAT"])\n'


def labelled(ry: Commands, code: str, label: str, *options: str, times: int = 1) -> list[str]:
    """Run a file to its end, some times over, and return the runs' ids."""
    script = ry.write(f"{label}.py", code)
    ended = [ry("run", script, "--follow", "--json", "--label", f"for={label}", *options) for _ in range(times)]
    return [done.ndjson[-1]["run"]["id"] for done in ended]


def test_equal_failures_are_one_line(ry: Commands) -> None:
    first, second = labelled(ry, FAILS, "odd", "-p", "WHICH=1"), labelled(ry, FAILS, "odd", "-p", "WHICH=2")
    [group] = [one for one in ry("failures", "--json", "-n", "500").json if one["script_name"] == "odd"]
    assert (group["count"], group["title"]) == (2, "ValueError: odd 1")
    assert (group["first_run_id"], group["last_run_id"]) == (first[0], second[0])
    assert re.search(rf"^2 +odd +ValueError: odd 1 .*{second[0]}", ry("failures").out, re.MULTILINE)
    listed = ry("runs", "--failure", group["id"], "--json").json
    assert [run["id"] for run in listed] == [*second, *first]
    nothing = ry("runs", "--failure", "fail_nothing")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "There are no such runs.\n")
    unknown = ry("failures", "--script", "no such script")
    assert (unknown.code, unknown.out) == (1, "")
    assert "There is no script" in unknown.err


def test_failures_of_one_script(ry: Commands) -> None:
    folder = ry.folder / "folder"
    ry.write("folder/main.py", "raise SystemExit('mine')\n")
    ry.write("folder/script.toml", 'name = "failing"\nlanguage = "python"\nentry = "main.py"\n')
    pushed = ry("scripts", "push", folder)
    assert pushed.code == 0, pushed.err
    assert ry("failures", "--script", "failing").err == "There are no failures.\n"
    assert ry("run", "failing", "--follow").code == 1
    [group] = ry("failures", "--script", "failing", "--json").json
    assert (group["script_name"], group["count"]) == ("failing", 1)


def test_two_runs_side_by_side(ry: Commands) -> None:
    [one] = labelled(ry, SPEAKS, "pair", "-p", "WHAT=tea")
    [other] = labelled(ry, SPEAKS + "print('more')\n", "pair", "-p", "WHAT=milk")
    done = ry("compare", one, other)
    assert done.code == 1
    assert "parameters: WHAT\n" in done.out
    assert re.search(r"^duration_s +[\d.]+ +[\d.]+ +×[\d.]+", done.out, re.MULTILINE)  # noqa: RUF001 - a multiple
    assert "\nCode:\n" in done.out
    assert "+print('more')" in done.out
    assert re.search(r"^output_bytes +10 +16 ", done.out, re.MULTILINE)
    whole = ry("compare", one, other, "--json")
    assert whole.code == 1
    assert {change["what"] for change in whole.json["changed"]} >= {"code", "parameters"}
    same = ry("compare", one, one)
    assert (same.code, "Code:" in same.out) == (0, False)
    missing = ry("compare", one, "run_nothing")
    assert (missing.code, missing.err) == (1, "Error: There is no run with that id.\n")


def test_many_runs_at_once(ry: Commands) -> None:
    runs = labelled(ry, SPEAKS, "many", "-p", "WHAT=tea", times=3)
    unsure = ry("batch", "delete", "--label", "for=many")
    assert (unsure.code, unsure.err) == (2, "Error: This would delete 3 runs; say --yes to do it.\n")
    assert len(ry("runs", "--label", "for=many", "--json").json) == 3
    assert ry("keep", runs[0], "--note", "the good one").out == f"{runs[0]} is kept.\n"
    done = ry("batch", "delete", "--label", "for=many", "--yes")
    assert (done.code, done.out) == (1, "2 runs: done.\n")
    assert done.err == f"{runs[0]}: It is on the keep-list.\n"
    assert [run["id"] for run in ry("runs", "--label", "for=many", "--json").json] == runs[:1]
    assert ry("keep", runs[0], "--off").out == f"{runs[0]} is kept as long as the others.\n"
    assert ry("batch", "delete", "--label", "for=many", "--yes").out == "1 run: done.\n"
    assert ry("runs", "--label", "for=many", "--json").json == []
    gone = ry("keep", runs[0])
    assert (gone.code, gone.err) == (1, "Error: There is no run with that id.\n")


def test_waiting_runs_are_cancelled_together(ry: Commands) -> None:
    # No worker takes this queue, so they wait for sure.
    script = ry.write("waits.py", "print('never')\n")
    runs = [ry("run", script, "--queue", "nowhere", "--label", "for=waits").out.strip() for _ in range(2)]
    done = ry("batch", "cancel", "--label", "for=waits", "--state", "queued", "-y", "--json")
    assert (done.code, done.json) == (0, {"done": 2, "refused": [], "more": False})
    listed = ry("runs", "--label", "for=waits", "--json").json
    assert [(run["id"], run["state"], run["queue"]) for run in listed] == [
        (run, "cancelled", "nowhere") for run in reversed(runs)
    ]


def test_failed_runs_are_run_again_together(ry: Commands) -> None:
    labelled(ry, FAILS, "again", "-p", "WHICH=1")
    labelled(ry, SPEAKS, "again", "-p", "WHAT=tea")
    assert ry("batch", "retry", "--label", "for=again", "--yes").out == "1 run: done.\n"
    names = [run["trigger"]["kind"] for run in ry("runs", "--label", "for=again", "--json").json]
    assert sorted(names) == ["cli", "cli", "rerun"]


def test_batches_that_cannot_be(ry: Commands) -> None:
    unknown = ry("batch", "explode", "--yes")
    assert (unknown.code, unknown.err) == (2, "Error: 'explode' can't be done; there are cancel, retry, delete.\n")
    state = ry("batch", "cancel", "--state", "over", "--yes")
    assert state.code == 2
    assert "'over' is not a state; there are queued," in state.err
    unfit = ry("batch", "cancel", "--state", "succeeded", "--yes")
    assert unfit.code == 1
    assert "choose among queued, starting, running" in unfit.err


def test_what_a_run_is_given_beyond_its_script(ry: Commands) -> None:
    script = ry.write("wishes.py", "print('ran')\n")
    limits = ("--limit", "cpu=0.5", "--limit", "memory_mb=300")
    done = ry("run", script, "--follow", "--json", "--priority", "7", "--queue", "default", *limits)
    assert done.code == 0, done.err
    run = done.ndjson[-1]["run"]
    assert (run["priority"], run["queue"]) == (7, "default")
    assert {name: value for name, value in run["limits"].items() if value is not None} == {"cpu": 0.5, "memory_mb": 300}
    assert run["isolation"]["memory"]["limit_mb"] == 300


def test_wishes_that_cannot_be(ry: Commands) -> None:
    script = ry.write("wishes.py", "print('ran')\n")
    for options, code, said in (
        (("--limit", "cpu=lots"), 2, "--limit cpu=lots: a number is needed."),
        (("--limit", "cpu"), 2, "'cpu' is not a limit; write it as key=value."),
        (("--limit", "wheels=4"), 2, "'wheels' can't be limited; there are cpu, memory_mb,"),
        (("--priority", "999"), 1, "priority"),
        (("--queue", "No Such"), 1, "queue"),
    ):
        done = ry("run", script, *options)
        assert (done.code, done.out) == (code, "")
        assert said in done.err
