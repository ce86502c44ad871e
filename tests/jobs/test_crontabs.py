"""Schedules of other systems, carried; and a list of what can't be."""

from typing import Any

import pytest

from runyard.jobs.crontabs import Imported, crontab, github_workflow, qinglong

CRONTAB = r"""
# m h dom mon dow command
SHELL=/bin/bash
PATH = "/usr/local/bin:/usr/bin"
MAILTO=""

17 *  * * *   cd / && run-parts --report /etc/cron.hourly
@daily        /opt/report --to 50\%
30 2 * * 1-5  mail -s "hello" ada%Dear Ada,%100\% yours
CRON_TZ=Asia/Shanghai
0 9 * * *     /opt/morning
-*/5 * * * *  /opt/quiet
	0 0 1 * *	/opt/tabbed	--now
MAILTO=ops@example.com
SHELL=/bin/zsh
TZ=Europe/Paris
0 0 31 * *    /opt/monthly
@reboot       /opt/start
61 * * * *    /opt/never
0 0 30 2 *    /opt/never
* * * *
0 0 * * *
not a line
CRON_TZ=Mars/Base
0 0 * * *     /opt/mars
"""


def outline(found: Imported) -> list[tuple[str, str, str, str]]:
    return [(each.at, each.cron.text, each.timezone, each.command) for each in found.carried]


def test_a_crontab() -> None:
    found = crontab(CRONTAB, "Europe/Berlin")
    assert outline(found) == [
        ("line 7", "17 * * * *", "Europe/Berlin", "cd / && run-parts --report /etc/cron.hourly"),
        ("line 8", "@daily", "Europe/Berlin", "/opt/report --to 50%"),
        ("line 9", "30 2 * * 1-5", "Europe/Berlin", 'mail -s "hello" ada'),
        ("line 11", "0 9 * * *", "Asia/Shanghai", "/opt/morning"),
        ("line 12", "*/5 * * * *", "Asia/Shanghai", "/opt/quiet"),
        ("line 13", "0 0 1 * *", "Asia/Shanghai", "/opt/tabbed\t--now"),
        ("line 17", "0 0 31 * *", "Asia/Shanghai", "/opt/monthly"),
    ]
    assert [(each.at, each.text) for each in found.left_out] == [
        ("line 18", "@reboot       /opt/start"),
        ("line 19", "61 * * * *    /opt/never"),
        ("line 20", "0 0 30 2 *    /opt/never"),
        ("line 21", "* * * *"),
        ("line 22", "0 0 * * *"),
        ("line 23", "not a line"),
        ("line 25", "0 0 * * *     /opt/mars"),
    ]
    says = [
        "names no time",
        "minute",
        "never comes in FEB",
        "neither five fields",
        "no command",
        "neither",
        "Mars/Base",
    ]
    for left, said in zip(found.left_out, says, strict=True):
        assert said in left.why


def test_settings_hold_for_the_lines_after_them() -> None:
    found = crontab(CRONTAB, "UTC").carried
    assert found[0].environment == {"PATH": "/usr/local/bin:/usr/bin"}
    assert found[0].notes == ()
    assert found[-1].environment == found[0].environment
    assert found[-1].notes == (
        "it runs in bash, not in /bin/zsh",
        "its output is not mailed; make a notification rule",
        "it sees the zone of its trigger as TZ, not Europe/Paris",
    )


def test_what_stands_behind_a_percent_sign_is_input() -> None:
    mail = crontab(CRONTAB, "UTC").carried[2]
    assert mail.stdin == "Dear Ada,\n100% yours"
    assert mail.notes == ()


@pytest.mark.parametrize(
    ("line", "user", "command"),
    [
        ("*/10 * * * * root /usr/lib/sysstat/sa1 1 1", "root", "/usr/lib/sysstat/sa1 1 1"),
        ("@hourly\twww-data\tphp cron.php", "www-data", "php cron.php"),
    ],
)
def test_a_line_of_cron_d_names_a_user(line: str, user: str, command: str) -> None:
    (found,) = crontab(line, "UTC", with_users=True).carried
    assert (found.user, found.command) == (user, command)
    assert found.notes == (f"it is not run as the user {user}",)


def test_a_line_of_cron_d_that_is_read_as_a_crontab_is_told() -> None:
    (found,) = crontab("17 * * * * root run-parts /etc/cron.hourly", "UTC").carried
    assert found.command == "root run-parts /etc/cron.hourly"
    assert found.notes == ("its command begins with root, as lines of cron.d do: read the file as one of those",)
    (input_alone,) = crontab("0 0 * * * %root", "UTC").carried
    assert (input_alone.command, input_alone.notes) == ("", ())


def test_a_user_alone_runs_nothing() -> None:
    for line in ("0 0 * * * root", "0 0 * * *"):
        (left,) = crontab(line, "UTC", with_users=True).left_out
        assert left.why == "it has no command behind its user"


def workflow(**triggers: Any) -> dict[Any, Any]:
    return {"name": "Nightly", True: triggers, "jobs": {"build": {}, "publish": {}}}


def test_the_schedule_of_a_workflow() -> None:
    found = github_workflow(
        workflow(
            schedule=[
                {"cron": "30 5 * * 1-5"},
                {"cron": "0 2 * * *", "timezone": "Asia/Tokyo"},
                {"cron": "0 0 31 2 *"},
                {"cron": "0 0 * * *", "timezone": "Asia/Atlantis"},
                {"cron": 5},
                "0 0 * * *",
            ],
            push={"branches": ["main"]},
        )
    )
    assert outline(found) == [
        ("on.schedule[0]", "30 5 * * 1-5", "UTC", ""),
        ("on.schedule[1]", "0 2 * * *", "Asia/Tokyo", ""),
    ]
    assert {each.name for each in found.carried} == {"Nightly"}
    assert found.carried[0].notes == ("its jobs are not carried: build, publish",)
    assert [each.at for each in found.left_out] == [*(f"on.schedule[{place}]" for place in range(2, 6)), "on.push"]
    says = ["never comes", "Asia/Atlantis", "no cron expression", "no cron expression", "no schedule"]
    for left, said in zip(found.left_out, says, strict=True):
        assert said in left.why


@pytest.mark.parametrize(
    ("document", "left_out"),
    [
        ({"on": "push"}, ["on.push"]),
        ({"on": ["push", "pull_request"]}, ["on.push", "on.pull_request"]),
        ({True: {"schedule": None}}, ["on.schedule[0]"]),
        ({}, []),
    ],
)
def test_a_workflow_without_a_schedule(document: dict[Any, Any], left_out: list[str]) -> None:
    found = github_workflow(document)
    assert found.carried == ()
    assert [each.at for each in found.left_out] == left_out


def test_a_schedule_that_is_no_list_is_read_too() -> None:
    (found,) = github_workflow({"on": {"schedule": {"cron": "0 0 * * *"}}}).carried
    assert (found.name, found.notes) == ("", ())


def test_jobs_of_a_qinglong_export() -> None:
    found = qinglong(
        [
            {"name": "sign in", "command": "task sign.js", "schedule": "0 9 * * *", "isDisabled": 0},
            {
                "name": "twice",
                "command": "task twice.py",
                "schedule": "0 0 8 * * *",
                "isDisabled": 1,
                "extra_schedules": [{"schedule": "30 20 * * 7"}, {"schedule": "99 * * * *"}, None],
                "task_before": "echo before",
            },
            {"name": "nothing", "schedule": "0 0 * * *"},
            {"name": "when?", "command": "task x.sh"},
            "no job",
        ],
        "Asia/Shanghai",
    )
    assert outline(found) == [
        ("[0].schedule", "0 9 * * *", "Asia/Shanghai", "task sign.js"),
        ("[1].schedule", "0 0 8 * * *", "Asia/Shanghai", "task twice.py"),
        ("[1].extra_schedules[0]", "30 20 * * 7", "Asia/Shanghai", "task twice.py"),
    ]
    assert [each.enabled for each in found.carried] == [True, False, False]
    assert found.carried[1].notes == ("its task_before is not run",)
    assert [each.at for each in found.left_out] == [
        "[1].extra_schedules[1]",
        "[1].extra_schedules[2]",
        "[2].schedule",
        "[3].schedule",
        "[4]",
    ]
    assert [each.why.split(":")[0] for each in found.left_out] == [
        "minute",
        "expression",
        "it has no command",
        "expression",
        "it is no job",
    ]
