"""Clean a CSV or Excel table, save it, and draw one chart of it.

Files written: cleaned.csv, cleaned.xlsx (if asked for), chart.png.
"""

import json
import os
import re
import sys
from pathlib import Path

# Matplotlib builds a cache of fonts once. The state directory outlives the run, so that only the first run waits.
os.environ.setdefault("MPLCONFIGDIR", os.environ.get("RUNYARD_STATE_DIR", ".matplotlib"))

import matplotlib as mpl
import pandas as pd
from matplotlib import font_manager
from matplotlib import pyplot as plt

READABLE = {".csv", ".tsv", ".xlsx"}
ENCODINGS = ("utf-8-sig", "gb18030")
CHART_BARS = 15
# A column is turned into numbers or dates only when nearly all of its values agree.
AGREEMENT = 0.9
CJK_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC")

SAMPLE = """Order ID , Order Date,Region, Customer ,Paid %,Amount
1001,2024-01-03,North, Ada Lovelace ,100%,"1,250.00"
1002,2024/01/05,South,Grace Hopper,50%,$310.50
1002,2024/01/05,South,Grace Hopper,50%,$310.50
1003,7 Jan 2024,East,  Alan Turing,0%,
,,,,,
1004,2024-01-09,North,Edsger Dijkstra,100%,89.90
1005,2024-01-12,West,Barbara Liskov,75%,"2,040.00"
"""


def progress(percent, message):
    print(f"::progress {percent} {message}")


def choose_file(wanted):
    """Return the table to read: the named upload, the only upload, or a sample made on the spot."""
    if wanted:
        path = Path(wanted)
        if not path.is_file():
            sys.exit(f"There is no file {wanted!r} in the working directory. Upload it, or leave FILE empty.")
        if path.suffix.lower() not in READABLE:
            sys.exit(f"Cannot read {path.name}: expected one of {', '.join(sorted(READABLE))}.")
        return path
    found = sorted(path for path in Path().iterdir() if path.suffix.lower() in READABLE)
    if len(found) > 1:
        sys.exit(f"More than one table was uploaded ({', '.join(p.name for p in found)}): say which one in FILE.")
    if found:
        return found[0]
    print("No file was uploaded: working on a small sample, sample.csv.")
    sample = Path("sample.csv")
    sample.write_text(SAMPLE, encoding="utf-8")
    return sample


def read_table(path, sheet):
    """Read everything as text, so that no value is changed before we have looked at it."""
    if path.suffix.lower() == ".xlsx":
        try:
            return pd.read_excel(path, sheet_name=sheet or 0, dtype=str)
        except ValueError as problem:
            sys.exit(f"Cannot read {path.name}: {problem}")
    for encoding in ENCODINGS:
        try:
            separator = "\t" if path.suffix.lower() == ".tsv" else None  # None: find out
            return pd.read_csv(
                path, sep=separator, dtype=str, encoding=encoding, engine="python", skipinitialspace=True
            )
        except UnicodeDecodeError:
            print(f"{path.name} is not {encoding}.")
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as problem:
            sys.exit(f"Cannot read {path.name}: {problem}")
    return sys.exit(f"Cannot read {path.name}: its encoding is none of {', '.join(ENCODINGS)}.")


def tidy_name(name):
    return re.sub(r"\W+", "_", str(name).strip().lower()).strip("_") or "column"


def unique_names(names):
    """Tidy the headers; equal ones get a number, because pandas cannot tell them apart."""
    seen = {}
    result = []
    for name in map(tidy_name, names):
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def to_numbers(column):
    """Return the column as numbers, or None when it does not hold numbers."""
    filled = column.dropna()
    # Leading zeros mean a code (postcode, phone), not a quantity.
    if filled.empty or filled.str.fullmatch(r"0\d+").any():
        return None
    percent = column.str.endswith("%").fillna(False).astype(bool)
    bare = column.str.replace(r"[\s,$€£¥￥%]", "", regex=True)
    numbers = pd.to_numeric(bare, errors="coerce").astype("Float64")
    if numbers.notna().sum() < AGREEMENT * len(filled):
        return None
    return numbers.where(~percent, numbers / 100)


def to_dates(column):
    """Return the column as dates, or None when it does not hold dates."""
    filled = column.dropna()
    dates = pd.to_datetime(column, errors="coerce", format="mixed")
    if filled.empty or dates.notna().sum() < AGREEMENT * len(filled):
        return None
    return dates


def clean(table, key_columns, gaps):
    """Clean the table; return it with what was done, in words."""
    notes = []
    table = table.set_axis(unique_names(table.columns), axis="columns")
    table = table.apply(lambda column: column.astype("string").str.strip().replace("", pd.NA))

    before = table.shape
    table = table.dropna(axis="index", how="all").dropna(axis="columns", how="all")
    notes.append(f"dropped {before[0] - len(table)} empty rows and {before[1] - table.shape[1]} empty columns")

    before = len(table)
    keys = unique_names(part for part in key_columns.split(",") if part.strip())
    unknown = [key for key in keys if key not in table.columns]
    if unknown:
        sys.exit(f"KEY_COLUMNS names {', '.join(unknown)}; the table has {', '.join(table.columns)}.")
    table = table.drop_duplicates(subset=keys or None, keep="last")
    notes.append(f"dropped {before - len(table)} duplicate rows")

    for name in table.columns:
        looks_dated = re.search(r"date|time|day|日期|时间", name) is not None
        converted = to_dates(table[name]) if looks_dated else to_numbers(table[name])
        if converted is None:
            continue
        lost = int(table[name].notna().sum() - converted.notna().sum())
        table[name] = converted
        kind = "dates" if looks_dated else "numbers"
        notes.append(f"column {name} read as {kind}" + (f"; {lost} values were not and are now empty" if lost else ""))

    # What identifies a row is never made up.
    numbers = [name for name in table.select_dtypes("number").columns if name not in keys]
    missing = int(table[numbers].isna().sum().sum())
    if gaps == "zero":
        table[numbers] = table[numbers].fillna(0)
    elif gaps == "median":
        table[numbers] = table[numbers].fillna(table[numbers].median())
    elif gaps == "drop":
        table = table.dropna(subset=numbers)
    notes.append(f"{missing} missing numbers: {gaps}")
    for name in table.select_dtypes("number").columns:
        if (table[name].dropna() % 1 == 0).all():
            table[name] = table[name].astype("Int64")  # an order is 1001, not 1001.0
    return table.reset_index(drop=True), notes


def chart_columns(table, group, value):
    """Choose what to draw. Returns (group, value), or None when the table has nothing to draw."""
    for asked in (group, value):
        if asked and asked not in table.columns:
            sys.exit(f"There is no column {asked!r} to chart; the table has {', '.join(table.columns)}.")
    numbers = list(table.select_dtypes("number").columns)
    if value and value not in numbers:
        sys.exit(f"Column {value!r} does not hold numbers, so it cannot be summed.")
    texts = [name for name in table.select_dtypes(["string", "object"]).columns if name != value]
    # The fewer different values, the better a column is to group by; one value alone says nothing.
    different = {name: table[name].nunique() for name in texts}
    texts = sorted((name for name in texts if different[name] > 1), key=different.get)
    group = group or next(iter(texts), None)
    value = value or next((name for name in reversed(numbers) if name != group), None)
    return (group, value) if group and value else None


def draw(table, group, value, path):
    """Draw the sums as bars; return them, largest first."""
    sums = table.groupby(group)[value].sum().sort_values(ascending=False)
    installed = set(font_manager.get_font_names())
    mpl.rcParams["font.sans-serif"] = [font for font in CJK_FONTS if font in installed] + ["DejaVu Sans"]
    shown = sums.head(CHART_BARS)
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    bars = axes.bar(shown.index.astype(str), shown.to_numpy(), color="#3b6fd4")
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.set_title(f"{value} by {group}")
    axes.set_ylabel(value)
    axes.tick_params(axis="x", rotation=30)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=140)
    plt.close(figure)
    return sums


def main():
    source = choose_file(os.environ.get("FILE", "").strip())
    progress(10, f"Reading {source.name}")
    raw = read_table(source, os.environ.get("SHEET", "").strip())
    print(f"{source.name}: {len(raw)} rows, {raw.shape[1]} columns")

    progress(40, "Cleaning")
    table, notes = clean(raw, os.environ.get("KEY_COLUMNS", ""), os.environ.get("GAPS") or "keep")
    for note in notes:
        print(f"- {note}")
    if table.empty:
        sys.exit("Nothing is left after cleaning.")

    progress(60, "Saving")
    files = ["cleaned.csv"]
    # The byte order mark makes Excel read the file as UTF-8.
    table.to_csv("cleaned.csv", index=False, encoding="utf-8-sig")
    if os.environ.get("EXCEL", "true") == "true":
        table.to_excel("cleaned.xlsx", index=False)
        files.append("cleaned.xlsx")

    progress(80, "Drawing")
    asked = [os.environ.get(key, "").strip() for key in ("CHART_GROUP", "CHART_VALUE")]
    chosen = chart_columns(table, *(tidy_name(name) if name else "" for name in asked))
    chart = None
    if chosen:
        sums = draw(table, *chosen, "chart.png")
        files.append("chart.png")
        chart = {"group": chosen[0], "value": chosen[1], "sums": {str(k): round(float(v), 2) for k, v in sums.items()}}
    else:
        print("No chart: the table has no text column to group by, or no numbers to sum.")

    outputs = {
        "source": source.name,
        "rows_read": len(raw),
        "rows_kept": len(table),
        "columns": {name: str(kind) for name, kind in table.dtypes.items()},
        "notes": notes,
        "chart": chart,
        "files": files,
    }
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    progress(100, f"{len(table)} clean rows")


mpl.use("Agg")
main()
