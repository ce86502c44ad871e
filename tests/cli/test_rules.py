"""Rules about runs, laid down from a terminal on a real server."""

from .conftest import Commands

LIFTED = ("--at-once", "none", "--when-busy", "queue", "--longest", "none", "--priority", "none", "--queue", "none")


def test_a_projects_rules(ry: Commands) -> None:
    before = ry("rules", "show", "--json").json
    laid = ry(
        *("rules", "set", "--at-once", "300", "--when-busy", "cancel-previous", "--longest", "2h", "--priority", "50"),
        *("--queue", "default", "--queue", "gpu", "--most", "memory_mb=4096", "--most", "cpu=1.5"),
        *("--keep-days", "30", "--keep-runs", "100000", "--keep-mb", "9000", "--archive"),
    )
    assert laid.code == 0, laid.err
    for line in (
        "at once: 300, one more: cancel previous",
        "longest timeout: 7200 s",
        "highest priority: 50",
        "queues: default, gpu",
        "most memory_mb: 4096",
        "most cpu: 1.5",
        "most pids: no limit",
        "runs are kept for: 30 days",
        "runs kept: 100000",
        "their files and logs: 9000 MB",
        "archived before they go: yes",
    ):
        assert f"{line}\n" in laid.out
    # What is not named stays.
    assert ry("rules", "set", "--keep-days", "none").code == 0
    now = ry("rules", "show", "--json").json
    assert now["concurrency"] == {"limit": 300, "policy": "cancel_previous"}
    assert now["retention"] == {"max_age_days": None, "max_runs": 100_000, "max_size_mb": 9000, "archive": True}
    lifted = ry("rules", "set", *LIFTED, "--most", "memory_mb=none", "--most", "cpu=none", "--as-installation")
    assert lifted.code == 0, lifted.err
    assert ry("rules", "show", "--json").json == before


def test_limits_of_all_projects(ry: Commands) -> None:
    laid = ry("rules", "installation", "--queue", "nobodys", "--at-once", "2", "--when-busy", "skip")
    assert (laid.code, laid.out) == (0, "queue nobodys: 2, one more: skip\n")
    assert ry("rules", "installation", "--at-once", "4000").out.startswith("at once: 4000, one more: queue\n")
    found = ry("rules", "installation", "--json").json
    assert {"queue": "nobodys", "limit": 2, "policy": "skip"} in found["queues"]
    assert ry("rules", "installation", "--at-once", "none").out.startswith("at once: no limit\n")
    assert ry("rules", "installation", "--queue", "nobodys", "--at-once", "none").code == 0


def test_wrong_rules_are_answered(ry: Commands) -> None:
    before = ry("rules", "show", "--json").json
    for options, said in (
        (("--at-once", "few"), "--at-once takes a whole number or none, not 'few'"),
        (("--at-once", "0"), "greater than or equal to 1"),
        (("--when-busy", "shout"), "'shout' can't be done"),
        (("--longest", "soon"), "'soon' is not a duration"),
        (("--most", "gold=1"), "gold"),
        (("--as-installation", "--keep-days", "3"), "leaves no rule"),
    ):
        refused = ry("rules", "set", *options)
        assert refused.code != 0
        assert said in refused.err
    assert ry("rules", "show", "--json").json == before
    assert "project" in ry("rules", "show", "--project", "nowhere").err


def test_archives(ry: Commands) -> None:
    nothing = ry("rules", "archives")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No run has been archived.\n")
    missing = ry("rules", "archives", "--get", "2020-01.jsonl.gz")
    assert missing.code == 1
    assert not (ry.folder / "2020-01.jsonl.gz").exists()
