"""Scripts and jobs that are made of other systems' schedules: they do what was done there."""

import subprocess
from pathlib import Path

import pytest

from runyard.jobs.importing import MOST_IMPORTED, Kind, Planned, UnreadableSchedules, notes, picked, plan, read


def planned(kind: Kind, text: str, *taken: str, prefix: str = "") -> list[Planned]:
    return plan(kind, text, read(kind, text, "UTC").carried, taken, prefix=prefix)


def ran(code: str, folder: Path) -> str:
    path = folder / "main.sh"
    path.write_text(code)
    done = subprocess.run(["bash", path], cwd=folder, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("0 0 * * * echo one; echo two", "one\ntwo\n"),
        # A % that is not escaped begins the input, and each one after it a line of that.
        ("0 0 * * * cat%Dear Ada,%100\\% yours", "Dear Ada,\n100% yours\n"),
        ("0 0 * * * cat -; echo end%a%INPUT%b", "a\nINPUT\nb\nend\n"),
        ("0 0 * * * echo 50\\%", "50%\n"),
        # Its settings are taken as they are: a cron expands nothing in them.
        ('A=$HOME/x\nB="it\'s"\n0 0 * * * echo $A "$B"', "$HOME/x it's\n"),
        ("A=1\n0 0 * * * echo '$A' $A `echo b`", "$A 1 b\n"),
    ],
)
def test_a_line_of_a_crontab_does_what_it_did(text: str, out: str, tmp_path: Path) -> None:
    [one] = planned(Kind.crontab, text)
    assert ran(one.code, tmp_path) == out


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/opt/backup.sh --full", "backup.sh"),
        ("cd /srv/app && /usr/bin/python3.11 -u manage.py clearsessions", "manage.py"),
        ("cd /srv; cd app && run-parts --report /etc/cron.hourly", "run-parts"),
        ("LANG=C TZ=UTC /usr/bin/node --no-warnings ./x/report.js", "report.js"),
        ("task sign.js", "sign.js"),
        ("python3", "python3"),
        ("echo 'unclosed", "echo"),
        ("X=1", "imported"),
    ],
)
def test_a_job_is_called_what_its_command_starts(command: str, name: str) -> None:
    assert [one.name for one in planned(Kind.crontab, f"0 0 * * * {command}")] == [name]


def test_names_are_those_of_nobody_else() -> None:
    text = "0 1 * * * /opt/a\n0 2 * * * /usr/a\n0 3 * * * /usr/local/a"
    assert [one.name for one in planned(Kind.crontab, text, "a 2")] == ["a", "a 3", "a 4"]
    assert [one.name for one in planned(Kind.crontab, text, prefix="db1: ")] == ["db1: a", "db1: a 2", "db1: a 3"]


def test_an_item_with_several_schedules_is_one_job() -> None:
    text = """{"code": 200, "data": [
        {"name": "签到", "command": "task sign.js", "schedule": "0 9 * * *",
         "extra_schedules": [{"schedule": "0 21 * * *"}]},
        {"name": "off", "command": "echo off", "schedule": "0 0 8 * * *", "isDisabled": 1}]}"""
    first, second = planned(Kind.qinglong, text)
    assert (first.name, [each.cron.text for each in first.entries]) == ("签到", ["0 9 * * *", "0 21 * * *"])
    assert (second.name, second.enabled) == ("off", False)
    assert notes(Kind.qinglong, text, first.entries[0]) == [
        "task is a command of QingLong's own; name the script's interpreter in its place"
    ]
    assert notes(Kind.qinglong, text, second.entries[0]) == []


WORKFLOW = """
name: Nightly build
on:
  schedule:
    - cron: "30 5 * * 1-5"
    - cron: "0 12 * * 6"
  push:
env: {STAGE: "it's"}
jobs:
  build:
    runs-on: ubuntu-latest
    env: {LEVEL: 2, FAST: true}
    steps:
      - name: Say it
        run: |
          cat <<END
          $STAGE $LEVEL $FAST
          END
      - run: pwd | sed 's/.*[/]//'
        working-directory: "a dir"
      - run: cd / && export LEVEL=9
      - run: echo $LEVEL
  publish:
    steps:
      - run: echo published
"""


def test_what_a_workflow_runs_in_a_shell_goes_along(tmp_path: Path) -> None:
    [one] = planned(Kind.github, WORKFLOW)
    assert (one.name, one.enabled, [each.cron.text for each in one.entries]) == (
        "Nightly build",
        True,
        ["30 5 * * 1-5", "0 12 * * 6"],
    )
    (tmp_path / "a dir").mkdir()
    assert ran(one.code, tmp_path) == "it's 2 true\na dir\n2\npublished\n"
    assert notes(Kind.github, WORKFLOW, one.entries[0]) == []


def test_what_of_a_workflow_can_not_go_along_is_said_and_it_does_not_begin_by_running(tmp_path: Path) -> None:
    text = """
on: {schedule: [{cron: "0 0 * * *"}]}
jobs:
  build:
    strategy: {matrix: {os: [a, b]}}
    if: github.ref == 'main'
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.sha }}
      - run: Write-Host no
        shell: pwsh
      - run: echo yes
        env: {TOKEN: "${{ secrets.TOKEN }}"}
  other:
    uses: acme/shared/.github/workflows/x.yml@main
"""
    [one] = planned(Kind.github, text)
    assert not one.enabled
    assert ran(one.code, tmp_path) == "yes\n"
    said = notes(Kind.github, text, one.entries[0])
    expected = ["a matrix", "only if", "actions/checkout@v4", "expressions", "pwsh", "TOKEN", "of another place"]
    for note, part in zip(said, expected, strict=True):
        assert part in note


def test_a_step_with_a_condition_is_run_always_and_that_is_said(tmp_path: Path) -> None:
    text = """
on: {schedule: [{cron: "0 0 * * *"}]}
jobs: {build: {steps: [{run: echo yes, if: "github.ref == 'main'"}]}}
"""
    [one] = planned(Kind.github, text)
    assert ran(one.code, tmp_path) == "yes\n"
    [said] = notes(Kind.github, text, one.entries[0])
    assert "is run always, not only if github.ref == 'main'" in said


def test_jobs_of_a_workflow_run_after_those_that_they_need(tmp_path: Path) -> None:
    text = """
on: {schedule: [{cron: "0 0 * * *"}]}
jobs:
  deploy: {needs: [test, build], steps: [{run: echo deploy}]}
  test: {needs: build, steps: [{run: echo test}]}
  build: {steps: [{run: echo build}]}
"""
    [one] = planned(Kind.github, text)
    assert (one.enabled, notes(Kind.github, text, one.entries[0])) == (True, [])
    assert ran(one.code, tmp_path) == "build\ntest\ndeploy\n"


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("{a: {needs: gone}, b: {}}", "job a does not wait for gone, which is not there"),
        ("{a: {needs: [[b]]}, b: {}}", "job a does not wait for"),
        ("{a: {needs: b}, b: {needs: [a]}}", "jobs that need one another in a circle are run as they are written: "),
        ("{a: {needs: a}, b: {}}", "in a circle"),
    ],
)
def test_what_can_not_be_waited_for_is_said(needs: str, said: str) -> None:
    text = f"on: {{schedule: [{{cron: '0 0 * * *'}}]}}\njobs: {needs}"
    [one] = planned(Kind.github, text)
    assert not one.enabled
    [note] = notes(Kind.github, text, one.entries[0])
    assert said in note
    assert one.code.index("# job a") < one.code.index("# job b")


def test_a_step_that_fails_ends_it(tmp_path: Path) -> None:
    text = "on: {schedule: [{cron: '0 0 * * *'}]}\njobs: {a: {steps: [{run: 'false'}, {run: echo no}]}}"
    (tmp_path / "main.sh").write_text(planned(Kind.github, text)[0].code)
    done = subprocess.run(["bash", tmp_path / "main.sh"], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Kind.github, "a: [", "not YAML"),
        (Kind.github, "- a", "no workflow"),
        (Kind.github, "a: &x 1\nb: *x", "aliases"),
        (Kind.github, "a: " + "[" * 60 + "]" * 60, "too deeply"),
        (Kind.github, "a" * 200_001, "at most"),
        (Kind.qinglong, "{", "not JSON"),
        (Kind.qinglong, '{"a": 1}', "no export"),
        (Kind.crontab, "0 0 * * * a\n" * (MOST_IMPORTED + 1), "At most"),
    ],
)
def test_what_can_not_be_read(kind: Kind, text: str, said: str) -> None:
    with pytest.raises(UnreadableSchedules, match=said):
        read(kind, text, "UTC")


def test_what_no_script_may_hold_is_left_out() -> None:
    found = read(Kind.crontab, "0 0 * * * echo \0\n0 1 * * * echo " + "a" * 100_001 + "\n0 2 * * * ok", "UTC")
    assert [each.command for each in found.carried] == ["ok"]
    assert [(each.at, each.why) for each in found.left_out] == [
        ("line 1", "its command holds a NUL character"),
        ("line 2", "it is longer than can be kept"),
    ]


def test_entries_are_picked_by_their_number() -> None:
    entries = read(Kind.crontab, "0 0 * * * a\n0 1 * * * b\n0 2 * * * c", "UTC").carried
    assert [each.command for each in picked(entries, None)] == ["a", "b", "c"]
    assert [each.command for each in picked(entries, [2, 0, 2])] == ["a", "c"]
    assert picked(entries, []) == []
    with pytest.raises(UnreadableSchedules, match="no entry 3"):
        picked(entries, [3])
