"""One run as a terminal shows it, on a real server."""

import re

from .conftest import Commands

CODE = """\
import json, os, time
print("::progress 40 halfway")
time.sleep(2.2)
json.dump({"rows": 3}, open(os.environ["RUNYARD_OUTPUTS"], "w"))
"""


def ended(ry: Commands, code: str, *options: str) -> str:
    """Run a file to its end and return the run's id."""
    done = ry("run", ry.write("shown.py", code), "--follow", "--json", *options)
    return str(done.ndjson[-1]["run"]["id"])


def test_a_run_says_what_it_was_given_used_and_returned(ry: Commands) -> None:
    run = ended(
        ry, CODE, "-p", "WHAT=tea", "--label", "team=data", "--limit", "pids=99", "-F", str(ry.write("a.csv", "1"))
    )
    done = ry("show", run)
    assert done.code == 0, done.err
    facts = dict(re.findall(r"^(\S+(?: \S+)*) {2,}(.*)$", done.out, re.MULTILINE))
    assert facts["run"] == run
    assert facts["script"] == "shown (draft)"
    assert facts["state"] == "succeeded"
    assert facts["progress"] == "40 % halfway"
    assert facts["by"] == "admin (cli)"
    assert facts["labels"] == "team=data"
    assert facts["parameters"] == '{"WHAT": "tea"}'
    assert facts["uploads"] == "a.csv"
    assert facts["limits"] == '{"pids": 99}'
    assert facts["returned"] == '{"rows": 3}'
    assert re.match(r"[\d.]+ s, ", facts["used"])
    # Whether it could be enforced is the machine's; that it is told is ours.
    assert re.fullmatch(r"99 \((enforced by|not enforced, ) ?.+\)", facts["pids limit"])
    assert "error" not in facts
    assert "waits for" not in facts

    assert ry("show", run, "--outputs").json == {"rows": 3}
    assert ry("show", run, "--json").json["id"] == run
    kinds = [one["kind"] for one in ry("show", run, "--events", "--json").json]
    assert (kinds[0], kinds[-1]) == ("run.queued", "run.succeeded")
    assert re.search(r"^\S+ \S+ +1 +succeeded +\{\"exit_code\": 0\}", ry("show", run, "--events").out, re.MULTILINE)
    series = ry("show", run, "--usage", "--json").json
    assert series["complete"]
    assert series["points"]
    assert re.search(r"^\d+\.\d s +", ry("show", run, "--usage").out, re.MULTILINE)


def test_a_failed_run_says_why(ry: Commands) -> None:
    run = ended(ry, "raise SystemExit(3)\n")
    said = ry("show", run).out
    assert re.search(r"^state +failed$", said, re.MULTILINE)
    assert re.search(r"^exit code +3$", said, re.MULTILINE)
    assert re.search(r"^error +\S", said, re.MULTILINE)
    short = ry("show", run, "--usage")
    assert (short.code, short.out, short.err) == (0, "", "It was too short to be measured while it ran.\n")
    assert ry("show", run, "--outputs").json is None


def test_wrong_calls_are_answered(ry: Commands) -> None:
    missing = ry("show", "run_nothing")
    assert (missing.code, missing.err) == (1, "Error: There is no run with that id.\n")
    assert "Choose one" in ry("show", "run_1", "--events", "--usage").err
    assert "goes with --usage" in ry("show", "run_1", "--attempt", "1").err
