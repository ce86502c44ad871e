"""Jobs from a terminal, against a real server."""

import re

import pytest

from runyard.cli.jobs import _standing

from .conftest import Commands

MANIFEST = 'name = "{name}"\nlanguage = "shell"\nentry = "main.sh"\n'
ASKS = MANIFEST + '\n[[parameters]]\nkey = "WHO"\ntype = "text"\n\n[[parameters]]\nkey = "TIMES"\ntype = "number"\n'
CRONTAB = """\
GREETING="good morning"
0 3 * * * echo $GREETING
*/5 * * * * cat%one%two
@reboot /opt/start
"""


def script(ry: Commands, name: str, code: str = "true\n", manifest: str = MANIFEST) -> None:
    ry.write(f"{name}/main.sh", code)
    ry.write(f"{name}/script.toml", manifest.format(name=name))
    pushed = ry("scripts", "push", ry.folder / name)
    assert pushed.code == 0, pushed.err


def made(ry: Commands, name: str, *options: str) -> dict[str, object]:
    script(ry, f"{name}-script")
    done = ry("jobs", "create", name, "--script", f"{name}-script", "--json", *options)
    assert done.code == 0, done.err
    return dict(done.json)


def test_a_job_is_made_shown_and_listed(ry: Commands) -> None:
    script(ry, "greet", 'echo "hello $WHO"\n', ASKS)
    options = ("--cron", "0 3 * * *", "--timezone", "Europe/Berlin", "-p", "WHO=ada", "-p", "TIMES=3")
    done = ry("jobs", "create", "greeting", "--script", "greet", *options, "--overlap", "skip", "--timeout", "10m")
    assert done.code == 0, done.err
    assert re.search(r"^job_\w+  greeting  on\n  trg_\w+  Every day at 03:00, Europe/Berlin; next ", done.out)
    job = ry("jobs", "show", "greeting", "--json").json
    assert job["parameters"] == {"WHO": "ada", "TIMES": 3}
    assert (job["settings"]["overlap"], job["settings"]["timeout_s"]) == ("skip", 600)
    shown = ry("jobs", "show", "greeting").out
    assert "runs script greet" in shown
    assert "Every day at 03:00, Europe/Berlin" in shown
    assert re.search(r"^greeting +on +20\d\d-\S+ \S+ +greet", ry("jobs", "list", "greet").out, re.MULTILINE)
    assert [one["id"] for one in ry("jobs", "list", "greet", "--json").json] == [job["id"]]


def test_a_job_is_changed_and_what_is_not_named_stays(ry: Commands) -> None:
    first = made(ry, "changing", "--cron", "@daily", "--overlap", "skip", "--label", "team=ops")
    done = ry("jobs", "edit", "changing", "--every", "15m", "--webhook", "hmac", "--breaker", "3", "--label", "x=y")
    assert done.code == 0, done.err
    assert "Every 15 minutes" in done.out
    assert "shown this once" in done.err
    secret = done.out.splitlines()[-1]
    assert len(secret) >= 40
    job = ry("jobs", "show", "changing", "--json").json
    assert [one["type"] for one in job["triggers"]] == ["cron", "interval", "webhook"]
    assert job["triggers"][0]["id"] == first["triggers"][0]["id"]  # type: ignore[index]
    assert (job["settings"]["overlap"], job["settings"]["breaker"]["failures"]) == ("skip", 3)
    assert job["labels"] == {"team": "ops", "x": "y"}
    assert secret not in ry("jobs", "show", "changing", "--json").out
    gone = ry("jobs", "edit", "changing", "--remove-trigger", job["triggers"][1]["id"], "--name", "changed")
    assert gone.code == 0, gone.err
    assert [one["type"] for one in ry("jobs", "show", "changed", "--json").json["triggers"]] == ["cron", "webhook"]
    follower = made(ry, "follower", "--after", "changed:any")
    assert follower["triggers"][0]["on"] == "any"  # type: ignore[index]


def test_a_job_is_paused_resumed_switched_off_and_deleted(ry: Commands) -> None:
    made(ry, "pausing", "--cron", "0 0 * * *")
    assert ry("jobs", "pause", "pausing", "-m", "moving house").out == "Paused 1 job.\n"
    assert "paused by admin since" in ry("jobs", "show", "pausing").out
    assert "moving house" in ry("jobs", "show", "pausing").out
    assert ry("jobs", "resume", "pausing").out == "Resumed 1 job.\n"
    assert ry("jobs", "disable", "pausing").err == "pausing is switched off.\n"
    assert ry("jobs", "list", "pausing", "--json").json[0]["state"] == "disabled"
    assert ry("jobs", "enable", "pausing").err == "pausing is switched on.\n"
    refused = ry("jobs", "delete", "pausing")
    assert (refused.code, "no terminal" in refused.err) == (2, True)
    assert ry("jobs", "delete", "pausing", "--yes").out == "Deleted 'pausing'.\n"
    missing = ry("jobs", "show", "pausing")
    assert (missing.code, "There is no job 'pausing'" in missing.err) == (1, True)


def test_what_is_deleted_names_the_jobs_that_need_it(ry: Commands) -> None:
    made(ry, "needed", "--cron", "@daily")
    made(ry, "needing", "--after", "needed")
    assert "After needed: success" in ry("jobs", "show", "needing").out
    told = ry("scripts", "delete", "needed-script")
    assert (told.code, "Jobs run 'needed-script', and are broken without it: 'needed'." in told.err) == (2, True)
    told = ry("jobs", "delete", "needed", "--yes")
    assert (told.code, "Jobs run after 'needed', and are broken without it: 'needing'." in told.err) == (0, True)
    # Named while it is there, and by its id from then on.
    assert "After job_" in ry("jobs", "show", "needing").out
    assert ry("jobs", "list", "needing", "--json").json[0]["state"] == "broken"


def test_a_crontab_becomes_jobs_that_begin_in_shadow(ry: Commands) -> None:
    path = ry.write("crontab", CRONTAB)
    told = ry("jobs", "import", path, "--timezone", "UTC")
    assert told.code == 0, told.err
    assert re.search(r"^0 +echo +0 3 \* \* \* +UTC +Every day at 03:00 +echo \$GREETING", told.out, re.MULTILINE)
    assert "Left out, line 4: @reboot /opt/start" in told.err
    assert "Nothing was made" in told.err
    done = ry("jobs", "import", path, "--timezone", "UTC", "--apply", "--prefix", "db1 ", "--json")
    assert [one["name"] for one in done.json["items"]] == ["db1 echo", "db1 cat"]
    assert ry("jobs", "show", "db1 echo", "--json").json["paused"]["kind"] == "shadow"
    # The scripts do what a cron did.
    assert ry("run", "db1 echo", "--follow").out == "good morning\n"
    assert ry("run", "db1 cat", "--follow").out == "one\ntwo\n"
    log = "Mar  2 03:00:02 db1 CRON[1]: (root) CMD (echo $GREETING)\n"
    asked = ("--log", "-", "--timezone", "UTC", "--from", "2026-03-01T00:00Z", "--contains", "echo")
    differs = ry("jobs", "shadow", "db1 echo", *asked, "--to", "2026-03-04T00:00Z", stdin=log)
    assert (differs.code, differs.out.count("only here")) == (1, 2)
    assert "1 agree, usually 2 s later there; 2 only here, 0 only there." in differs.err
    agrees = ry("jobs", "shadow", "db1 echo", "--from", "2026-03-02T00:00Z", "--to", "2026-03-03T00:00Z")
    assert (agrees.code, agrees.out) == (0, "")
    over = ry("jobs", "cut-over", "db1 echo")
    assert re.match(r"db1 echo is on; next ", over.err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "x", "--script", "nowhere"], "There is no script 'nowhere'"),
        (["create", "x", "--script", "y", "--overlap", "maybe"], "--overlap 'maybe': there are allow"),
        (["create", "x", "--script", "y", "--settings", "["], "--settings takes a JSON object"),
        (["create", "x", "--script", "y", "--timeout", "soon"], "'soon' is not a duration"),
        (["list", "--state", "asleep"], "'asleep' is not a state"),
        (["pause"], "Name the jobs, or say --all."),
        (["slots", "x", "--outcome", "lost"], "'lost' is not an outcome"),
        (["import", "nowhere.txt"], "nowhere.txt can't be read"),
        (["import", "x", "--kind", "at"], "--kind 'at': there are crontab"),
        (["import", "x", "--begin", "now"], "--begin 'now': there are shadow"),
        (["backfill", "x", "--from", "soon", "--to", "later"], "'soon' is not a time"),
        (["edit", "x"], "There is no job 'x'"),
    ],
)
def test_wrong_calls_are_answered_in_a_sentence(ry: Commands, arguments: list[str], said: str) -> None:
    done = ry("jobs", *arguments)
    assert (done.code in {1, 2}, done.out) == (True, "")
    assert said in done.err


def test_jobs_go_out_into_a_file_and_come_in(ry: Commands) -> None:
    made(ry, "going", "--cron", "@daily", "--timezone", "Europe/Berlin", "--webhook", "token", "--overlap", "skip")
    written = ry("jobs", "export", "going", "-o", ry.folder / "jobs.json")
    assert (written.code, written.out) == (0, ""), written.err
    again = ry("jobs", "export", "going", "-o", ry.folder / "jobs.json")
    assert (again.code != 0, "File exists" in again.err) == (True, True)
    shown = ry("jobs", "export", "going")
    assert shown.out.startswith("format: runyard-jobs\nversion: 1\n")
    ry.write("moved.yaml", shown.out)
    for name in ("jobs.json", "moved.yaml"):
        told = ry("jobs", "import", ry.folder / name)
        assert told.code == 0, told.err
        assert "going 2" in told.out
        assert "Nothing was made" in told.err
    done = ry("jobs", "import", ry.folder / "moved.yaml", "--apply", "--begin", "disabled")
    assert done.code == 0, done.err
    assert re.search(r"^going 2: secret of webhook trg_\w+, shown this once: \S{40,}$", done.err, re.MULTILINE)
    job = ry("jobs", "show", "going 2", "--json").json
    assert (job["state"], job["settings"]["overlap"]) == ("disabled", "skip")
    assert [one["type"] for one in job["triggers"]] == ["cron", "webhook"]


def test_a_schedule_that_can_not_be_is_refused_with_why(ry: Commands) -> None:
    script(ry, "never")
    done = ry("jobs", "create", "never", "--script", "never", "--cron", "0 0 30 2 *")
    assert (done.code, "never comes in FEB" in done.err) == (1, True)
    done = ry("jobs", "create", "never", "--script", "never", "--cron", "0 0 * * *", "--timezone", "Mars/Base")
    assert (done.code, "Mars/Base" in done.err) == (1, True)


def test_a_zone_goes_with_what_is_on_a_clock(ry: Commands) -> None:
    script(ry, "zoned")
    done = ry("jobs", "create", "zoned", "--script", "zoned", "--every", "60", "--timezone", "Europe/Berlin")
    assert (done.code, "--timezone goes with --cron or --at" in done.err) == (2, True), done.err
    mixed = '{"type": "interval", "every_s": 60, "glob": "*"}'
    done = ry("jobs", "create", "zoned", "--script", "zoned", "--trigger", mixed)
    assert (done.code, "triggers.0.glob" in done.err) == (1, True), done.err


def test_an_owner_who_is_disabled_is_told(ry: Commands) -> None:
    job = made(ry, "owned", "--every", "1d")
    assert not [line for line in _standing(job) if "owner" in line]
    gone = job | {"owner": {"id": "usr_bob", "name": "bob", "disabled": True}}
    assert "its owner bob is disabled; it goes on all the same" in _standing(gone)


def test_a_schedule_is_told_before_it_is_saved(ry: Commands) -> None:
    done = ry("jobs", "preview", "30 2 * * *", "--timezone", "Europe/Berlin", "--after", "2026-10-24T12:00", "-n", "2")
    assert done.code == 0, done.err
    first, *times = done.out.splitlines()
    assert first == "Every day at 02:30"
    assert [time.split("  ")[1] for time in times] == [
        "2026-10-25 02:30:00+02:00",
        "(2026-10-25 02:30:00+01:00)",
        "2026-10-26 02:30:00+01:00",
    ]
    assert "Clocks go back" in times[1]
    never = ry("jobs", "preview", "0 0 30 2 *")
    assert (never.code, never.out, "never comes in FEB" in never.err) == (1, "", True)


def test_a_job_runs_now_and_for_times_that_are_past(ry: Commands) -> None:
    made(ry, "past", "--trigger", '{"type": "interval", "every_s": 3600, "anchor": "2026-01-01T00:00:00Z"}')
    followed = ry("jobs", "run", "past", "--follow")
    assert followed.code == 0, followed.err
    assert ry("jobs", "slots", "past", "--to", "2026-03-02T00:00Z").err == "There are no such slots.\n"
    stretch = ("--from", "2026-03-02T00:00Z", "--to", "2026-03-02T02:30Z")
    planned = ry("jobs", "backfill", "past", *stretch, "--dry-run")
    assert (planned.code, planned.out.count("not in the ledger"), planned.err) == (0, 3, "3 runs.\n")
    refused = ry("jobs", "backfill", "past", *stretch)
    assert (refused.code, "Say --yes" in refused.err) == (2, True)
    done = ry("jobs", "backfill", "past", *stretch, "--yes", "--json")
    assert (done.code, done.json["count"]) == (0, 3)
    one = ry("jobs", "run", "past", "--slot", "2026-03-02T05:00Z", "--json").json
    last = {run["run_id"]: run["slot_due_at"] for run in ry("jobs", "show", "past", "--json").json["last"]}
    assert last[one["id"]] == "2026-03-02T05:00:00Z"
    assert ry("jobs", "run", "past", "--slot", "2026-03-02T05:01Z").code == 1
