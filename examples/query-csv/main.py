"""Run one SQL query over the uploaded CSV files.

Files written: result.csv (every row) and result.md (the first ones, as a table).
"""

import csv
import json
import os
import re
import sqlite3
import sys
from pathlib import Path

SAMPLES = {
    "shops.csv": "shop,city\nA,Lisbon\nB,Chengdu\nC,Oslo\n",
    "sales.csv": "shop,day,amount\nA,2024-05-01,120.5\nB,2024-05-01,80\nA,2024-05-02,99.5\nC,2024-05-02,310\n",
}
SAMPLE_SQL = """SELECT city, count(*) AS days, sum(amount) AS total
FROM sales JOIN shops USING (shop)
GROUP BY city ORDER BY total DESC"""
WIDEST_CELL = 40
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")


def progress(percent, message):
    print(f"::progress {percent} {message}")


def quoted(name):
    """Quote a name for SQL. Values never go this way: they are bound."""
    return '"' + name.replace('"', '""') + '"'


def typed(text):
    """Turn text that is a plain number into one; `007` stays text, empty is NULL."""
    if text == "":
        return None
    if not NUMBER.fullmatch(text):
        return text
    return int(text) if text.lstrip("-").isdigit() else float(text)


def load(database, path, delimiter):
    """Load one file as a table; return (table, number of rows)."""
    table = re.sub(r"\W+", "_", path.stem)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if delimiter == "auto":
                try:
                    dialect = csv.Sniffer().sniff(file.read(64 * 1024), delimiters=",;\t|")
                    delimiter = dialect.delimiter
                except csv.Error:
                    delimiter = ","  # a single column has no delimiter to be found
                file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            header = next(rows, None)
            if not header:
                sys.exit(f"{path.name} is empty.")
            columns = [name.strip() or f"column_{index}" for index, name in enumerate(header, 1)]
            database.execute(f"CREATE TABLE {quoted(table)} ({', '.join(map(quoted, columns))})")
            insert = f"INSERT INTO {quoted(table)} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  names are quoted
            count = 0
            for row in rows:
                if not row:
                    continue
                if len(row) != len(columns):
                    sys.exit(f"{path.name}, line {rows.line_num}: {len(row)} values under {len(columns)} columns.")
                database.execute(insert, [typed(value.strip()) for value in row])
                count += 1
    except UnicodeDecodeError:
        sys.exit(f"{path.name} is not UTF-8 text.")
    except sqlite3.OperationalError as problem:
        sys.exit(f"Cannot load {path.name}: {problem}")
    print(f"{table}: {count} rows ({', '.join(columns)})")
    return table, count


def as_markdown(columns, rows):
    def line(cells):
        texts = ("" if cell is None else str(cell) for cell in cells)
        return "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ")[:WIDEST_CELL] for text in texts) + " |"

    return "\n".join([line(columns), line(["---"] * len(columns)), *map(line, rows)]) + "\n"


def main():
    sql = os.environ.get("SQL", "").strip()
    delimiter = {"tab": "\t"}.get(value := os.environ.get("DELIMITER") or "auto", value)
    most = int(os.environ.get("MAX_ROWS") or 100)

    files = sorted(Path().glob("*.csv"))
    if not files:
        print("No CSV file was uploaded: working on two small samples, shops.csv and sales.csv.")
        for name, text in SAMPLES.items():
            Path(name).write_text(text, encoding="utf-8")
        files = [Path(name) for name in SAMPLES]
        sql = sql or SAMPLE_SQL

    database = sqlite3.connect(":memory:")
    tables = {}
    for index, path in enumerate(files):
        progress(70 * index // len(files), f"Loading {path.name}")
        table, count = load(database, path, delimiter)
        tables[table] = count
    sql = sql or f"SELECT * FROM {quoted(next(iter(tables)))} LIMIT 20"  # noqa: S608  the name is quoted
    # From here on the data only answers questions.
    database.execute("PRAGMA query_only = ON")

    progress(75, "Asking")
    print(sql)
    try:
        cursor = database.execute(sql)
    except (sqlite3.Error, sqlite3.Warning) as problem:
        sys.exit(f"The query failed: {problem}. Tables: {', '.join(tables)}.")
    if cursor.description is None:
        sys.exit("The query returns no rows by its nature: write a SELECT.")
    columns = [column[0] for column in cursor.description]
    first, total = [], 0
    with Path("result.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in cursor:
            writer.writerow(row)
            total += 1
            if total <= most:
                first.append(row)

    table = as_markdown(columns, first)
    Path("result.md").write_text(table, encoding="utf-8")
    print(f"\n{table}")
    outputs = {"tables": tables, "columns": columns, "rows": first, "total": total}
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    progress(100, f"{total} rows")


main()
