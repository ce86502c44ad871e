"""SQL scripts: how a text falls into statements, and what their program does with real databases."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.scripts import sqlrun
from runyard.scripts.sqlrun import statements
from tests.connections import counterparts
from tests.connections.test_real_servers import PASSWORD, postgres

__all__ = ["postgres"]
CASES: list[tuple[str, list[list[str]]]] = [
    ("", []),
    (" ;; -- nothing\n; /* nothing; */", []),
    ("SELECT 1", [["SELECT 1"]]),
    ("SELECT 1; SELECT 2;", [["SELECT 1"], [" SELECT 2"]]),
    ("SELECT ':no;' -- :no;\n, :YES", [["SELECT ':no;' -- :no;\n, ", "YES", ""]]),
    ('SELECT "a;:b", `c;:d` /* ;:e */', [['SELECT "a;:b", `c;:d` /* ;:e */']]),
    ("SELECT 'it''s; :x', :x", [["SELECT 'it''s; :x', ", "x", ""]]),
    ("SELECT a::text, b[1:2], :x::int", [["SELECT a::text, b[1:2], ", "x", "::int"]]),
    ("DO $x$ BEGIN; :no $$ END $x$; SELECT $$;$$", [["DO $x$ BEGIN; :no $$ END $x$"], [" SELECT $$;$$"]]),
    (
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; DELETE FROM d; END; SELECT 1",
        [["CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; DELETE FROM d; END"], [" SELECT 1"]],
    ),
    ("SELECT 'open; :x", [["SELECT 'open; :x"]]),
]


@pytest.mark.parametrize(("text", "found"), CASES)
def test_statements(text: str, found: list[list[str]]) -> None:
    assert statements(text) == found


def test_a_backslash_ends_no_text_where_it_escapes() -> None:
    text = r"SELECT '\'; :x'; SELECT '\\', :y"
    assert statements(text, escapes=True) == [[r"SELECT '\'; :x'"], [r" SELECT '\\', ", "y", ""]]
    assert statements(r"SELECT '\'; SELECT :x") == [[r"SELECT '\'"], [" SELECT ", "x", ""]]


@given(st.text("a1 :;'\"`$-/*\\\n", max_size=60), st.booleans())
def test_nothing_of_a_text_is_lost(text: str, escapes: bool) -> None:  # noqa: FBT001 - given
    rebuilt = ";".join(
        "".join(part if at % 2 == 0 else f":{part}" for at, part in enumerate(pieces))
        for pieces in statements(text, escapes=escapes)
    )
    assert len(rebuilt) <= len(text) + 1
    kept = [mark for mark in rebuilt if mark not in " \n;-/*"]
    assert all(mark in text for mark in kept)


def begin(folder: Path, code: str, values: dict[str, Any], settings: dict[str, Any] | None, most: int = 100) -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "main.sql").write_text(code)
    (folder / "parameters.json").write_text(json.dumps(values))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RUNYARD_PARAMETERS": str(folder / "parameters.json"),
        "RUNYARD_OUTPUTS": str(folder / "outputs.json"),
        "RUNYARD_STATE_DIR": str(folder),
        "RUNYARD_SQL_ROWS": str(most),
        "RUNYARD_SQL_PARAMETERS": " ".join(["UNGIVEN", *values]),
        "PYTHONUNBUFFERED": "1",
    }
    if settings is not None:
        env |= {"RUNYARD_SQL_CONNECTION": "BASE", "BASE_JSON": json.dumps(settings)}
    command = [sys.executable, str(Path(sqlrun.__file__)), "main.sql"]
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def execute(folder: Path, code: str, values: dict[str, Any] | None = None, **more: Any) -> tuple[int, str, str]:
    process = begin(folder, code, values or {}, more.pop("settings", None), **more)
    out, err = process.communicate()
    return process.returncode, out, err


def table(folder: Path, name: str = "result.csv") -> list[list[str]]:
    return list(csv.reader((folder / name).read_text().splitlines()))


EVIL = "x'); DROP TABLE t; -- \\' \" %s :a é"
SCRIPT = """
CREATE TABLE t (n INTEGER, s VARCHAR(100));
INSERT INTO t VALUES (:N, :TEXT), (2, '100 % :no');  -- and; a comment
SELECT n, s, n AS n FROM t WHERE s = :TEXT OR n > :N ORDER BY n;
SELECT COUNT(*) AS total FROM t
"""


def assert_same_everywhere(folder: Path, settings: dict[str, Any] | None) -> None:
    code, out, err = execute(folder, SCRIPT, {"N": 1, "TEXT": EVIL}, settings=settings)
    assert (code, err) == (0, ""), (out, err)
    assert table(folder) == [["n", "s", "n_2"], ["1", EVIL, "1"], ["2", "100 % :no", "2"]]
    assert table(folder, "result-2.csv") == [["total"], ["2"]]
    assert json.loads((folder / "outputs.json").read_text()) == [{"total": 2}]
    assert "2/4: 2 rows changed" in out
    code, out, err = execute(folder, "SELECT :UNGIVEN AS none_given", settings=settings)
    assert (code, json.loads((folder / "outputs.json").read_text())) == (0, [{"none_given": None}]), err
    code, _, err = execute(folder, "INSERT INTO t VALUES (9, 'x'); SELECT * FROM nowhere", settings=settings)
    assert (code, "nowhere" in err) == (1, True)
    code, _, err = execute(folder, "SELECT :nobody", settings=settings)
    assert (code, ":nobody" in err) == (1, True)
    code, out, _ = execute(folder, "SELECT n FROM t ORDER BY n", settings=settings, most=1)
    assert (table(folder), "cut off at 1" in out) == ([["n"], ["1"]], True)


def test_sqlite(tmp_path: Path) -> None:
    assert_same_everywhere(tmp_path, None)
    assert execute(tmp_path, "SELECT COUNT(*) AS c FROM t")[0] == 0
    # What the failed script did before it failed was taken back.
    assert table(tmp_path) == [["c"], ["2"]]


def test_postgresql(tmp_path: Path, postgres: dict[str, Any]) -> None:
    settings = {"database": "postgres", "ca": "", **postgres, "password": PASSWORD}
    assert execute(tmp_path, "SELECT current_user AS who", settings=settings)[0] == 0
    assert table(tmp_path) == [["who"], ["guarded"]]
    script = SCRIPT.replace("CREATE TABLE t", "CREATE TEMP TABLE t")
    code, out, err = execute(tmp_path, script, {"N": 1, "TEXT": EVIL}, settings=settings)
    assert (code, err) == (0, ""), (out, err)
    assert table(tmp_path)[1] == ["1", EVIL, "1"]
    code, _, err = execute(tmp_path, "SELECT 1 FROM nowhere", settings=settings)
    assert (code, "nowhere" in err) == (1, True)
    assert PASSWORD not in err
    typed = "SELECT :N::int + 1 AS i, 1.5 AS d, now() AS at, ARRAY[1] AS list, '{\"a\": 1}'::jsonb AS j, NULL AS n"
    assert execute(tmp_path, typed, {"N": "41"}, settings=settings)[0] == 0
    [row] = json.loads((tmp_path / "outputs.json").read_text())
    assert (row["i"], row["d"], row["list"], row["n"]) == (42, 1.5, "[1]", None)


def test_a_cancel_reaches_the_server(tmp_path: Path, postgres: dict[str, Any]) -> None:
    settings = {"database": "postgres", "ca": "", **postgres, "password": PASSWORD}
    process = begin(tmp_path, "SELECT 1; SELECT pg_sleep(60)", {}, settings)
    assert process.stdout is not None
    assert "BASE" in process.stdout.readline()
    assert "1/2" in process.stdout.readline()
    until = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    _, err = process.communicate()
    assert err.strip() == "Stopped."
    # A second signal may have come while it was going already.
    assert process.returncode in {143, -signal.SIGTERM}


def test_mysql(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with counterparts.mariadb(tmp_path / "server") as server:
        settings = {"kind": "mysql", "database": "", "ca": "", **server}
        assert execute(tmp_path / "one", "CREATE DATABASE shop", settings=settings)[0] == 0
        assert_same_everywhere(tmp_path / "one", {**settings, "database": "shop"})


def test_what_sql_does_not_run_on_is_said(tmp_path: Path) -> None:
    code, _, err = execute(tmp_path, "SELECT 1", settings={"kind": "redis"})
    assert (code, "of kind redis" in err) == (1, True)
