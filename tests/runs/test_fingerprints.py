"""Which failures are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.fingerprints import LONGEST_TEXT, LONGEST_TITLE, Fingerprint, fingerprint, normalised


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Connection to 10.0.0.7:5432 refused", "Connection to <ip> refused"),
        ("Connection to [fe80::1:2:3:4] refused", "Connection to [<ip>] refused"),
        ("GET https://api.example.com/v1/users/17?x=1 gave 503", "GET https://<url> gave <n>"),
        ("2026-11-22T01:25:10.993041Z ERROR no", "<time> ERROR no"),
        ("2026-11-22 01:25:10,993 ERROR no", "<time> ERROR no"),
        ("at 01:25:10 it stopped", "at <time> it stopped"),
        ("order 4711 of 2,000 took 1.5e-3 s", "order <n> of <n> took <n> s"),
        ("order #42: -3", "order #<n>: <n>"),
        ("took 35ms, 99% done", "took <n>ms, <n>% done"),
        ("<Task object at 0x7f3a9c0b1d30>", "<Task object at <address>>"),
        ("no user 6f1c2a34-9d1e-4c55-8a3f-0123456789ab", "no user <id>"),
        ("run_01jd5h8x2k9m4n6p8q0r2s4t6v is gone", "<id> is gone"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit <id>"),
        ("token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 expired", "token <id> expired"),
        ("No such file: '/srv/runs/run_1/3/files/in.csv'", "No such file: '…'"),
        ("No such file: /srv/runs/run_1/3/files/in.csv", "No such file: in.csv"),
        ("KeyError: 'customer-17'", "KeyError: '…'"),
        ('invalid literal for int() with base 10: "x17"', 'invalid literal for int() with base <n>: "…"'),
        ("mail to ada@example.com failed", "mail to <email> failed"),
        ("worker-17 died", "worker-<n> died"),
        ("\x1b[31mred\x1b[0m  and\ttabs", "red and tabs"),
        ("utf8 and sha256 keep their names, x1 too", "utf8 and sha<n> keep their names, x1 too"),
        ("任务 17 失败", "任务 <n> 失败"),
        ("", ""),
    ],
)
def test_a_line(line: str, expected: str) -> None:
    assert normalised(line) == expected


def python(
    message: str, *, line: int = 3, path: str = "/data/runs/run_1/1/code/main.py", name: str = "load"
) -> list[str]:
    return [
        "starting",
        "Traceback (most recent call last):",
        f'  File "{path}", line {line + 9}, in <module>',
        "    main()",
        "    ~~~~^^",
        f'  File "{path}", line {line}, in {name}',
        "    raise KeyError(name)",
        message,
    ]


CHAINED = [
    "Traceback (most recent call last):",
    '  File "/x/main.py", line 1, in inner',
    "ValueError: 17",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    *python("RuntimeError: outer 4"),
]
NODE = [
    "/data/runs/run_1/1/code/main.js:3",
    "  throw new TypeError('no ' + id)",
    "  ^",
    "",
    "TypeError: no 17",
    "    at load (/data/runs/run_1/1/code/main.js:3:9)",
    "    at Object.<anonymous> (/data/runs/run_1/1/code/main.js:5:1)",
    "    at node:internal/main/run_main_module:28:49",
    "",
    "Node.js v24.1.0",
]
EXIT = ("exit_code", "It exited with code 1.")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (python("KeyError: 'a'"), python("KeyError: 'b'", line=40, path="/other/run_2/2/code/main.py"), True),
        (python("KeyError: 'a'"), python("ValueError: 'a'"), False),
        (python("KeyError: 'a'"), python("KeyError: 'a'", name="save"), False),
        (python("pkg.errors.Timeout: after 30 s"), python("pkg.errors.Timeout: after 5 s"), True),
        (CHAINED, python("RuntimeError: outer 5"), True),
        # What is printed after the traceback is not the error.
        ([*python("KeyError: 'a'"), "bye at 12:00:00"], python("KeyError: 'a'"), True),
        (NODE, [line.replace("17", "18").replace("run_1", "run_9").replace(":3:9", ":4:2") for line in NODE], True),
        (NODE, [line.replace("load", "save") for line in NODE], False),
        (["main.sh: line 3: foo: command not found"], ["main.sh: line 17: foo: command not found"], True),
        (["main.sh: line 3: foo: command not found"], ["main.sh: line 3: bar: command not found"], False),
        (
            ["curl: (7) Failed to connect to 10.0.0.1 port 80"],
            ["curl: (7) Failed to connect to 10.0.0.2 port 81"],
            True,
        ),
        (["all is well", "row 1"], ["all is well", "row 2"], True),
        ([], ["nothing that sounds bad"], True),
    ],
)
def test_which_belong_together(one: list[str], two: list[str], *, same: bool) -> None:
    assert (fingerprint(*EXIT, one).hash == fingerprint(*EXIT, two).hash) is same


@pytest.mark.parametrize(
    ("code", "message", "tail", "title"),
    [
        (*EXIT, python("KeyError: 'a'"), "KeyError: 'a'"),
        (*EXIT, NODE, "TypeError: no 17"),
        (*EXIT, ["main.sh: line 3: foo: command not found"], "foo: command not found"),
        (*EXIT, ["ok", "FATAL: the disk is full", "bye"], "FATAL: the disk is full"),
        (*EXIT, ["ok"], "It exited with code 1."),
        ("timeout", "It was stopped by its time limit after 5 s.", [], "It was stopped by its time limit after 5 s."),
        ("lost", "", [], "lost"),
        (*EXIT, ["\x1b[31mError:\x1b[0m no"], "Error: no"),
    ],
)
def test_titles(code: str, message: str, tail: list[str], title: str) -> None:
    assert fingerprint(code, message, tail).title == title


def test_another_way_to_end_is_another_failure() -> None:
    tail = python("KeyError: 'a'")
    assert fingerprint("exit_code", "x", tail).hash != fingerprint("timeout", "x", tail).hash


@given(st.text(), st.text(), st.lists(st.text(), max_size=5))
def test_any_text_has_a_bounded_fingerprint(code: str, message: str, tail: list[str]) -> None:
    found = fingerprint(code, message, tail)
    assert isinstance(found, Fingerprint)
    assert len(found.hash) == 64
    assert len(found.title) <= max(LONGEST_TITLE, len(code))
    assert len(found.text) <= LONGEST_TEXT
    assert found == fingerprint(code, message, tail)


@given(st.text(alphabet="ab1/\\'\":.-_ <>(){}[]@%0x\t", max_size=300))
def test_what_was_taken_out_stays_out(line: str) -> None:
    once = normalised(line)
    assert len(once) <= 4 * len(line)


def test_a_hostile_line_is_looked_at_quickly() -> None:
    # A pattern that tries every way to match would not come back from these.
    for line in ("/a" * 5000, "a:" * 5000, "1,1" * 5000, "'" * 9999, "a-1" * 4000, "http://" * 2000, "a.b@c" * 3000):
        assert len(normalised(line)) <= 1000


def test_what_follows_a_python_frame_and_is_no_error_is_passed_over() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in main',
        "    go()",
        "another thread prints in between",
        "ValueError: 17 is wrong",
    ]
    found = fingerprint("exit_code", "It ended with 1.", lines)
    assert found.title == "ValueError: 17 is wrong"
    # A traceback that was cut off tells nothing of its own.
    cut = fingerprint("exit_code", "It ended with 1.", lines[:3])
    assert cut.hash != found.hash
