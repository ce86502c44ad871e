"""What a run of an SQL script executes, within its sandbox: ``python sqlrun.py main.sql``, with a driver at most.

It reads what it runs on from the environment variable that ``RUNYARD_SQL_CONNECTION`` names (``…_JSON``); without one
it opens a SQLite file of the script's own. Statements go one by one, in one transaction; ``:NAME`` stands for a
parameter, which is bound and never becomes part of the text. Rows of each statement that returns any are written to
``result.csv``, ``result-2.csv`` …; the first rows of the last one are the run's outputs.
"""

import csv
import decimal
import json
import os
import re
import signal
import sqlite3
import ssl
import sys
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

PREVIEW_ROWS, PREVIEW_BYTES = 200, 200_000
_TOKEN = re.compile(
    r"""(?P<skip>--[^\n]*|/\*.*?(?:\*/|\Z)
      |'(?:[^'\\]|''|\\.)*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z)
      |(?P<dollar>\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$).*?(?:(?P=dollar)|\Z)
      |::|:=)
      |:(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<end>;)""",
    re.DOTALL | re.VERBOSE,
)
_STANDARD = re.compile(_TOKEN.pattern.replace(r"(?:[^'\\]|''|\\.)*", "(?:[^']|'')*"), re.DOTALL | re.VERBOSE)
"""In standard SQL a backslash in a text is one; MySQL escapes with it."""


def statements(text: str, *, escapes: bool = False) -> list[list[str]]:
    """Return statements as pieces: text and the names of parameters take turns. Comments alone are no statement."""
    found: list[list[str]] = []
    pieces, piece, at, busy = [], "", 0, False
    for match in (_TOKEN if escapes else _STANDARD).finditer(text):
        between = text[at : match.start()]
        busy |= bool(between.strip())
        piece, at = piece + between, match.end()
        if match["name"] is not None:
            pieces += [piece, match["name"]]
            piece, busy = "", True
        elif match["end"] is None:
            piece += match[0]
            busy |= not match[0].startswith(("--", "/*"))
        elif _inside_body("".join([*pieces, piece])):
            # A trigger's own statements end by semicolons, too.
            piece += ";"
        else:
            if busy:
                found.append([*pieces, piece])
            pieces, piece, busy = [], "", False
    rest = text[at:]
    if busy or rest.strip():
        found.append([*pieces, piece + rest])
    return found


_BODY = re.compile(
    r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s+(?:TEMP\w*\s+)?TRIGGER\b.*\bBEGIN\b", re.IGNORECASE | re.DOTALL
)


def _inside_body(text: str) -> bool:
    return bool(_BODY.match(text)) and re.search(r"\bEND\s*\Z", text, re.IGNORECASE) is None


class Base(ABC):
    """A database, its way to say parameters, and how to stop it."""

    escapes = False

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.cursor = connection.cursor()

    @abstractmethod
    def execute(self, pieces: list[str], values: dict[str, Any]) -> None:
        """Execute one statement with its parameters bound."""

    @abstractmethod
    def cancel(self) -> None:
        """Have the server stop what it does."""


class SqLite(Base):
    """A file, by the standard library."""

    def __init__(self, path: str) -> None:
        super().__init__(sqlite3.connect(path, isolation_level=None))
        self.cursor.execute("BEGIN")

    def execute(self, pieces: list[str], values: dict[str, Any]) -> None:
        """Execute with numbered parameters."""
        names = pieces[1::2]
        text = "".join(part if at % 2 == 0 else "?" for at, part in enumerate(pieces))
        self.cursor.execute(text, [_plain(values[name]) for name in names])

    def cancel(self) -> None:
        """Interrupt."""
        self.connection.interrupt()


class PostgreSql(Base):
    """A PostgreSQL server, by psycopg; parameters are bound by the server."""

    def __init__(self, settings: dict[str, Any]) -> None:
        import psycopg

        modes = {"verified": "verify-full", "unverified": "require", "off": "disable"}
        root = _kept("ca.pem", settings["ca"]) if settings.get("ca") else "system"
        super().__init__(
            psycopg.connect(
                host=settings["host"],
                port=settings["port"],
                user=settings["username"],
                password=settings.get("password", ""),
                dbname=settings["database"],
                sslmode=modes[settings["tls"]],
                sslrootcert=root if settings["tls"] == "verified" else None,
                connect_timeout=30,
            )
        )

    def execute(self, pieces: list[str], values: dict[str, Any]) -> None:
        """Execute with the server's own parameters; a percent sign is one."""
        text = "".join(part.replace("%", "%%") if at % 2 == 0 else "%s" for at, part in enumerate(pieces))
        names = pieces[1::2]
        if names:
            self.cursor.execute(text, [values[name] for name in names])
        else:
            self.cursor.execute("".join(pieces))

    def cancel(self) -> None:
        """Ask the server to stop."""
        self.connection.cancel()


class MySql(Base):
    """A MySQL server, by PyMySQL; a parameter becomes a variable of the session by its bytes, then it is bound."""

    escapes = True

    def __init__(self, settings: dict[str, Any]) -> None:
        import pymysql

        self._options = {
            "host": settings["host"],
            "port": settings["port"],
            "user": settings["username"],
            "password": settings.get("password", ""),
            "database": settings["database"] or None,
            "ssl": _trust(settings),
            "ssl_disabled": settings["tls"] == "off",
            "connect_timeout": 30,
            "charset": "utf8mb4",
        }
        self._connect = pymysql.connect
        super().__init__(pymysql.connect(**self._options))

    def execute(self, pieces: list[str], values: dict[str, Any]) -> None:
        """Execute as it is, or prepared where there are parameters."""
        names = pieces[1::2]
        if not names:
            self.cursor.execute("".join(pieces))
            return
        text = "".join(part if at % 2 == 0 else "?" for at, part in enumerate(pieces))
        self._set("@runyard_text", text)
        self.cursor.execute("PREPARE runyard FROM @runyard_text")
        for at, name in enumerate(names):
            self._set(f"@runyard_{at}", values[name])
        bound = ", ".join(f"@runyard_{at}" for at in range(len(names)))
        self.cursor.execute(f"EXECUTE runyard USING {bound}")

    def _set(self, variable: str, value: Any) -> None:
        if value is None or isinstance(value, bool | int | float):
            said = "NULL" if value is None else repr(int(value) if isinstance(value, bool) else value)
        else:
            # Digits and letters A to F: nothing in them can end a text.
            said = f"CONVERT(X'{str(value).encode().hex()}' USING utf8mb4)"
        self.cursor.execute(f"SET {variable} = {said}")

    def cancel(self) -> None:
        """Kill the query from beside it."""
        with self._connect(**self._options) as other, other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {int(self.connection.thread_id())}")


def main(path: str) -> int:
    """Run a script; return its exit code."""
    with open(os.environ["RUNYARD_PARAMETERS"], encoding="utf-8") as file:
        values = json.load(file)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    base: Base | None = None
    stopped = False

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        if base is not None:
            with suppress(Exception):
                base.cancel()

    signal.signal(signal.SIGTERM, stop)
    try:
        base = opened()
        run(base, text, values)
        base.connection.commit()
    except Exception as error:
        if base is not None:
            with suppress(Exception):
                base.connection.rollback()
        print("Stopped." if stopped else f"{type(error).__name__}: {error}".strip(), file=sys.stderr)
        return 143 if stopped else 1
    return 0


def opened() -> Base:
    """Return the database that the script runs on."""
    name = os.environ.get("RUNYARD_SQL_CONNECTION", "")
    if not name:
        print("On the script's own SQLite file.")
        return SqLite(os.path.join(os.environ["RUNYARD_STATE_DIR"], "script.db"))
    settings = json.loads(os.environ[f"{name}_JSON"])
    if settings["kind"] not in {"postgresql", "mysql"}:
        raise ValueError(f"{name} is a connection of kind {settings['kind']}, which SQL does not run on.")
    print(f"On {name} ({settings['kind']}).")
    return PostgreSql(settings) if settings["kind"] == "postgresql" else MySql(settings)


def run(base: Base, text: str, values: dict[str, Any]) -> None:
    """Execute all statements, and keep what they return."""
    most = int(os.environ["RUNYARD_SQL_ROWS"])
    found = statements(text, escapes=base.escapes)
    results = 0
    for number, pieces in enumerate(found, 1):
        unknown = sorted({name for name in pieces[1::2] if name not in values})
        missing = [name for name in unknown if name not in os.environ.get("RUNYARD_SQL_PARAMETERS", "").split()]
        if missing:
            raise ValueError(f"Statement {number} names :{missing[0]}, and there is no such parameter.")
        began = time.monotonic()
        base.execute(pieces, dict.fromkeys(unknown) | values)
        if base.cursor.description:
            results += 1
            told = keep(base, results, most)
        else:
            told = f"{max(base.cursor.rowcount, 0)} rows changed"
        print(f"{number}/{len(found)}: {told}, {(time.monotonic() - began) * 1000:.0f} ms")


def keep(base: Base, number: int, most: int) -> str:
    """Write a result as CSV, its beginning as the run's outputs; return what to say of it."""
    columns = named([str(column[0]) for column in base.cursor.description])
    name = "result.csv" if number == 1 else f"result-{number}.csv"
    preview: list[dict[str, Any]] = []
    count = size = 0
    with open(name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        while rows := base.cursor.fetchmany(500):
            for row in rows[: most - count]:
                writer.writerow(["" if cell is None else _text(cell) for cell in row])
                if count < PREVIEW_ROWS and size < PREVIEW_BYTES:
                    shown = dict(zip(columns, map(_json, row), strict=True))
                    size += len(json.dumps(shown))
                    preview.append(shown)
                count += 1
            if count >= most:
                break
    with open(os.environ["RUNYARD_OUTPUTS"], "w", encoding="utf-8") as file:
        json.dump(preview, file, ensure_ascii=False)
    return f"{count} rows in {name}" + (f", cut off at {most}" if count >= most else "")


def named(columns: list[str]) -> list[str]:
    """Return names of columns, each once."""
    made: list[str] = []
    for column in columns:
        fresh, number = column or "column", 2
        while fresh in made:
            fresh, number = f"{column}_{number}", number + 1
        made.append(fresh)
    return made


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _text(cell: Any) -> str:
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell).hex()
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | dict) else str(cell)


def _json(cell: Any) -> Any:
    if cell is None or isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float | decimal.Decimal):
        number = float(cell)
        return number if number - number == 0 else str(cell)
    return _text(cell)[:2000].replace("\0", "�")


def _kept(name: str, text: str) -> str:
    path = os.path.join(os.environ["HOME"], f".{name}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _trust(settings: dict[str, Any]) -> ssl.SSLContext | None:
    if settings["tls"] == "off":
        return None
    context = ssl.create_default_context()
    if settings.get("ca"):
        context.load_verify_locations(cadata=settings["ca"])
    if settings["tls"] == "unverified":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
